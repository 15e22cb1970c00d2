//! A cloud whose answers were made ready beforehand, so that it is never the limit.
//!
//! The emulator is asked for every page once; from then on a server that only looks bytes up answers in its place.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use emulator::{AccessKey, AccountOptions, Emulator, Options, status};
use futures::future::try_join_all;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::wire::{
    CodePage, DevicePage, GET_CALLER_IDENTITY, KEY_SECRET, LIST_ACCESS_TOKENS, LIST_MFA_DEVICES, Line, account_id,
    code_page, device_page, key_id,
};

/// Connections to the emulator while it is asked.
const LANES: u64 = 4;

/// What is answered to the key of an account, by action and query.
type Answers = HashMap<String, HashMap<(&'static str, String), Bytes>>;

/// A cloud of some accounts of one size.
pub(crate) struct Cloud {
    emulator: Emulator,
    account_count: usize,
    answers: Arc<RwLock<Answers>>,
    request_count: Arc<AtomicU64>,
    host: String,
    /// Threads of its own; dropping it ends the server.
    runtime: Option<Runtime>,
}

impl Cloud {
    /// A cloud of so many accounts of so many codes each, and a tenth as many devices, with every page ready.
    pub(crate) async fn start(account_count: usize, code_count: usize) -> anyhow::Result<Self> {
        let accounts = (0..account_count).map(|account| {
            AccountOptions::new(account_id(account))
                .key(AccessKey::new(key_id(account), KEY_SECRET))
                .generated(code_count, code_count / 10)
        });
        let options = accounts.fold(Options::new().seed(7).request_log_limit(0), Options::account);
        let emulator = Emulator::start(options).await?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.spawn(TcpListener::bind("127.0.0.1:0")).await??;
        let host = listener.local_addr()?.to_string();
        let (answers, request_count) = (Arc::<RwLock<Answers>>::default(), Arc::<AtomicU64>::default());
        runtime.spawn(serve(listener, Arc::clone(&answers), Arc::clone(&request_count)));
        let cloud = Self { emulator, account_count, answers, request_count, host, runtime: Some(runtime) };
        cloud.make_ready().await?;
        Ok(cloud)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// How many accounts there are.
    pub(crate) fn account_count(&self) -> usize {
        self.account_count
    }

    /// Requests answered so far.
    pub(crate) fn request_count(&self) -> u64 {
        self.request_count.load(Ordering::Relaxed)
    }

    /// Changes every hundredth code, another hundredth each time, and makes the pages ready again: who waits is
    /// activated, and the others get another description.
    pub(crate) async fn change_one_percent(&self, turn: usize) -> anyhow::Result<()> {
        for account in 0..self.account_count {
            self.emulator.with_account(&account_id(account), |inventory| {
                let ids: Vec<String> =
                    inventory.tokens().skip(turn % 100).step_by(100).map(|token| token.id.clone()).collect();
                for id in ids {
                    let token = inventory.token_mut(&id).expect("it was listed just now");
                    if token.status == status::UNACTIVATED {
                        token.status = status::ACTIVATED.into();
                    } else {
                        token.description = Some(format!("changed in turn {turn}"));
                    }
                }
            });
        }
        self.make_ready().await
    }

    /// The same of devices, which are unbound, or bound to whoever is first; the pages are those of
    /// [`Self::change_one_percent`], which has to follow.
    pub(crate) fn pass_devices_on(&self, turn: usize) {
        for account in 0..self.account_count {
            self.emulator.with_account(&account_id(account), |inventory| {
                let first = inventory.devices().find_map(|device| device.user.clone());
                let serials: Vec<String> = inventory
                    .devices()
                    .skip(turn % 100)
                    .step_by(100)
                    .map(|device| device.serial_number.clone())
                    .collect();
                for serial in serials {
                    let device = inventory.device_mut(&serial).expect("it was listed just now");
                    device.user = if device.user.is_some() { None } else { first.clone() };
                    device.activated_at = None;
                }
            });
        }
    }

    /// Asks the emulator for every answer.
    async fn make_ready(&self) -> anyhow::Result<()> {
        let host = self.emulator.addr().to_string();
        let mut ready = Answers::new();
        for account in 0..self.account_count {
            let mut line = Line::open(&host).await?;
            let mut answers = HashMap::new();
            let identity = line.ask(account, GET_CALLER_IDENTITY, "").await?;
            answers.insert((GET_CALLER_IDENTITY.action, String::new()), identity);

            let first = line.ask(account, LIST_ACCESS_TOKENS, &code_page(1)).await?;
            let page_count = serde_json::from_slice::<CodePage<'_>>(&first)?.total_count.div_ceil(50);
            answers.insert((LIST_ACCESS_TOKENS.action, code_page(1)), first);
            let lanes = (0..LANES).map(|lane| read_pages(&host, account, lane + 2, page_count));
            for (query, body) in try_join_all(lanes).await?.into_iter().flatten() {
                answers.insert((LIST_ACCESS_TOKENS.action, query), body);
            }

            let mut query = device_page(None);
            loop {
                let body = line.ask(account, LIST_MFA_DEVICES, &query).await?;
                let page: DevicePage<'_> = serde_json::from_slice(&body)?;
                let next = page.marker.filter(|_| page.is_truncated).map(|marker| device_page(Some(marker)));
                answers.insert((LIST_MFA_DEVICES.action, query), body);
                match next {
                    Some(next) => query = next,
                    None => break,
                }
            }
            ready.insert(key_id(account), answers);
        }
        *self.answers.write().unwrap_or_else(PoisonError::into_inner) = ready;
        Ok(())
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // To wait for a runtime inside another one is forbidden, and nothing here needs to be waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Every page of codes from `first` on that is this lane's.
async fn read_pages(host: &str, account: usize, first: u64, last: u64) -> anyhow::Result<Vec<(String, Bytes)>> {
    let mut line = Line::open(host).await?;
    let mut pages = Vec::new();
    let mut number = first;
    while number <= last {
        let query = code_page(number);
        let body = line.ask(account, LIST_ACCESS_TOKENS, &query).await?;
        pages.push((query, body));
        number += LANES;
    }
    Ok(pages)
}

async fn serve(listener: TcpListener, answers: Arc<RwLock<Answers>>, request_count: Arc<AtomicU64>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // An answer is one small write.
        let _ = stream.set_nodelay(true);
        let (answers, request_count) = (Arc::clone(&answers), Arc::clone(&request_count));
        tokio::spawn(async move {
            let service = service_fn(|request| {
                request_count.fetch_add(1, Ordering::Relaxed);
                let response = answer(&request, &answers);
                async move { Ok::<_, Infallible>(response) }
            });
            // A client that hangs up is no error.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer(request: &Request<Incoming>, answers: &RwLock<Answers>) -> Response<Full<Bytes>> {
    let body = find(request, &answers.read().unwrap_or_else(PoisonError::into_inner));
    let mut response = Response::new(Full::new(body.clone().unwrap_or_default()));
    if body.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

fn find(request: &Request<Incoming>, answers: &Answers) -> Option<Bytes> {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let (_, credential) = header("authorization")?.split_once("Credential=")?;
    let (key_id, _) = credential.split_once(',')?;
    let action = header("x-acs-action")?;
    let known = [LIST_ACCESS_TOKENS, LIST_MFA_DEVICES, GET_CALLER_IDENTITY];
    let operation = known.into_iter().find(|operation| operation.action == action)?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    answers.get(key_id)?.get(&(operation.action, query)).cloned()
}
