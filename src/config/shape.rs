//! The keys there are and what each may hold: one list for the file, the environment and its messages.
//!
//! A test holds it equal to the structs, so that a key cannot be added to one alone.

use toml::Value;

use super::suggest::nearest;
use crate::inventory::Dataset;

/// The keys of a table.
pub(super) type Fields = &'static [Field];

/// One key.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) is_required: bool,
}

/// What a key may hold.
#[derive(Debug)]
pub(super) enum Shape {
    /// Any text, kept as it is.
    Text,
    /// A whole number that fits 32 bits.
    Whole,
    /// A number.
    Number,
    /// A duration in words, such as `30s`.
    Duration,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of any texts.
    Texts,
    /// True or false.
    Flag,
    /// A list of these words.
    Choices(&'static [&'static str]),
    /// A section.
    Table(Fields),
    /// A section that may be written many times.
    Tables(Fields),
    /// A table whose `kind` says which keys it has.
    Kinds(&'static [(&'static str, Fields)]),
}

use Shape::{Choice, Choices, Duration, Flag, Kinds, Number, Table, Tables, Text, Texts, Whole};

const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, is_required: false }
}

const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, is_required: true }
}

/// Every key of the configuration.
pub(super) static ROOT: Fields = &[
    may("database", Table(&[may("url", Text), may("data_dir", Text)])),
    may("schedule", Table(&[may("access_tokens", Text), may("mfa_devices", Text), may("retention", Text)])),
    may(
        "api",
        Table(&[
            may("smc_endpoint", Text),
            may("ims_endpoint", Text),
            may("sts_endpoint", Text),
            may("resourcemanager_endpoint", Text),
            may("request_timeout", Duration),
            may("max_attempts", Whole),
            may("requests_per_second", Whole),
        ]),
    ),
    may(
        "scan",
        Table(&[
            may("paging", Choice(&["auto", "documented"])),
            may("concurrency", Whole),
            may("scan_attempts", Whole),
            may("deadline", Duration),
            may("max_delete_count", Whole),
            may("max_delete_ratio", Number),
        ]),
    ),
    may(
        "account",
        Tables(&[
            must("name", Text),
            may("id", Text),
            may("sources", Choices(&["access-tokens", "mfa-devices"])),
            may("credentials", Kinds(CREDENTIALS)),
        ]),
    ),
    may(
        "organization",
        Tables(&[
            must("name", Text),
            may("id", Text),
            may("credentials", Kinds(CREDENTIALS)),
            may("role_name", Text),
            may("session_name", Text),
            may("external_id", Text),
            may("sources", Choices(&["access-tokens", "mfa-devices"])),
            may("include", Texts),
            may("exclude", Texts),
            may("management", Flag),
        ]),
    ),
    may(
        "retention",
        Table(&[
            may("history", Duration),
            may("enabled", Flag),
            may(
                "policy",
                Tables(&[
                    may("dataset", Choice(DATASETS)),
                    may("account", Text),
                    may("history", Duration),
                    may("enabled", Flag),
                ]),
            ),
        ]),
    ),
    may("http", Table(&[may("listen", Text)])),
];

const DATASETS: &[&str] = &{
    let mut names = [""; Dataset::ALL.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = Dataset::ALL[place].name();
        place += 1;
    }
    names
};

const CREDENTIALS: &[(&str, Fields)] = &[
    ("default", &[must("kind", Text), ASSUME_ROLE]),
    ("env", &[must("kind", Text), must("id_var", Text), must("secret_var", Text), may("token_var", Text), ASSUME_ROLE]),
    ("profile", &[must("kind", Text), may("file", Text), may("profile", Text), ASSUME_ROLE]),
    ("ecs_role", &[must("kind", Text), may("role_name", Text), ASSUME_ROLE]),
    (
        "oidc",
        &[
            must("kind", Text),
            may("role_arn", Text),
            may("provider_arn", Text),
            may("token_file", Text),
            may("session_name", Text),
            ASSUME_ROLE,
        ],
    ),
];

/// May be laid over any kind.
const ASSUME_ROLE: Field = may(
    "assume_role",
    Table(&[must("role_arn", Text), may("session_name", Text), may("external_id", Text), may("policy", Text)]),
);

/// The keys that hold one value each in a section of their own, as `(section, key)`.
pub(super) fn single_values() -> impl Iterator<Item = (&'static str, &'static Field)> {
    ROOT.iter()
        .filter_map(|section| match section.shape {
            Table(fields) => Some((section.name, fields)),
            _ => None,
        })
        .flat_map(|(section, fields)| fields.iter().map(move |field| (section, field)))
        .filter(|(_, field)| !matches!(field.shape, Tables(_)))
}

impl Shape {
    /// What is wanted, to follow "must be".
    pub(super) fn wanted(&self) -> String {
        match self {
            Text => "text in quotes".into(),
            Whole => format!("a whole number from 0 to {}", u32::MAX),
            Number => "a number".into(),
            Duration => "a duration such as \"30s\", \"10m\" or \"3y\"".into(),
            Choice(words) => format!("one of {}", quoted(*words)),
            Choices(words) => format!("a list of {}", quoted(*words)),
            Texts => "a list of texts in quotes".into(),
            Flag => "true or false".into(),
            Table(_) => "a section, `[…]`".into(),
            Tables(_) => "a section that may be repeated, `[[…]]`".into(),
            Kinds(_) => "a table such as `{ kind = \"default\" }`".into(),
        }
    }

    /// As [`Shape::wanted`], with the word that `text` was probably meant to be.
    pub(super) fn wanted_instead_of(&self, text: Option<&str>) -> String {
        let meant = match self {
            Choice(words) => text.and_then(|text| nearest(text, words.iter().copied())),
            _ => None,
        };
        let wanted = self.wanted();
        meant.map_or(wanted.clone(), |meant| format!("{wanted}; did you mean `{meant}`?"))
    }

    /// Whether the text of a single value will do.
    pub(super) fn accepts_text(&self, text: &str) -> bool {
        match self {
            Text => true,
            Duration => humantime::parse_duration(text).is_ok(),
            Choice(words) => words.contains(&text),
            _ => false,
        }
    }

    /// Reads the text of an environment variable: numbers as numbers, everything else verbatim.
    pub(super) fn read_text(&self, text: &str) -> Option<Value> {
        match self {
            Whole => text.parse::<u32>().ok().map(|number| Value::Integer(number.into())),
            Number => text.parse().ok().map(Value::Float),
            Flag => text.parse().ok().map(Value::Boolean),
            _ => self.accepts_text(text).then(|| Value::String(text.to_owned())),
        }
    }
}

/// `a`, `b` for messages.
pub(super) fn quoted<'a>(words: impl IntoIterator<Item = &'a &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
