//! Files out: one partitioned file (or more) per shipped table with changes, and the manifest that vouches for them.
//!
//! In: the warehouse and a [`QualityPassed`](crate::quality::QualityPassed). Out: files in the lake directory, immutable once
//! written, under keys that depend on the run alone. Touches no network.

mod error;
mod export;
mod key;
mod manifest;

pub use error::Error;
pub use export::{ExportSettings, Format, export};
pub use key::{manifest_key, object_key};
pub use manifest::{ExportedFile, Manifest};
