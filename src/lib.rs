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
//! # Where a new thing goes
//! - A check: a file of `sql/duckdb/checks`, by the name `<table>__<what>`; `build.rs` finds it, and `sql/README.md` says what stands in
//!   it. A test of it lands documents that it refuses, as those of `tests/suite/warehouse` do.
//! - A column: `sql/duckdb/schema/030_core.sql` and its model. A table: the same, and its own checks.
//! - A sink of events: a file of `src/observe` with a function that gives an `impl Fn(&Event) + Send + Sync`, and a line in
//!   `observe::usual`; what it needs to know, such as a path, `usual` takes as an argument from `cli`. A program gives its own to
//!   [`observe::Sinks::with`], as `tests/suite/run/events.rs` does with one that writes a line of JSON per event.
//! - A setting: a row of `config/settings` and a field of [`config::Config`]; its variable, its key in the file, its line in
//!   `.env.example` and its check come from the row.
//! - A statement of the ledger: a file of `sql/duckdb/ledger`, and its name in `warehouse/sql_files/ledger.rs`.
//! - A command: a file of `src/cli` and an arm of its `Command`; what it does, in the room that knows.
//! - A chart of the report: a question in `sql/duckdb/report` (`build.rs` finds it), and what draws its answer in the section of
//!   `src/report/sections` where it belongs.
//! - Who is sent changes: a name in `ids::Consumer`.
//! - A stream of another kind: a folder of `src/stream` with the methods of [`stream::Error`]'s neighbours, and a form of its address.
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
//! - SQL that others wrote runs in a child process alone, which `guard` starts and ends; DuckDB's parser looks at it first.
//! - A model that answers questions is sent the question, the schema and the definitions, never a row; of an error, what has no value of one.
//! - A secret is in a secret type; no error, log line or report carries one.

mod causes;
mod phrase;
mod shell;
pub mod stop;
mod blocking;
pub mod retry;
pub mod http;
mod disk;
mod machine;
mod template;
mod table;
mod definitions;
pub mod ids;
pub mod status;
pub mod event;
pub mod sources;
pub mod warehouse;
mod guard;
mod quality;
pub mod lake;
pub mod snowflake;
pub mod stream;
mod ledger;
pub mod config;
pub mod state;
pub mod run;
pub mod observe;
mod report;
mod operate;
mod intelligence;
mod answers;
mod mcp;
mod ask;
pub mod cli;
