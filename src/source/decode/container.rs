//! The items within their wrapper, in every shape that gateways give it.

use serde_json::value::RawValue;

use super::{
    Malformed,
    json::{COUNT_MAX, Elements, Members, kind},
};

/// The items of `container`, whose list is its member `list`.
///
/// - absent: `None`;
/// - null, `{}`, `[]`, or a list that is one of these: no items;
/// - `{list: […]}` or `[…]`: the items;
/// - `{list: {…}}`: that one item, as converters from XML write a list of one.
///
/// # Errors
/// Anything else is not this container.
pub(super) fn items<'a>(container: Option<&'a RawValue>, list: &str) -> Result<Option<Vec<&'a RawValue>>, Malformed> {
    let Some(container) = container else { return Ok(None) };
    if kind(container) != b'{' {
        return array(container, list).map(Some);
    }
    let members = Members::of_value(container).ok_or_else(|| odd(list))?;
    if members.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let listed = members.get(list).ok_or_else(|| odd(list))?;
    if kind(listed) != b'{' {
        return array(listed, list).map(Some);
    }
    let is_empty = Members::of_value(listed).is_some_and(|members| members.is_empty());
    Ok(Some(if is_empty { Vec::new() } else { vec![listed] }))
}

fn array<'a>(raw: &'a RawValue, list: &str) -> Result<Vec<&'a RawValue>, Malformed> {
    match kind(raw) {
        b'n' => Ok(Vec::new()),
        b'[' => Elements::of_value(raw).ok_or_else(|| Malformed::new(format!("more than {COUNT_MAX} of {list}"))),
        _ => Err(odd(list)),
    }
}

fn odd(list: &str) -> Malformed {
    Malformed::new(format!("the container of {list} holds no list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(container: &str) -> Option<usize> {
        let raw: &RawValue = serde_json::from_str(container).unwrap();
        items(Some(raw), "AccessToken").ok().map(|items| items.unwrap().len())
    }

    #[test]
    fn every_shape_of_a_list_is_read() {
        for empty in ["null", "{}", "[]", r#"{"AccessToken":null}"#, r#"{"AccessToken":[]}"#, r#"{"AccessToken":{}}"#] {
            assert_eq!(count(empty), Some(0), "{empty}");
        }
        assert_eq!(count(r#"{"AccessToken":[1,{}]}"#), Some(2));
        assert_eq!(count("[1,2,3]"), Some(3));
        assert_eq!(count(r#"{"AccessToken":{"AccessTokenId":"a"}}"#), Some(1));
        assert_eq!(items(None, "AccessToken").unwrap().map(|items| items.len()), None);
    }

    #[test]
    fn a_list_beyond_any_page_is_malformed() {
        let list = format!("[{}]", vec!["0"; COUNT_MAX + 1].join(","));
        let raw: &RawValue = serde_json::from_str(&list).unwrap();
        assert_eq!(items(Some(raw), "AccessToken").unwrap_err().0, "more than 100000 of AccessToken");
    }

    #[test]
    fn anything_else_is_malformed_and_not_empty() {
        for odd in ["7", "\"\"", "true", r#"{"Other":[]}"#, r#"{"AccessToken":"x"}"#, r#"{"AccessToken":0}"#] {
            assert_eq!(count(odd), None, "{odd}");
        }
    }
}
