//! What the operator sees when file and environment are read.

use std::time::Duration;

use super::{
    super::{AssumeRole, CredentialsConfig},
    *,
};

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    assemble(Some(("stocktake.toml".into(), text.into())), environment)
        .map_err(|problems| ConfigError::Invalid { problems }.to_string())
}

fn refusal(text: &str) -> String {
    load(text, &[]).unwrap_err()
}

fn refused_variable(name: &str, value: &str) -> String {
    load("", &[(name, value)]).unwrap_err()
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(load("", &[]), Ok(Config::default()));
    assert_eq!(assemble(None, []), Ok(Config::default()));
}

#[test]
fn an_unknown_key_names_key_file_and_line() {
    assert_eq!(
        refusal("[scan]\nconcurrency = 2\npagng = \"auto\"\n"),
        "stocktake.toml:3: unknown key `scan.pagng`; did you mean `paging`?"
    );
    assert_eq!(
        refusal("\ncolour = 1"),
        "stocktake.toml:2: unknown key `colour`; known here: `database`, `schedule`, `api`, `scan`, `account`, \
         `organization`, `retention`, `http`"
    );
    assert_eq!(
        refusal("[[account]]\nname = \"a\"\nnmae = \"b\""),
        "stocktake.toml:3: unknown key `account.nmae`; did you mean `name`?"
    );
}

#[test]
fn a_wrong_type_names_key_file_and_line() {
    for (text, line) in [
        ("[api]\nmax_attempts = \"5\"", "`api.max_attempts` must be a whole number from 0 to 4294967295"),
        ("[api]\nmax_attempts = -1", "`api.max_attempts` must be a whole number from 0 to 4294967295"),
        ("[api]\nmax_attempts = 1.5", "`api.max_attempts` must be a whole number from 0 to 4294967295"),
        ("[scan]\ndeadline = 30", "`scan.deadline` must be a duration such as \"30s\", \"10m\" or \"3y\""),
        ("[scan]\ndeadline = \"soon\"", "`scan.deadline` must be a duration such as \"30s\", \"10m\" or \"3y\""),
        ("[scan]\npaging = \"none\"", "`scan.paging` must be one of `auto`, `documented`"),
        ("[scan]\nmax_delete_ratio = \"x\"", "`scan.max_delete_ratio` must be a number"),
        ("[http]\nlisten = false", "`http.listen` must be text in quotes"),
        ("\nhttp = 1", "`http` must be a section, `[…]`"),
        ("\naccount = 1", "`account` must be a section that may be repeated, `[[…]]`"),
        ("\n[account]", "`account` must be a section that may be repeated, `[[…]]`"),
    ] {
        assert_eq!(refusal(text), format!("stocktake.toml:2: {line}"));
    }
}

#[test]
fn a_wrong_policy_names_key_line_and_mend() {
    const DATASETS: &str = "`access_token_history`, `access_token_transitions`, `access_token_usage`, \
                            `mfa_device_history`, `mfa_device_transitions`";
    const DURATION: &str = "must be a duration such as \"30s\", \"10m\" or \"3y\"";
    const RANGE: &str = "is out of range; write a duration from `1d` to `1000y`";
    let policy =
        |text: &str| refusal(&format!("[[account]]\nname = 'prod'\n[[retention.policy]]\naccount = 'prod'\n{text}"));
    for (text, line) in [
        (
            "dataset = 'access_token_histori'",
            &*format!("dataset` must be one of {DATASETS}; did you mean `access_token_history`?"),
        ),
        ("dataset = 'users'", &*format!("dataset` must be one of {DATASETS}")),
        ("dataset = 1", &*format!("dataset` must be one of {DATASETS}")),
        ("history = '-1d'", &*format!("history` {DURATION}")),
        ("history = -1", &*format!("history` {DURATION}")),
        ("history = '0s'", &*format!("history` {RANGE}")),
        ("history = '23h'", &*format!("history` {RANGE}")),
        ("enabled = 'no'", "enabled` must be true or false"),
        ("enabeld = true", "enabeld`; did you mean `enabled`?"),
    ] {
        let unknown = if text.starts_with("enabeld") { "unknown key " } else { "" };
        assert_eq!(policy(text), format!("stocktake.toml:5: {unknown}`retention.policy.{line}"));
    }
    let refused = policy("enabled = true\n[[retention.policy]]\naccount = 'prd'\nenabled = true");
    assert!(refused.starts_with("stocktake.toml:7: `retention.policy.account` is `prd`"), "{refused}");
    let refused = policy("enabled = true\n[[retention.policy]]\naccount = 'prod'\nenabled = true");
    assert!(refused.starts_with("stocktake.toml:6: `retention.policy` is for the same account"), "{refused}");
}

