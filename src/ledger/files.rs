//! Which step each file makes, noted before and after it happens, and what Snowflake's side was found to hold.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::{ToSql, params};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::settings;
use super::step::Step;
use crate::ids::{RunId, Table};
use crate::lake::ExportedFile;
use crate::snowflake::{FileVerdict, IngestMode, Verification};
use crate::status::FileState;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

/// A table of which a run shipped every row, and all of them arrived: what became of older files no longer matters.
#[derive(Serialize)]
pub(crate) struct Replacement {
    /// The run.
    pub(crate) run: RunId,
    /// The table.
    pub(crate) table: Table,
}

/// How files are about to be submitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Submission {
    /// The way that they go.
    pub(crate) mode: IngestMode,
    /// The id of the `COPY INTO` that is sent for them.
    pub(crate) request_id: Option<Uuid>,
}

/// A file that was brought to the bucket.
pub(crate) struct SentFile {
    pub(crate) table: Table,
    pub(crate) key: String,
    pub(crate) state: FileState,
}

/// Every one of them, but for those that newer ones replaced, oldest run first.
pub(crate) fn sent(warehouse: &Warehouse) -> Result<Vec<SentFile>, Error> {
    warehouse.rows(sql::SENT_FILES, "list the files that were sent", |row| {
        Ok(SentFile { table: row.get(0)?, key: row.get(1)?, state: row.get(2)? })
    })
}

/// Files of one table that are in one state, and neither proven nor replaced.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) table: Table,
    pub(crate) state: FileState,
    pub(crate) file_count: u64,
    /// Whose the first of them is.
    pub(crate) first_run: RunId,
    /// Since when the one stands that waits longest.
    pub(crate) since: Option<DateTime<Utc>>,
}

/// What is not proven, by table and state, oldest run first.
pub(crate) fn standing(warehouse: &Warehouse) -> Result<Vec<Standing>, Error> {
    warehouse.rows(sql::STANDING_FILES, "look for files that are not proven", |row| {
        Ok(Standing {
            table: row.get(0)?,
            state: row.get(1)?,
            file_count: row.get(2)?,
            first_run: row.get(3)?,
            since: row.get::<_, Option<NaiveDateTime>>(4)?.map(|at| at.and_utc()),
        })
    })
}

/// What a run shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shipped {
    pub(crate) file_count: u64,
    pub(crate) size_bytes: u64,
}

/// What each run shipped, by its id.
pub(crate) fn shipped_by_run(warehouse: &Warehouse) -> Result<BTreeMap<String, Shipped>, Error> {
    let rows = warehouse.rows(sql::SHIPPED_BY_RUN, "count what the runs shipped", |row| {
        Ok((row.get(0)?, Shipped { file_count: row.get(1)?, size_bytes: row.get(2)? }))
    })?;
    Ok(rows.into_iter().collect())
}

/// A verification that ended whole.
pub(crate) struct Proof {
    /// The latest run whose files it asked about.
    pub(crate) run: RunId,
    /// When they were found as they were sent.
    pub(crate) at: DateTime<Utc>,
}

/// Where the last verification that ended whole is noted.
const LAST_PROOF: &str = "last_proof";

/// Notes that a verification ended whole: every file that it asked about, the latest of them this run's, is as it was sent.
pub(crate) fn note_proof(
    warehouse: &mut Warehouse,
    run: &RunId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let proof = json!({"run": run.as_str(), "at": sql_timestamp(now)});
    settings::set_setting(warehouse, LAST_PROOF, &proof.to_string())
}

/// The last proof that was whole.
pub(crate) fn last_proof(warehouse: &Warehouse) -> Result<Option<Proof>, Error> {
    let sql = sql::LAST_PROOF;
    let found = warehouse.rows(sql, "look for the last proof", |row| {
        Ok(Proof { run: row.get(0)?, at: row.get::<_, NaiveDateTime>(1)?.and_utc() })
    })?;
    Ok(found.into_iter().next())
}

