//! The doubles keep their rules: each is shown a client that breaks it.

mod snowflake;
mod spotify;
