//! What every run did: runs, reads, files and their states, in the `meta` schema of the work file.

pub(crate) mod checks;
pub(crate) mod files;
pub(crate) mod lockouts;
pub(crate) mod runs;
pub(crate) mod status_file;
pub(crate) mod written;

pub use checks::{CheckFinding, findings_of};
pub(crate) use files::{Asked, Entry, Parcel, Replacement};
pub use runs::{FileState, RunSummary, files_of, latest_runs, run_ids};
pub use status_file::Board;
