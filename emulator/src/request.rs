//! One HTTP request as the emulated gateway reads it.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct GatewayRequest {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// The parameters in a form body, which no URL and no record of the emulator shows.
    form: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl GatewayRequest {
    pub(crate) fn new(method: Method, path: &str, raw_query: &str, headers: HeaderMap, body: Bytes) -> Self {
        let content_type = headers.get("content-type").map(|value| String::from_utf8_lossy(value.as_bytes()));
        let is_form = content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let form = if is_form { decode_query(&String::from_utf8_lossy(&body)) } else { Vec::new() };
        Self { method, path: path.to_owned(), query: decode_query(raw_query), form, headers, body }
    }

    /// The header's value; same-named headers are one value, sorted and joined, as the signature sees them.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut values: Vec<String> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
            .collect();
        values.sort();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// The parameter's first value, in the URL or else in a form.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().chain(&self.form).find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What `x-acs-action` names, or else the parameter of older signatures and of anonymous calls.
    pub(crate) fn action(&self) -> String {
        self.header_or_parameter("x-acs-action", "Action")
    }

    /// The version of the API, from where the action is.
    pub(crate) fn version(&self) -> String {
        self.header_or_parameter("x-acs-version", "Version")
    }

    fn header_or_parameter(&self, header: &str, parameter: &str) -> String {
        self.header(header).or_else(|| self.parameter(parameter).map(str::to_owned)).unwrap_or_default()
    }
}

/// Splits and form-decodes: a plus is a space, as it is to the gateway.
fn decode_query(raw: &str) -> Vec<(String, String)> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (form_decode(key), form_decode(value))
        })
        .collect()
}

fn form_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = tail.get(..2).filter(|_| first == b'%').and_then(|digits| hex::decode(digits).ok());
        match (first, escaped) {
            (_, Some(byte)) => {
                bytes.extend(byte);
                rest = &tail[2..];
            }
            (b'+', None) => bytes.push(b' '),
            (other, None) => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_and_percent_twenty_are_both_a_space() {
        let expected = vec![("Name".to_owned(), "a b*c~d+e%f 激".to_owned()), ("Empty".to_owned(), String::new())];
        assert_eq!(decode_query("Name=a+b%2Ac~d%2Be%25f+%E6%BF%80&Empty="), expected);
        assert_eq!(decode_query("Name=a%20b*c~d%2be%25f%20%E6%BF%80&Empty"), expected);
    }

    #[test]
    fn a_broken_escape_is_kept_as_it_is() {
        assert_eq!(form_decode("100%"), "100%");
        assert_eq!(form_decode("%zz%4"), "%zz%4");
    }
}
