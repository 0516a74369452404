//! Behaviour of the shipped binary: every test runs it as a user would and looks at what it leaves behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod architecture;
mod archive;
mod demo;
mod documents;
mod enrich;
mod groups;
mod liked;
mod live;
mod login;
mod proof;
mod setup;
mod support;
mod upload;
mod usage;
