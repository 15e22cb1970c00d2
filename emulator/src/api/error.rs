//! A refusal, as the gateway words it.

use axum::http::StatusCode;
use serde::Serialize;

/// An error answer before it has a request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    access_denied: Option<Box<AccessDeniedDetail>>,
}

/// What RAM adds to a 403.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessDeniedDetail {
    policy_type: &'static str,
    auth_action: &'static str,
    auth_principal_type: &'static str,
    auth_principal_display_name: String,
    auth_principal_owner_id: String,
    no_permission_type: &'static str,
    encoded_diagnostic_message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody<'a> {
    request_id: &'a str,
    host_id: String,
    code: &'a str,
    message: &'a str,
    recommend: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_denied_detail: Option<&'a AccessDeniedDetail>,
}

impl ApiError {
    /// An error of this status, code and message; a status that HTTP does not know counts as 500.
    pub(crate) fn new(status: u16, code: &str, message: &str) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: code.to_owned(),
            message: message.to_owned(),
            access_denied: None,
        }
    }

    pub(crate) fn invalid_parameter(name: &str) -> Self {
        Self::new(400, "InvalidParameter", &format!("The specified parameter {name} is not valid."))
    }

    pub(crate) fn no_permission(ram_action: &'static str, account: &str, key_id: &str) -> Self {
        let message = "You are not authorized to do this action. You should be authorized by RAM.";
        let detail = AccessDeniedDetail {
            policy_type: "AccountLevelIdentityBasedPolicy",
            auth_action: ram_action,
            auth_principal_type: "SubUser",
            auth_principal_display_name: key_id.to_owned(),
            auth_principal_owner_id: account.to_owned(),
            no_permission_type: "ImplicitDeny",
            encoded_diagnostic_message: "AQEAAAAAZ2b/emulated+diagnostic==".to_owned(),
        };
        Self { access_denied: Some(Box::new(detail)), ..Self::new(403, "NoPermission", message) }
    }

    /// The body, from the endpoint of this product.
    pub(crate) fn body(&self, request_id: &str, product: &str) -> Vec<u8> {
        let body = ErrorBody {
            request_id,
            host_id: format!("{product}.aliyuncs.com"),
            code: &self.code,
            message: &self.message,
            recommend: format!("https://api.aliyun.com/troubleshoot?q={}&product={product}", self.code),
            access_denied_detail: self.access_denied.as_deref(),
        };
        serde_json::to_vec(&body).expect("a struct of strings is always JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_the_sample_byte_for_byte() {
        let sample = include_str!("../../tests/data/error.internal_error.json");
        let compact: String = sample.lines().map(|line| line.trim_start().replacen("\": \"", "\":\"", 1)).collect();
        let message = "An error occurred while processing your request. Please try again. \
                       If the problem still exists, please submit a ticket.";
        let body = ApiError::new(500, "InternalError", message).body("E2DA3097-79B9-53AE-B0DF-281DC54F****", "smc");
        assert_eq!(String::from_utf8(body).unwrap(), compact);
    }
}
