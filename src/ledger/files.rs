//! The ledger of files: which are on their way, how far each one is, and what Snowflake's side was found to hold.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use duckdb::{ToSql, params};
use serde::Serialize;
use uuid::Uuid;

use crate::ids::{RunId, Table};
use crate::lake::{ExportedFile, Format};
use crate::snowflake::{FileVerdict, Found, IngestMode, Verdict, Verification};
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

/// How long a pipe remembers the paths that it was told of.
/// <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-intro>
const PIPE_MEMORY: TimeDelta = TimeDelta::days(14);

/// The files of one run that are on their way.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    /// The run that exported them.
    pub(crate) run_id: RunId,
    /// When it started.
    pub(crate) started_at: DateTime<Utc>,
    /// Where its manifest is.
    pub(crate) manifest_key: String,
    /// Its files.
    pub(crate) entries: Vec<Entry>,
}

/// One file and how far it is.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The file.
    pub(crate) file: ExportedFile,
    /// `exported`, `uploaded`, `submitting`, `accepted`, `verified`, `failed`, `mismatch` or `superseded`.
    pub(crate) state: String,
    /// Why it is not further.
    pub(crate) reason: Option<String>,
    /// How Snowflake may have been told of it; `None` where it certainly was not.
    pub(crate) way: Option<IngestMode>,
    /// The id of the `COPY INTO` that was sent for it.
    pub(crate) request_id: Option<Uuid>,
    /// When it was last found as it was sent.
    pub(crate) verified_at: Option<DateTime<Utc>>,
    told_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl Entry {
    /// As it was exported, whatever is configured now.
    pub(crate) fn format(&self) -> Option<Format> {
        Format::of_key(&self.file.key)
    }

    /// Whether Snowflake may have been told of it before.
    pub(crate) fn is_told(&self) -> bool {
        !matches!(self.state.as_str(), "exported" | "uploaded")
    }

    /// Whether the bucket's events may have told of it: not before its upload began.
    pub(crate) fn is_announced(&self) -> bool {
        self.state != "exported" || self.told_at.is_some()
    }

    /// Whether nothing is left to find out: it is proven, or a newer one took its place.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.state.as_str(), "verified" | "superseded")
    }

    /// What an earlier verification found.
    pub(crate) fn found(&self) -> Option<Found> {
        let reason = || self.reason.clone().unwrap_or_default();
        match self.state.as_str() {
            "failed" => Some(Found::Failed(reason())),
            "mismatch" => Some(Found::Mismatch(reason())),
            _ => self.verified_at.map(Found::Verified),
        }
    }

    /// Since when Snowflake may know of it.
    pub(crate) fn told_since(&self) -> DateTime<Utc> {
        self.told_at.unwrap_or(self.updated_at)
    }

    /// Whether it was first submitted so long ago that no pipe would know it: told of it again, it would load it again.
    pub(crate) fn is_forgotten(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state.as_str(), "submitting" | "accepted")
            && self.way != Some(IngestMode::Copy)
            && self.told_at.unwrap_or(self.updated_at) + PIPE_MEMORY < now
    }
}

#[cfg(test)]
impl Entry {
    /// A file of the songs, as far as `state` says.
    pub(crate) fn example(key: &str, state: &str, way: Option<IngestMode>) -> Self {
        let file = ExportedFile {
            table: Table::Songs.name().to_owned(),
            key: key.to_owned(),
            row_count: 3,
            size_bytes: 100,
            sha256: String::new(),
            row_hash_sum: String::new(),
        };
        Self {
            file,
            state: state.to_owned(),
            reason: None,
            way,
            request_id: None,
            verified_at: None,
            told_at: None,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }
}

#[cfg(test)]
impl Parcel {
    /// The files of a run that started so many seconds after 1970.
    pub(crate) fn example(second: i64, entries: Vec<Entry>) -> Self {
        let started_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        let run_id = RunId::new(started_at, 0);
        Self { run_id, started_at, manifest_key: String::new(), entries }
    }
}

impl Parcel {
    /// Its files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &ExportedFile> {
        self.entries.iter().map(|entry| &entry.file)
    }

    /// Its files of one table.
    pub(crate) fn entries_of(&self, table: Table) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.file.table == table.name())
    }

    /// The files that Snowflake is not known to have been told of; of those that S3's events told, none is known, where they are
    /// to be submitted by us (`ingest --as rest`).
    pub(crate) fn unsubmitted(&self, submits_announced: bool) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| match entry.state.as_str() {
            "exported" | "uploaded" | "submitting" => true,
            "accepted" => submits_announced && entry.way == Some(IngestMode::Auto),
            _ => false,
        })
    }

    /// When the latest of a table's files made a step.
    pub(crate) fn updated_at(&self, table: Table) -> Option<DateTime<Utc>> {
        self.entries_of(table).map(|entry| entry.updated_at).max()
    }
}

