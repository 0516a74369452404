//! The only module that knows all stages: runs them in order, keeps the ledger, writes the report.
//!
//! In: a [`Config`](crate::config::Config) and a [`Source`]. Out: a [`RunReport`], and an [`Error`] that says what to do next.

mod announced;
mod board;
mod conclusion;
mod credentials;
mod doctor;
mod enrich;
mod error;
mod export;
mod fetch;
mod findings;
mod ingest;
mod ledger;
mod lists;
mod lock;
mod lockouts;
mod look;
mod lost;
mod notes;
mod parcels;
mod presence;
mod provenance;
mod question;
mod reading;
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
mod upload;
mod verify;
mod written;

pub use board::Board;
pub use credentials::credentials;
pub use doctor::{Area, Finding, Health, doctor};
pub use error::Error;
pub use findings::{CheckFinding, Everything, check_everything, findings_of};
pub use ledger::{FileState, RunSummary, files_of, is_known, latest_runs};
pub use lock::{Lock, Look, look};
pub use reconcile::{Reconciliation, reconcile};
pub use report::{
    CheckReport, EnrichmentReport, PlaylistReport, RunReport, TableReport, VerificationReport,
};
pub use run::run;
pub use settings::{Settings, Shipping, Source};
pub use setup::{PipeRemedy, PipeReport, SetupWishes, apply_plan, pipes, plan, remedies};
pub use story::causes;
pub use target::{Target, target};

/// Where in the data directory the rows are that the quality gate refused last.
pub const REFUSED_ROWS: &str = "refused.duckdb";
