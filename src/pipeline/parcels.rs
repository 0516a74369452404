//! The ledger of files: which are on their way, how far each one is, and what Snowflake's side was found to hold.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use duckdb::params;
use uuid::Uuid;

use crate::ids::{RunId, Table};
use crate::lake::{ExportedFile, Format};
use crate::snowflake::{IngestMode, Verdict, Verification};
use crate::warehouse::{Doing, Error, Warehouse, sql_timestamp};

/// How long a pipe remembers the paths that it was told of.
/// <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-intro>
const PIPE_MEMORY: TimeDelta = TimeDelta::days(14);

/// The files of one run that are on their way.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    /// The run that exported them.
    pub(super) run_id: RunId,
    /// When it started.
    pub(super) started_at: DateTime<Utc>,
    /// Where its manifest is.
    pub(super) manifest_key: String,
    /// Its files.
    pub(super) entries: Vec<Entry>,
}

/// One file and how far it is.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The file.
    pub(super) file: ExportedFile,
    /// `exported`, `uploaded`, `submitting`, `accepted`, `verified`, `failed` or `superseded`.
    pub(super) state: String,
    /// Why it is not further.
    pub(super) reason: Option<String>,
    /// How Snowflake may have been told of it; `None` where it certainly was not.
    pub(super) way: Option<IngestMode>,
    /// The id of the `COPY INTO` that was sent for it.
    pub(super) request_id: Option<Uuid>,
    told_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl Entry {
    /// As it was exported, whatever is configured now.
    pub(super) fn format(&self) -> Option<Format> {
        Format::of_key(&self.file.key)
    }

    /// Whether Snowflake may have been told of it before.
    pub(super) fn is_told(&self) -> bool {
        !matches!(self.state.as_str(), "exported" | "uploaded")
    }

    /// Since when Snowflake may know of it.
    pub(super) fn told_since(&self) -> DateTime<Utc> {
        self.told_at.unwrap_or(self.updated_at)
    }

    /// Whether it was first submitted so long ago that no pipe would know it: told of it again, it would load it again.
    pub(super) fn is_forgotten(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state.as_str(), "submitting" | "accepted")
            && self.way != Some(IngestMode::Copy)
            && self.told_at.unwrap_or(self.updated_at) + PIPE_MEMORY < now
    }
}

impl Parcel {
    /// Its files.
    pub(super) fn files(&self) -> impl Iterator<Item = &ExportedFile> {
        self.entries.iter().map(|entry| &entry.file)
    }

    /// Its files of one table.
    pub(super) fn entries_of(&self, table: Table) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.file.table == table.name())
    }

    /// The files that Snowflake is not known to have been told of; of those that S3's events told, none is known, where they are
    /// to be submitted by us (`ingest --as rest`).
    pub(super) fn unsubmitted(&self, submits_announced: bool) -> impl Iterator<Item = &Entry> {
        let is_told = move |entry: &&Entry| match entry.state.as_str() {
            "accepted" => !(submits_announced && entry.way == Some(IngestMode::Auto)),
            state => state == "failed",
        };
        self.entries.iter().filter(move |entry| !is_told(entry))
    }

    /// When the latest of a table's files made a step.
    pub(super) fn updated_at(&self, table: Table) -> Option<DateTime<Utc>> {
        self.entries_of(table).map(|entry| entry.updated_at).max()
    }
}

/// A table of which a run shipped every row, and all of them arrived: what became of older files no longer matters.
pub(super) struct Replacement {
    /// The run.
    pub(super) run: RunId,
    /// The table.
    pub(super) table: String,
}

/// Every run's files that are not known to have arrived, oldest run first.
pub(super) fn outstanding(warehouse: &Warehouse) -> Result<Vec<Parcel>, Error> {
    read(warehouse, "files.state not in ('verified', 'superseded')")
}

/// The same runs' files, whatever their state.
pub(super) fn parcels_of(warehouse: &Warehouse, keys: &[String]) -> Result<Vec<Parcel>, Error> {
    let mut parcels = read(warehouse, "true")?;
    for parcel in &mut parcels {
        parcel.entries.retain(|entry| keys.contains(&entry.file.key));
    }
    parcels.retain(|parcel| !parcel.entries.is_empty());
    Ok(parcels)
}

fn read(warehouse: &Warehouse, condition: &str) -> Result<Vec<Parcel>, Error> {
    let sql = format!(
        "select run_id, started_at, manifest_key, \"table\", key, files.row_count, size_bytes, sha256, row_hash_sum, state, reason, updated_at, way, request_id, told_at from meta.files as files inner join meta.runs as runs using (run_id) where manifest_key is not null and {condition} order by run_id, files.rowid"
    );
    let rows = warehouse.rows(&sql, "list the files on their way", |row| {
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
        };
        let run = (row.get::<_, String>(0)?, row.get::<_, NaiveDateTime>(1)?, row.get(2)?);
        Ok((run, entry))
    })?;
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
pub(super) fn advance(
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    (from, to): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        for file in files {
            warehouse
                .connection()
                .execute(
                    "update meta.files set state = ?, updated_at = ?::timestamp where key = ? and state = ?",
                    params![to, sql_timestamp(now), file.key, from],
                )
                .doing("note a file's step")?;
        }
        Ok(())
    })
}

