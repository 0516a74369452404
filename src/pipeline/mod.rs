//! The only module that knows all stages: runs them in order, keeps the ledger, writes the report.
//!
//! In: a [`Config`](crate::config::Config) and a [`Source`]. Out: a [`RunReport`], and an [`Error`] that says what to do next.

mod announced;
mod board;
mod doctor;
mod enrich;
mod error;
mod fetch;
mod ingest;
mod ledger;
mod lock;
mod parcels;
mod question;
mod reconcile;
mod replay;
mod report;
mod route;
mod run;
mod settings;
mod setup;
mod ship;
mod story;
mod target;
mod verify;

pub use board::Board;
pub use doctor::{Area, Finding, Health, doctor};
pub use error::Error;
pub use ledger::{FileState, RunSummary, files_of, is_known, latest_runs};
pub use lock::Lock;
pub use reconcile::{Reconciliation, reconcile};
pub use report::{CheckReport, EnrichmentReport, PlaylistReport, RunReport, VerificationReport};
pub use run::{credentials, run};
pub use settings::{Settings, Shipping, Source};
pub use setup::{PipeRemedy, PipeReport, SetupWishes, apply_plan, pipes, plan, remedies};
pub use story::causes;
pub use target::{Target, target};
