//! The only module that knows all stages: runs them in order, keeps the ledger, writes the report.
//!
//! In: a [`Config`](crate::config::Config) and a [`Source`]. Out: a [`RunReport`], and an [`Error`] that says what to do next.

mod account;
mod conclusion;
mod credentials;
mod error;
mod export;
mod fetch;
mod findings;
mod ingest;
mod job;
mod lock;
mod lost;
pub(crate) mod notes;
mod provenance;
mod reading;
mod report;
pub(crate) mod ship;
mod story;
mod upload;
mod verify;

pub use account::{Target, target};
pub use credentials::credentials;
pub use error::Error;
pub use job::{Settings, Shipping, Source};
pub use lock::{Lock, Look, look};
pub use report::{
    CheckReport, EnrichmentReport, FileReport, PlaylistReport, RunReport, TableReport,
    VerificationReport,
};
pub use story::run;

pub(crate) use credentials::{Exposure, snowflake_exposure, spotify_exposures};
pub(crate) use findings::{check_report, table_report};
pub(crate) use lock::hold;
pub(crate) use ship::store_settings;
pub(crate) use story::prefix;