/// Values as one JSON array, which a statement takes apart.
pub(super) fn list<T: Serialize>(values: impl IntoIterator<Item = T>) -> String {
    serde_json::Value::from_iter(values.into_iter().map(|value| json!(value))).to_string()
}

/// Notes a step of some files; one that is already further stays where it is.
pub(crate) fn advance<'f>(
    warehouse: &mut Warehouse,
    files: impl IntoIterator<Item = &'f ExportedFile>,
    step: Step,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    advance_keys(warehouse, &keys(files), step, now)
}

/// Notes that the rows of these files go their way in newer ones.
pub(crate) fn supersede_lost(
    warehouse: &mut Warehouse,
    keys: &[String],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    advance_keys(warehouse, &list(keys), Step::LOST, now)
}

fn advance_keys(
    warehouse: &mut Warehouse,
    keys: &str,
    step: Step,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let values = params![step.to.name(), list(step.from), sql_timestamp(now), keys];
    note(warehouse, sql::ADVANCE_FILES, values, "note a file's step")
}

/// Notes, before it happens, how some files are going to be submitted.
pub(crate) fn submit<'f>(
    warehouse: &mut Warehouse,
    files: impl IntoIterator<Item = &'f ExportedFile>,
    submission: Submission,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Submission { mode, request_id } = submission;
    let request_id = request_id.map(|id| id.to_string());
    let (step, now) = (Step::SUBMITTING, sql_timestamp(now));
    let values =
        params![step.to.name(), list(step.from), now, keys(files), mode.name(), request_id];
    note(warehouse, sql::SUBMIT_FILES, values, "note a submission")
}

/// Notes, before it happens, that files which were announced to a pipe that does not exist go to another, which has not heard of them.
pub(crate) fn redirect<'f>(
    warehouse: &mut Warehouse,
    files: impl IntoIterator<Item = &'f ExportedFile>,
    mode: IngestMode,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (step, now) = (Step::REDIRECTED, sql_timestamp(now));
    let values = params![step.to.name(), list(step.from), now, keys(files), mode.name()];
    note(warehouse, sql::REDIRECT_FILES, values, "note that files go another way")
}

/// Notes that the upload itself announces the files, through the bucket's events.
pub(crate) fn mark_announced<'f>(
    warehouse: &mut Warehouse,
    files: impl IntoIterator<Item = &'f ExportedFile>,
    mode: IngestMode,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let values = params![mode.name(), sql_timestamp(now), keys(files)];
    note(warehouse, sql::ANNOUNCE_FILES, values, "note how a file is going to be loaded")
}

/// Notes that Snowflake refused a submission: the files are in the bucket and nowhere else.
pub(crate) fn deny<'f>(
    warehouse: &mut Warehouse,
    files: impl IntoIterator<Item = &'f ExportedFile>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let step = Step::DENIED;
    let values = params![step.to.name(), list(step.from), sql_timestamp(now), keys(files)];
    note(warehouse, sql::DENY_FILES, values, "note a refusal")
}

/// Notes that some files were submitted to a pipe that takes nothing, and that may have forgotten them by the time it is mended, or to one
/// that is gone: they are submitted again then, and a pipe skips what it knows.
pub(crate) fn submit_again(
    warehouse: &mut Warehouse,
    verification: &Verification,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let is_to_go = |file: &&FileVerdict| file.is_pipe_broken || file.unsubmitted.is_some();
    let keys = list(verification.files.iter().filter(is_to_go).map(|file| &file.key));
    let step = Step::FORGOTTEN;
    let values = params![step.to.name(), list(step.from), sql_timestamp(now), keys];
    note(warehouse, sql::SUBMIT_FILES_AGAIN, values, "note what a pipe may forget")
}

/// What a verification says of a file, as `note_verdicts.sql` reads it.
#[derive(Serialize)]
struct NotedVerdict<'v> {
    key: &'v str,
    state: Option<FileState>,
    reason: Option<&'v str>,
}