/// Notes, before it happens, how Snowflake is going to be told of some files.
pub(super) fn submit(
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    (way, request_id): (IngestMode, Option<Uuid>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let request_id = request_id.map(|id| id.to_string());
    warehouse.transaction(|warehouse| {
        for file in files {
            warehouse
                .connection()
                .execute(
                    "update meta.files set state = 'submitting', way = ?, request_id = ?, told_at = coalesce(told_at, ?::timestamp), updated_at = ?::timestamp where key = ? and state in ('uploaded', 'submitting')",
                    params![way.name(), request_id, sql_timestamp(now), sql_timestamp(now), file.key],
                )
                .doing("note a submission")?;
        }
        Ok(())
    })
}

/// Notes that the upload itself tells Snowflake, through the bucket's events.
pub(super) fn announce(
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    way: IngestMode,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        for file in files {
            warehouse
                .connection()
                .execute(
                    "update meta.files set way = ?, told_at = ?::timestamp where key = ? and way is null",
                    params![way.name(), sql_timestamp(now), file.key],
                )
                .doing("note how a file is going to be loaded")?;
        }
        Ok(())
    })
}

/// Notes that Snowflake refused to be told: the files are in the bucket and nowhere else.
pub(super) fn withdraw(
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        for file in files {
            warehouse
                .connection()
                .execute(
                    "update meta.files set state = 'uploaded', way = null, request_id = null, told_at = null, updated_at = ?::timestamp where key = ? and state = 'submitting'",
                    params![sql_timestamp(now), file.key],
                )
                .doing("note a refusal")?;
        }
        Ok(())
    })
}

/// Notes that a pipe that takes nothing was told of some files, and may have forgotten them by the time it is mended: it is told
/// again then, and skips what it knows.
pub(super) fn doubt(
    warehouse: &mut Warehouse,
    verification: &Verification,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let stuck = verification.files.iter().filter(|file| file.is_pipe_broken);
    warehouse.transaction(|warehouse| {
        for file in stuck {
            warehouse
                .connection()
                .execute(
                    "update meta.files set state = 'submitting', updated_at = ?::timestamp where key = ? and state = 'accepted' and way = 'rest'",
                    params![sql_timestamp(now), file.key],
                )
                .doing("note a doubt")?;
        }
        Ok(())
    })
}

/// Notes what was found of each file, what older files no longer matter for it, and which runs have arrived whole.
pub(super) fn judged(
    warehouse: &mut Warehouse,
    verification: &Verification,
    replacements: &[Replacement],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    warehouse.transaction(|warehouse| {
        let connection = warehouse.connection();
        for file in &verification.files {
            // What is not known says nothing about how far the file is.
            let state = match file.verdict {
                Verdict::Verified => Some("verified"),
                Verdict::Failed | Verdict::Mismatch => Some("failed"),
                Verdict::Pending => None,
            };
            let reason = (file.verdict != Verdict::Verified).then_some(&file.reason);
            // The time of the last step stays: it says how old a submission is.
            connection
                .execute(
                    "update meta.files set reason = ?, updated_at = case when coalesce(?, state) = state then updated_at else ?::timestamp end, state = coalesce(?, state) where key = ?",
                    params![reason, state, sql_timestamp(now), state, file.key],
                )
                .doing("note a verdict")?;
        }
        for Replacement { run, table } in replacements {
            connection
                .execute(
                    "update meta.files set state = 'superseded', updated_at = ?::timestamp where \"table\" = ? and state in ('failed', 'accepted', 'submitting') and run_id < ?",
                    params![sql_timestamp(now), table, run.as_str()],
                )
                .doing("note what is superseded")?;
        }
        note_arrived_runs(warehouse)
    })
}

/// A run is verified when nothing of it is outstanding any more, whoever settled it.
fn note_arrived_runs(warehouse: &Warehouse) -> Result<(), Error> {
    warehouse
        .connection()
        .execute(
            "update meta.runs set status = 'verified' where exported_at is not null and status <> 'verified' and run_id in (select run_id from meta.files group by run_id having bool_and(state in ('verified', 'superseded')))",
            [],
        )
        .doing("note the verified runs")
        .map(|_| ())
}

/// Notes that a table's current rows are right, so that what became of its files no longer matters.
pub(super) fn settle(
    warehouse: &mut Warehouse,
    table: Table,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // What is still queued can change the table yet, unless a later file of it has arrived.
    let sql = "update meta.files as files set state = 'superseded', updated_at = ?::timestamp where \"table\" = ? and (state = 'failed' or (state = 'accepted' and run_id < (select max(later.run_id) from meta.files as later where later.\"table\" = files.\"table\" and later.state = 'verified')))";
    warehouse.transaction(|warehouse| {
        warehouse
            .connection()
            .execute(sql, params![sql_timestamp(now), table.name()])
            .doing("note what is settled")?;
        note_arrived_runs(warehouse)
    })
}
