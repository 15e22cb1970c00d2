//! A server for tests that answers each request with the next line of a script, byte for byte.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What one request is answered with.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// Nothing, until the client gives up.
    Silence,
    /// A body that never ends, a blank after each pause, until the client gives up.
    Endless(Duration),
}

impl Reply {
    /// An answer with a JSON body.
    pub(super) fn json(status: u16, body: &str) -> Self {
        Self::with_headers(status, "", body.as_bytes())
    }

    /// An answer with more headers, each ended by CRLF.
    pub(super) fn with_headers(status: u16, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
        Self::Bytes([head.as_bytes(), body].concat())
    }
}

struct Request {
    head: String,
    body: String,
}

/// Listens until it is dropped; the last reply is repeated.
pub(super) struct ScriptedServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl ScriptedServer {
    pub(super) async fn start(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::default();
        let task = tokio::spawn(serve(listener, script, Arc::clone(&requests)));
        Self { address, requests, task }
    }

    /// `host:port`.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The heads of the requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.head.clone()).collect()
    }

    /// Their bodies.
    pub(super) fn bodies(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.body.clone()).collect()
    }

    /// The values of header `name`, one a request.
    pub(super) fn header(&self, name: &str) -> Vec<String> {
        let value = |head: &String| {
            head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_default().to_owned()
        };
        self.requests().iter().map(value).collect()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, script: Vec<Reply>, requests: Arc<Mutex<Vec<Request>>>) {
    let mut silent = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(request);
            requests.len()
        };
        match script.get(number - 1).or(script.last()).unwrap() {
            Reply::Bytes(bytes) => {
                // The client may have seen enough and be gone.
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            }
            Reply::Silence => silent.push(stream),
            Reply::Endless(pause) => send_without_end(&mut stream, *pause).await,
        }
    }
}

async fn send_without_end(stream: &mut TcpStream, pause: Duration) {
    let mut part: &[u8] = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n";
    while stream.write_all(part).await.is_ok() {
        tokio::time::sleep(pause).await;
        part = b"1\r\n \r\n";
    }
}

async fn read_request(stream: &mut TcpStream) -> Request {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    Request { head, body: String::from_utf8(body).unwrap() }
}
