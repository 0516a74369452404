//! What every run did: runs, files and their states, what was found and what is put off, in the `meta` schema of the work file.
//!
//! Its statements are the files of `sql/duckdb/ledger`, each with bound values; many rows are one statement over a JSON array.
//!
//! Every statement that writes `meta` is one of these, also where the warehouse runs it, so that a note is one transaction with what it
//! is about. Four places write it otherwise, and say why:
//! - An appender fills `meta.reads` with the rows that were landed (`warehouse/{arrivals,reads}.rs`).
//! - An appender fills what the checks found while the gate runs them (`warehouse/check_runs.rs`).
//! - `sql/duckdb/forget` takes out who is forgotten, with their rows.
//! - `sql/duckdb/finish.sql` notes what a transform consumed, with the rows it made, and which rows went.
//!
//! A test reads the sources for it.

pub(crate) mod checks;
pub(crate) mod consumers;
pub(crate) mod features;
mod file_summary;
pub(crate) mod files;
pub(crate) mod forgets;
mod freshness;
pub(crate) mod incidents;
pub(crate) mod lockouts;
pub(crate) mod lost;
pub(crate) mod new_lists;
pub(crate) mod origins;
pub(crate) mod past_lists;
pub(crate) mod prunes;
pub(crate) mod rounds;
mod run_summary;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod settled;
pub(crate) mod shipments;
pub(crate) mod status_file;
mod step;
pub(crate) mod streams;
mod titles;
mod words;
pub(crate) mod written;

pub(crate) use checks::{CheckFinding, findings_of};
pub(crate) use file_summary::{FileSummary, files_of};
pub(crate) use files::{Proof, Replacement, Shipped, Submission, shipped_by_run};
pub(crate) use freshness::Freshness;
pub(crate) use run_summary::{RunSummary, latest_runs};
pub(crate) use runs::run_ids;
pub(crate) use shipments::{Asked, Shipment, ShippedFile};
pub(crate) use status_file::StatusFile;
pub(crate) use step::Step;

#[cfg(test)]
mod tests;
