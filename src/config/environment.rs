//! `STOCKTAKE__SECTION__KEY` and `DATABASE_URL`: what the environment lays over the file.

use std::collections::BTreeMap;

use toml::Value;

use super::{
    error::{Place, Problem},
    shape::single_values,
    suggest::nearest,
};

const PREFIX: &str = "STOCKTAKE__";
const DATABASE_URL: &str = "DATABASE_URL";

/// The variables of this process whose name and value are text.
pub fn process_environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// One value from the environment.
#[derive(Debug)]
pub(super) struct Override {
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    pub(super) value: Value,
    /// The variable it came from.
    pub(super) variable: String,
}

/// Reads the variables that are ours; an empty one counts as not set, as compose files leave them.
pub(super) fn read_overrides(
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<Override>, Vec<Problem>> {
    let mut overrides = Vec::new();
    let mut problems = Vec::new();
    // Sorted, so that messages come in one order and `DATABASE_URL` before the variable that outranks it.
    let ours: BTreeMap<_, _> = environment
        .into_iter()
        .filter(|(name, value)| !value.is_empty() && (name == DATABASE_URL || name.starts_with(PREFIX)))
        .collect();
    for (variable, text) in ours {
        match read_override(&variable, &text) {
            Ok(found) => overrides.push(found),
            Err(message) => problems.push(Problem { place: Place::Variable(variable), message }),
        }
    }
    if problems.is_empty() { Ok(overrides) } else { Err(problems) }
}

fn read_override(variable: &str, text: &str) -> Result<Override, String> {
    let name = if variable == DATABASE_URL { "STOCKTAKE__DATABASE__URL" } else { variable };
    let found = single_values().find(|(section, field)| variable_name(section, field.name) == name);
    let (section, field) = found.ok_or_else(|| unknown_variable(variable))?;
    let value = field
        .shape
        .read_text(text)
        .ok_or_else(|| format!("`{section}.{}` must be {}", field.name, field.shape.wanted()))?;
    Ok(Override { section, key: field.name, value, variable: variable.to_owned() })
}

/// The variable that overrides a key.
pub(super) fn variable_name(section: &str, key: &str) -> String {
    format!("{PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase())
}

fn unknown_variable(variable: &str) -> String {
    let known: Vec<_> = single_values().map(|(section, field)| variable_name(section, field.name)).collect();
    match nearest(variable, known.iter().map(String::as_str)) {
        Some(meant) => format!("unknown variable; did you mean `{meant}`?"),
        None if variable.starts_with("STOCKTAKE__ACCOUNT__") => {
            "unknown variable; accounts are written in the file".into()
        }
        None => "unknown variable; unset it, or name a key as in `STOCKTAKE__SCAN__DEADLINE`".into(),
    }
}
