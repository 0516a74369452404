//! The proof of load: what Snowflake answered about files, and what follows from it.

mod cure;
pub(super) mod evidence;
mod pipe_health;
mod verdict;
mod verification;

pub(crate) use evidence::{Answer, Evidence, Found, Landed, copy_history, copy_result};
pub(crate) use pipe_health::{Health, PipeHealth, PipeState, PipeStatus};
pub(crate) use verdict::{is_mentioned, is_reported, verify};
pub use verification::Outcome;
pub(crate) use verification::{FileVerdict, Verification};