#[test]
fn a_flag_is_overridden_by_true_or_false() {
    assert!(!load("", &[("STOCKTAKE__RETENTION__ENABLED", "false")]).unwrap().retention.enabled);
    assert!(
        load("[retention]\nenabled = false", &[("STOCKTAKE__RETENTION__ENABLED", "true")]).unwrap().retention.enabled
    );
    assert_eq!(
        refused_variable("STOCKTAKE__RETENTION__ENABLED", "no"),
        "STOCKTAKE__RETENTION__ENABLED: `retention.enabled` must be true or false"
    );
    assert!(refused_variable("STOCKTAKE__RETENTION__POLICY", "x").contains("unknown variable"));
}

#[test]
fn broken_toml_is_one_line() {
    let refusal = refusal("[scan]\nconcurrency = \n");
    assert!(refusal.starts_with("stocktake.toml:2: "), "{refusal}");
    assert_eq!(refusal.lines().count(), 1);
    assert!(self::refusal("[api]\n[api]\n").starts_with("stocktake.toml:2: "));
    assert!(self::refusal("[api]\nmax_attempts = 99999999999999999999").starts_with("stocktake.toml:2: "));
}

#[test]
fn all_problems_of_a_file_are_told_in_its_order() {
    let refusal = refusal("[scan]\nconcurrency = 0\n[api]\nmax_attempts = \"x\"\nsmc = 1\n[http]\nport = 1\n");
    let lines: Vec<_> = refusal.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(lines, ["stocktake.toml:4", "stocktake.toml:5", "stocktake.toml:7"]);
}

#[test]
fn a_failed_check_names_key_file_line_and_mend() {
    assert_eq!(
        refusal("[scan]\nconcurrency = 0"),
        "stocktake.toml:2: `scan.concurrency` is out of range; write 1 to 64"
    );
    assert_eq!(
        refusal("[[account]]\nname = \"a\"\n\n[[account]]\nid = \"1\"\nname = \"a\""),
        "stocktake.toml:6: `account.name` `a` is taken by an account above; names are unique"
    );
    assert_eq!(
        refusal("[schedule]\naccess_tokens = \"*/15 * * * *\""),
        "stocktake.toml:2: `schedule.access_tokens` has five fields; put the seconds first: `0 */15 * * * *`"
    );
}

#[test]
fn accounts_and_their_credentials_are_read() {
    let config = load(
        "[[account]]\nname = \"a\"\n[[account]]\nname = \"b\"\nid = \"0012\"\nsources = [\"mfa-devices\"]\n\
         credentials = { kind = \"env\", id_var = \"B_ID\", secret_var = \"B_SECRET\" }\n\
         [[account]]\nname = \"c\"\n[account.credentials]\nkind = \"profile\"\nprofile = \"c\"",
        &[],
    )
    .unwrap();
    assert_eq!(config.accounts.len(), 3);
    assert_eq!(config.accounts[0].sources, crate::inventory::Source::ALL);
    assert_eq!(config.accounts[1].id.as_deref(), Some("0012"));
    assert_eq!(config.accounts[2].credentials, CredentialsConfig::Profile { file: None, profile: Some("c".into()) });
}

