//! Profiles of the SDKs' ini file: sections with `type = access_key`.

use std::collections::HashMap;

use super::{Credentials, CredentialsError};

/// The section that is read where none is named.
const DEFAULT_SECTION: &str = "default";

/// Reads section `profile`, or else `default`, from the `text` of the file at `path`.
pub(super) fn read(path: &str, text: &str, profile: Option<&str>) -> Result<Credentials, CredentialsError> {
    let wanted = profile.unwrap_or(DEFAULT_SECTION);
    let values = section(text, wanted)
        .ok_or_else(|| CredentialsError::ProfileMissing { path: path.to_owned(), profile: wanted.to_owned() })?;
    let origin = format!("profile `{wanted}` of `{path}`");
    let required = |field: &'static str| {
        let value = values.get(field).copied().filter(|value| !value.is_empty());
        value.ok_or_else(|| CredentialsError::FieldMissing { origin: origin.clone(), field })
    };
    match required("type")? {
        "access_key" => {}
        mode => return Err(CredentialsError::ModeUnsupported { origin, mode: mode.to_owned() }),
    }
    let (id, secret) = (required("access_key_id")?, required("access_key_secret")?);
    Credentials::new(id, secret, None, origin)
}

/// The keys and values of one section; `None` where the file has no such section.
fn section<'a>(text: &'a str, wanted: &str) -> Option<HashMap<&'a str, &'a str>> {
    let mut values = None;
    let mut is_inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            is_inside = name.trim() == wanted;
            if is_inside {
                values.get_or_insert_with(HashMap::new);
            }
        } else if let (true, Some((key, value)), Some(values)) = (is_inside, line.split_once('='), &mut values) {
            // A comment may follow a value, as the Python SDK allows; no key holds a blank.
            let value = value.split(" #").next().unwrap_or_default();
            values.insert(key.trim(), value.trim());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const FILE: &str = "# keys\n[default] ; the usual\nenable = true\ntype = access_key # plain\n\
        access_key_id = id0\r\naccess_key_secret= sec=ret0 # rotated\n\n\
        [role]\ntype=ram_role_arn\n[half]\ntype=access_key\naccess_key_id=id1\n";

    #[test]
    fn the_default_section_is_read_and_comments_are_dropped() {
        let credentials = read("c.ini", FILE, None).unwrap();
        assert_eq!(credentials.access_key_id, "id0");
        assert_eq!(credentials.secret.expose_secret(), "sec=ret0");
        assert_eq!(credentials.origin(), "profile `default` of `c.ini`");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let error = |profile| read("c.ini", FILE, Some(profile)).unwrap_err().to_string();
        assert_eq!(error("role"), "profile `role` of `c.ini` has mode `ram_role_arn`, which is not supported");
        assert_eq!(error("half"), "profile `half` of `c.ini` has no `access_key_secret`");
        assert_eq!(error("none"), "`c.ini` has no profile `none`");
    }
}
