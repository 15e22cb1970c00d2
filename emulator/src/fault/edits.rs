//! The usual ways to falsify a listing, as ready-made faults.

use serde_json::{Map, Value};

use super::Fault;

impl Fault {
    /// `TotalCount` is this, of whatever type.
    pub fn total_count(value: impl Into<Value>) -> Self {
        let value = value.into();
        Self::rewrite(move |body| body["TotalCount"] = value.clone())
    }

    /// There is no `TotalCount`.
    pub fn without_total_count() -> Self {
        Self::without_field("TotalCount")
    }

    /// `IsTruncated` is true and `Marker` is this, which the emulator never gave out.
    pub fn marker(marker: impl Into<String>) -> Self {
        let marker = marker.into();
        Self::rewrite(move |body| {
            body["IsTruncated"] = true.into();
            body["Marker"] = marker.clone().into();
        })
    }

    /// There is no `Marker`, whatever `IsTruncated` says.
    pub fn without_marker() -> Self {
        Self::without_field("Marker")
    }

    /// Every answer carries the marker of the first one struck: the listing never ends.
    pub fn repeated_marker() -> Self {
        let mut first: Option<Value> = None;
        Self::rewrite(move |body| {
            let marker = first.get_or_insert_with(|| body["Marker"].clone());
            body["IsTruncated"] = true.into();
            body["Marker"] = marker.clone();
        })
        .always()
    }

    /// There is no such field at the top of the answer.
    pub fn without_field(name: impl Into<String>) -> Self {
        let name = name.into();
        Self::rewrite(move |body| {
            if let Value::Object(fields) = body {
                fields.remove(&name);
            }
        })
    }

    /// The page's items are these.
    pub fn replace_items(with: Vec<Value>) -> Self {
        Self::edit_items(move |items| items.clone_from(&with))
    }

    /// The item at this place of the page is there twice.
    pub fn duplicate_item(index: usize) -> Self {
        Self::edit_items(move |items| {
            let item = items[index].clone();
            items.insert(index, item);
        })
    }

    /// The item at this place of the page has lost its id or serial number.
    pub fn item_without_id(index: usize) -> Self {
        Self::edit_item(index, |item| {
            item.remove("AccessTokenId");
            item.remove("SerialNumber");
        })
    }

    /// Edits the item at this place of the page.
    pub fn edit_item(index: usize, mut edit: impl FnMut(&mut Map<String, Value>) + Send + 'static) -> Self {
        Self::edit_items(move |items| edit(items[index].as_object_mut().expect("the emulator lists objects")))
    }

    /// Edits the page's items, of either listing.
    pub fn edit_items(mut edit: impl FnMut(&mut Vec<Value>) + Send + 'static) -> Self {
        Self::rewrite(move |body| {
            let items = match body.get("AccessTokens").is_some() {
                true => &mut body["AccessTokens"]["AccessToken"],
                false => &mut body["VirtualMFADevices"]["VirtualMFADevice"],
            };
            edit(items.as_array_mut().expect("a fault that edits items strikes listings only"));
        })
    }
}
