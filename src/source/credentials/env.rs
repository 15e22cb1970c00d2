//! Keys in environment variables.

use super::{Credentials, CredentialsError, Environment};

/// Reads the key id and secret that the named variables hold, and the token where one is named and set.
pub(super) fn load(
    environment: &Environment,
    id_var: &str,
    secret_var: &str,
    token_var: Option<&str>,
) -> Result<Credentials, CredentialsError> {
    let required = |name: &str| {
        let missing = || CredentialsError::VariableMissing { name: name.to_owned() };
        environment.get(name).ok_or_else(missing)
    };
    let token = token_var.and_then(|name| environment.get(name));
    let origin = format!("environment variables `{id_var}` and `{secret_var}`");
    Credentials::new(&required(id_var)?, &required(secret_var)?, token.as_deref(), origin)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_named_variables_are_read() {
        let environment = Environment::of_pairs([("I", "id"), ("S", "secret"), ("T", "token")]);
        let credentials = load(&environment, "I", "S", Some("T")).unwrap();
        assert_eq!(credentials.access_key_id, "id");
        assert_eq!(credentials.secret.expose_secret(), "secret");
        assert_eq!(credentials.security_token.unwrap().expose_secret(), "token");
        assert!(load(&environment, "I", "S", Some("NOT_SET")).unwrap().security_token.is_none());
    }

    #[test]
    fn a_missing_or_blank_variable_is_named() {
        let environment = Environment::of_pairs([("I", "id"), ("S", " ")]);
        let error = load(&environment, "I", "S", None).unwrap_err();
        assert_eq!(error, CredentialsError::VariableMissing { name: "S".to_owned() });
        assert_eq!(error.mend(), "set `S` for this process");
    }
}
