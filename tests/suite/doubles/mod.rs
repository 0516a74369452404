//! The doubles keep their rules (`tests/doubles/RULES.md`): each is shown a client that breaks it.

mod rules;
mod s3;
mod script;
pub(crate) mod snowflake;
mod spotify;
