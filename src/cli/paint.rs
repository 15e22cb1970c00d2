//! Colour and drawing where a person looks on; plain text where a program reads.

use std::io::{self, IsTerminal};

use clap::builder::styling::{AnsiColor, Style};

use crate::source::Environment;

/// How stdout is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    is_drawing: bool,
    is_coloured: bool,
}

impl Paint {
    /// For stdout as it is; `NO_COLOR` turns colours off.
    pub(super) fn of_stdout() -> Self {
        let is_drawing = io::stdout().is_terminal();
        Self { is_drawing, is_coloured: is_drawing && Environment::of_process().get("NO_COLOR").is_none() }
    }

    /// Text alone.
    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self { is_drawing: false, is_coloured: false }
    }

    /// Drawing without colours.
    #[cfg(test)]
    pub(super) fn drawing() -> Self {
        Self { is_drawing: true, is_coloured: false }
    }

    /// Whether a person looks on.
    pub(super) fn is_drawing(self) -> bool {
        self.is_drawing
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.styled(text, Style::new().bold())
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.styled(text, Style::new().dimmed())
    }

    pub(super) fn green(self, text: &str) -> String {
        self.styled(text, AnsiColor::Green.on_default())
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.styled(text, AnsiColor::Yellow.on_default())
    }

    pub(super) fn red(self, text: &str) -> String {
        self.styled(text, AnsiColor::Red.on_default().bold())
    }

    fn styled(self, text: &str, style: Style) -> String {
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