/// A table of which a run shipped every row, and all of them arrived: what became of older files no longer matters.
#[derive(Serialize)]
pub(crate) struct Replacement {
    /// The run.
    pub(crate) run: RunId,
    /// The table.
    pub(crate) table: String,
}

/// Every run's files that are not known to have arrived at `place`, and still can, oldest run first; what was proven elsewhere is not.
pub(crate) fn outstanding(
    warehouse: &Warehouse,
    place: Option<&str>,
) -> Result<Vec<Parcel>, Error> {
    read(warehouse, sql::WHICH_ARE_OUTSTANDING, [place])
}

/// Which files a verification is about.
pub(crate) enum Asked<'a> {
    /// Those of the latest run that sent any, and every other that is not known to have arrived.
    Latest,
    /// Those of one run.
    Run(&'a RunId),
    /// Every one that was ever sent, but for those that newer ones replaced.
    Everything,
}

/// The files that a verification is about, oldest run first.
pub(crate) fn asked(warehouse: &Warehouse, about: &Asked<'_>) -> Result<Vec<Parcel>, Error> {
    match about {
        Asked::Run(run) => read(warehouse, sql::WHICH_ARE_OF_RUN, [run.as_str()]),
        Asked::Everything => read(warehouse, sql::WHICH_ARE_IN_USE, []),
        Asked::Latest => read(warehouse, sql::WHICH_ARE_LATEST, []),
    }
}

/// The latest run that sent a file.
pub(crate) fn latest(warehouse: &Warehouse) -> Result<Option<(RunId, DateTime<Utc>)>, Error> {
    let doing = "look for the latest run with files";
    let found = warehouse.rows(sql::LATEST_RUN_WITH_FILES, doing, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, NaiveDateTime>(1)?.and_utc()))
    })?;
    Ok(found.into_iter().find_map(|(run, at)| Some((run.parse().ok()?, at))))
}

/// A file that was brought to the bucket.
pub(crate) struct SentFile {
    pub(crate) table: Table,
    pub(crate) key: String,
    pub(crate) is_verified: bool,
}

/// Every one of them, but for those that newer ones replaced, oldest run first.
pub(crate) fn sent(warehouse: &Warehouse) -> Result<Vec<SentFile>, Error> {
    warehouse.rows(sql::SENT_FILES, "list the files that were sent", |row| {
        let is_verified = row.get::<_, String>(2)? == "verified";
        Ok(SentFile { table: row.get(0)?, key: row.get(1)?, is_verified })
    })
}

/// The run whose file was last proven, and when that was.
pub(crate) fn last_proof(warehouse: &Warehouse) -> Result<Option<(String, DateTime<Utc>)>, Error> {
    let sql = sql::LAST_PROOF;
    let found = warehouse.rows(sql, "look for the last proof", |row| {
        Ok((row.get(0)?, row.get::<_, NaiveDateTime>(1)?.and_utc()))
    })?;
    Ok(found.into_iter().next())
}

/// The files of these keys, whatever their state.
pub(crate) fn parcels_of(warehouse: &Warehouse, keys: &[String]) -> Result<Vec<Parcel>, Error> {
    read(warehouse, sql::WHICH_HAVE_KEYS, [list(keys)])
}

/// Values as one JSON array, which a statement takes apart.
pub(super) fn list<T: Serialize>(values: impl IntoIterator<Item = T>) -> String {
    serde_json::Value::from_iter(values.into_iter().map(|value| serde_json::json!(value)))
        .to_string()
}

fn read(
    warehouse: &Warehouse,
    which: &str,
    parameters: impl duckdb::Params,
) -> Result<Vec<Parcel>, Error> {
    let sql = sql::SHIPPED_FILES.replace("{which}", which);
    let doing = "list the files on their way";
    let mut statement = warehouse.connection().prepare(&sql).doing(doing)?;
    let rows = statement.query_map(parameters, |row| {
        let entry = Entry {
            file: ExportedFile {
                table: row.get(3)?,
                key: row.get(4)?,
                row_count: row.get(5)?,
                size_bytes: row.get(6)?,
                sha256: row.get(7)?,
                row_hash_sum: row.get(8)?,
            },
            state: row.get(9)?,
            reason: row.get(10)?,
            updated_at: row.get::<_, NaiveDateTime>(11)?.and_utc(),
            way: row.get::<_, Option<String>>(12)?.as_deref().and_then(IngestMode::of_name),
            request_id: row.get::<_, Option<String>>(13)?.and_then(|id| id.parse().ok()),
            told_at: row.get::<_, Option<NaiveDateTime>>(14)?.map(|at| at.and_utc()),
            verified_at: row.get::<_, Option<NaiveDateTime>>(15)?.map(|at| at.and_utc()),
        };
        let run = (row.get::<_, String>(0)?, row.get::<_, NaiveDateTime>(1)?, row.get(2)?);
        Ok((run, entry))
    });
    type Found = ((String, NaiveDateTime, String), Entry);
    let rows: Vec<Found> = rows.doing(doing)?.collect::<Result<_, _>>().doing(doing)?;
    let mut parcels: Vec<Parcel> = Vec::new();
    for ((run_id, started_at, manifest_key), entry) in rows {
        match parcels.last_mut().filter(|parcel| parcel.run_id.as_str() == run_id) {
            Some(parcel) => parcel.entries.push(entry),
            None => {
                let Ok(run_id) = run_id.parse() else { continue };
                let started_at = started_at.and_utc();
                parcels.push(Parcel { run_id, started_at, manifest_key, entries: vec![entry] });
            }
        }
    }
    Ok(parcels)
}

