//! Rows, models, checks and the published file.

mod changes;
mod checks;
mod csv;
mod demo;
mod details;
pub(crate) mod guarded;
mod item_dedup;
mod models;
mod operations;
mod queries;
mod renewals;
mod spread;
