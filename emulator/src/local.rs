//! What answers beside the gateway, unsigned and on the machine's own link: the ECS metadata service, and a program
//! that hands out sessions at a credentials URI.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use rand::distr::{Alphanumeric, SampleString};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::account::Account;
use crate::api::sts::SessionKeys;
use crate::fault::Answer;
use crate::request::GatewayRequest;
use crate::role::Session;
use crate::timestamp;

/// What the request log calls a request for a metadata token.
pub const METADATA_TOKEN: &str = "MetadataToken";
/// What the request log calls a request for the name of the instance's role.
pub const METADATA_ROLE: &str = "MetadataRole";
/// What the request log calls a request for a session of the instance's role.
pub const METADATA_SESSION: &str = "MetadataSession";
/// What the request log calls a request to a credentials URI.
pub const CREDENTIALS_URI: &str = "CredentialsUri";

const TOKEN: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
const URIS: &str = "/credentials/";

/// The real service hands out sessions of this length.
const SESSION: TimeDelta = TimeDelta::hours(6);

/// The ECS instance that the metadata service speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The account that it runs in.
    pub account: String,
    /// The role that is attached to it, which must trust ECS.
    pub role: String,
    /// Whether the service answers nothing without a token of its own, as in hardened mode.
    pub needs_token: bool,
}

impl Instance {
    /// An instance with a role of its account, in normal mode.
    pub fn new(account: impl Into<String>, role: impl Into<String>) -> Self {
        Self { account: account.into(), role: role.into(), needs_token: false }
    }

    /// In hardened mode.
    pub fn needing_token(mut self) -> Self {
        self.needs_token = true;
        self
    }
}

/// The tokens that the metadata service has issued, and when each ends.
pub(crate) type Tokens = BTreeMap<String, DateTime<Utc>>;

/// One request that is none of the gateway's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Local {
    Token,
    RoleName,
    Session { role: String },
    Uri { account: String, role: String },
}

/// What a local answer is made of.
pub(crate) struct Scene<'a> {
    pub(crate) accounts: &'a mut [Account],
    pub(crate) instance: Option<&'a Instance>,
    pub(crate) tokens: &'a mut Tokens,
    pub(crate) now: DateTime<Utc>,
    pub(crate) rng: &'a mut ChaCha8Rng,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CodedSession {
    code: &'static str,
    last_updated: String,
    #[serde(flatten)]
    keys: SessionKeys,
}

impl Local {
    /// What a path other than the gateway's asks for.
    pub(crate) fn of(path: &str) -> Option<Self> {
        if path == TOKEN {
            return Some(Self::Token);
        }
        if let Some(role) = path.strip_prefix(ROLES) {
            let role = role.to_owned();
            return Some(if role.is_empty() { Self::RoleName } else { Self::Session { role } });
        }
        let (account, role) = path.strip_prefix(URIS)?.split_once('/')?;
        Some(Self::Uri { account: account.to_owned(), role: role.to_owned() })
    }

    /// What the request log calls it.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Token => METADATA_TOKEN,
            Self::RoleName => METADATA_ROLE,
            Self::Session { .. } => METADATA_SESSION,
            Self::Uri { .. } => CREDENTIALS_URI,
        }
    }

    /// The account whose keys it would hand out.
    pub(crate) fn account<'a>(&'a self, instance: Option<&'a Instance>) -> Option<&'a str> {
        match self {
            Self::Uri { account, .. } => Some(account),
            _ => instance.map(|instance| instance.account.as_str()),
        }
    }

    /// Answers one request.
    pub(crate) fn answer(&self, request: &GatewayRequest, scene: Scene<'_>) -> Answer {
        let method = if *self == Self::Token { Method::PUT } else { Method::GET };
        if request.method != method {
            return refusal(StatusCode::METHOD_NOT_ALLOWED);
        }
        if let Self::Uri { account, role } = self {
            return scene.issue(account, role, TimeDelta::hours(1), |_| true);
        }
        let Some(instance) = scene.instance else { return refusal(StatusCode::NOT_FOUND) };
        if *self == Self::Token {
            return scene.issue_token(request);
        }
        if !scene.admits(request, instance) {
            return refusal(StatusCode::FORBIDDEN);
        }
        match self {
            Self::Session { role } if *role == instance.role => {
                scene.issue(&instance.account, role, SESSION, |role| role.trusts_ecs)
            }
            Self::RoleName => text(StatusCode::OK, &instance.role),
            _ => refusal(StatusCode::NOT_FOUND),
        }
    }
}

impl Scene<'_> {
    fn issue_token(self, request: &GatewayRequest) -> Answer {
        let ttl = request.header("x-aliyun-ecs-metadata-token-ttl-seconds").and_then(|ttl| ttl.parse().ok());
        let Some(ttl) = ttl.filter(|ttl| (1..=21600).contains(ttl)) else { return refusal(StatusCode::BAD_REQUEST) };
        let token = Alphanumeric.sample_string(self.rng, 56);
        self.tokens.insert(token.clone(), self.now + TimeDelta::seconds(ttl));
        text(StatusCode::OK, &token)
    }

    /// A token must be good wherever there is one.
    fn admits(&self, request: &GatewayRequest, instance: &Instance) -> bool {
        match request.header("x-aliyun-ecs-metadata-token") {
            Some(token) => self.tokens.get(&token).is_some_and(|end| self.now < *end),
            None => !instance.needs_token,
        }
    }

    fn issue(self, account: &str, role: &str, length: TimeDelta, trusts: fn(&crate::role::Role) -> bool) -> Answer {
        let account = self.accounts.iter_mut().find(|known| known.id == account);
        let Some(account) = account.filter(|account| account.role(role).is_some_and(trusts)) else {
            return refusal(StatusCode::NOT_FOUND);
        };
        let session = Session { role: role.to_owned(), name: "vm-emulated".to_owned(), policy: None };
        let key = account.issue(session, self.now + length, self.rng);
        let keys = SessionKeys::of(&key);
        let answer = CodedSession { code: "Success", last_updated: timestamp::format(self.now), keys };
        let body = serde_json::to_vec(&answer).expect("a struct of strings is always JSON");
        Answer::json(StatusCode::OK, body, None)
    }
}

pub(crate) fn refusal(status: StatusCode) -> Answer {
    text(status, status.canonical_reason().unwrap_or_default())
}

fn text(status: StatusCode, text: &str) -> Answer {
    let answer = Answer::json(status, text.as_bytes().to_vec(), None);
    Answer { content_type: "text/plain; charset=utf-8".to_owned(), ..answer }
}
