//! The doubles keep their rules (`tests/doubles/RULES.md`): each is shown a client that breaks it.

mod rules;
mod script;
pub(crate) mod snowflake;
mod spotify;
