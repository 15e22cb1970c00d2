//! Trouble by script: which requests it strikes, and what it does to them.

mod answer;
mod edits;
mod effect;
mod script;

pub(crate) use answer::{Answer, Delivery};
pub use effect::{BytesEdit, Effect, InventoryEdit, JsonEdit};
pub(crate) use script::Script;

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;

use crate::inventory::Inventory;

/// Names a fault that was added, to ask how often it struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultId(pub(crate) usize);

/// What a fault may look at to decide whether a request is its own.
#[derive(Debug)]
pub struct RequestView<'a> {
    /// The action asked for.
    pub action: &'a str,
    /// The account whose key signed.
    pub account: &'a str,
    /// The form-decoded parameters.
    pub query: &'a [(String, String)],
}

impl RequestView<'_> {
    /// The parameter's first value.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

type Matcher = Box<dyn Fn(&RequestView<'_>) -> bool + Send>;

/// A fault: by default it strikes the next request of any account and action, once.
///
/// Only requests that were authenticated and permitted are struck, so a retry with a used nonce is refused as ever.
/// Faults are tried in the order they were added, and several may strike one request: delays, rewritings and edits of
/// the inventory add up, and the first fault that replaces or withholds the answer is the last one tried.
pub struct Fault {
    effect: Effect,
    action: Option<String>,
    account: Option<String>,
    matcher: Option<Matcher>,
    skip_count: u64,
    remaining_count: Option<u64>,
    struck_count: u64,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("effect", &self.effect)
            .field("action", &self.action)
            .field("account", &self.account)
            .field("skip_count", &self.skip_count)
            .field("remaining_count", &self.remaining_count)
            .finish_non_exhaustive()
    }
}

impl Fault {
    /// This effect on the next request.
    pub fn new(effect: Effect) -> Self {
        Self {
            effect,
            action: None,
            account: None,
            matcher: None,
            skip_count: 0,
            remaining_count: Some(1),
            struck_count: 0,
        }
    }

    /// Only requests of this action.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Only requests of this account.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Only requests that this accepts.
    pub fn when(mut self, matcher: impl Fn(&RequestView<'_>) -> bool + Send + 'static) -> Self {
        self.matcher = Some(Box::new(matcher));
        self
    }

    /// Only requests for this `PageNumber`.
    pub fn page(self, page_number: u64) -> Self {
        self.when(move |request| request.parameter("PageNumber") == Some(page_number.to_string().as_str()))
    }

    /// Lets this many matching requests pass first: `after(1)` strikes the second.
    pub fn after(mut self, request_count: u64) -> Self {
        self.skip_count = request_count;
        self
    }

    /// Strikes this many matching requests.
    pub fn times(mut self, request_count: u64) -> Self {
        self.remaining_count = Some(request_count);
        self
    }

    /// Strikes every matching request until the faults are cleared.
    pub fn always(mut self) -> Self {
        self.remaining_count = None;
        self
    }

    /// An error of the gateway, in its usual body.
    pub fn error(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Effect::Error { status, code: code.into(), message: message.into(), headers: Vec::new() })
    }

    /// Flow control, with the wait in `x-acs-retry-after` if there is one.
    pub fn throttled(retry_after_ms: Option<u64>) -> Self {
        let headers = retry_after_ms.map(|wait_ms| ("x-acs-retry-after".to_owned(), wait_ms.to_string()));
        Self::new(Effect::Error {
            status: 400,
            code: "Throttling.User".to_owned(),
            message: "Request was denied due to user flow control.".to_owned(),
            headers: headers.into_iter().collect(),
        })
    }

    /// Any body under any status.
    pub fn raw(status: u16, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Effect::Raw { status, content_type: content_type.into(), headers: Vec::new(), body: body.into() })
    }

    /// Any JSON under 200.
    pub fn json(body: &Value) -> Self {
        Self::raw(200, "application/json;charset=utf-8", body.to_string())
    }

    /// The page of a proxy that lost its gateway.
    pub fn html_502() -> Self {
        let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                    <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>Tengine</center>\r\n</body>\r\n</html>\r\n";
        Self::raw(502, "text/html", page)
    }

    /// 200 with nothing in it.
    pub fn empty_200() -> Self {
        Self::raw(200, "application/json;charset=utf-8", "")
    }

    /// A whole HTTP answer whose JSON stops half-way.
    pub fn truncated_json() -> Self {
        Self::new(Effect::RewriteBytes(Box::new(|body| body.truncate(body.len() / 2))))
    }

    /// The answer comes later, in real time.
    pub fn delay(by: Duration) -> Self {
        Self::new(Effect::Delay(by))
    }

    /// The answer never comes; the connection stays open.
    pub fn hang() -> Self {
        Self::new(Effect::Hang)
    }

    /// The connection is closed without an answer.
    pub fn drop_connection() -> Self {
        Self::new(Effect::Drop)
    }

    /// The connection is reset after half of the body.
    pub fn reset_mid_body() -> Self {
        Self::new(Effect::ResetMidBody)
    }

    /// The body comes in chunks of so many bytes, with a pause before each.
    pub fn trickle(chunk_bytes: usize, pause: Duration) -> Self {
        Self::new(Effect::Trickle { chunk_bytes, pause })
    }

    /// Changes the JSON of a good answer in any way; its fields are then in alphabetical order.
    pub fn rewrite(edit: impl FnMut(&mut Value) + Send + 'static) -> Self {
        Self::new(Effect::Rewrite(Box::new(edit)))
    }

    /// Changes the inventory after the answer was made: between this page and the next. Strikes once.
    pub fn mutate(edit: impl FnOnce(&mut Inventory) + Send + 'static) -> Self {
        Self::new(Effect::Mutate(Some(Box::new(edit))))
    }

    /// Moves the emulated clock on after the answer was made: between this page and the next.
    pub fn advance(by: TimeDelta) -> Self {
        Self::new(Effect::Advance(by))
    }

    /// Whether this request is struck, counting it if it matches.
    fn strikes(&mut self, request: &RequestView<'_>) -> bool {
        let matches = self.remaining_count != Some(0)
            && self.action.as_deref().is_none_or(|action| action == request.action)
            && self.account.as_deref().is_none_or(|account| account == request.account)
            && self.matcher.as_ref().is_none_or(|matcher| matcher(request));
        if !matches {
            return false;
        }
        if self.skip_count > 0 {
            self.skip_count -= 1;
            return false;
        }
        self.remaining_count = self.remaining_count.map(|count| count - 1);
        self.struck_count += 1;
        true
    }
}
