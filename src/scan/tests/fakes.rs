//! Scripted sources: an inventory behind `ListAccessTokens`, and answers of `ListVirtualMFADevices` one by one.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Map;
use tokio_util::sync::CancellationToken;

use super::notebook::Notebook;
use crate::{
    config::Paging,
    inventory::{AccessToken, Listed, MfaDevice, RejectedItem, Source, Target},
    scan::{Limits, ScanOptions, ScanReport, scan_access_tokens},
    source::{
        AccessTokenPage, AccessTokenQuery, ListAccessTokens, ListMfaDevices, MfaDevicePage, MfaDeviceQuery, Operation,
        Page, Refusal, SourceError,
    },
};

/// The answer to the `n`th request arrives `n` seconds after the beginning.
pub(super) fn instant(request_number: usize) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(request_number as i64)
}

pub(super) fn options() -> ScanOptions {
    ScanOptions { paging: Paging::Auto, concurrency: 4, attempts: 3 }
}

pub(super) fn limits() -> Limits {
    Limits::new(Duration::from_secs(600), CancellationToken::new())
}

pub(super) fn target(source: Source) -> Target {
    Target { account_id: "1772422852740001".to_owned(), source }
}

/// Scans with the usual options; no test of these makes the observer fail or stops the worker.
pub(super) async fn scan(cloud: &Cloud, notebook: &mut Notebook<AccessToken>) -> ScanReport {
    scan_with(cloud, notebook, options()).await
}

pub(super) async fn scan_with(cloud: &Cloud, notebook: &mut Notebook<AccessToken>, options: ScanOptions) -> ScanReport {
    scan_access_tokens(&target(Source::AccessTokens), cloud, notebook, options, &limits()).await.unwrap()
}

pub(super) fn code(id: impl Into<String>, status: &str) -> AccessToken {
    AccessToken {
        id: id.into(),
        name: None,
        description: None,
        status: status.to_owned(),
        ttl_days: Some(30),
        max_use_count: Some(10),
        registered_count: Some(0),
        created_at: Some(instant(0)),
        extra: Map::new(),
        anomalies: Vec::new(),
    }
}

/// `at-000`, `at-001` …, their statuses in turn.
pub(super) fn codes(count: usize) -> Vec<AccessToken> {
    let statuses = ["unactivated", "activated", "expired"].into_iter().cycle();
    (0..count).zip(statuses).map(|(number, status)| code(id(number), status)).collect()
}

pub(super) fn id(number: usize) -> String {
    format!("at-{number:03}")
}

pub(super) fn ids(items: &[AccessToken]) -> BTreeSet<String> {
    items.iter().map(|item| item.id.clone()).collect()
}

pub(super) fn rejected_item() -> RejectedItem {
    RejectedItem { reason: "no AccessTokenId".to_owned(), original: "{}".to_owned() }
}

/// A refusal of `operation` as the source would report it.
pub(super) fn refuse(operation: Operation, status: u16, code: &str) -> SourceError {
    Refusal::new(operation, status, code, "as the script says").into()
}

/// How a server treats the undocumented paging parameters; without them it acts as if it ignored them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// Pages of the size asked for, at most `clamp`.
    Honours { clamp: usize },
    /// Every answer holds the first `limit` codes.
    Ignores { limit: usize },
    /// Refuses them; an answer without them holds the first `limit` codes.
    Rejects { limit: usize },
}

/// No limit that a test would reach.
pub(super) const ALL: usize = usize::MAX;

/// Codes as an answer lists them.
pub(super) fn listed(codes: impl IntoIterator<Item = AccessToken>) -> Vec<Listed<AccessToken>> {
    codes.into_iter().map(Listed::from).collect()
}

type Before = Box<dyn FnMut(usize, &mut Vec<AccessToken>) + Send>;
type Answer = Box<dyn Fn(usize, &AccessTokenQuery, AccessTokenPage) -> Result<AccessTokenPage, SourceError> + Send>;

/// An inventory of activation codes behind `ListAccessTokens`; clones share it.
#[derive(Clone)]
pub(super) struct Cloud {
    manner: Manner,
    /// Codes in one answer to a look-up by id.
    lookup_limit: usize,
    ignores_ids: bool,
    silent_from: usize,
    state: Arc<Mutex<State>>,
}

struct State {
    inventory: Vec<AccessToken>,
    before: Before,
    answer: Answer,
    requests: Vec<AccessTokenQuery>,
    /// The ids that existed at each request.
    snapshots: Vec<BTreeSet<String>>,
}

impl Cloud {
    pub(super) fn new(manner: Manner, inventory: Vec<AccessToken>) -> Self {
        let state = State {
            inventory,
            before: Box::new(|_, _| ()),
            answer: Box::new(|_, _, page| Ok(page)),
            requests: Vec::new(),
            snapshots: Vec::new(),
        };
        Self { manner, lookup_limit: ALL, ignores_ids: false, silent_from: ALL, state: Arc::new(Mutex::new(state)) }
    }

    /// Runs `change` before each request is answered, with its number, from 1.
    pub(super) fn before(self, change: impl FnMut(usize, &mut Vec<AccessToken>) + Send + 'static) -> Self {
        self.state.lock().unwrap().before = Box::new(change);
        self
    }

    /// Rewrites each answer.
    pub(super) fn answering(
        self,
        answer: impl Fn(usize, &AccessTokenQuery, AccessTokenPage) -> Result<AccessTokenPage, SourceError> + Send + 'static,
    ) -> Self {
        self.state.lock().unwrap().answer = Box::new(answer);
        self
    }

