//! Behaviour of the shipped binary: every test runs it as a user would and looks at what it leaves behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod advisories;
mod answers;
mod architecture;
mod cli;
mod definitions;
mod doubles;
mod handover;
mod intelligence;
mod lake;
mod library_use;
mod marts;
mod observe;
mod operate;
mod report;
mod run;
mod snowflake;
mod source;
mod stream;
mod support;
mod warehouse;
