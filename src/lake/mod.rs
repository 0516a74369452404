//! Files out: one partitioned file (or more) per shipped table with changes, the manifest that vouches for them, and their
//! upload.
//!
//! In: the warehouse and a [`QualityPassed`](crate::quality::QualityPassed). Out: files in the lake directory, immutable once
//! written, under keys that depend on the run alone; then the same files in a bucket, and an [`Uploaded`] that only the upload
//! makes. Only the upload touches the network.

mod archive;
mod error;
mod export;
mod key;
mod location;
mod manifest;
mod presence;
mod store;
mod upload;

pub use archive::{Archive, archive};
pub use error::{Error, Refusal, StuckFile};
pub use export::{ExportSettings, Format, export};
pub use key::{archive_key, manifest_key, object_key};
pub use location::{LOCATION, Location};
pub use manifest::{ExportedFile, Manifest, WrittenFile};
pub use store::{
    Bucket, Condition, Object, Put, StaticKeys, Store, StoreSettings, StoreTiming, Told, is_address,
};
pub use upload::{Shipment, Uploaded, upload};
