//! The example questions of `dashboards/questions`, as an analyst would paste them.

use std::path::{Path, PathBuf};

use chrono::{NaiveDate, TimeDelta};

use super::ACCOUNT_ID;

/// A question with the columns that its header promises.
pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) columns: Vec<String>,
}

impl Question {
    pub(crate) fn all() -> Vec<Self> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::read(&folder().join(format!("{name}.sql")))
    }

    /// The same with other parameters: `name` of the `params` at its top becomes `value`.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let end = format!(" as {name}");
        let line = self
            .text
            .lines()
            .find(|line| line.trim_end_matches(',').ends_with(&end))
            .unwrap_or_else(|| panic!("{} has no parameter {name}", self.name))
            .to_owned();
        let (before, rest) = line.split_once('\'').unwrap();
        let (_, after) = rest.rsplit_once('\'').unwrap();
        self.text = self.text.replacen(&line, &format!("{before}'{value}'{after}"), 1);
        self
    }

    /// The same about one code, and about the weeks before a day.
    pub(crate) fn about(self, today: NaiveDate, code: &str) -> Self {
        let day = |back: i64| (today - TimeDelta::days(back)).to_string();
        let values = [
            ("first_date", day(20)),
            ("second_date", day(1)),
            ("last_date", day(0)),
            ("audit_date", day(3)),
            ("day", day(3)),
            ("account_id", ACCOUNT_ID.to_owned()),
            ("access_token_id", code.to_owned()),
        ];
        values.iter().fold(self, |question, (name, value)| {
            let is_there = question
                .text
                .lines()
                .any(|line| line.contains('\'') && line.trim_end_matches(',').ends_with(&format!(" as {name}")));
            if is_there { question.with(name, value) } else { question }
        })
    }

    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let header = text.lines().take_while(|line| line.starts_with("--"));
        let columns = header
            .filter_map(|line| line.strip_prefix("--   "))
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{}: {line}", path.display())).0.to_owned())
            .collect();
        Self { name: path.file_stem().unwrap().to_string_lossy().into_owned(), text, columns }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/questions")
}
