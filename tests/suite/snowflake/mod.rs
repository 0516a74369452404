//! Loads and their proof, against the double of an account.

mod announced;
mod copy_into;
mod costs;
mod false_answers;
mod false_verified;
mod missing_columns;
mod missing_pipes;
mod never_submitted;
mod no_answers;
mod plan;
pub(crate) mod proof;
pub(crate) mod reshipped_groups;
mod setup;
mod time_and_patience;
mod unreachable;
pub(crate) mod verdicts;
mod verifications;
mod watching;
mod worded;
