//! The doubles keep their rules (`tests/doubles/RULES.md`): each is shown a client that breaks it.

mod rules;
mod s3;
mod s3_versions;
mod script;
pub(crate) mod snowflake;
mod spotify;
