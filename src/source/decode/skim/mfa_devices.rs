//! An answer of `ListVirtualMFADevices`.

use bytes::Bytes;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{
    super::{
        json::Elements,
        mfa_devices::{MfaDeviceListing, boolean, decode_item, is_key},
    },
    place,
    plain::{Instant, Object, Text, present},
    read_at,
};
use crate::inventory::{DigestBuilder, Listed, MfaDevice, MfaDeviceFields, MfaUserFields, Place, id_hash};

/// What `body` lists, where it is a success in the documented shape with a device at least; with `reads_all` nothing is
/// left unread.
pub(in crate::source) fn skim_mfa_devices(
    body: &Bytes,
    reads_all: bool,
) -> Option<MfaDeviceListing<Listed<MfaDevice>>> {
    let Object(answer): Object<Answer<'_, Object<Item<'_>>>> =
        serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    let Object(Container { device: Elements(devices) }) = answer.devices;
    if answer.code.is_some() || devices.is_empty() {
        return None;
    }
    let is_truncated = boolean(answer.is_truncated)?;
    let marker = answer.marker.map(|Text(marker)| marker.into_owned()).filter(|marker| !marker.is_empty());
    let mut builder = DigestBuilder::default();
    let mut items = Vec::with_capacity(devices.len());
    for (index, Object(device)) in devices.iter().enumerate() {
        let fields = device.fields()?;
        let (id_hash, digest) = (id_hash(fields.serial_number), fields.digest(&mut builder));
        items.push(if reads_all {
            Listed::known(id_hash, digest, fields.to_device())
        } else {
            Listed::unread(id_hash, digest, body.clone(), place(body, index, fields.serial_number), read_item)
        });
    }
    Some(MfaDeviceListing { items, rejected: Vec::new(), is_truncated, marker })
}

fn read_item(body: &Bytes, place: Place) -> MfaDevice {
    read_at(body, place, decode_item).unwrap_or_else(|| read_item_of(body, place.index))
}

/// The item by its number alone.
fn read_item_of(body: &Bytes, index: usize) -> MfaDevice {
    let answer: Answer<'_, &RawValue> = serde_json::from_slice(body).expect("it was JSON when it was skimmed");
    let Object(Container { device: Elements(items) }) = answer.devices;
    decode_item(items[index]).expect("it had a usable serial number when it was skimmed")
}

/// An answer; of members that are not named here the thorough reading takes no notice either.
#[derive(Deserialize)]
struct Answer<'a, T> {
    #[serde(rename = "VirtualMFADevices")]
    devices: Object<Container<T>>,
    #[serde(rename = "IsTruncated", borrow)]
    is_truncated: &'a RawValue,
    #[serde(rename = "Marker", borrow)]
    marker: Option<Text<'a>>,
    /// May say that this is an error.
    #[serde(rename = "Code", alias = "code")]
    code: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Container<T> {
    #[serde(rename = "VirtualMFADevice")]
    device: Elements<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    #[serde(rename = "SerialNumber", borrow)]
    serial_number: Text<'a>,
    #[serde(rename = "User", borrow)]
    user: Option<Object<User<'a>>>,
    #[serde(rename = "ActivateDate")]
    activated_at: Option<Instant>,
}

/// A user, or `{}` for nobody; what is there is not null.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User<'a> {
    #[serde(rename = "UserId", borrow, default, deserialize_with = "present")]
    id: Option<Text<'a>>,
    #[serde(rename = "UserPrincipalName", borrow, default, deserialize_with = "present")]
    principal_name: Option<Text<'a>>,
    #[serde(rename = "DisplayName", borrow, default, deserialize_with = "present")]
    display_name: Option<Text<'a>>,
}

impl Item<'_> {
    /// The device, if nothing about it is odd.
    fn fields(&self) -> Option<MfaDeviceFields<'_>> {
        let Text(serial_number) = &self.serial_number;
        let user = match &self.user {
            Some(Object(user)) => user.fields()?,
            None => None,
        };
        let activated_at = self.activated_at.map(|Instant(at)| at);
        if !is_key(serial_number) || (activated_at.is_some() && user.is_none()) {
            return None;
        }
        Some(MfaDeviceFields { serial_number, user, activated_at, extra: None })
    }
}

