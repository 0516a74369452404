//! The ledger in a bucket: one machine ends, another goes on.

pub(crate) mod between_machines;
mod health;
pub(crate) mod kills;
mod measured;
mod races;
mod replaced;
mod stops;
