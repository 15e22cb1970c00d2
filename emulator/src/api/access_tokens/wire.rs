//! The JSON of an answer, in the field order of the documented sample.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Window;
use crate::inventory::AccessToken;
use crate::timestamp;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer<'a> {
    request_id: &'a str,
    access_tokens: Wrapper<'a>,
    total_count: usize,
    page_size: usize,
    page_number: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wrapper<'a> {
    access_token: Vec<Item<'a>>,
}

struct Item<'a>(&'a AccessToken);

impl<'a> Answer<'a> {
    pub(super) fn new(
        request_id: &'a str,
        items: Vec<&'a AccessToken>,
        total_count: usize,
        window: Window,
        swapped_echo: bool,
    ) -> Self {
        let Window { mut page_size, mut page_number, .. } = window;
        if swapped_echo {
            std::mem::swap(&mut page_size, &mut page_number);
        }
        let access_tokens = Wrapper { access_token: items.into_iter().map(Item).collect() };
        Self { request_id, access_tokens, total_count, page_size, page_number }
    }
}

impl Serialize for Item<'_> {
    /// Numbers are strings, and a field of `extra` takes the place of its namesake.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const KNOWN: [&str; 8] = [
            "AccessTokenId",
            "TimeToLiveInDays",
            "Count",
            "RegisteredCount",
            "CreationTime",
            "Status",
            "Name",
            "Description",
        ];
        let Self(token) = self;
        let mut map = serializer.serialize_map(None)?;
        for name in KNOWN {
            if let Some(instead) = token.extra.get(name) {
                map.serialize_entry(name, instead)?;
                continue;
            }
            match name {
                "AccessTokenId" => map.serialize_entry(name, &token.id)?,
                "TimeToLiveInDays" => map.serialize_entry(name, &token.ttl_days.to_string())?,
                "Count" => map.serialize_entry(name, &token.count.to_string())?,
                "RegisteredCount" => map.serialize_entry(name, &token.registered_count.to_string())?,
                "CreationTime" => map.serialize_entry(name, &timestamp::format(token.created_at))?,
                "Status" => map.serialize_entry(name, &token.status)?,
                optional => {
                    let text = if optional == "Name" { &token.name } else { &token.description };
                    if let Some(text) = text {
                        map.serialize_entry(name, text)?;
                    }
                }
            }
        }
        for (name, value) in token.extra.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
