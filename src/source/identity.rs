//! STS `GetCallerIdentity`: whose keys these are.

use chrono::TimeDelta;

use super::{
    AccountClient, Operation, SourceError,
    decode::{Malformed, Members},
};

/// Whose keys a client signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The numeric id of the account.
    pub account_id: String,
    /// The identity, for instance `acs:ram::1772422852740001:user/audit`; can contain a person's name.
    pub arn: Option<String>,
    /// `Account`, `RAMUser` or `AssumedRoleUser`.
    pub kind: Option<String>,
    /// The worker's clock minus the API's `Date` header, where it sent one.
    pub skew: Option<TimeDelta>,
}

impl AccountClient {
    /// Asks STS whose keys these are; it needs no permission.
    ///
    /// # Errors
    /// What was wrong after all retries of the request; see [`SourceError`].
    pub async fn caller_identity(&self) -> Result<CallerIdentity, SourceError> {
        let (mut identity, received) = self.call(Operation::GetCallerIdentity, &[], decode).await?;
        identity.skew = received.skew;
        Ok(identity)
    }
}

pub(super) fn decode(answer: &Members<'_>) -> Result<CallerIdentity, Malformed> {
    let account_id = answer.text(&["AccountId"]);
    let is_account_id = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let Some(account_id) = account_id.filter(is_account_id) else {
        return Err(Malformed("no numeric AccountId".to_owned()));
    };
    let text = |name| answer.text(&[name]).filter(|text| !text.is_empty());
    Ok(CallerIdentity { account_id, arn: text("Arn"), kind: text("IdentityType"), skew: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<CallerIdentity, Malformed> {
        decode(&Members::of_body(body.as_bytes()).unwrap())
    }

    #[test]
    fn the_account_is_read_from_text_or_number() {
        let body =
            r#"{"AccountId":"1772422852740001","Arn":"acs:ram::1772422852740001:user/a","IdentityType":"RAMUser"}"#;
        let identity = read(body).unwrap();
        assert_eq!(identity.account_id, "1772422852740001");
        assert_eq!(identity.kind.as_deref(), Some("RAMUser"));
        assert_eq!(read(r#"{"AccountId":1772422852740001}"#).unwrap().account_id, "1772422852740001");
    }

    #[test]
    fn an_answer_without_a_numeric_account_is_malformed() {
        for body in ["{}", r#"{"AccountId":""}"#, r#"{"AccountId":"abc"}"#, r#"{"AccountId":-1}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
