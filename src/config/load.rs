//! From file and environment to a configuration that passed every check.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{
    Checks, Config,
    environment::{Override, read_overrides},
    error::{ConfigError, Place, Problem},
    file::{CheckedFile, shown},
};

/// The file that is read when none is named and it is there.
pub const DEFAULT_FILE: &str = "config/stocktake.toml";

impl Config {
    /// Reads `path`, or [`DEFAULT_FILE`] if it is there, lays `environment` over it and checks the result.
    ///
    /// `STOCKTAKE__DATABASE__URL` outranks `DATABASE_URL`, which outranks the file, which outranks the
    /// defaults. Pass [`process_environment`](super::process_environment) outside tests.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] if `path` was named and is not there; [`ConfigError::Invalid`] with all
    /// problems of the first stage that has any: the file's keys and types, the variables, the values.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let file = read_file(path)?;
        assemble(file, environment).map_err(|problems| ConfigError::Invalid { problems })
    }
}

/// The file's name and text; `None` when there is none and none was asked for.
fn read_file(path: Option<&Path>) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let is_named = path.is_some();
    let path = path.unwrap_or(Path::new(DEFAULT_FILE)).to_owned();
    match std::fs::read_to_string(&path) {
        // Editors on Windows put a byte order mark first.
        Ok(text) => Ok(Some((path, text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_named => Err(ConfigError::Missing { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Unreadable { path, source }),
    }
}

pub(super) fn assemble(
    file: Option<(PathBuf, String)>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Vec<Problem>> {
    let mut table = Table::new();
    let mut places = BTreeMap::new();
    if let Some((path, text)) = file {
        let checked = CheckedFile::parse(&path, &text)?;
        table = checked.table;
        places.extend(checked.lines.into_iter().map(|(key, line)| (key, Place::File { path: path.clone(), line })));
    }
    for overriding in read_overrides(environment)? {
        let Override { section, key, value, variable } = overriding;
        places.insert(format!("{section}.{key}"), Place::Variable(variable));
        let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Some(section) = section.as_table_mut() {
            section.insert(key.to_owned(), value);
        }
    }
    // Keys and types were held against the list already, so this fails only if the list is wrong. The
    // message is dropped because it may repeat a value.
    let config: Config = Value::Table(table).try_into().map_err(|_| {
        let message = "does not fit this version of the program".into();
        vec![Problem { place: Place::Default, message }]
    })?;
    let mut checks = Checks::default();
    config.check(&mut checks);
    if checks.found.is_empty() { Ok(config) } else { Err(problems(checks, &places)) }
}

fn problems(checks: Checks, places: &BTreeMap<String, Place>) -> Vec<Problem> {
    checks
        .found
        .into_iter()
        .map(|(key, message)| Problem { place: place(&key, places), message: format!("`{}` {message}", shown(&key)) })
        .collect()
}

/// Where `key` was written, or else the table it is missing from.
fn place(key: &str, places: &BTreeMap<String, Place>) -> Place {
    let mut key = key;
    loop {
        if let Some(place) = places.get(key) {
            return place.clone();
        }
        match key.rsplit_once('.') {
            Some((table, _)) => key = table,
            None => return Place::Default,
        }
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
