//! The server over a real socket, without a database behind it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::ManualClock,
    config::{AccountConfig, Config, CredentialsConfig, ScheduleConfig},
    inventory::Source,
    source::{Environment, HttpClient},
    store::Store,
    web::{WebError, WebState, bind},
    worker::{NoProgress, Worker},
};

const ANY_PORT: &str = "127.0.0.1:0";

fn state() -> WebState {
    let account = AccountConfig {
        name: "prod".into(),
        id: None,
        sources: Source::ALL.to_vec(),
        credentials: CredentialsConfig::Env { id_var: "ID".into(), secret_var: "SECRET".into(), token_var: None },
    };
    let config = Config { accounts: vec![account], ..Config::default() };
    let clock = Arc::new(ManualClock::new(super::sample::now()));
    let worker = Worker::new(
        &HttpClient::new(&config.api).unwrap(),
        config,
        Store::unreachable(),
        clock.clone(),
        &Environment::of_pairs([]),
        Arc::new(NoProgress),
        CancellationToken::new(),
    );
    WebState::new(Arc::new(worker.unwrap()), clock, ScheduleConfig::default())
}

async fn serve() -> (SocketAddr, CancellationToken, JoinHandle<Result<(), WebError>>) {
    let server = bind(ANY_PORT.parse().unwrap(), state()).await.unwrap();
    let (address, stop) = (server.address(), CancellationToken::new());
    (address, stop.clone(), tokio::spawn(server.serve(stop)))
}

/// Head and body of the answer to a plain request.
async fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let (address, _stop, _server) = serve().await;
    for path in ["/", "/metrics", "/healthz", "/readyz", "/nothing"] {
        let (head, _) = get(address, path).await;
        for header in [
            "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            assert!(head.lines().any(|line| line == header), "{path} lacks {header}:\n{head}");
        }
    }
}

#[tokio::test]
async fn the_process_is_healthy_but_not_ready_without_a_database() {
    let (address, _stop, _server) = serve().await;
    let (head, body) = get(address, "/healthz").await;
    assert!(head.starts_with("http/1.1 200 "));
    assert_eq!(body, "ok");
    let (head, body) = get(address, "/readyz").await;
    assert!(head.starts_with("http/1.1 503 "), "{head}");
    assert!(body.starts_with("the database") && body.lines().count() == 1, "{body}");
}

#[tokio::test]
async fn without_a_database_the_page_says_so_and_metrics_go_on() {
    let (address, _stop, _server) = serve().await;
    let (head, body) = get(address, "/").await;
    assert!(head.starts_with("http/1.1 503 ") && head.contains("content-type: text/html"), "{head}");
    assert!(body.contains("The database does not answer") && body.contains("stocktake check"));
    let (head, body) = get(address, "/metrics").await;
    assert!(head.starts_with("http/1.1 200 ") && head.contains("text/plain; version=0.0.4"), "{head}");
    assert!(body.contains("stocktake_database_up 0\n"), "{body}");
    assert!(body.contains(r#"stocktake_api_requests_total{account_name="prod"} 0"#), "{body}");
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let (address, _stop, _server) = serve().await;
    assert!(get(address, "/nothing").await.0.starts_with("http/1.1 404 "));
}

#[tokio::test]
async fn a_taken_port_is_one_line_that_names_the_key() {
    let (address, _stop, _server) = serve().await;
    let line = bind(address, state()).await.unwrap_err().to_string();
    assert!(line.starts_with(&format!("http.listen: cannot listen on {address}: ")), "{line}");
    assert_eq!(line.lines().count(), 1);
}

#[tokio::test]
async fn the_stop_ends_the_server() {
    let (address, stop, server) = serve().await;
    get(address, "/healthz").await;
    stop.cancel();
    timeout(Duration::from_secs(2), server).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_up_the_stop() {
    let mut server = bind(ANY_PORT.parse().unwrap(), state()).await.unwrap();
    server.grace = Duration::from_millis(20);
    let (address, stop) = (server.address(), CancellationToken::new());
    let server = tokio::spawn(server.serve(stop.clone()));
    get(address, "/healthz").await;
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    stop.cancel();
    timeout(Duration::from_secs(2), server).await.unwrap().unwrap().unwrap();
}
