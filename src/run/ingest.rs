//! Tells Snowflake of files that are in the bucket, each one in one way and no other.
//!
//! In: [`Uploaded`], the proof that the files are there whole, and what the ledger knows of each. Out: what Snowflake answered.
//! The way of a file (and the id of its statement) is noted before the call. Whoever finds the note goes the same way again,
//! whatever is configured by then: a pipe skips a path that it knows, a statement's id is looked up. Only where Snowflake said no
//! is the note taken back.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::account::Target;
use super::error::Error;
use super::job::Edge;
use crate::event::Event;
use crate::ids::{RunId, Table};
use crate::lake::{ExportedFile, Format, Uploaded};
use crate::ledger;
use crate::ledger::Parcel;
use crate::snowflake::{
    Accepted, Answer, Evidence, FileReport, IngestMode, MAX_PIPE_FILES, Request, StagedFile,
    Statement, copy_result,
};
use crate::warehouse::Warehouse;

/// Files of one `COPY INTO`.
const COPY_FILES: usize = 1_000;

/// Files of one table that Snowflake is told of in one call.
struct Batch {
    way: IngestMode,
    format: Format,
    /// Whose files they are; of several runs where the call is not about one.
    run_id: Option<RunId>,
    /// Of the statement that was sent for them before.
    request_id: Option<Uuid>,
    /// Whether Snowflake may know them from a call whose answer never came.
    is_told_already: bool,
    files: Vec<ExportedFile>,
}

/// Tells Snowflake of a table's files and returns what it answered.
pub(crate) async fn ingest(
    edge: Edge<'_>,
    warehouse: &mut Warehouse,
    target: &Target,
    (table, uploaded, parcels): (Table, &[Uploaded], &[Parcel]),
) -> Result<Option<Evidence>, Error> {
    let batches = batches(edge, target, (table, uploaded, parcels));
    if batches.is_empty() {
        return Ok(None);
    }
    let mut evidence = Evidence::default();
    let mut file_count = 0;
    for batch in batches {
        let paths = paths(target, table, &batch.files)?;
        match batch.way {
            // The pipe that the events should have told, and no other: its memory keeps a late event from loading a file twice.
            IngestMode::Auto if edge.submits_announced() => {
                let answer = tell_pipe(edge, warehouse, target, (table, &batch, paths)).await?;
                evidence.skipped_paths.extend(answer.skipped_paths);
            }
            IngestMode::Rest => {
                let answer = tell_pipe(edge, warehouse, target, (table, &batch, paths)).await?;
                evidence.skipped_paths.extend(answer.skipped_paths);
                evidence.unmatched_paths.extend(answer.unmatched_paths);
            }
            IngestMode::Copy => {
                let mut reports = copy(edge, warehouse, target, (table, &batch, paths)).await?;
                if let Answer::Given(told) = &mut evidence.reports {
                    reports.append(told);
                }
                evidence.reports = Answer::Given(reports);
            }
            // S3's events have told the pipe.
            IngestMode::Auto => {
                ledger::files::submit(warehouse, &batch.files, (batch.way, None), edge.now())?;
            }
        }
        ledger::files::advance(warehouse, &batch.files, ("submitting", "accepted"), edge.now())?;
        file_count += batch.files.len();
    }
    (edge.events)(Event::Submitted { table, file_count });
    Ok(Some(evidence))
}

async fn tell_pipe(
    edge: Edge<'_>,
    warehouse: &mut Warehouse,
    target: &Target,
    (table, batch, paths): (Table, &Batch, Vec<String>),
) -> Result<Accepted, Error> {
    let Some(pipe) = target.names.pipe(table, batch.format, batch.way) else {
        return Ok(Accepted::default());
    };
    let staged: Vec<StagedFile> = paths
        .into_iter()
        .zip(&batch.files)
        .map(|(path, file)| StagedFile { path, size_bytes: file.size_bytes })
        .collect();
    ledger::files::submit(warehouse, &batch.files, (batch.way, None), edge.now())?;
    let told = target.connection.insert_files(&pipe, &staged, edge.stop).await;
    // A second call's no does not take back what a first one may have brought about.
    let files = if batch.is_told_already { &[] } else { batch.files.as_slice() };
    told.map_err(Error::from).or_else(|error| denied(edge, warehouse, files, error))
}

