//! Why a query has no answer. It crosses from the process that asks DuckDB to the one that asked for it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a query has no answer, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no statement in it.
    #[error(
        "the SQL is not one query: it is empty, or a comment alone; give one, such as `from marts.playlist_overview`"
    )]
    Empty,
    /// There are several.
    #[error(
        "the SQL is not one query: it has more than one statement (`{next}` follows the first), and one is run here"
    )]
    Several { next: String },
    /// There is one that is not a select.
    #[error(
        "the SQL is not one query: `{word}` is not run here, only a select (SELECT, FROM, WITH, VALUES, TABLE, DESCRIBE, SUMMARIZE, SHOW, EXPLAIN); for more: open `{file}` with any DuckDB tool"
    )]
    NotASelect { word: String, file: PathBuf },
    /// DuckDB makes several statements of such a pivot.
    #[error(
        "the SQL is not one query: PIVOT statements without explicit IN are several; name the values: `pivot … on column in ('a', 'b') using …`"
    )]
    PivotWithoutValues,
    /// A function that does more than answer.
    #[error("the function `{name}` is not run here: it does more than answer from the tables")]
    Function { name: String },
    /// A table function that is not known to read nothing else.
    #[error(
        "the table function `{name}` is not run here: it does more than answer from the tables, or reads other files, which is disabled; allowed are {allowed}"
    )]
    TableFunction { name: String, allowed: String },
    /// A setting that is not shown.
    #[error("the setting `{name}` is not shown here; shown are {allowed}")]
    Setting { name: String, allowed: String },
    /// A table that tells of the machine.
    #[error(
        "the table `{name}` is not shown here: it tells of this machine, not of playlists; `snowtrack query --tables` lists what there is"
    )]
    SystemTable { name: String },
    /// A file in place of a table.
    #[error(
        "`{name}` is no table but a file: reading files is disabled here; `snowtrack query --tables` lists what there is"
    )]
    OtherFile { name: String },
    /// A parameter without a value, or a value without a parameter.
    #[error(
        "the parameter `{name}` does not fit: each `$name` of the SQL needs a value, a text, number or boolean, and each value its `$name`"
    )]
    Parameter { name: String },
    /// DuckDB cannot run it.
    #[error("the query failed")]
    Query {
        source: Message,
        /// Whether it came of rows, whose values it may name, and not of the SQL alone.
        is_about_rows: bool,
    },
    /// An expression has too many others in it, one in the other.
    #[error(
        "an expression of the query is nested deeper than its limit of {limit}: write it with fewer operators in one another, such as a list and `list_sum` in place of `a + b + c + …`"
    )]
    Depth { limit: u32 },
    /// It took too long.
    #[error("the query took longer than its limit of {} (`--timeout`)", seconds(*limit))]
    Time { limit: Duration },
    /// It needs too much memory.
    #[error(
        "the query needs more memory than its limit of {} MB: ask for fewer rows or columns at a time",
        limit_bytes / 1_000_000
    )]
    Memory { limit_bytes: u64 },
    /// Its result is too large to hold.
    #[error(
        "a row of the result is larger than its limit of {} MB: ask for less of it",
        limit_bytes / 1_000_000
    )]
    Size { limit_bytes: u64 },
    /// The process that ran it was ended.
    #[error(
        "the query ended the process that ran it ({how}), which is why it has one of its own; nothing else was harmed"
    )]
    Ended { how: String },
    /// Another program has the file open.
    #[error("`{path}` is in use by {holder}; close it there, then try again")]
    Held { path: PathBuf, holder: String },
    /// The file cannot be opened.
    #[error(
        "could not open `{path}` ({cause}): is it damaged? The next run that changes something makes it anew"
    )]
    Unopened { path: PathBuf, cause: String },
    /// There is no process to run it.
    #[error("could not start a process for the query: {cause}")]
    NotStarted { cause: String },
    /// What it says is not understood: a bug of ours.
    #[error("the process of the query did not do its part: {cause}")]
    Unwritten { cause: String },
}

/// What DuckDB says, with a place in the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Message(pub(crate) String);

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}
