//! Which policy counts, and which are refused.

use super::{super::checks::messages, *};

const YEAR: Duration = Duration::from_secs(31_557_600);

fn config(text: &str) -> Config {
    toml::from_str(text).unwrap()
}

/// What `[retention]` with these policies is refused for, beside accounts `prod` and `test` and organization `acme`.
fn refusals(policies: &str) -> Vec<String> {
    let sections = "[[account]]\nname = 'prod'\n[[account]]\nname = 'test'\n[[organization]]\nname = 'acme'\n";
    let config = config(&format!("{sections}{policies}"));
    messages(|checks| config.retention.check(&config.accounts, &config.organizations, checks))
}

#[test]
fn history_is_kept_for_a_day_at_least_and_a_thousand_years_at_most() {
    let is_refused = |history| {
        let retention = RetentionConfig { history, ..RetentionConfig::default() };
        let policy = PolicyConfig {
            dataset: Some(Dataset::AccessTokenUsage),
            history: Some(history),
            ..PolicyConfig::default()
        };
        let policies = RetentionConfig { policies: vec![policy], ..RetentionConfig::default() };
        [retention, policies].map(|config| !messages(|checks| config.check(&[], &[], checks)).is_empty())
    };
    assert_eq!(is_refused(Duration::ZERO), [true; 2]);
    assert_eq!(is_refused(DAY - Duration::from_secs(1)), [true; 2]);
    assert_eq!(is_refused(DAY), [false; 2]);
    assert_eq!(is_refused(MAX_HISTORY), [false; 2]);
    assert_eq!(is_refused(Duration::MAX), [true; 2]);
}

#[test]
fn of_each_key_the_most_specific_value_counts() {
    let config = config(
        "[retention]
         history = '9y'
         [[retention.policy]]
         dataset = 'access_token_usage'
         history = '8y'
         enabled = false
         [[retention.policy]]
         account = 'prod'
         history = '7y'
         [[retention.policy]]
         account = 'prod'
         dataset = 'access_token_usage'
         enabled = true
         [[retention.policy]]
         account = 'test'
         dataset = 'access_token_usage'
         history = '6y'",
    );
    let resolved = |account: &str, dataset| {
        let (history, is_enabled) = config.retention_of("1", account, dataset);
        (history.as_secs() / YEAR.as_secs(), is_enabled)
    };
    assert_eq!(resolved("other", Dataset::MfaDeviceHistory), (9, true), "[retention]");
    assert_eq!(resolved("other", Dataset::AccessTokenUsage), (8, false), "the dataset's");
    assert_eq!(resolved("prod", Dataset::MfaDeviceHistory), (7, true), "the account's");
    assert_eq!(resolved("prod", Dataset::AccessTokenUsage), (7, true), "the account's before the dataset's");
    assert_eq!(resolved("test", Dataset::AccessTokenUsage), (6, false), "what it leaves out is the dataset's");
}

#[test]
fn an_account_with_an_id_is_known_by_it_whatever_the_inventory_still_calls_it() {
    let config = config(
        "[[account]]
         name = 'new'
         id = '17'
         [[account]]
         name = 'named'
         [[retention.policy]]
         account = 'new'
         enabled = false",
    );
    let is_purged = |id, name| config.retention_of(id, name, Dataset::AccessTokenHistory).1;
    assert!(!is_purged("17", "old") && !is_purged("18", "new"));
    assert!(is_purged("18", "named") && is_purged("19", "gone"));
}

#[test]
fn a_policy_names_an_account_of_the_configuration_or_of_an_organization() {
    let naming = |account: &str| refusals(&format!("[[retention.policy]]\naccount = '{account}'\nenabled = false\n"));
    for account in ["prod", "acme", "acme/dev"] {
        assert_eq!(naming(account), [""; 0], "{account}");
    }
    let of_nobody = "retention.policy[0].account is `prd`, which is the name of no account; did you mean `prod`?";
    assert_eq!(naming("prd"), [of_nobody]);
    assert!(naming("elsewhere")[0].ends_with("the configuration has `prod`, `test`, `acme`"));
    assert_eq!((naming("acme/").len(), naming("acmedev").len(), naming("prod/dev").len()), (1, 1, 1));
}

#[test]
fn a_policy_says_what_for_whom_and_no_other_says_it_again() {
    assert!(refusals("[[retention.policy]]\nenabled = false\n")[0].contains("neither `account` nor `dataset`"));
    assert!(refusals("[[retention.policy]]\naccount = 'prod'\n")[0].contains("neither `history` nor `enabled`"));
    let twice = "[[retention.policy]]\naccount = 'prod'\nenabled = false\n".repeat(2);
    let refused = refusals(&twice);
    assert_eq!(refused.len(), 1);
    assert!(refused[0].starts_with("retention.policy[1] ") && refused[0].contains("same account and dataset"));
    let other = "[[retention.policy]]\naccount = 'prod'\ndataset = 'access_token_usage'\nenabled = false\n";
    assert_eq!(refusals(&twice.replacen("account", "dataset = 'mfa_device_history'\naccount", 1)), [""; 0]);
    assert_eq!(refusals(other), [""; 0]);
}
