//! Which lines of the log there are, and in which form.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use super::harmless::OneLine;
use super::traced::{Plain, Traced};
use super::{Cli, Command, LogFormat, told};
use crate::observe::{STAGES, WAITS};

/// From now on the log is written.
pub(super) fn begin(cli: &Cli) {
    // A line that nobody reads is lost; told on the same closed pipe, that would be a panic.
    let format = cli.log_format;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter(cli)))
        .with_writer(move || told::Log(format))
        .log_internal_errors(false);
    let is_terminal = stderr().is_terminal();
    match format {
        LogFormat::Json => builder.json().map_event_format(|lines| Traced { lines, format }).init(),
        LogFormat::Human if is_terminal && cli.verbose == 0 => {
            let lines = Traced { lines: Plain, format };
            builder.fmt_fields(OneLine).event_format(lines).init();
        }
        LogFormat::Human => {
            let builder = builder.fmt_fields(OneLine).with_target(false).with_ansi(is_terminal);
            builder.map_event_format(|lines| Traced { lines, format }).init();
        }
    }
}

/// Only our own events, at any verbosity: rspotify and the HTTP stack log headers and bodies with secrets in them.
fn filter(cli: &Cli) -> String {
    let level = level(cli);
    let mut filter = format!("off,snowtrack={level}");
    if tells_stages(cli) {
        filter = format!("{filter},{STAGES}=info");
    }
    // The line that is drawn says it.
    if level == "warn" && cli.draws() {
        filter = format!("{filter},{WAITS}=error");
    }
    filter
}

fn level(cli: &Cli) -> &'static str {
    match (cli.quiet, cli.verbose) {
        (true, _) => "error",
        // Who watches sees a table, or else its lines.
        (_, 0) if watches_tables(cli) && !cli.draws() => "info",
        // Its rounds have lines of their own.
        (_, 0) if matches!(cli.command, Command::Watch(_)) => "error",
        // Whoever collects lines can pick among them.
        (_, 0) if matches!(cli.log_format, LogFormat::Json) && !stderr().is_terminal() => "info",
        (_, 0) => "warn",
        (_, 1) => "info",
        (_, 2) => "debug",
        _ => "trace",
    }
}

/// Whether each stage has its lines, although nothing else of its kind has one: where nothing is drawn.
pub(super) fn tells_stages(cli: &Cli) -> bool {
    level(cli) == "warn" && !cli.draws()
}

fn watches_tables(cli: &Cli) -> bool {
    matches!(&cli.command, Command::Verify(it) if it.watch)
}
