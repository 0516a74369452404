//! What is shipped: the files of each run with how far they are, read in the order in which they were written.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use duckdb::Row;
use duckdb::types::Type;
use uuid::Uuid;

use super::files::list;
use crate::ids::{Run, RunId, Table};
use crate::lake::{ExportedFile, Format};
use crate::snowflake::{Found, IngestMode};
use crate::status::FileState;
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// How long a pipe remembers the paths that were submitted to it.
/// <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-intro>
const PIPE_MEMORY: TimeDelta = TimeDelta::days(14);

/// Files that one run shipped.
#[derive(Debug, Clone)]
pub(crate) struct Shipment {
    /// The run that exported them.
    pub(crate) run: Run,
    /// Where its manifest is.
    pub(crate) manifest_key: String,
    /// Its files.
    pub(crate) files: Vec<ShippedFile>,
}

/// One file and how far it is.
#[derive(Debug, Clone)]
pub(crate) struct ShippedFile {
    /// The file.
    pub(crate) file: ExportedFile,
    /// How far it is.
    pub(crate) state: FileState,
    /// Why it is not further.
    pub(crate) reason: Option<String>,
    /// How it goes into Snowflake; `None` where it certainly was not submitted.
    pub(crate) mode: Option<IngestMode>,
    /// The id of the `COPY INTO` that was sent for it.
    pub(crate) request_id: Option<Uuid>,
    /// When it was last found as it was sent.
    pub(crate) verified_at: Option<DateTime<Utc>>,
    submitted_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    /// Whether it was settled once, and its table as a whole was found to lack rows of it since.
    is_unsettled: bool,
}

impl ShippedFile {
    /// As it was exported, whatever is configured now.
    pub(crate) fn format(&self) -> Option<Format> {
        Format::of_key(&self.file.key)
    }

    /// Whether the bucket's events may have announced it: not before its upload began.
    pub(crate) fn is_announced(&self) -> bool {
        self.state != FileState::Exported || self.submitted_at.is_some()
    }

    /// Whether Snowflake is not known to have been asked to load it; of one that S3's events announced, neither, where it is to be
    /// submitted by us (`ingest --as rest`).
    pub(crate) fn is_unsubmitted(&self, submits_announced: bool) -> bool {
        match self.state {
            FileState::Exported | FileState::Uploaded | FileState::Submitting => true,
            FileState::Accepted => submits_announced && self.mode == Some(IngestMode::Auto),
            _ => false,
        }
    }

    /// What an earlier verification found.
    pub(crate) fn found(&self) -> Option<Found> {
        let reason = || self.reason.clone().unwrap_or_default();
        match self.state {
            FileState::Failed => Some(Found::Failed(reason())),
            FileState::Mismatch => Some(Found::Mismatch(reason())),
            _ => self.verified_at.map(Found::Verified),
        }
    }

    /// What the comparison of its whole table found of it, where that is what vouches for it.
    pub(crate) fn found_in_table(&self) -> Option<String> {
        let is_wrong = self.is_unsettled && self.state == FileState::Mismatch;
        is_wrong.then(|| {
            let reason = self.reason.clone();
            reason.unwrap_or_else(|| "its table as a whole lacks rows of it".to_owned())
        })
    }

    /// Since when Snowflake may know of it.
    pub(crate) fn submitted_since(&self) -> DateTime<Utc> {
        self.submitted_at.unwrap_or(self.updated_at)
    }

    /// When its last step was noted.
    pub(crate) const fn last_step_at(&self) -> DateTime<Utc> {
        self.updated_at
    }

    /// Whether it was first submitted so long ago that no pipe would know it: submitted again, it would be loaded again.
    pub(crate) fn is_forgotten(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state, FileState::Submitting | FileState::Accepted)
            && self.mode != Some(IngestMode::Copy)
            && self.submitted_since() + PIPE_MEMORY < now
    }
}

#[cfg(test)]
impl ShippedFile {
    /// A file of the songs, as far as `state` says.
    pub(crate) fn example(key: &str, state: FileState, mode: Option<IngestMode>) -> Self {
        let file = ExportedFile {
            table: Table::Songs,
            key: key.to_owned(),
            row_count: 3,
            size_bytes: 100,
            sha256: String::new(),
            row_hash_sum: String::new(),
        };
        Self {
            file,
            state,
            reason: None,
            mode,
            request_id: None,
            verified_at: None,
            submitted_at: None,
            updated_at: DateTime::UNIX_EPOCH,
            is_unsettled: false,
        }
    }
}

