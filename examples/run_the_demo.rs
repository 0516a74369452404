//! Runs the demo through the library instead of the command line, and prints the report of the run as JSON.
//!
//! ```text
//! cargo run --example run_the_demo [DATA_DIR]
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use snowtrack::config::Config;
use snowtrack::event::{Event, What};
use snowtrack::ids::DataDir;
use snowtrack::run::{Error, RunReport, Settings, Source, run};

// DuckDB blocks its thread, so a run needs a runtime with more than one.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data_dir = std::env::args_os().nth(1).map_or_else(|| "data".into(), PathBuf::from);
    let report = run_the_demo(&data_dir).await?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// What `snowtrack --data-dir DATA_DIR run --demo` does.
pub(crate) async fn run_the_demo(data_dir: &Path) -> Result<RunReport, Error> {
    // No bucket and no account: the files stay in the data directory's `lake`.
    let config = Config { data_dir: DataDir::new(data_dir), ..Config::default() };
    let settings = Settings::new(Source::Demo, now);
    // Whatever happens is an event, and can be written as JSON; several sinks are `observe::Sinks`.
    let sink = |event: &Event| {
        if let (What::Warning(_), Ok(line)) = (&event.what, serde_json::to_string(event)) {
            eprintln!("{line}");
        }
    };
    // Ask it to stop from any task: `stop.ask()`. The next run continues.
    let stop = Arc::default();
    let ended = run(&config, &settings, &sink, &stop).await?;
    // A run that ended early has a report, too, which says how far it came.
    ended.completed()
}

#[expect(clippy::disallowed_methods, reason = "the library reads no clock; who runs it does")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
