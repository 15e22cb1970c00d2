//! Holds a TOML document against the list of keys, and remembers the line of each.

use std::{collections::BTreeMap, ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::{Place, Problem},
    shape::{Fields, ROOT, Shape, quoted},
    suggest::nearest,
};

/// A file whose keys are all known and whose values all have the right type.
#[derive(Debug)]
pub(super) struct CheckedFile {
    /// Its values.
    pub(super) table: toml::Table,
    /// The line of each key, by a path such as `account[0].name`.
    pub(super) lines: BTreeMap<String, usize>,
}

impl CheckedFile {
    /// Reads the text of the file at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let line_ends = text.match_indices('\n').map(|(place, _)| place).collect();
        let mut reader = Reader { path, line_ends, problems: Vec::new(), lines: BTreeMap::new() };
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                reader.refuse(&error.span().unwrap_or(0..0), error.message().replace('\n', " "));
                return Err(reader.problems);
            }
        };
        reader.read_table("", &document.span(), document.get_ref(), ROOT);
        // The same text was read above, so only numbers too large for TOML are left to fail.
        match toml::from_str(text) {
            Ok(table) if reader.problems.is_empty() => Ok(Self { table, lines: reader.lines }),
            Ok(_) => Err(reader.in_order()),
            Err(error) => {
                if reader.problems.is_empty() {
                    reader.refuse(&error.span().unwrap_or(0..0), "has a value that TOML cannot hold".into());
                }
                Err(reader.in_order())
            }
        }
    }
}

struct Reader<'a> {
    path: &'a Path,
    /// The place of each line's end, in bytes.
    line_ends: Vec<usize>,
    problems: Vec<Problem>,
    lines: BTreeMap<String, usize>,
}

impl Reader<'_> {
    fn read_table(&mut self, prefix: &str, span: &Range<usize>, table: &DeTable<'_>, fields: Fields) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = join(prefix, name);
            self.lines.insert(path.clone(), self.line(&key.span()));
            match fields.iter().find(|field| field.name == name) {
                Some(field) => self.read_value(&path, &key.span(), value, &field.shape),
                None => self.refuse(&key.span(), unknown_key(prefix, name, fields)),
            }
        }
        for field in fields.iter().filter(|field| field.is_required) {
            if !table.contains_key(field.name) {
                self.refuse(span, format!("`{}` is missing", shown(&join(prefix, field.name))));
            }
        }
    }

    fn read_value(&mut self, path: &str, key: &Range<usize>, value: &Spanned<DeValue<'_>>, shape: &Shape) {
        let is_right = match (shape, value.get_ref()) {
            (Shape::Table(fields), DeValue::Table(table)) => {
                self.read_table(path, key, table, fields);
                true
            }
            (Shape::Tables(fields), DeValue::Array(tables)) => {
                for (index, element) in tables.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.lines.insert(path.clone(), self.line(&element.span()));
                    self.read_value(&path, &element.span(), element, &Shape::Table(fields));
                }
                true
            }
            (Shape::Kinds(kinds), DeValue::Table(table)) => {
                self.read_kind(path, key, table, kinds);
                true
            }
            (Shape::Choices(words), DeValue::Array(list)) => {
                list.iter().all(|word| word.get_ref().as_str().is_some_and(|word| words.contains(&word)))
            }
            (Shape::Texts, DeValue::Array(list)) => list.iter().all(|text| text.get_ref().as_str().is_some()),
            (Shape::Flag, DeValue::Boolean(_)) => true,
            (shape, DeValue::String(text)) => shape.accepts_text(text),
            (Shape::Whole, DeValue::Integer(number)) => u32::from_str_radix(number.as_str(), number.radix()).is_ok(),
            (Shape::Number, DeValue::Integer(_) | DeValue::Float(_)) => true,
            _ => false,
        };
        if !is_right {
            let wanted = shape.wanted_instead_of(value.get_ref().as_str());
            self.refuse(key, format!("`{}` must be {wanted}", shown(path)));
        }
    }

    fn read_kind(
        &mut self,
        path: &str,
        key: &Range<usize>,
        table: &DeTable<'_>,
        kinds: &'static [(&'static str, Fields)],
    ) {
        let known = quoted(kinds.iter().map(|(kind, _)| kind));
        let Some(kind) = table.get("kind").and_then(|kind| kind.get_ref().as_str()) else {
            return self.refuse(key, format!("`{}.kind` must be one of {known}", shown(path)));
        };
        match kinds.iter().find(|(name, _)| *name == kind) {
            Some((_, fields)) => self.read_table(path, key, table, fields),
            None => self.refuse(key, format!("`{}.kind` must be one of {known}", shown(path))),
        }
    }

    fn refuse(&mut self, span: &Range<usize>, message: String) {
        let place = Place::File { path: self.path.to_owned(), line: self.line(span) };
        self.problems.push(Problem { place, message });
    }

    fn line(&self, span: &Range<usize>) -> usize {
        1 + self.line_ends.partition_point(|end| *end < span.start)
    }

    fn in_order(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| match problem.place {
            Place::File { line, .. } => line,
            Place::Variable(_) | Place::Default => 0,
        });
        self.problems
    }
}

fn unknown_key(prefix: &str, name: &str, fields: Fields) -> String {
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    let mend = match nearest(name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known here: {}", quoted(&names)),
    };
    // A quoted key may hold a line break, and a problem is one line.
    format!("unknown key `{}`; {mend}", shown(&join(prefix, name)).escape_debug())
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// A path for people: the line says which of the accounts it is.
pub(super) fn shown(path: &str) -> String {
    let mut is_index = false;
    path.chars()
        .filter(|letter| {
            is_index = (is_index || *letter == '[') && *letter != ']';
            !is_index && *letter != ']'
        })
        .collect()
}