#[cfg(test)]
impl Shipment {
    /// The files of a run that started so many seconds after 1970.
    pub(crate) fn example(second: i64, files: Vec<ShippedFile>) -> Self {
        let started_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        let run = Run { id: RunId::new(started_at, 0), started_at };
        Self { run, manifest_key: String::new(), files }
    }
}

impl Shipment {
    /// Its files as they were written.
    pub(crate) fn exported(&self) -> impl Iterator<Item = &ExportedFile> {
        self.files.iter().map(|file| &file.file)
    }

    /// Its files of one table.
    pub(crate) fn files_of(&self, table: Table) -> impl Iterator<Item = &ShippedFile> {
        self.files.iter().filter(move |file| file.file.table == table)
    }

    /// When the latest of a table's files made a step.
    pub(crate) fn updated_at(&self, table: Table) -> Option<DateTime<Utc>> {
        self.files_of(table).map(|file| file.updated_at).max()
    }
}

/// Every run's files that are not known to have arrived at `place`, and still can, oldest run first; what was proven elsewhere is not.
pub(crate) fn outstanding(
    warehouse: &Warehouse,
    place: Option<&str>,
) -> Result<Vec<Shipment>, Error> {
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
pub(crate) fn asked(warehouse: &Warehouse, about: &Asked<'_>) -> Result<Vec<Shipment>, Error> {
    match about {
        Asked::Run(run) => read(warehouse, sql::WHICH_ARE_OF_RUN, [run.as_str()]),
        Asked::Everything => read(warehouse, sql::WHICH_ARE_IN_USE, []),
        Asked::Latest => read(warehouse, sql::WHICH_ARE_LATEST, []),
    }
}

/// The files of these keys, whatever their state, oldest run first.
pub(crate) fn with_keys(warehouse: &Warehouse, keys: &[String]) -> Result<Vec<Shipment>, Error> {
    read(warehouse, sql::WHICH_HAVE_KEYS, [list(keys)])
}

fn read(
    warehouse: &Warehouse,
    which: &str,
    parameters: impl duckdb::Params,
) -> Result<Vec<Shipment>, Error> {
    let sql = sql::SHIPPED_FILES.replace("{which}", which);
    let doing = "list the shipped files";
    let mut statement = warehouse.connection().prepare(&sql).doing(doing)?;
    let rows = statement.query_map(parameters, |row| {
        let run = Run { id: row.get(0)?, started_at: time(row, 1)?.unwrap_or_default() };
        Ok((run, row.get::<_, String>(2)?, shipped_file(row)?))
    });
    let mut shipments: Vec<Shipment> = Vec::new();
    for row in rows.doing(doing)? {
        let (run, manifest_key, file) = row.doing(doing)?;
        match shipments.last_mut().filter(|shipment| shipment.run == run) {
            Some(shipment) => shipment.files.push(file),
            None => shipments.push(Shipment { run, manifest_key, files: vec![file] }),
        }
    }
    Ok(shipments)
}

/// A row of `shipped_files.sql`, after the run's columns.
fn shipped_file(row: &Row<'_>) -> duckdb::Result<ShippedFile> {
    let unreadable =
        |column, error| duckdb::Error::FromSqlConversionFailure(column, Type::Text, error);
    let mode = |name: String| {
        let unknown = format!("`{name}` is no way into Snowflake (rest, auto, copy)");
        IngestMode::of_name(&name).ok_or_else(|| unreadable(12, unknown.into()))
    };
    let request_id =
        |id: String| id.parse().map_err(|error: uuid::Error| unreadable(13, error.into()));
    Ok(ShippedFile {
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
        updated_at: time(row, 11)?.unwrap_or_default(),
        mode: row.get::<_, Option<String>>(12)?.map(mode).transpose()?,
        request_id: row.get::<_, Option<String>>(13)?.map(request_id).transpose()?,
        submitted_at: time(row, 14)?,
        verified_at: time(row, 15)?,
        is_unsettled: row.get(16)?,
    })
}

fn time(row: &Row<'_>, column: usize) -> duckdb::Result<Option<DateTime<Utc>>> {
    Ok(row.get::<_, Option<NaiveDateTime>>(column)?.map(|at| at.and_utc()))
}