    /// Leaves `hidden` out of every listing; only a look-up by id finds it.
    pub(super) fn hiding(self, hidden: impl Fn(&str) -> bool + Send + 'static) -> Self {
        self.answering(move |_, query, mut page| {
            if query.ids.is_empty() {
                let item_count = page.page.items.len();
                page.page.items.retain(|item| !hidden(&item.clone().read().id));
                let hidden_count = (item_count - page.page.items.len()) as u64;
                page.total_count = page.total_count.map(|total| total - hidden_count);
            }
            Ok(page)
        })
    }

    pub(super) fn limiting_lookups(self, lookup_limit: usize) -> Self {
        Self { lookup_limit, ..self }
    }

    pub(super) fn ignoring_ids(self) -> Self {
        Self { ignores_ids: true, ..self }
    }

    /// Never answers the `number`th request or a later one.
    pub(super) fn silent_from(self, number: usize) -> Self {
        Self { silent_from: number, ..self }
    }

    pub(super) fn requests(&self) -> Vec<AccessTokenQuery> {
        self.state.lock().unwrap().requests.clone()
    }

    pub(super) fn request_count(&self) -> usize {
        self.state.lock().unwrap().requests.len()
    }

    pub(super) fn inventory(&self) -> Vec<AccessToken> {
        self.state.lock().unwrap().inventory.clone()
    }

    /// The ids that existed when each request was answered.
    pub(super) fn snapshots(&self) -> Vec<BTreeSet<String>> {
        self.state.lock().unwrap().snapshots.clone()
    }

    fn select(&self, query: &AccessTokenQuery, inventory: &[AccessToken]) -> Result<AccessTokenPage, SourceError> {
        let is_lookup = !query.ids.is_empty();
        let is_selected = |item: &&AccessToken| {
            (!is_lookup || self.ignores_ids || query.ids.contains(&item.id))
                && query.status.as_ref().is_none_or(|status| *status == item.status)
                && query.name.as_ref().is_none_or(|name| item.name.as_ref() == Some(name))
        };
        let selected: Vec<_> = inventory.iter().filter(is_selected).cloned().collect();
        let total_count = Some(selected.len() as u64);
        let (skip, take) = match (self.manner, query.paging) {
            (Manner::Rejects { .. }, Some(_)) => {
                return Err(refuse(Operation::ListAccessTokens, 400, "InvalidParameter.PageNumber"));
            }
            (Manner::Honours { clamp }, Some(page)) => {
                let size = clamp.min(page.size as usize);
                ((page.number as usize - 1) * size, size)
            }
            (Manner::Honours { clamp }, None) => (0, clamp),
            (Manner::Ignores { limit } | Manner::Rejects { limit }, _) => (0, limit),
        };
        let take = if is_lookup { take.min(self.lookup_limit) } else { take };
        let items = listed(selected.into_iter().skip(skip).take(take));
        Ok(AccessTokenPage { page: page_of(items, DateTime::UNIX_EPOCH), total_count })
    }
}

impl ListAccessTokens for Cloud {
    async fn list_access_tokens(&self, query: &AccessTokenQuery) -> Result<AccessTokenPage, SourceError> {
        let (number, result) = {
            let state = &mut *self.state.lock().unwrap();
            state.requests.push(query.clone());
            let number = state.requests.len();
            (state.before)(number, &mut state.inventory);
            state.snapshots.push(ids(&state.inventory));
            let result = self.select(query, &state.inventory).and_then(|mut page| {
                page.page.observed_at = instant(number);
                (state.answer)(number, query, page)
            });
            (number, result)
        };
        if number >= self.silent_from {
            std::future::pending::<()>().await;
        }
        result
    }
}

fn page_of<T>(items: Vec<T>, observed_at: DateTime<Utc>) -> Page<T> {
    Page { items, rejected: Vec::new(), observed_at, skew: None }
}

pub(super) fn device(serial_number: &str) -> MfaDevice {
    MfaDevice {
        serial_number: serial_number.to_owned(),
        user: None,
        activated_at: None,
        extra: Map::new(),
        anomalies: Vec::new(),
    }
}

/// A page of devices; `marker` makes it truncated.
pub(super) fn devices(serials: &[&str], marker: Option<&str>) -> Result<MfaDevicePage, SourceError> {
    Ok(MfaDevicePage {
        page: page_of(serials.iter().map(|serial| device(serial).into()).collect(), DateTime::UNIX_EPOCH),
        is_truncated: marker.is_some(),
        marker: marker.map(str::to_owned),
    })
}

/// `ListVirtualMFADevices`, answer by answer; clones share what is left.
#[derive(Clone)]
pub(super) struct Script {
    answers: Arc<Mutex<VecDeque<Result<MfaDevicePage, SourceError>>>>,
    markers: Arc<Mutex<Vec<Option<String>>>>,
}

impl Script {
    pub(super) fn new<const N: usize>(answers: [Result<MfaDevicePage, SourceError>; N]) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into())), markers: Arc::default() }
    }

    /// The markers that were asked for, in order.
    pub(super) fn markers(&self) -> Vec<Option<String>> {
        self.markers.lock().unwrap().clone()
    }
}

impl ListMfaDevices for Script {
    async fn list_mfa_devices(&self, query: MfaDeviceQuery<'_>) -> Result<MfaDevicePage, SourceError> {
        let number = {
            let mut markers = self.markers.lock().unwrap();
            markers.push(query.marker.map(str::to_owned));
            markers.len()
        };
        let answer = self.answers.lock().unwrap().pop_front().expect("the script has an answer to every request");
        answer.map(|mut page| {
            page.page.observed_at = instant(number);
            page
        })
    }
}
