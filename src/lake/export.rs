//! Writes the rows that are not shipped yet, and reads each file back before it counts.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::file::{digest, failed, move_into_place};
use super::format::Format;
use super::key::object_key;
use super::manifest::{ExportedFile, Manifest};
use crate::event::{Events, What};
use crate::ids::{Run, Table};
use crate::quality::QualityPassed;
use crate::warehouse::{FileForm, KeptFile, TableCount, Warehouse};

/// Where and how to export.
#[derive(Debug, Clone)]
pub(crate) struct ExportSettings {
    /// The lake's root folder.
    pub lake: PathBuf,
    /// What every key begins with.
    pub prefix: String,
    /// The files' format.
    pub format: Format,
    /// Where a file is split.
    pub max_file_bytes: u64,
}

impl ExportSettings {
    fn form(&self) -> FileForm<'_> {
        FileForm { format: self.format.name(), max_file_bytes: self.max_file_bytes }
    }
}

/// What a run is to export.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unshipped<'a> {
    /// The run.
    pub run: &'a Run,
    /// What every table holds, and how much of it is not shipped yet.
    pub counts: &'a [TableCount],
}

/// Writes every shipped table's unshipped rows, which were counted, under `settings.lake`, and returns the manifest that is to be
/// written last.
///
/// Touches no network. A run's files have the same names however often it is resumed; each is written beside its name and
/// moved there whole.
///
/// # Errors
/// [`Error::File`] where the disk refuses, [`Error::Incomplete`] where a file does not hold what was written.
pub(crate) fn export(
    warehouse: &Warehouse,
    _gate: &QualityPassed,
    unshipped: Unshipped<'_>,
    settings: &ExportSettings,
    events: Events<'_>,
) -> Result<Manifest, Error> {
    let mut files = Vec::new();
    let Unshipped { run, counts } = unshipped;
    let intake = Intake { warehouse, run, settings, events };
    for count in counts.iter().filter(|count| count.changed_row_count > 0) {
        let table = count.table;
        let staging = settings.lake.join(format!(".{}-{table}", run.id));
        make_empty(&staging)?;
        let written = warehouse.write_unshipped(table, settings.form(), &staging)?;
        files.extend(intake.files_of(table, &written)?);
        let found =
            files.iter().filter(|file| file.table == table).map(|file| file.row_count).sum();
        if found != count.changed_row_count {
            return Err(Error::Incomplete {
                path: staging,
                wanted: count.changed_row_count,
                found,
            });
        }
        std::fs::remove_dir_all(&staging).map_err(|source| failed("remove", &staging, source))?;
    }
    Ok(Manifest::new(run, settings.format, files))
}

/// Rows of files that somebody was forgotten in, without theirs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rewritten<'a> {
    /// The run whose files they become.
    pub run: &'a Run,
    /// The table.
    pub table: Table,
    /// Where the files are.
    pub kept: &'a [KeptFile],
}

/// Writes the rows of files that stay into new ones, as [`export`] does with rows of tables.
///
/// # Errors
/// [`Error::File`] where the disk refuses, [`Error::Warehouse`].
pub(crate) fn rewrite(
    warehouse: &Warehouse,
    what: Rewritten<'_>,
    settings: &ExportSettings,
    events: Events<'_>,
) -> Result<Vec<ExportedFile>, Error> {
    let Rewritten { run, table, kept } = what;
    let staging = settings.lake.join(format!(".{}-{table}", run.id));
    make_empty(&staging)?;
    let written = warehouse.write_kept(table, kept, settings.form(), &staging)?;
    let files = Intake { warehouse, run, settings, events }.files_of(table, &written)?;
    std::fs::remove_dir_all(&staging).map_err(|source| failed("remove", &staging, source))?;
    Ok(files)
}

/// Where what was written of a run's tables is taken into the lake.
struct Intake<'a> {
    warehouse: &'a Warehouse,
    run: &'a Run,
    settings: &'a ExportSettings,
    events: Events<'a>,
}

impl Intake<'_> {
    /// Reads back each file that was written of a table, and moves it where its key says.
    fn files_of(&self, table: Table, written: &[PathBuf]) -> Result<Vec<ExportedFile>, Error> {
        let Self { warehouse, run, settings, events } = *self;
        let mut files = Vec::new();
        let mut parts = Vec::new();
        for path in written {
            let (row_count, row_hash_sum) = warehouse.read_back(settings.format.name(), path)?;
            // DuckDB opens the next file of a split before it knows whether there is a row for it.
            if 0 < row_count {
                parts.push((path.clone(), row_count, row_hash_sum));
            }
        }
        let is_split = parts.len() > 1;
        for (part, (path, row_count, row_hash_sum)) in (0..).zip(parts) {
            let path = if settings.format == Format::Csv { gzip(&path)? } else { path };
            let key = object_key(
                &settings.prefix,
                table,
                run,
                is_split.then_some(part),
                settings.format.ending(),
            );
            let (sha256, size_bytes) = digest(&path)?;
            move_into_place(&path, &settings.lake.join(&key))?;
            events(What::FileWritten { table, row_count, size_bytes });
            files.push(ExportedFile { table, key, row_count, size_bytes, sha256, row_hash_sum });
        }
        Ok(files)
    }
}

/// An empty folder; what a killed process left in it goes.
fn make_empty(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed("remove", folder, source));
        }
        _ => {}
    }
    std::fs::create_dir_all(folder).map_err(|source| failed("create", folder, source))
}

/// DuckDB's own gzip writer runs at 13 MB/s; zlib-rs is eight times as fast.
fn gzip(path: &Path) -> Result<PathBuf, Error> {
    let packed = path.with_extension("csv.gz");
    let write = || {
        let mut plain = File::open(path)?;
        let mut encoder =
            flate2::write::GzEncoder::new(File::create(&packed)?, flate2::Compression::fast());
        std::io::copy(&mut plain, &mut encoder)?;
        encoder.finish()?.flush()
    };
    write().map_err(|source| failed("compress", path, source))?;
    Ok(packed)
}
