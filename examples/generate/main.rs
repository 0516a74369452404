//! Writes what other programs read of dbt's definitions: LookML for Looker, and a semantic view for Snowflake.
//!
//! ```text
//! cargo run --example generate            # make generate
//! cargo run --example generate -- --check # make generate-check: exit 1 where what is checked in differs
//! ```
#![expect(clippy::print_stderr, reason = "a program for a terminal")]

mod definitions;
mod lookml;
mod semantic_view;
mod written;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = match written::files(root) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("generate: {error}");
            return ExitCode::FAILURE;
        }
    };
    let differences = written::differences(root, &files);
    if std::env::args().any(|argument| argument == "--check") {
        for difference in &differences {
            eprintln!("generate: {difference}: run `make generate`");
        }
        return if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match written::write(root, &files) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("generate: {error}");
            ExitCode::FAILURE
        }
    }
}
