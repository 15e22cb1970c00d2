//! TLS is verified: a server that cannot prove who it is hears nothing.

use std::{path::PathBuf, process::Command, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::support::{Desk, desk::ended};

/// A certification authority of its own.
struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self(Issuer::new(params, key), pem)
    }

    /// What a server shows as `name`.
    fn server(&self, name: &str, is_expired: bool) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if is_expired {
            params.not_after = rcgen::date_time_ymd(2025, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.into()], key).unwrap()
    }

    /// A file that makes a program trust it.
    fn trusted(&self, desk: &Desk) -> PathBuf {
        let file = desk.folder.path().join("authority.pem");
        std::fs::write(&file, &self.1).unwrap();
        file
    }
}

/// Puts TLS before the emulator and tells the port.
async fn front(desk: &Desk, config: ServerConfig) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let emulator = desk.emulator.addr();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut outside = acceptor.accept(stream).await?;
                let mut inside = TcpStream::connect(emulator).await?;
                copy_bidirectional(&mut outside, &mut inside).await
            });
        }
    });
    port
}

/// `sync` of the codes over TLS, as `localhost`.
fn sync(desk: &Desk, port: u16, authority: &Authority) -> Command {
    let mut command = desk.command(&["sync", "--source", "access-tokens"]);
    command.env("SSL_CERT_FILE", authority.trusted(desk)).env("STOCKTAKE__API__MAX_ATTEMPTS", "1");
    for api in ["SMC", "IMS", "STS"] {
        command.env(format!("STOCKTAKE__API__{api}_ENDPOINT"), format!("https://localhost:{port}"));
    }
    command
}

#[tokio::test]
async fn a_server_that_proves_who_it_is_is_answered() {
    stocktake::source::install_crypto_provider();
    let (desk, authority) = (Desk::new().await, Authority::new("trusted"));
    let port = front(&desk, authority.server("localhost", false)).await;
    let synced = ended(sync(&desk, port, &authority)).await;
    assert_eq!((synced.code, synced.stderr.as_str()), (0, ""));
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_hears_nothing() {
    stocktake::source::install_crypto_provider();
    let (desk, authority) = (Desk::new().await, Authority::new("trusted"));
    for (server, word) in [
        (Authority::new("unknown").server("localhost", false), "UnknownIssuer"),
        (authority.server("smc.example.com", false), "not valid for name"),
        (authority.server("localhost", true), "expired"),
    ] {
        let port = front(&desk, server).await;
        let refused = ended(sync(&desk, port, &authority)).await;
        refused.expect_failure(3, &["prod", "invalid peer certificate", word]);
    }
    assert_eq!(desk.emulator.request_count(), 0, "a signed request went to a stranger");
}
