//! Everything the emulator knows, and the way of one request through it.

use std::time::Instant;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::account::{AccessKey, Account};
use crate::api::{self, ApiError, Operation};
use crate::auth::{self, Nonces};
use crate::clock::Running;
use crate::fault::{Answer, RequestView, Script};
use crate::inventory::Inventory;
use crate::lifecycle::Lifecycle;
use crate::local::{self, Instance, Local, Scene, Tokens};
use crate::options::{AccountOptions, Options, Stock};
use crate::request::GatewayRequest;
use crate::request_log::{RequestLog, RequestRecord};
use crate::timestamp;

/// One emulated cloud.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Running,
    pub(crate) accounts: Vec<Account>,
    pub(crate) faults: Script,
    pub(crate) log: RequestLog,
    pub(crate) instance: Option<Instance>,
    tokens: Tokens,
    nonces: Nonces,
    rng: ChaCha8Rng,
}

impl State {
    pub(crate) fn new(options: Options) -> Self {
        let clock = Running::from(options.clock);
        let now = clock.now();
        let seed = options.seed;
        Self {
            clock,
            accounts: options.accounts.into_iter().map(|account| new_account(account, seed, now)).collect(),
            faults: Script::default(),
            log: RequestLog::new(options.request_log_limit),
            instance: options.instance,
            tokens: Tokens::default(),
            nonces: Nonces::default(),
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The account of this id.
    pub(crate) fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    /// Moves the clock and lets every account live up to it.
    pub(crate) fn set_now(&mut self, now: DateTime<Utc>) {
        self.clock.set_now(now);
        for account in &mut self.accounts {
            account.live_until(now);
        }
    }

    /// Answers one request, at the gateway or beside it, and logs it.
    pub(crate) fn answer(&mut self, request: &GatewayRequest) -> Answer {
        let now = self.clock.now();
        let request_id = self.draw_request_id();
        let (action, owner, mut answer) = match request.path.as_str() {
            "/" => self.answer_gateway(request, now, &request_id),
            path => self.answer_local(Local::of(path), request, now, &request_id),
        };
        answer.headers.push(("date".to_owned(), timestamp::http_date(now)));
        answer.headers.push(("x-acs-request-id".to_owned(), request_id));
        self.record(request, action, owner, now, &answer);
        answer
    }

    /// Authenticate, answer, let the faults work. Returns the action and whose it is, too.
    fn answer_gateway(
        &mut self,
        request: &GatewayRequest,
        now: DateTime<Utc>,
        request_id: &str,
    ) -> (String, Option<usize>, Answer) {
        let action = request.action();
        let owner = if action == api::ASSUME_ROLE_WITH_OIDC {
            api::sts::role_owner(&self.accounts, request)
        } else {
            let key_id = auth::authorization(request).map(|authorization| authorization.key_id).unwrap_or_default();
            self.accounts.iter().position(|account| account.key(&key_id).is_some())
        };
        let answer = self.answer_unbent(request, owner, now, request_id).unwrap_or_else(|error| {
            let body = error.body(request_id, api::product_of(&action));
            Answer::json(error.status, body, Some(error.code))
        });
        (action, owner, answer)
    }

    /// The same where nobody signs.
    fn answer_local(
        &mut self,
        asked: Option<Local>,
        request: &GatewayRequest,
        now: DateTime<Utc>,
        request_id: &str,
    ) -> (String, Option<usize>, Answer) {
        let Some(asked) = asked else {
            return (String::new(), None, local::refusal(StatusCode::NOT_FOUND));
        };
        let wanted = asked.account(self.instance.as_ref());
        let owner = self.accounts.iter().position(|account| wanted == Some(account.id.as_str()));
        let scene = Scene {
            accounts: &mut self.accounts,
            instance: self.instance.as_ref(),
            tokens: &mut self.tokens,
            now,
            rng: &mut self.rng,
        };
        let mut answer = asked.answer(request, scene);
        self.bend(asked.action(), owner, request, request_id, &mut answer);
        (asked.action().to_owned(), owner, answer)
    }

    /// An `Err` is a request that came to no operation, and that no fault strikes.
    fn answer_unbent(
        &mut self,
        request: &GatewayRequest,
        owner: Option<usize>,
        now: DateTime<Utc>,
        request_id: &str,
    ) -> Result<Answer, ApiError> {
        let operation = Operation::of(request)?;
        let answered = match operation {
            Operation::ListAccessTokens => {
                let (account, _) = self.let_in(operation, request, owner, now)?;
                api::list_access_tokens(request, account, request_id)
            }
            Operation::ListVirtualMfaDevices => {
                let (account, _) = self.let_in(operation, request, owner, now)?;
                api::list_mfa_devices(request, account, request_id)
            }
            Operation::ListAccounts => {
                let (account, _) = self.let_in(operation, request, owner, now)?;
                api::list_accounts(request, account, request_id)
            }
            Operation::GetCallerIdentity => {
                let (account, key) = self.let_in(operation, request, owner, now)?;
                Ok(api::sts::get_caller_identity(account, key, request_id))
            }
            Operation::AssumeRole => {
                let (account, _) = self.let_in(operation, request, owner, now)?;
                let caller = account.id.clone();
                api::sts::assume_role(&mut self.accounts, &caller, request, now, request_id, &mut self.rng)
            }
            // Its token is all the proof that it has.
            Operation::AssumeRoleWithOidc => {
                api::sts::assume_role_with_oidc(&mut self.accounts, request, now, request_id, &mut self.rng)
            }
        };
        let mut answer = match answered {
            Ok(body) => Answer::json(StatusCode::OK, body, None),
            Err(error) => {
                let body = error.body(request_id, api::product_of(operation.action()));
                Answer::json(error.status, body, Some(error.code))
            }
        };
        self.bend(operation.action(), owner, request, request_id, &mut answer);
        Ok(answer)
    }

    /// Lets the faults work on an answer.
    fn bend(
        &mut self,
        action: &str,
        owner: Option<usize>,
        request: &GatewayRequest,
        request_id: &str,
        answer: &mut Answer,
    ) {
        let account = owner.map_or("", |owner| &self.accounts[owner].id);
        let view = RequestView { action, account, query: &request.query };
        let after = self.faults.work(&view, request_id, answer);
        for edit in after.edits {
            let owner = owner.expect("a fault that edits an inventory strikes a request of an account");
            edit(&mut self.accounts[owner].inventory);
        }
        if !after.advance.is_zero() {
            let now = self.clock.now();
            self.set_now(now + after.advance);
        }
    }

    /// Whose key signed, if it may do this.
    fn let_in(
        &mut self,
        operation: Operation,
        request: &GatewayRequest,
        owner: Option<usize>,
        now: DateTime<Utc>,
    ) -> Result<(&Account, &AccessKey), ApiError> {
        let authorization = auth::authorization(request)?;
        let owner = owner
            .ok_or_else(|| ApiError::new(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."))?;
        self.accounts[owner].live_until(now);
        let account = &self.accounts[owner];
        let key = account.key(&authorization.key_id).expect("the owner was found by this key");
        auth::authenticate(request, &authorization, key, &mut self.nonces, now)?;
        auth::authorize(account, operation, key)?;
        Ok((account, key))
    }

    fn record(
        &mut self,
        request: &GatewayRequest,
        action: String,
        owner: Option<usize>,
        now: DateTime<Utc>,
        answer: &Answer,
    ) {
        self.log.count(&action);
        if !self.log.is_on() {
            return;
        }
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.log.push(RequestRecord {
            at: now,
            received: Instant::now(),
            action,
            account: owner.map(|owner| self.accounts[owner].id.clone()),
            query: request.query.clone(),
            headers: request.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            status: answer.visible_status(),
            code: answer.code.clone(),
        });
    }

    /// An upper-case UUID, like the gateway's.
    fn draw_request_id(&mut self) -> String {
        let digits = format!("{:032X}", self.rng.random::<u128>());
        let [a, b, c, d, e] = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        format!("{a}-{b}-{c}-{d}-{e}")
    }
}

fn new_account(options: AccountOptions, seed: u64, now: DateTime<Utc>) -> Account {
    let seed = account_seed(seed, &options.id);
    let inventory = match options.stock {
        Stock::Given(inventory) => *inventory,
        Stock::Generated { token_count, device_count } => {
            Inventory::generate(&options.id, seed, token_count, device_count, now)
        }
    };
    Account { id: options.id, settings: options.settings, inventory, lifecycle: Lifecycle::new(seed, now) }
}

/// Accounts of one emulator must not own the same codes.
fn account_seed(seed: u64, account: &str) -> u64 {
    let digest = Sha256::digest(format!("{seed}:{account}"));
    digest.iter().take(8).fold(0, |number, &byte| (number << 8) | u64::from(byte))
}
