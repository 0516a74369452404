//! snowtrack keeps a Spotify playlist warehouse: it fetches playlists from the Spotify Web API, lands the raw JSON in an
//! embedded DuckDB file, shapes and checks it there with SQL, and writes partitioned files whose contents can be proven.
//!
//! ```text
//!  Spotify Web API ──fetch──▶ raw documents ──transform──▶ shipped tables ──check──▶ QualityPassed
//!   (or the demo, or files)    (DuckDB, verbatim JSON)      (DuckDB, SQL models)       (or refused, exit 4)
//!                                                                │
//!         publish ◀──────────────────────────────────────────────┤ export (partitioned files + manifest)
//!   data/spotify.duckdb                                          ▼
//!   (analysts' copy, swapped in by rename)        data/lake ──upload──▶ S3 ──ingest──▶ Snowpipe ──▶ SPOTIFY.RAW.*
//!                                                                ▲                                       │
//!                                                                └──────────────── verify ◀──────────────┘
//! ```
//!
//! # Code map
//! Modules stand in the order of the data flow, which is the order to read them in and the order of dependency: a module uses
//! only modules above it.
//!
//! What is public is what programs use: [`run::run`] with a [`config::Config`] and [`run::Settings`] gives a [`run::RunReport`], and
//! tells its [`event::Event`]s to a sink, or to several ([`observe::Sinks`]). `examples/run_the_demo.rs` is such a program. The
//! stages' own types are public where settings or errors hold them.
//!
//! # Invariants
//! - Rust moves data, SQL shapes it: every column is born in a file under `sql/duckdb`.
//! - A page is on disk before the next one is asked for; a killed run continues behind it.
//! - Nothing is published or exported without a `quality::QualityPassed`, which only `quality::gate` makes.
//! - A file of the lake is written beside its name and moved there whole; its key depends on the run alone.
//! - Nothing below [`cli`] writes to standard output or reads the clock; nothing but [`config`] reads the environment.
//! - A file is never uploaded before its checks passed, never submitted before it is in the bucket whole ([`lake::Uploaded`]), and
//!   never called verified unless its landing table holds the rows, the hashes and the contents that were sent.
//! - The ledger is written before and after each step of a file; a killed process forgets none and submits none twice.
//! - Verifying reads; it never changes anything in Snowflake.
//! - Who keeps the ledger in a bucket holds its lease; whoever was fenced writes nothing more, there or in Snowflake.
//! - A secret is in a secret type; no error, log line or report carries one.

mod causes;
pub mod stop;
mod blocking;
pub mod retry;
pub mod http;
mod disk;
mod machine;
mod template;
mod table;
pub mod ids;
pub mod status;
pub mod event;
pub mod sources;
pub mod warehouse;
mod quality;
pub mod lake;
pub mod snowflake;
mod ledger;
pub mod config;
pub mod state;
pub mod run;
pub mod observe;
mod operate;
pub mod cli;
