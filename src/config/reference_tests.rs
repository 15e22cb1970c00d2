//! Holds the list of keys, the structs, the defaults and the reference file together.

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;

use super::{
    AccountConfig, ApiConfig, AssumeRole, Config, CredentialsConfig, DatabaseConfig, HttpConfig, OrganizationConfig,
    PolicyConfig, RetentionConfig, ScanConfig, ScheduleConfig,
    load::assemble,
    shape::{Fields, ROOT, Shape, single_values},
};

fn repository_file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn reference_file() -> String {
    repository_file("config/stocktake.toml")
}

/// The fields of a struct, from what serde says of a key that it does not know.
fn struct_fields<'de, T: Deserialize<'de>>(known: &str) -> BTreeSet<String> {
    let table: toml::Table = toml::from_str(&format!("{known}\nnot_a_key = 1")).unwrap();
    let error = T::deserialize(toml::Value::Table(table)).err().unwrap().message().to_owned();
    let (_, expected) = error.split_once("expected").unwrap();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn listed_fields(fields: Fields) -> BTreeSet<String> {
    fields.iter().map(|field| field.name.to_owned()).collect()
}

fn listed_section(section: &str) -> BTreeSet<String> {
    match &ROOT.iter().find(|field| field.name == section).unwrap().shape {
        Shape::Table(fields) | Shape::Tables(fields) => listed_fields(fields),
        other => panic!("{section} is {other:?}"),
    }
}

/// The keys of `[[retention.policy]]`, the one section inside another.
fn listed_policy() -> BTreeSet<String> {
    let Shape::Table(retention) = &ROOT.iter().find(|field| field.name == "retention").unwrap().shape else {
        panic!("`retention` is a section");
    };
    match retention.iter().find(|field| field.name == "policy").unwrap().shape {
        Shape::Tables(fields) => listed_fields(fields),
        ref other => panic!("retention.policy is {other:?}"),
    }
}

#[test]
fn the_listed_keys_are_the_fields_of_the_structs() {
    assert_eq!(listed_fields(ROOT), struct_fields::<Config>(""));
    assert_eq!(listed_section("database"), struct_fields::<DatabaseConfig>(""));
    assert_eq!(listed_section("schedule"), struct_fields::<ScheduleConfig>(""));
    assert_eq!(listed_section("api"), struct_fields::<ApiConfig>(""));
    assert_eq!(listed_section("scan"), struct_fields::<ScanConfig>(""));
    assert_eq!(listed_section("account"), struct_fields::<AccountConfig>("name = 'a'"));
    assert_eq!(listed_section("organization"), struct_fields::<OrganizationConfig>("name = 'a'"));
    assert_eq!(listed_section("retention"), struct_fields::<RetentionConfig>(""));
    assert_eq!(listed_policy(), struct_fields::<PolicyConfig>(""));
    assert_eq!(listed_section("http"), struct_fields::<HttpConfig>(""));
}

#[test]
fn the_listed_credentials_are_the_kinds_of_the_enum() {
    let kinds = ROOT
        .iter()
        .find_map(|field| match &field.shape {
            Shape::Tables(fields) => fields.iter().find_map(|field| match field.shape {
                Shape::Kinds(kinds) => Some(kinds),
                _ => None,
            }),
            _ => None,
        })
        .unwrap();
    let kind_names: BTreeSet<_> = kinds.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    let error = CredentialsConfig::deserialize(toml::Value::Table(toml::toml! { kind = "x" })).unwrap_err();
    let (_, expected) = error.message().split_once("expected").unwrap();
    let known: BTreeSet<_> = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(kind_names, known);

    for (kind, fields) in kinds {
        let mut listed = listed_fields(fields);
        listed.remove("kind");
        assert!(listed.remove("assume_role"), "a role can be laid over {kind}");
        if listed.is_empty() {
            continue;
        }
        assert_eq!(listed, struct_fields::<CredentialsConfig>(&format!("kind = '{kind}'")), "{kind}");
    }
    let Shape::Table(role) = kinds[0].1.iter().find(|field| field.name == "assume_role").unwrap().shape else {
        panic!("`assume_role` is a table");
    };
    assert_eq!(listed_fields(role), struct_fields::<AssumeRole>("role_arn = 'a'"));
}

#[test]
fn the_reference_file_is_the_defaults() {
    let file = Some(("config/stocktake.toml".into(), reference_file()));
    assert_eq!(assemble(file, []), Ok(Config::default()));
}

#[test]
fn the_reference_file_shows_every_key() {
    let table: toml::Table = toml::from_str(&reference_file()).unwrap();
    for (section, field) in single_values() {
        let is_shown = table[section].get(field.name).is_some();
        // Its default is to be absent, which only a comment can show.
        let is_url = (section, field.name) == ("database", "url");
        assert!(is_shown != is_url, "{section}.{}", field.name);
    }
}

/// In the reference file `#key` is an example to take over, `# text` is prose.
#[test]
fn the_commented_examples_of_the_reference_file_are_valid_and_whole() {
    let text: String = reference_file()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(example) if !example.is_empty() && !example.starts_with(' ') => format!("{example}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = assemble(Some(("examples".into(), text.clone())), []).unwrap();
    assert!(config.database.url.is_some());
    let table: toml::Table = toml::from_str(&text).unwrap();
    for section in ["account", "organization"] {
        let tables = table[section].as_array().unwrap().iter();
        let shown: BTreeSet<_> = tables.flat_map(|table| table.as_table().unwrap().keys().cloned()).collect();
        assert_eq!(shown, listed_section(section));
    }
    let policies = table["retention"]["policy"].as_array().unwrap().iter();
    let shown: BTreeSet<_> = policies.flat_map(|policy| policy.as_table().unwrap().keys().cloned()).collect();
    assert_eq!(shown, listed_policy());
    let kinds: BTreeSet<_> = config
        .accounts
        .iter()
        .map(|account| std::mem::discriminant(&account.credentials).to_owned())
        .map(|kind| format!("{kind:?}"))
        .collect();
    assert_eq!(kinds.len(), 6, "an example of each kind, and of a role laid over one");
}

#[test]
fn the_configuration_of_the_containers_is_valid() {
    let file = Some(("config/compose.toml".into(), repository_file("config/compose.toml")));
    let config = assemble(file, []).unwrap();
    assert!(config.http.address().unwrap().ip().is_unspecified());
}

#[test]
fn the_manual_names_every_key_and_its_variable() {
    let manual = repository_file("docs/configuration.md");
    for (section, field) in single_values() {
        let key = format!("`{section}.{}`", field.name);
        assert!(manual.contains(&key), "{key}");
    }
    for section in ["account", "organization"] {
        for field in listed_section(section) {
            assert!(manual.contains(&format!("`{section}.{field}`")), "{section}.{field}");
        }
    }
    for field in listed_policy() {
        assert!(manual.contains(&format!("`retention.policy.{field}`")), "retention.policy.{field}");
    }
}
