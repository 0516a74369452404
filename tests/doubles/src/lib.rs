//! Strict doubles of the three services that snowtrack talks to, on loopback ports.
//!
//! In: what an account holds, and which calls are to go wrong. Out: what the real service would answer, over real HTTP. A client
//! that the service would punish, sooner or later, is answered as the service would, and its violation is written down; a double
//! that is dropped with violations nobody allowed panics. Never leaves the machine, and shares no code with snowtrack.
#![expect(
    missing_docs,
    reason = "plain words for tests: most fields and variants say by their names what they are"
)]

pub mod bell;
pub mod http;
pub mod library;
pub mod s3;
pub mod script;
pub mod snowflake;
pub mod spotify;
