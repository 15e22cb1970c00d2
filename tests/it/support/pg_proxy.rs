//! Stands between the program and PostgreSQL, knows each round trip by its statement, and can end, delay or withhold it.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// How the statement begins that opens a scan in the ledger.
pub(crate) const OPEN: &str = "with account as";

/// How the statement begins that closes a scan in the ledger, and takes its target on.
pub(crate) const CLOSE: &str = "with running as";

/// One exchange that the client waits for.
#[derive(Clone, Debug)]
pub(crate) struct RoundTrip {
    /// Its place in the order of all connections, from 0.
    pub(crate) number: usize,
    /// The connection, from 0.
    pub(crate) connection: usize,
    /// `connect`, `terminate`, or the statement in lower case, its blanks folded; with `prepare ` before it where it is
    /// only parsed.
    pub(crate) statement: String,
}

/// Which side of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The server has not heard of it.
    Before,
    /// The server has done it and answered; the client does not know.
    After,
}

/// What becomes of it.
pub(crate) enum Then {
    Pass,
    /// Both sides see the end of the connection.
    Cut,
    /// Nothing more passes on this connection, which stays open until [`PgProxy::pass`] cuts it.
    Hold,
    /// It passes once this is notified.
    Await(Arc<Notify>),
}

type Script = dyn Fn(&RoundTrip, Moment) -> Then + Send + Sync;

/// A running proxy; connections end with it.
pub(crate) struct PgProxy {
    url: String,
    hub: Arc<Hub>,
    server: JoinHandle<()>,
}

struct Hub {
    upstream: String,
    script: Mutex<Arc<Script>>,
    seen: Mutex<Vec<RoundTrip>>,
    has_seen: Notify,
    released: Notify,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl PgProxy {
    /// In front of the database that `url` names.
    pub(crate) async fn start(url: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let upstream = url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
        let url = url.replace(&upstream, &listener.local_addr().unwrap().to_string());
        let hub = Arc::new(Hub {
            upstream,
            script: Mutex::new(Arc::new(|_: &RoundTrip, _| Then::Pass)),
            seen: Mutex::default(),
            has_seen: Notify::new(),
            released: Notify::new(),
            tasks: Mutex::default(),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&hub)));
        Self { url, hub, server }
    }

    /// The database through the proxy.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What to do from now on, on every connection.
    pub(crate) fn script(&self, script: impl Fn(&RoundTrip, Moment) -> Then + Send + Sync + 'static) {
        *self.hub.script.lock().unwrap() = Arc::new(script);
    }

    /// Does `then` at `moment` of the first round trip whose statement begins with `statement`.
    pub(crate) fn at(&self, statement: &'static str, moment: Moment, then: impl Fn() -> Then + Send + Sync + 'static) {
        self.at_nth(1, statement, moment, then);
    }

    /// The same, of the `n`th.
    pub(crate) fn at_nth(
        &self,
        n: usize,
        statement: &'static str,
        moment: Moment,
        then: impl Fn() -> Then + Send + Sync + 'static,
    ) {
        let met_count = AtomicUsize::new(0);
        self.script(move |trip, now| {
            let is_meant = now == moment && trip.statement.starts_with(statement);
            if is_meant && met_count.fetch_add(1, Ordering::SeqCst) + 1 == n { then() } else { Then::Pass }
        });
    }

    /// Lets the first round trip of `statement` wait for the signal that is returned.
    pub(crate) fn pause(&self, statement: &'static str) -> Arc<Notify> {
        self.pause_nth(1, statement)
    }

    /// The same, the `n`th.
    pub(crate) fn pause_nth(&self, n: usize, statement: &'static str) -> Arc<Notify> {
        let signal = Arc::new(Notify::new());
        let go_on = Arc::clone(&signal);
        self.at_nth(n, statement, Moment::Before, move || Then::Await(Arc::clone(&go_on)));
        signal
    }

    /// Ends the trouble: connections that are held break, all others pass.
    pub(crate) fn pass(&self) {
        self.script(|_, _| Then::Pass);
        self.hub.released.notify_waiters();
    }

    /// The round trips so far.
    pub(crate) fn seen(&self) -> Vec<RoundTrip> {
        self.hub.seen.lock().unwrap().clone()
    }

    /// Waits until `count` round trips began whose statement begins with `statement`.
    pub(crate) async fn wait_for(&self, statement: &str, count: usize) {
        loop {
            let has_seen = self.hub.has_seen.notified();
            let seen =
                self.hub.seen.lock().unwrap().iter().filter(|trip| trip.statement.starts_with(statement)).count();
            if seen >= count {
                return;
            }
            has_seen.await;
        }
    }
}

impl Drop for PgProxy {
    fn drop(&mut self) {
        self.server.abort();
        self.hub.tasks.lock().unwrap().drain(..).for_each(|task| task.abort());
    }
}

async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    for connection in 0.. {
        let (client, _) = listener.accept().await.unwrap();
        let link = Link { hub: Arc::clone(&hub), connection, statements: HashMap::new(), portal: String::new() };
        // An error is the end of one side, of which the other hears by the drop of its socket.
        let task = tokio::spawn(async move { drop(link.run(client).await) });
        hub.tasks.lock().unwrap().push(task);
    }
}

/// One connection of the client and its counterpart.
struct Link {
    hub: Arc<Hub>,
    connection: usize,
    /// The text of each prepared statement, by its name.
    statements: HashMap<Vec<u8>, String>,
    /// The statement that was bound last.
    portal: String,
}

