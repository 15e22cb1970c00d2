//! `run` while the database is away: readiness tells, and the next tick after its return works.

use std::{net::SocketAddr, sync::Arc};

use stocktake::{
    inventory::{Source, Target},
    schedule::Trigger,
    source::{Environment, HttpClient},
    store::Store,
    web::{WebState, bind},
    worker::{Progress, Worker, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use super::behind_a_proxy;
use crate::support::{
    World,
    pg_proxy::{PgProxy, Then},
};

/// Hands on how each scan ended.
struct Ends(mpsc::UnboundedSender<String>);

impl Progress for Ends {
    fn begin(&self, _: &Target, _: &str) {}
    fn observe(&self, _: &Target, _: usize) {}
    fn end(&self, _: &Target, summary: &str) {
        self.0.send(summary.to_owned()).unwrap();
    }
}

/// What `run` is made of, with ticks by hand.
struct Running {
    ticks: mpsc::Sender<Trigger>,
    ends: mpsc::UnboundedReceiver<String>,
    address: SocketAddr,
    stop: CancellationToken,
}

impl Running {
    async fn start(world: &World, store: Store) -> Self {
        let (ends, stop) = (mpsc::unbounded_channel(), CancellationToken::new());
        let clock = Arc::new(world.clock.clone());
        let keys = Environment::of_pairs([("TEST_KEY_ID", "LTAI5tTest"), ("TEST_KEY_SECRET", "test-secret")]);
        let progress = Arc::new(Ends(ends.0));
        let http = HttpClient::new(&world.config.api).unwrap();
        let worker =
            Worker::new(&http, world.config.clone(), store, clock.clone(), &keys, progress, stop.clone()).unwrap();
        let worker = Arc::new(worker);
        let state = WebState::new(Arc::clone(&worker), clock, world.config.schedule.clone());
        let page = bind(SocketAddr::from(([127, 0, 0, 1], 0)), state).await.unwrap();
        let address = page.address();
        tokio::spawn(page.serve(stop.clone()));
        let (ticks, triggers) = mpsc::channel(3);
        tokio::spawn(serve(worker, triggers));
        Self { ticks, ends: ends.1, address, stop }
    }

    /// One tick, and how its scan ended.
    async fn tick(&mut self, world: &World) -> String {
        world.advance(chrono::TimeDelta::seconds(1));
        self.ticks.send(Trigger::Scan(Source::AccessTokens)).await.unwrap();
        self.ends.recv().await.unwrap()
    }

    async fn readiness(&self) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().to_owned();
        format!("{status} {}", answer.lines().last().unwrap())
    }
}

async fn start() -> (World, PgProxy, Running) {
    let (world, proxy) = behind_a_proxy().await;
    let store = super::store_behind(&proxy, 1).await;
    let running = Running::start(&world, store).await;
    (world, proxy, running)
}

#[tokio::test]
async fn the_worker_outlives_its_database_and_tells_meanwhile() {
    for trouble in [|| Then::Cut, || Then::Hold] {
        let (world, proxy, mut running) = Box::pin(start()).await;
        assert!(running.tick(&world).await.starts_with("complete"));
        assert_eq!(running.readiness().await, "200 ready");

        proxy.script(move |_, _| trouble());
        // More often than there are connections.
        for _ in 0..2 {
            let readiness = running.readiness().await;
            assert!(readiness.starts_with("503 the database cannot be reached"), "{readiness}");
            assert!(running.tick(&world).await.starts_with("failed"));
        }

        proxy.pass();
        assert_eq!(running.readiness().await, "200 ready");
        assert!(running.tick(&world).await.starts_with("complete"));
        running.stop.cancel();
    }
}

#[tokio::test]
async fn a_database_that_goes_in_mid_scan_does_not_stop_the_next_tick() {
    let (world, proxy, mut running) = Box::pin(start()).await;
    proxy.at("select array_agg(digest)", crate::support::pg_proxy::Moment::Before, || Then::Hold);
    assert!(running.tick(&world).await.starts_with("failed"));
    proxy.pass();
    world.database.end_sessions().await;
    assert!(running.tick(&world).await.starts_with("complete"));
    running.stop.cancel();
}