/// One statement, which a run that was killed is asked for again under its old id: if it came, it is not run twice, not even
/// while the first one is still at work, when the table's own memory knows nothing yet.
async fn copy(
    edge: Edge<'_>,
    warehouse: &mut Warehouse,
    target: &Target,
    (table, batch, paths): (Table, &Batch, Vec<String>),
) -> Result<Vec<FileReport>, Error> {
    let (request, id) = match batch.request_id {
        Some(id) => (Request::Again(id), id),
        None => {
            let id = Uuid::new_v4();
            (Request::Noted(id), id)
        }
    };
    ledger::files::submit(warehouse, &batch.files, (batch.way, Some(id)), edge.now())?;
    let statement = Statement {
        request,
        // The tag is part of what is sent, and what is sent again must be the same: not this run's, but that of the files.
        query_tag: batch.run_id.as_ref().map(RunId::to_string),
        ..Statement::new(target.names.load(table, batch.format, &paths))
    };
    let rows = target.connection.run(&statement, edge.stop).await;
    let rows =
        rows.map_err(Error::from).or_else(|error| denied(edge, warehouse, &batch.files, error))?;
    Ok(copy_result(&rows)?)
}

/// Takes the note of a submission back where Snowflake has said no.
fn denied<T>(
    edge: Edge<'_>,
    warehouse: &mut Warehouse,
    files: &[ExportedFile],
    error: Error,
) -> Result<T, Error> {
    if matches!(&error, Error::Snowflake(error) if error.is_denial()) {
        ledger::files::withdraw(warehouse, files, edge.now())?;
    }
    Err(error)
}

/// A table's files by the call that tells of them, in the order of the runs.
fn batches(
    edge: Edge<'_>,
    target: &Target,
    (table, uploaded, parcels): (Table, &[Uploaded], &[Parcel]),
) -> Vec<Batch> {
    let now = edge.now();
    let mut notes = BTreeMap::new();
    for parcel in parcels {
        let entries = parcel.entries_of(table);
        notes.extend(entries.map(|entry| (entry.file.key.as_str(), (&parcel.run_id, entry))));
    }
    let mut batches: Vec<Batch> = Vec::new();
    for file in uploaded.iter().flat_map(|uploaded| uploaded.files()) {
        let Some((run_id, entry)) = notes.get(file.key.as_str()) else { continue };
        let way = entry.way.unwrap_or(target.mode);
        // Whether it came, the table tells; a pipe that has forgotten it would load it a second time.
        let is_ours_to_tell = way == IngestMode::Rest || edge.submits_announced();
        if is_ours_to_tell && entry.is_forgotten(now) {
            continue;
        }
        let is_copy = way == IngestMode::Copy;
        let of_run = is_copy.then(|| (*run_id).clone());
        let request_id = entry.request_id.filter(|_| is_copy);
        let format = entry.format().unwrap_or(target.format);
        // Of a file in a bucket with events a pipe may know without us.
        let is_told_already = entry.is_told() || way == IngestMode::Auto;
        let limit = match (way, request_id) {
            (IngestMode::Copy, None) => COPY_FILES,
            (IngestMode::Rest | IngestMode::Auto, _) => MAX_PIPE_FILES,
            _ => usize::MAX,
        };
        let fits = |batch: &&mut Batch| {
            (batch.way, batch.format, batch.request_id) == (way, format, request_id)
                && (batch.is_told_already, &batch.run_id) == (is_told_already, &of_run)
                && batch.files.len() < limit
        };
        match batches.iter_mut().find(fits) {
            Some(batch) => batch.files.push(file.clone()),
            None => {
                let files = vec![file.clone()];
                let run_id = of_run;
                batches.push(Batch { way, format, run_id, request_id, is_told_already, files });
            }
        }
    }
    batches
}

/// The paths that Snowflake wants: relative to the location that is copied from.
fn paths(target: &Target, table: Table, files: &[ExportedFile]) -> Result<Vec<String>, Error> {
    let path = |file: &ExportedFile| {
        below_the_pipe(&target.prefix, table, &file.key).ok_or_else(|| Error::OtherPrefix {
            key: file.key.clone(),
            prefix: target.prefix.clone(),
        })
    };
    files.iter().map(path).collect()
}

pub(crate) fn below_the_pipe(prefix: &str, table: Table, key: &str) -> Option<String> {
    key.strip_prefix(prefix)?.strip_prefix(&format!("raw/{table}/")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_told_the_path_below_its_own_location() {
        let key = "spotify-data/raw/songs/year=2026/month=01/day=05/songs_x.parquet";
        let path = |prefix, table| below_the_pipe(prefix, table, key);
        assert_eq!(
            path("spotify-data/", Table::Songs).as_deref(),
            Some("year=2026/month=01/day=05/songs_x.parquet")
        );
        assert_eq!(path("other/", Table::Songs), None);
        assert_eq!(path("spotify-data/", Table::SongArtists), None);
    }
}
