//! Files out: one partitioned file (or more) per shipped table with changes, the manifest that vouches for them, and their
//! upload.
//!
//! In: the warehouse and a `QualityPassed`. Out: files in the lake directory, immutable once
//! written, under keys that depend on the run alone; then the same files in a bucket, and an [`Uploaded`] that only the upload
//! makes. Only the upload touches the network.

mod archive;
mod error;
mod export;
mod file;
mod format;
mod key;
mod location;
mod manifest;
mod presence;
mod redact;
mod store;
mod upload;

pub use error::{Error, Refusal, StuckFile};
pub use format::Format;
pub use location::Location;
pub use manifest::{ExportedFile, Manifest, WrittenFile};
pub use store::{ObjectVersion, StaticKeys, Store, StoreSettings, StoreTiming};
pub use upload::{ToUpload, Uploaded, upload};

pub(crate) use archive::archive;
pub(crate) use export::{ExportSettings, Rewritten, Unshipped, export, rewrite};
pub(crate) use file::replace;
pub(crate) use key::{archive_key, features_folder, manifest_key, mart_key};
pub(crate) use location::LOCATION;
pub(crate) use redact::{Redaction, holds_any, redact_archive};
pub use store::{Bucket, Condition, Object, Put, Told};

pub(crate) use store::{aws_config, custom_endpoint, is_address};
