//! Profiles of the SDKs' ini file: sections whose `type` says how to get keys.

use std::collections::HashMap;

use crate::{
    config::{AssumeRole, DEFAULT_SESSION_NAME},
    source::{context::Context, redact::one_line},
};

use super::{Credentials, CredentialsError, Provider, oidc::Oidc, provider::Place};

/// The section that is read where none is named.
const DEFAULT_SECTION: &str = "default";

/// What section `profile`, or else `default`, describes in the `text` of the file at `path`.
pub(in crate::source) fn read(
    path: &str,
    text: &str,
    profile: Option<&str>,
    context: &Context,
) -> Result<Provider, CredentialsError> {
    let wanted = profile.unwrap_or(DEFAULT_SECTION);
    let values = section(text, wanted)
        .ok_or_else(|| CredentialsError::ProfileMissing { path: path.to_owned(), profile: wanted.to_owned() })?;
    let origin = format!("profile `{wanted}` of `{path}`");
    let given = |field| values.get(field).copied().filter(|value| !value.is_empty());
    let required = |field: &'static str| {
        given(field).ok_or_else(|| CredentialsError::FieldMissing { origin: origin.clone(), field })
    };
    let session_name = given("role_session_name").map(str::to_owned);
    let policy = given("policy").map(str::to_owned);
    let keys = || Credentials::new(required("access_key_id")?, required("access_key_secret")?, None, &*origin);
    let place = match required("type")? {
        "access_key" => Place::Keys(keys()?),
        "ram_role_arn" => {
            let role = AssumeRole {
                role_arn: required("role_arn")?.to_owned(),
                session_name: session_name.unwrap_or_else(|| DEFAULT_SESSION_NAME.to_owned()),
                external_id: given("external_id").map(str::to_owned),
                policy,
            };
            return Ok(Provider::of(Place::Keys(keys()?), context).assuming(role));
        }
        "oidc_role_arn" => Place::Oidc(Oidc {
            role_arn: Some(required("role_arn")?.to_owned()),
            provider_arn: Some(required("oidc_provider_arn")?.to_owned()),
            token_file: Some(required("oidc_token_file_path")?.into()),
            session_name,
            policy,
        }),
        "ecs_ram_role" => Place::EcsRole { role_name: given("role_name").map(str::to_owned) },
        mode => return Err(CredentialsError::ModeUnsupported { origin: origin.clone(), mode: one_line(mode) }),
    };
    Ok(Provider::of(place, context))
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

    use crate::source::Environment;

    use super::*;

    const FILE: &str = "# keys\n[default] ; the usual\nenable = true\ntype = access_key # plain\n\
        access_key_id = id0\r\naccess_key_secret= sec=ret0 # rotated\n\n\
        [role]\ntype=ram_role_arn\naccess_key_id=id2\naccess_key_secret=s\nrole_arn=acs:ram::1:role/a\n\
        role_session_name=ini\npolicy={\"Version\": \"1\"}\n\
        [pod]\ntype=oidc_role_arn\nrole_arn=acs:ram::1:role/b\noidc_provider_arn=p\noidc_token_file_path=/t\n\
        [ecs]\ntype=ecs_ram_role\nrole_name=r\n\
        [rsa]\ntype=rsa_key_pair\n[half]\ntype=access_key\naccess_key_id=id1\n";

    fn read_section(profile: Option<&str>) -> Result<Place, CredentialsError> {
        let context = Context::of_environment(Environment::of_pairs([]));
        read("c.ini", FILE, profile, &context).map(Provider::into_place)
    }

    #[test]
    fn the_default_section_is_read_and_comments_are_dropped() {
        let Place::Keys(credentials) = read_section(None).unwrap() else { panic!("keys") };
        assert_eq!(credentials.access_key_id, "id0");
        assert_eq!(credentials.secret.expose_secret(), "sec=ret0");
        assert_eq!(credentials.origin(), "profile `default` of `c.ini`");
    }

    #[test]
    fn each_type_is_read() {
        let Place::Assumed { role, .. } = read_section(Some("role")).unwrap() else { panic!("a role") };
        assert_eq!((role.session_name.as_str(), role.policy.as_deref()), ("ini", Some("{\"Version\": \"1\"}")));
        let Place::Oidc(pod) = read_section(Some("pod")).unwrap() else { panic!("a pod") };
        assert_eq!((pod.provider_arn.as_deref(), pod.token_file), (Some("p"), Some("/t".into())));
        let Place::EcsRole { role_name } = read_section(Some("ecs")).unwrap() else { panic!("an instance") };
        assert_eq!(role_name.as_deref(), Some("r"));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let error = |profile| read_section(Some(profile)).unwrap_err().to_string();
        assert_eq!(error("rsa"), "profile `rsa` of `c.ini` has mode `rsa_key_pair`, which is not supported");
        assert_eq!(error("half"), "profile `half` of `c.ini` has no `access_key_secret`");
        assert_eq!(error("none"), "`c.ini` has no profile `none`");
    }
}