#[test]
fn credentials_of_other_kinds_are_refused_with_the_supported_ones() {
    let with = |credentials: &str| refusal(&format!("[[account]]\nname = \"a\"\ncredentials = {credentials}"));
    assert_eq!(
        with("{ kind = \"ecs-role\" }"),
        "stocktake.toml:3: `account.credentials.kind` must be one of `default`, `env`, `profile`, `ecs_role`, `oidc`"
    );
    assert!(with("{ id_var = \"A\" }").contains("`account.credentials.kind` must be one of"));
    assert!(with("{ kind = \"env\", id_var = \"A\" }").contains("`account.credentials.secret_var` is missing"));
    assert!(with("{ kind = \"default\", id_var = \"A\" }").contains("unknown key `account.credentials.id_var`"));
}

#[test]
fn a_role_is_laid_over_any_kind() {
    let role = AssumeRole {
        external_id: Some("ext-1".into()),
        policy: Some(r#"{"Version":"1"}"#.into()),
        ..AssumeRole::new("acs:ram::1772422852740001:role/audit")
    };
    assert_eq!(role.session_name, "stocktake");
    let oidc = CredentialsConfig::Oidc { role_arn: None, provider_arn: None, token_file: None, session_name: None };
    let env = CredentialsConfig::Env { id_var: "A".into(), secret_var: "B".into(), token_var: None };
    for (kind, base) in [
        ("kind = \"default\"", CredentialsConfig::Default),
        ("kind = \"env\"\nid_var = \"A\"\nsecret_var = \"B\"", env),
        ("kind = \"profile\"", CredentialsConfig::Profile { file: None, profile: None }),
        ("kind = \"ecs_role\"", CredentialsConfig::EcsRole { role_name: None }),
        ("kind = \"oidc\"", oidc),
    ] {
        let text = format!(
            "[[account]]\nname = \"a\"\n[account.credentials]\n{kind}\n[account.credentials.assume_role]\n\
             role_arn = \"acs:ram::1772422852740001:role/audit\"\nexternal_id = \"ext-1\"\n\
             policy = '{{\"Version\":\"1\"}}'\n"
        );
        let config = load(&text, &[]).unwrap();
        assert_eq!(config.accounts[0].credentials, base.assuming(role.clone()));
    }
}

#[test]
fn what_is_wrong_with_a_role_is_one_line() {
    let with = |role: &str| {
        refusal(&format!("[[account]]\nname = \"a\"\n[account.credentials]\nkind = \"default\"\nassume_role = {role}"))
    };
    assert_eq!(
        with("{ role_arn = \"audit\" }"),
        "stocktake.toml:5: `account.credentials.assume_role.role_arn` is not of the form \
         `acs:ram::1772422852740001:role/name`; copy it from the role's page in RAM"
    );
    assert_eq!(with("{}"), "stocktake.toml:5: `account.credentials.assume_role.role_arn` is missing");
    assert_eq!(with("\"audit\""), "stocktake.toml:5: `account.credentials.assume_role` must be a section, `[…]`");
    assert_eq!(
        with("{ role_arn = \"acs:ram::1:role/a\", sesion_name = \"ab\" }"),
        "stocktake.toml:5: unknown key `account.credentials.assume_role.sesion_name`; did you mean `session_name`?"
    );
}

#[test]
fn secrets_in_the_wrong_place_are_not_printed() {
    for text in [
        "[[account]]\nname = \"a\"\ncredentials = { kind = \"LTAIhunter2\" }",
        "[[account]]\nname = \"a\"\ncredentials = \"LTAIhunter2\"",
        "[[account]]\nname = \"a\"\ncredentials = { kind = \"env\", id_var = \"LTAIhunter2\", secret_var = 1 }",
        "[[account]]\nname = \"a\"\nsources = [\"LTAIhunter2\"]",
        "[database]\nurl = \"mysql://u:LTAIhunter2@h/d\"",
        "[database]\nurl = [\"postgres://u:LTAIhunter2@h/d\"]",
        "[database]\nurl = \"postgres://u:LTAIhunter2@h/d",
        "[api]\nsmc_endpoint = \"https://u:LTAIhunter2@h\"",
        "[api]\nmax_attempts = \"LTAIhunter2\"",
        "[http]\nlisten = \"LTAIhunter2\"",
    ] {
        let refusal = refusal(text);
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    let refusal = refused_variable("DATABASE_URL", "mysql://u:hunter2@h/d");
    assert!(refusal.starts_with("DATABASE_URL: `database.url` is not") && !refusal.contains("hunter2"), "{refusal}");
}

#[test]
fn the_environment_outranks_the_file() {
    let config = load(
        "[scan]\ndeadline = \"1m\"\nconcurrency = 2\n[database]\nurl = \"postgres://file\"",
        &[
            ("STOCKTAKE__SCAN__DEADLINE", "10m"),
            ("STOCKTAKE__SCAN__MAX_DELETE_RATIO", "0.5"),
            ("STOCKTAKE__API__MAX_ATTEMPTS", "3"),
            ("STOCKTAKE__SCAN__PAGING", "documented"),
            ("STOCKTAKE__DATABASE__DATA_DIR", "0012"),
            ("STOCKTAKE__HTTP__LISTEN", ""),
            ("DATABASE_URL", "postgres://environment"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.scan.deadline, Duration::from_secs(600));
    assert_eq!(config.scan.concurrency, 2);
    assert_eq!(config.scan.max_delete_ratio, 0.5);
    assert_eq!(config.scan.paging, super::super::Paging::Documented);
    assert_eq!(config.api.max_attempts, 3);
    assert_eq!(config.database.data_dir.to_str(), Some("0012"), "text stays as it was written");
    assert_eq!(config.http, super::super::HttpConfig::default(), "an empty variable counts as not set");
    assert_eq!(config.database.url.as_deref(), Some("postgres://environment"));
}

#[test]
fn our_own_variable_outranks_database_url() {
    let environment = [("DATABASE_URL", "postgres://general"), ("STOCKTAKE__DATABASE__URL", "postgres://own")];
    assert_eq!(load("", &environment).unwrap().database.url.as_deref(), Some("postgres://own"));
}

#[test]
fn a_variable_that_will_not_do_is_named() {
    assert_eq!(
        refused_variable("STOCKTAKE__SCAN__DEADLNE", "1m"),
        "STOCKTAKE__SCAN__DEADLNE: unknown variable; did you mean `STOCKTAKE__SCAN__DEADLINE`?"
    );
    assert_eq!(
        refused_variable("STOCKTAKE__ACCOUNT__NAME", "a"),
        "STOCKTAKE__ACCOUNT__NAME: unknown variable; accounts are written in the file"
    );
    assert_eq!(
        refused_variable("STOCKTAKE__API__MAX_ATTEMPTS", "many"),
        "STOCKTAKE__API__MAX_ATTEMPTS: `api.max_attempts` must be a whole number from 0 to 4294967295"
    );
    assert_eq!(
        refused_variable("STOCKTAKE__SCAN__CONCURRENCY", "0"),
        "STOCKTAKE__SCAN__CONCURRENCY: `scan.concurrency` is out of range; write 1 to 64"
    );
    assert!(refused_variable("STOCKTAKE__SCAN__MAX_DELETE_RATIO", "nan").contains("out of range"));
}

#[test]
fn a_named_file_must_be_there() {
    let error = Config::load(Some(Path::new("no/such.toml")), []).unwrap_err();
    assert_eq!(error.to_string(), "no/such.toml: no such file; name another with --config, or leave --config out");
}