impl User<'_> {
    /// The user, if nothing is odd; `Some(None)` for nobody.
    fn fields(&self) -> Option<Option<MfaUserFields<'_>>> {
        let [principal_name, display_name] =
            [&self.principal_name, &self.display_name].map(|name| name.as_ref().map(|Text(name)| name.as_ref()));
        match &self.id {
            Some(Text(id)) => is_key(id).then_some(Some(MfaUserFields { id, principal_name, display_name })),
            None => (principal_name.is_none() && display_name.is_none()).then_some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skim(body: String) -> Option<MfaDeviceListing<Listed<MfaDevice>>> {
        skim_mfa_devices(&Bytes::from(body), false)
    }

    fn answer(item: &str) -> String {
        format!(
            r#"{{"RequestId":"r","IsTruncated":"true","Marker":"m","VirtualMFADevices":{{"VirtualMFADevice":[{item}]}}}}"#
        )
    }

    #[test]
    fn the_documented_sample_is_skimmed_and_its_devices_not_read() {
        let sample = include_str!("../../../../tests/data/samples/list_virtual_mfa_devices.documented.json");
        let listing = skim(sample.to_owned()).unwrap();
        assert!(!listing.items.is_empty() && listing.items.iter().all(Listed::is_unread));
        let listing = skim_mfa_devices(&Bytes::from_static(sample.as_bytes()), true).unwrap();
        assert!(!listing.items.iter().any(Listed::is_unread));
        let listing = skim(answer(r#"{"SerialNumber":"s"}"#)).unwrap();
        assert_eq!((listing.is_truncated, listing.marker.as_deref()), (true, Some("m")));
    }

    #[test]
    fn an_answer_with_a_device_that_is_odd_in_any_way_is_left_to_the_thorough_reading() {
        let is_skimmed = |members: &str| {
            skim(answer(&format!(r#"{{"SerialNumber":"s"}},{{"SerialNumber":"t"{members}}}"#))).is_some()
        };
        for plain in [
            "",
            r#","User":null,"ActivateDate":null"#,
            r#","User":{}"#,
            r#","User":{"UserId":"1"},"ActivateDate":"2026-01-01T00:00:00Z""#,
            r#","User":{"DisplayName":"d","UserPrincipalName":"p","UserId":"1"}"#,
        ] {
            assert!(is_skimmed(plain), "{plain}");
        }
        for odd in [
            r#","More":1"#,
            r#","SerialNumber":"u""#,
            r#","User":{"UserId":1}"#,
            r#","User":{"UserId":""}"#,
            r#","User":{"UserId":null}"#,
            r#","User":{"UserPrincipalName":"p"}"#,
            r#","User":{"UserPrincipalName":null}"#,
            r#","User":{"DisplayName":null}"#,
            r#","User":{"DisplayName":"d"}"#,
            r#","User":{"UserId":"1","More":1}"#,
            r#","User":{"UserId":"\u0000"}"#,
            r#","User":"1""#,
            r#","User":[]"#,
            r#","User":["1",null,null]"#,
            r#","ActivateDate":"2026-01-01T00:00:00Z""#,
        ] {
            assert!(!is_skimmed(odd), "{odd}");
        }
        for other in [r#"{"SerialNumber":""}"#, r#"["s",null,null]"#, "{}"] {
            assert!(skim(answer(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn what_is_no_listing_in_the_documented_shape_is_left_to_the_thorough_reading() {
        let item = r#"{"SerialNumber":"s"}"#;
        for other in [
            answer(""),
            answer(item).replace("\"RequestId\"", "\"Code\""),
            answer(item).replace("\"RequestId\"", "\"code\""),
            answer(item).replace("\"IsTruncated\"", "\"Truncated\""),
            answer(item).replace("\"true\"", "\"perhaps\""),
            answer(item).replace("\"m\"", "1"),
            answer(item).replace(r#"{"VirtualMFADevice":["#, r#"{"More":1,"VirtualMFADevice":["#),
            answer(item).replace("]", ""),
            answer(item).replace(r#"{"VirtualMFADevice":["#, "[[").replace("]}", "]]"),
            format!(r#"[{{"VirtualMFADevice":[{item}]}},"true",null,null]"#),
            String::new(),
        ] {
            assert!(skim(other.clone()).is_none(), "{other}");
        }
    }
}