/// Notes a step of some files; one that is already further stays where it is.
pub(crate) fn advance(
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    (from, to): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let values = params![to, sql_timestamp(now), from, keys(files)];
    note(warehouse, sql::ADVANCE_FILES, values, "note a file's step")
}

/// Notes, before it happens, how Snowflake is going to be told of some files.
pub(crate) fn submit(
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    (way, request_id): (IngestMode, Option<Uuid>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let request_id = request_id.map(|id| id.to_string());
    let values = params![way.name(), request_id, sql_timestamp(now), keys(files)];
    note(warehouse, sql::SUBMIT_FILES, values, "note a submission")
}

/// Notes that the upload itself tells Snowflake, through the bucket's events.
pub(crate) fn announce(
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    way: IngestMode,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let values = params![way.name(), sql_timestamp(now), keys(files)];
    note(warehouse, sql::ANNOUNCE_FILES, values, "note how a file is going to be loaded")
}

/// Notes that Snowflake refused to be told: the files are in the bucket and nowhere else.
pub(crate) fn withdraw(
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let values = params![sql_timestamp(now), keys(files)];
    note(warehouse, sql::WITHDRAW_FILES, values, "note a refusal")
}

/// Notes that a pipe that takes nothing was told of some files, and may have forgotten them by the time it is mended: it is told
/// again then, and skips what it knows.
pub(crate) fn doubt(
    warehouse: &mut Warehouse,
    verification: &Verification,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let stuck = verification.files.iter().filter(|file| file.is_pipe_broken);
    let values = params![sql_timestamp(now), list(stuck.map(|file| &file.key))];
    note(warehouse, sql::DOUBT_FILES, values, "note a doubt")
}

/// What a verification says of a file, as `note_verdicts.sql` reads it.
#[derive(Serialize)]
struct NotedVerdict<'v> {
    key: &'v str,
    state: Option<&'static str>,
    reason: Option<&'v str>,
}

impl<'v> NotedVerdict<'v> {
    fn of(file: &'v FileVerdict) -> Self {
        let (state, reason) = match file.verdict {
            Verdict::Verified => (Some("verified"), None),
            Verdict::Failed => (Some("failed"), Some(file.reason.as_str())),
            Verdict::Mismatch => (Some("mismatch"), Some(file.reason.as_str())),
            Verdict::Pending => (None, Some(file.reason.as_str())),
        };
        Self { key: &file.key, state, reason }
    }
}

/// Notes what was found of each file at `place`, what older files no longer matter for it, and what that makes of their runs.
pub(crate) fn judged(
    warehouse: &mut Warehouse,
    verification: &Verification,
    replacements: &[Replacement],
    (place, now): (&str, DateTime<Utc>),
) -> Result<(), Error> {
    let now = sql_timestamp(now);
    let verdicts = list(verification.files.iter().map(NotedVerdict::of));
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        connection
            .execute(sql::NOTE_VERDICTS, params![now, place, verdicts])
            .doing("note the verdicts")?;
        connection
            .execute(sql::SUPERSEDE_OLDER_FILES, params![now, list(replacements)])
            .doing("note what is superseded")?;
        judge_runs(warehouse)
    })
}

/// What the files make of their runs.
fn judge_runs(warehouse: &Warehouse) -> Result<(), Error> {
    warehouse.connection().execute_batch(sql::JUDGE_RUNS).doing("note what became of the runs")
}

/// Notes that a table's current rows are right, so that what became of its files no longer matters.
pub(crate) fn settle(
    warehouse: &mut Warehouse,
    table: Table,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        warehouse
            .connection()
            .execute(sql::SETTLE_FILES, params![sql_timestamp(now), table.name()])
            .doing("note what is settled")?;
        judge_runs(warehouse)
    })
}

fn keys(files: &[ExportedFile]) -> String {
    list(files.iter().map(|file| &file.key))
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
