//! The answer of `ListAccounts`.

use crate::source::Member;

use super::{Malformed, container::items, json::Members, number::whole_number};

/// What one answer lists.
#[derive(Debug, PartialEq)]
pub(in crate::source) struct MemberPage {
    pub(in crate::source) members: Vec<Member>,
    pub(in crate::source) total_count: u64,
}

/// Reads an answer.
///
/// # Errors
/// Where the container, `TotalCount` or the id of an account is missing: who is a member is not told then.
pub(in crate::source) fn decode_members(answer: &Members<'_>) -> Result<MemberPage, Malformed> {
    let Some(raw_items) = items(answer.get("Accounts"), "Account")? else {
        return Err(Malformed::new("no Accounts"));
    };
    let total_count = answer.get("TotalCount").and_then(whole_number).and_then(|count| u64::try_from(count).ok());
    let total_count = total_count.ok_or_else(|| Malformed::new("no readable TotalCount"))?;
    let members = raw_items.into_iter().map(|raw| Members::of_value(raw).and_then(|item| decode_member(&item)));
    let members =
        members.collect::<Option<_>>().ok_or_else(|| Malformed::new("an account without numeric AccountId"))?;
    Ok(MemberPage { members, total_count })
}

fn decode_member(item: &Members<'_>) -> Option<Member> {
    let is_account_id = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    Some(Member {
        account_id: item.text(&["AccountId"]).filter(is_account_id)?,
        display_name: item.text(&["DisplayName"]).unwrap_or_default(),
        status: item.text(&["Status"]).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<MemberPage, Malformed> {
        decode_members(&Members::of_body(body.as_bytes()).unwrap())
    }

    #[test]
    fn members_are_read_with_ids_as_text_or_numbers() {
        let body = r#"{"TotalCount":"2","PageNumber":1,"Accounts":{"Account":[
            {"AccountId":"17","DisplayName":"dev","Status":"CreateSuccess","Type":"CloudAccount"},
            {"AccountId":18,"Status":"InviteSuccess"}]}}"#;
        let member = |id: &str, name: &str, status: &str| Member {
            account_id: id.into(),
            display_name: name.into(),
            status: status.into(),
        };
        let page = read(body).unwrap();
        assert_eq!(page.total_count, 2);
        assert_eq!(page.members, [member("17", "dev", "CreateSuccess"), member("18", "", "InviteSuccess")]);
        assert!(read(r#"{"TotalCount":0,"Accounts":{}}"#).unwrap().members.is_empty());
    }

    #[test]
    fn an_answer_that_leaves_open_who_is_a_member_is_malformed() {
        for body in [
            "{}",
            r#"{"TotalCount":0}"#,
            r#"{"Accounts":{"Account":[]}}"#,
            r#"{"TotalCount":-1,"Accounts":{"Account":[]}}"#,
            r#"{"TotalCount":1,"Accounts":{"Account":[{"DisplayName":"dev"}]}}"#,
            r#"{"TotalCount":1,"Accounts":{"Account":[{"AccountId":"x"}]}}"#,
            r#"{"TotalCount":1,"Accounts":{"Account":["17"]}}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
