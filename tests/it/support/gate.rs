//! Stands before the emulated cloud and keeps its answers back until it is opened.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A running gate.
pub(crate) struct Gate {
    address: SocketAddr,
    is_open: watch::Sender<bool>,
    has_request: watch::Receiver<bool>,
    server: JoinHandle<()>,
}

impl Gate {
    /// Before the server at `upstream`, closed.
    pub(crate) async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_open, opened) = watch::channel(false);
        let (requested, has_request) = watch::channel(false);
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                requested.send_replace(true);
                let mut opened = opened.clone();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(upstream).await.unwrap();
                    let (mut from_client, mut to_client) = client.into_split();
                    let (mut from_server, mut to_server) = server.split();
                    let requests = async {
                        copy(&mut from_client, &mut to_server).await?;
                        to_server.shutdown().await
                    };
                    let answers = async {
                        opened.wait_for(|is_open| *is_open).await.unwrap();
                        copy(&mut from_server, &mut to_client).await
                    };
                    drop(tokio::try_join!(requests, answers));
                });
            }
        });
        Self { address, is_open, has_request, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until somebody wants an answer.
    pub(crate) async fn wait_for_request(&self) {
        self.has_request.clone().wait_for(|has_request| *has_request).await.unwrap();
    }

    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}
