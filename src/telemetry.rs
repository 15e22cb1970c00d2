//! What the program says of itself while it works: to stderr, filtered, for people or for machines.

use std::io::{self, IsTerminal, Stderr, Write};

use indicatif::MultiProgress;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter, util::SubscriberInitExt};

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Compact lines, in colour on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Writes to stderr with the bars out of the way, so that lines and bars do not overwrite each other.
#[derive(Clone, Debug)]
pub struct BesideBars(pub MultiProgress);

impl Write for BesideBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for BesideBars {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG is no filter such as `info,stocktake=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// A log is set up already.
    #[error("the log is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Sends the log to stderr; `verbosity` counts the `-v`, and `RUST_LOG` outranks it.
///
/// # Errors
/// [`TelemetryError`] for an unreadable `RUST_LOG`, or when called twice.
pub fn init(verbosity: u8, format: LogFormat) -> Result<(), TelemetryError> {
    init_to(verbosity, format, io::stderr as fn() -> Stderr)
}

/// As [`init`], to a writer of the caller's, such as [`BesideBars`].
///
/// # Errors
/// As [`init`].
pub fn init_to<W>(verbosity: u8, format: LogFormat, writer: W) -> Result<(), TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(directives) if !directives.is_empty() => EnvFilter::try_new(directives)?,
        _ => EnvFilter::try_new(default_filter(verbosity))?,
    };
    // NO_COLOR is honoured by the formatter; what is not a terminal gets no colour either.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Text => {
            let is_coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            builder.compact().with_target(verbosity > 0).with_ansi(is_coloured).finish().try_init()?;
        }
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

/// What is logged without `RUST_LOG`. The scheduler's own messages of start and stop are noise, and a certificate
/// that is refused is told once, by whom it concerns.
fn default_filter(verbosity: u8) -> &'static str {
    match verbosity {
        0 => "warn,stocktake=info,emulator=info,tokio_cron_scheduler=warn,rustls_platform_verifier=off",
        1 => "info,stocktake=debug,emulator=debug,tokio_cron_scheduler=warn",
        2 => "info,stocktake=trace,emulator=trace,tokio_cron_scheduler=warn",
        _ => "debug,stocktake=trace,emulator=trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_filter_can_be_read() {
        for verbosity in 0..=4 {
            assert!(EnvFilter::try_new(default_filter(verbosity)).is_ok(), "{verbosity}");
        }
    }
}
