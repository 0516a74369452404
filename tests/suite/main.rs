//! Behaviour of the shipped binary: every test runs it as a user would and looks at what it leaves behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod architecture;
mod archive;
mod cloud_kills;
mod copies;
mod csv;
mod credentials;
mod demo;
mod demo_cloud;
mod doctor;
mod documents;
mod enrich;
mod faults;
mod groups;
mod items;
mod kills;
mod liked;
mod live;
mod login;
mod models;
mod nights;
mod plan;
mod promises;
mod proof;
mod recordings;
mod refusals;
mod renewals;
mod replays;
mod setup;
mod shown;
mod spread;
mod stubborn;
mod support;
mod upload;
mod usage;
mod watching;
