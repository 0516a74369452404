//! The ledger of what a run wrote beside its files: the manifest and the archive, with their checksums; and the manifest once more
//! from what the ledger knows of the files.

use duckdb::{OptionalExt, params};

use crate::ids::{Run, RunId};
use crate::lake::{ExportedFile, Format, Manifest, WrittenFile};
use crate::warehouse::ledger_sql as sql;
use crate::warehouse::{Doing, Error, Warehouse};

/// Notes the run's manifest as it was written.
pub(crate) fn manifest_written(
    warehouse: &Warehouse,
    run_id: &str,
    file: &WrittenFile,
) -> Result<(), Error> {
    let sql = sql::NOTE_MANIFEST;
    let values = params![file.key, file.sha256, file.size_bytes, run_id];
    warehouse.connection().execute(sql, values).doing("note the manifest").map(|_| ())
}

/// Notes the run's archive as it was written.
pub(crate) fn archive_written(
    warehouse: &Warehouse,
    run_id: &str,
    file: &WrittenFile,
) -> Result<(), Error> {
    let sql = sql::NOTE_ARCHIVE;
    let values = params![file.key, file.sha256, file.size_bytes, run_id];
    warehouse.connection().execute(sql, values).doing("note the archive").map(|_| ())
}

/// The run's manifest as it was written; `None` where an earlier version wrote it.
pub(crate) fn written_manifest(
    warehouse: &Warehouse,
    run: &RunId,
) -> Result<Option<WrittenFile>, Error> {
    let sql = sql::WRITTEN_MANIFEST;
    written(warehouse, sql, run)
}

/// The run's archive as it was written, where there is one that is known.
pub(crate) fn written_archive(
    warehouse: &Warehouse,
    run: &RunId,
) -> Result<Option<WrittenFile>, Error> {
    let sql = sql::WRITTEN_ARCHIVE;
    written(warehouse, sql, run)
}

/// A manifest or an archive that was brought to the bucket beside the files of its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Companion {
    pub(crate) run: RunId,
    /// `manifest` or `archive`.
    pub(crate) what: String,
    pub(crate) key: String,
    /// Whether a file of the run is not known to have arrived.
    pub(crate) is_awaited: bool,
}

/// Every one of them, oldest run first.
pub(crate) fn companions(warehouse: &Warehouse) -> Result<Vec<Companion>, Error> {
    warehouse.rows(sql::SENT_COMPANIONS, "list manifests and archives", |row| {
        let (run, what) = (row.get(0)?, row.get(1)?);
        Ok(Companion { run, what, key: row.get(2)?, is_awaited: row.get(3)? })
    })
}

fn written(warehouse: &Warehouse, sql: &str, run: &RunId) -> Result<Option<WrittenFile>, Error> {
    let read = |row: &duckdb::Row<'_>| {
        Ok(WrittenFile { key: row.get(0)?, sha256: row.get(1)?, size_bytes: row.get(2)? })
    };
    let found = warehouse.connection().query_row(sql, [run.as_str()], read);
    found.optional().doing("look up what was written")
}

/// The manifest of a run's files, without those that never reach the bucket.
pub(crate) fn manifest(warehouse: &Warehouse, run: &Run) -> Result<Manifest, Error> {
    let sql = sql::MANIFEST_FILES;
    let doing = "list the run's files";
    let mut statement = warehouse.connection().prepare(sql).doing(doing)?;
    let rows = statement.query_map([run.id.as_str()], |row| {
        Ok(ExportedFile {
            table: row.get(0)?,
            key: row.get(1)?,
            row_count: row.get(2)?,
            size_bytes: row.get(3)?,
            sha256: row.get(4)?,
            row_hash_sum: row.get(5)?,
        })
    });
    let files: Vec<ExportedFile> = rows.doing(doing)?.collect::<Result<_, _>>().doing(doing)?;
    let format = files.first().and_then(|file| Format::of_key(&file.key)).unwrap_or_default();
    Ok(Manifest::new(run, format, files))
}
