//! The one door for SQL that others wrote: `query`, and later `ask` and `mcp`.
//!
//! It runs in a child process of the same binary. What DuckDB's own memory limit and its interrupt do not bound (one huge value, a long
//! plan, a function that ends the process) is bounded by that process's address space, and by its end. What it may say at all,
//! `warehouse` looks at there, with DuckDB's own parser.
//!
//! The child reads its question from standard input, writes rows to standard output, and at last one line of JSON to standard error.
//! Its standard input stays open as long as it is wanted: with its end, whatever became of us, the child ends.

mod child;
mod limits;
mod parent;
mod tables;

use serde::{Deserialize, Serialize};

pub(crate) use crate::warehouse::{Answered, Column, ListedTable, Question, Refusal, Shape};
pub(crate) use child::answer;
pub(crate) use parent::Guard;

/// The argument that makes the binary such a child. It is no command of the command line.
pub(crate) const ARGUMENT: &str = "guarded-query";

/// What a child says at its end.
#[derive(Debug, Serialize, Deserialize)]
enum Told {
    /// All rows are written.
    Answered(Answered),
    /// There are none, or no more.
    Refused(Refusal),
}