impl<'v> NotedVerdict<'v> {
    fn of(file: &'v FileVerdict) -> Self {
        let state = FileState::of_verdict(file.verdict);
        let reason = (state != Some(FileState::Verified)).then_some(file.reason.as_str());
        Self { key: &file.key, state, reason }
    }
}

/// Notes what was found of each file at `place`, what older files no longer matter for it, and what that makes of their runs.
///
/// # Errors
/// [`Error::IllegalStep`] where a file could not have become what was found; then nothing is noted.
pub(crate) fn note_verdicts(
    warehouse: &mut Warehouse,
    verification: &Verification,
    replacements: &[Replacement],
    place: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let now = sql_timestamp(now);
    let verdicts: Vec<NotedVerdict<'_>> = verification.files.iter().map(NotedVerdict::of).collect();
    warehouse.transaction(|warehouse| {
        require_legal(warehouse, &verdicts)?;
        let connection = warehouse.connection();
        connection
            .execute(sql::NOTE_VERDICTS, params![now, place, list(&verdicts)])
            .doing("note the verdicts")?;
        let step = Step::REPLACED;
        let values = params![step.to.name(), list(step.from), now, list(replacements)];
        connection.execute(sql::SUPERSEDE_OLDER_FILES, values).doing("note what is superseded")?;
        judge_runs(warehouse)
    })
}

/// Whether each file may go from where the ledger has it to what was found of it.
fn require_legal(warehouse: &Warehouse, verdicts: &[NotedVerdict<'_>]) -> Result<(), Error> {
    let doing = "look up how far the files are";
    let judged = verdicts.iter().filter_map(|verdict| Some((verdict.key, verdict.state?)));
    let next: BTreeMap<&str, FileState> = judged.collect();
    let mut statement = warehouse.connection().prepare(sql::STATES_OF_FILES).doing(doing)?;
    let states = statement.query_map([list(next.keys())], |row| Ok((row.get(0)?, row.get(1)?)));
    for state in states.doing(doing)? {
        let (key, from): (String, FileState) = state.doing(doing)?;
        if let Some(to) = next.get(key.as_str()).filter(|to| !from.may_become(**to)) {
            return Err(Error::IllegalStep { key, from: from.name(), to: to.name() });
        }
    }
    Ok(())
}

/// What the files make of their runs.
pub(super) fn judge_runs(warehouse: &Warehouse) -> Result<(), Error> {
    warehouse.connection().execute_batch(sql::JUDGE_RUNS).doing("note what became of the runs")
}

/// Notes that a table's current rows are right, so that what became of its files no longer matters; of how many that is new.
pub(crate) fn mark_compared(
    warehouse: &mut Warehouse,
    table: Table,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    settle(warehouse, table, Step::SETTLED, now)
}

/// Notes that rows of a table which were gone or changed came again in a newer file: those before it are no longer whole, and need not
/// be; of how many that is new.
pub(crate) fn mark_repaired(
    warehouse: &mut Warehouse,
    table: Table,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    settle(warehouse, table, Step::REPAIRED, now)
}

fn settle(
    warehouse: &mut Warehouse,
    table: Table,
    step: Step,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let values = params![step.to.name(), list(step.from), sql_timestamp(now), table.name()];
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        let count = connection.execute(sql::SETTLE_FILES, values).doing("note what is settled")?;
        judge_runs(warehouse)?;
        Ok(count)
    })
}

fn keys<'f>(files: impl IntoIterator<Item = &'f ExportedFile>) -> String {
    list(files.into_iter().map(|file| &file.key))
}

/// Runs one statement as a transaction of its own.
fn note(
    warehouse: &mut Warehouse,
    sql: &str,
    values: &[&dyn ToSql],
    doing: &str,
) -> Result<(), Error> {
    warehouse
        .transaction(|warehouse| warehouse.connection().execute(sql, values).doing(doing).map(drop))
}