impl Link {
    async fn run(mut self, mut client: TcpStream) -> io::Result<()> {
        let trip = self.trip("connect".into());
        self.pass(&trip, Moment::Before).await?;
        let mut server = TcpStream::connect(&self.hub.upstream).await?;
        for socket in [&client, &server] {
            socket.set_nodelay(true)?;
        }
        log_in(&mut client, &mut server).await?;
        self.pass(&trip, Moment::After).await?;
        loop {
            let Some((request, statement)) = self.read_request(&mut client, &mut server).await? else {
                // The server spoke first: it ends the session, and has nobody to ask.
                copy_bidirectional(&mut client, &mut server).await?;
                return Ok(());
            };
            let is_last = statement == "terminate";
            let trip = self.trip(statement);
            self.pass(&trip, Moment::Before).await?;
            server.write_all(&request).await?;
            if is_last {
                return Ok(());
            }
            let answer = read_answer(&mut server).await?;
            self.pass(&trip, Moment::After).await?;
            client.write_all(&answer).await?;
        }
    }

    fn trip(&self, statement: String) -> RoundTrip {
        let mut seen = self.hub.seen.lock().unwrap();
        let trip = RoundTrip { number: seen.len(), connection: self.connection, statement };
        seen.push(trip.clone());
        self.hub.has_seen.notify_waiters();
        trip
    }

    async fn pass(&self, trip: &RoundTrip, moment: Moment) -> io::Result<()> {
        let script = self.hub.script.lock().unwrap().clone();
        match script(trip, moment) {
            Then::Pass => Ok(()),
            Then::Cut => Err(io::ErrorKind::ConnectionAborted.into()),
            Then::Hold => {
                self.hub.released.notified().await;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Then::Await(signal) => {
                signal.notified().await;
                Ok(())
            }
        }
    }

    /// Everything up to the message after which the client waits, and the statement it is about; `None` where the
    /// server has something to say unasked.
    async fn read_request(
        &mut self,
        client: &mut TcpStream,
        server: &mut TcpStream,
    ) -> io::Result<Option<(Vec<u8>, String)>> {
        let (mut said, mut unasked) = ([0], [0]);
        tokio::select! {
            spoke = client.peek(&mut said) => spoke?,
            spoke = server.peek(&mut unasked) => { spoke?; return Ok(None) }
        };
        let mut request = Vec::new();
        let mut statement = String::new();
        loop {
            let (kind, body) = read_message(client, &mut request).await?;
            match kind {
                b'Q' => return Ok(Some((request, text(&body)))),
                b'c' => return Ok(Some((request, "copy data".into()))),
                b'f' => return Ok(Some((request, "copy fail".into()))),
                b'X' => return Ok(Some((request, "terminate".into()))),
                b'S' => return Ok(Some((request, statement))),
                b'P' => {
                    let (name, sql) = split_at_zero(&body);
                    statement = format!("prepare {}", text(sql));
                    self.statements.insert(name.to_vec(), text(sql));
                }
                b'B' => {
                    let (_portal, rest) = split_at_zero(&body);
                    let (name, _) = split_at_zero(rest);
                    self.portal = self.statements.get(name).cloned().unwrap_or_default();
                }
                b'E' => statement.clone_from(&self.portal),
                _ => {}
            }
        }
    }
}

/// Lets start-up and authentication pass, up to the first `ReadyForQuery`.
async fn log_in(client: &mut TcpStream, server: &mut TcpStream) -> io::Result<()> {
    const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();
    loop {
        let mut packet = vec![0; 4];
        client.read_exact(&mut packet).await?;
        let length = u32::from_be_bytes(packet[..4].try_into().unwrap()) as usize;
        packet.resize(length, 0);
        client.read_exact(&mut packet[4..]).await?;
        if packet[4..8] != SSL_REQUEST {
            server.write_all(&packet).await?;
            break;
        }
        client.write_all(b"N").await?;
    }
    loop {
        let mut message = Vec::new();
        let (kind, body) = read_message(server, &mut message).await?;
        client.write_all(&message).await?;
        // SASL and its continuation ask the client for a word; SASLFinal and Ok do not.
        let asks = kind == b'R' && matches!(body[..4], [0, 0, 0, 3 | 5 | 10 | 11]);
        if asks {
            let mut reply = Vec::new();
            read_message(client, &mut reply).await?;
            server.write_all(&reply).await?;
        }
        if kind == b'Z' {
            return Ok(());
        }
    }
}

/// Everything up to the message with which the server gives the word back: `ReadyForQuery`, or the call for COPY data.
async fn read_answer(server: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    loop {
        match read_message(server, &mut answer).await {
            Ok((b'Z' | b'G', _)) => return Ok(answer),
            Ok(_) => {}
            // The last words of a session that the server ends.
            Err(_) if !answer.is_empty() => return Ok(answer),
            Err(error) => return Err(error),
        }
    }
}

/// Reads one message, appends it to `to`, and returns its type and body.
async fn read_message(from: &mut (impl AsyncRead + Unpin), to: &mut Vec<u8>) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head).await?;
    let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize - 4;
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    to.extend_from_slice(&head);
    to.extend_from_slice(&body);
    Ok((head[0], body))
}

fn split_at_zero(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap();
    (&bytes[..end], &bytes[end + 1..])
}

fn text(sql: &[u8]) -> String {
    let (sql, _) = split_at_zero(sql);
    let text = String::from_utf8_lossy(sql);
    let code = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ").to_lowercase()
}
