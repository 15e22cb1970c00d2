//! What commands print: text for people, JSON for programs, both to stdout.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;

/// Who reads the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// A person.
    #[default]
    Text,
    /// A program.
    Json,
}

/// Where a command prints.
pub(super) struct Output {
    format: OutputFormat,
    bars: MultiProgress,
}

impl Output {
    pub(super) fn new(format: OutputFormat) -> Self {
        // Bars draw themselves on a terminal only; a program that reads JSON wants none.
        let bars = MultiProgress::new();
        if format == OutputFormat::Json {
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { format, bars }
    }

    pub(super) fn is_json(&self) -> bool {
        self.format == OutputFormat::Json
    }

    /// The place for progress bars on stderr.
    pub(super) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Prints `text` to a person or `value` to a program.
    pub(super) fn print(&self, text: &str, value: &impl Serialize) -> anyhow::Result<()> {
        match self.format {
            OutputFormat::Text => self.say(text),
            OutputFormat::Json => self.say(&serde_json::to_string_pretty(value)?),
        }
    }

    /// Prints `text` and a new line, whoever reads.
    pub(super) fn say(&self, text: &str) -> anyhow::Result<()> {
        let written = self.bars.suspend(|| writeln!(io::stdout().lock(), "{text}"));
        match written {
            // The reader has seen enough, as in `stocktake status | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}

/// Columns of a table that is not shown on a terminal.
const PIPED_WIDTH: u16 = 140;

/// A table with `header`, as wide as the terminal allows.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if !table.is_tty() {
        table.set_width(PIPED_WIDTH);
    }
    table.set_header(header.iter().copied());
    table
}
