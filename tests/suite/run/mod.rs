//! Whole runs: kills, faults, refusals, and what the next one finds.

mod across_runs;
pub(crate) mod cloud_kills;
mod credentials;
mod cures;
mod events;
mod exposures;
mod faults;
mod holders;
pub(crate) mod kills;
mod ledger;
mod long_history;
mod lost_ledger;
mod older_ledgers;
mod refusals;
mod report_files;
mod watch;
