//! What the operator should do about each error.

use super::{Operation, Refusal, SourceError, TransportFault};

impl SourceError {
    /// What the operator should do, as one imperative sentence without a full stop.
    pub fn mend(&self) -> String {
        match self {
            Self::Denied(refusal) => mend_permission(refusal),
            Self::Unauthenticated(refusal) => mend_credentials(refusal),
            Self::ClockRefused(refusal) => match refusal.skew {
                Some(skew) => {
                    format!("set this machine's clock (NTP): it differs from the API's by {} s", skew.num_seconds())
                }
                None => "set this machine's clock (NTP)".to_owned(),
            },
            Self::Throttled(_) => {
                "lower `api.requests_per_second`, or find out what else calls this API in the account".to_owned()
            }
            Self::Unavailable(refusal) => {
                format!("wait for the next scan; if it stays so, {}", ask_support(refusal))
            }
            Self::Refused(refusal) => mend_request(refusal),
            Self::Transport { operation, kind, .. } => mend_transport(*operation, *kind),
            Self::Malformed { operation, .. } | Self::TooLarge { operation, .. } => format!(
                "check that `{}` is Alibaba Cloud's own and that no proxy answers in its place",
                operation.endpoint_key()
            ),
            Self::NoCredentials(error) => error.mend(),
            Self::Endpoint { key, .. } => format!("correct `{key}` in the configuration"),
            Self::Client(_) => "check this machine's proxy variables and CA certificates".to_owned(),
        }
    }
}

fn mend_permission(refusal: &Refusal) -> String {
    let action = refusal.operation.ram_action();
    if refusal.is_explicit_deny {
        format!("remove the policy statement that denies `{action}` to the identity of {}", origin(refusal))
    } else {
        format!("grant `{action}` in RAM to the identity of {}", origin(refusal))
    }
}

fn mend_credentials(refusal: &Refusal) -> String {
    let origin = origin(refusal);
    let code = refusal.code.as_str();
    if refusal.is_session {
        format!(
            "wait for the next scan, which asks for a session from {origin} anew; if it stays so, {}",
            ask_support(refusal)
        )
    } else if code.starts_with("InvalidAccessKeyId.Inactive") {
        format!("enable the access key in RAM, or put another into {origin}")
    } else if code.starts_with("InvalidAccessKeyId") {
        format!("put an access key that exists into {origin}")
    } else if code.starts_with("InvalidSecurityToken.Expired") {
        format!("get a new session and put it into {origin}")
    } else if code.starts_with("InvalidSecurityToken") || code.starts_with("MissingSecurityToken") {
        format!("put key id, secret and security token of one and the same session into {origin}")
    } else {
        format!("check the access key secret in {origin}: it does not fit the key id")
    }
}

fn mend_request(refusal: &Refusal) -> String {
    let key = refusal.operation.endpoint_key();
    let code = refusal.code.as_str();
    if code == "redirected" {
        format!("set `{key}` to the host that answers itself")
    } else if ["InvalidProduct", "InvalidApi", "InvalidAction", "InvalidProtocol"]
        .iter()
        .any(|prefix| code.starts_with(prefix))
    {
        format!("check `{key}`: it must be the https endpoint of this API")
    } else {
        format!("check `{key}` and the filters of the command; else {}", ask_support(refusal))
    }
}

fn mend_transport(operation: Operation, kind: TransportFault) -> String {
    let key = operation.endpoint_key();
    match kind {
        TransportFault::ConnectionFailed => {
            format!("check `{key}`, DNS, firewall, proxy and CA certificates of this machine")
        }
        TransportFault::Timeout => {
            format!("check the network to `{key}`, or raise `api.request_timeout`")
        }
        TransportFault::Interrupted => {
            format!("check the network and the proxy between here and `{key}`")
        }
    }
}

fn ask_support(refusal: &Refusal) -> String {
    match &refusal.request_id {
        Some(id) => format!("give request {id} to Alibaba Cloud's support"),
        None => "ask Alibaba Cloud's support".to_owned(),
    }
}

fn origin(refusal: &Refusal) -> &str {
    refusal.key_origin.as_deref().unwrap_or("the configured credentials")
}
