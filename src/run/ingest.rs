//! Ingest: submits files that are in the bucket to Snowflake, each one in one way and no other.
//!
//! In: [`Uploaded`], the proof that the files are there whole, and what the ledger knows of each. Out: what Snowflake answered.
//! The way of a file (and the id of its statement) is noted before the call. Whoever finds the note goes the same way again,
//! whatever is configured by then: a pipe skips a path that it knows, a statement's id is looked up. Only where Snowflake said no
//! is the note taken back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::Error;
use super::{Run, saving};
use crate::config::Account;
use crate::event::{Event, Stage};
use crate::ids::{RunId, Table};
use crate::lake::{ExportedFile, Format, Uploaded};
use crate::ledger::{self, Parcel};
use crate::snowflake::{
    Accepted, Answer, Evidence, FileReport, IngestMode, MAX_PIPE_FILES, Request, StagedFile,
    Statement, copy_result,
};

/// Files of one `COPY INTO`.
const COPY_FILES: usize = 1_000;

/// What Snowflake answered to what was submitted, table by table.
#[derive(Default)]
pub(crate) struct Submitted {
    pub(crate) evidence: BTreeMap<Table, Evidence>,
}

/// Submits what was uploaded, where the run goes that far.
pub(crate) async fn ingest(run: &mut Run<'_>, uploaded: &[Uploaded]) -> Result<Submitted, Error> {
    let mut submitted = Submitted::default();
    let Some(account) = run.account.filter(|_| run.does(Stage::Ingest)) else {
        return Ok(submitted);
    };
    run.enter(Stage::Ingest)?;
    if !uploaded.is_empty() {
        saving::confirm(run).await?;
    }
    let plan = Plan {
        mode: account.mode,
        format: account.format,
        submits_announced: run.submits_announced(),
        now: run.now(),
    };
    for table in Table::ALL {
        run.check_stop()?;
        let files = uploaded.iter().flat_map(Uploaded::files);
        let batches = plan.batches(table, files, &run.findings.parcels);
        if batches.is_empty() {
            continue;
        }
        let mut evidence = Evidence::default();
        let mut file_count = 0;
        for batch in batches {
            file_count += batch.files.len();
            saving::confirm_again(run).await?;
            submit(run, account, &batch, &mut evidence).await?;
        }
        (run.events)(Event::Submitted { table, file_count });
        submitted.evidence.insert(table, evidence);
    }
    run.findings.reached = Stage::Ingest;
    Ok(submitted)
}

/// How files are submitted that no note says it of.
struct Plan {
    mode: IngestMode,
    format: Format,
    /// Whether we submit what S3's events should have announced.
    submits_announced: bool,
    now: DateTime<Utc>,
}

/// Files of one table that are submitted in one call.
#[derive(Debug, PartialEq)]
struct Batch {
    table: Table,
    way: IngestMode,
    format: Format,
    /// Whose files they are; of several runs where the call is not about one.
    run_id: Option<RunId>,
    /// Of the statement that was sent for them before.
    request_id: Option<Uuid>,
    /// Whether Snowflake may know them from a call whose answer never came.
    is_submitted_already: bool,
    files: Vec<ExportedFile>,
}

impl Plan {
    /// A table's files by the call that submits them, in the order of the runs.
    fn batches<'f>(
        &self,
        table: Table,
        files: impl Iterator<Item = &'f ExportedFile>,
        parcels: &[Parcel],
    ) -> Vec<Batch> {
        let mut notes = BTreeMap::new();
        for parcel in parcels {
            let entries = parcel.entries_of(table);
            notes.extend(entries.map(|entry| (entry.file.key.as_str(), (&parcel.run_id, entry))));
        }
        let mut batches: Vec<Batch> = Vec::new();
        for file in files {
            let Some((run_id, entry)) = notes.get(file.key.as_str()) else { continue };
            let way = entry.way.unwrap_or(self.mode);
            // Whether it came, the table tells; a pipe that has forgotten it would load it a second time.
            let is_ours_to_submit = way == IngestMode::Rest || self.submits_announced;
            if is_ours_to_submit && entry.is_forgotten(self.now) {
                continue;
            }
            let is_copy = way == IngestMode::Copy;
            let of_run = is_copy.then(|| (*run_id).clone());
            let request_id = entry.request_id.filter(|_| is_copy);
            let format = entry.format().unwrap_or(self.format);
            // Of a file in a bucket with events a pipe may know without us.
            let is_submitted_already = entry.is_told() || way == IngestMode::Auto;
            let limit = match (way, request_id) {
                (IngestMode::Copy, None) => COPY_FILES,
                (IngestMode::Rest | IngestMode::Auto, _) => MAX_PIPE_FILES,
                _ => usize::MAX,
            };
            let fits = |batch: &&mut Batch| {
                (batch.way, batch.format, batch.request_id) == (way, format, request_id)
                    && batch.is_submitted_already == is_submitted_already
                    && batch.run_id == of_run
                    && batch.files.len() < limit
            };
            match batches.iter_mut().find(fits) {
                Some(batch) => batch.files.push(file.clone()),
                None => batches.push(Batch {
                    table,
                    way,
                    format,
                    run_id: of_run,
                    request_id,
                    is_submitted_already,
                    files: vec![file.clone()],
                }),
            }
        }
        batches
    }
}

impl Batch {
    /// The paths that Snowflake wants: relative to the location that is copied from.
    fn paths(&self, account: &Account) -> Result<Vec<String>, Error> {
        let path = |file: &ExportedFile| {
            below_the_pipe(&account.prefix, self.table, &file.key).ok_or_else(|| {
                Error::OtherPrefix { key: file.key.clone(), prefix: account.prefix.clone() }
            })
        };
        self.files.iter().map(path).collect()
    }
}

/// Submits one batch and adds what Snowflake answered.
async fn submit(
    run: &mut Run<'_>,
    account: &Account,
    batch: &Batch,
    evidence: &mut Evidence,
) -> Result<(), Error> {
    let paths = batch.paths(account)?;
    match batch.way {
        // The pipe that the events should have told, and no other: its memory keeps a late event from loading a file twice.
        IngestMode::Auto if run.submits_announced() => {
            let answer = submit_to_pipe(run, account, batch, paths).await?;
            evidence.skipped_paths.extend(answer.skipped_paths);
        }
        IngestMode::Rest => {
            let answer = submit_to_pipe(run, account, batch, paths).await?;
            evidence.skipped_paths.extend(answer.skipped_paths);
            evidence.unmatched_paths.extend(answer.unmatched_paths);
        }
        IngestMode::Copy => {
            let mut reports = copy(run, account, batch, &paths).await?;
            if let Answer::Given(before) = &mut evidence.reports {
                reports.append(before);
            }
            evidence.reports = Answer::Given(reports);
        }
        // S3's events have told the pipe.
        IngestMode::Auto => note_submission(run, batch, None)?,
    }
    let (step, now) = (("submitting", "accepted"), run.now());
    Ok(ledger::files::advance(&mut run.warehouse, &batch.files, step, now)?)
}

/// Notes, before the call, which way the files are about to go.
fn note_submission(
    run: &mut Run<'_>,
    batch: &Batch,
    request_id: Option<Uuid>,
) -> Result<(), Error> {
    let (way, now) = ((batch.way, request_id), run.now());
    Ok(ledger::files::submit(&mut run.warehouse, &batch.files, way, now)?)
}

async fn submit_to_pipe(
    run: &mut Run<'_>,
    account: &Account,
    batch: &Batch,
    paths: Vec<String>,
) -> Result<Accepted, Error> {
    let Some(pipe) = account.names.pipe(batch.table, batch.format, batch.way) else {
        return Ok(Accepted::default());
    };
    let staged: Vec<StagedFile> = paths
        .into_iter()
        .zip(&batch.files)
        .map(|(path, file)| StagedFile { path, size_bytes: file.size_bytes })
        .collect();
    note_submission(run, batch, None)?;
    let answer = account.connection.insert_files(&pipe, &staged, run.stop).await;
    // A second call's no does not take back what a first one may have brought about.
    let files = if batch.is_submitted_already { &[] } else { batch.files.as_slice() };
    answer.map_err(Error::from).or_else(|error| denied(run, files, error))
}

/// One statement, which a run that was killed is asked for again under its old id: if it came, it is not run twice, not even
/// while the first one is still at work, when the table's own memory knows nothing yet.
async fn copy(
    run: &mut Run<'_>,
    account: &Account,
    batch: &Batch,
    paths: &[String],
) -> Result<Vec<FileReport>, Error> {
    let (request, id) = match batch.request_id {
        Some(id) => (Request::Again(id), id),
        None => {
            let id = Uuid::new_v4();
            (Request::Noted(id), id)
        }
    };
    note_submission(run, batch, Some(id))?;
    let statement = Statement {
        request,
        // The tag is part of what is sent, and what is sent again must be the same: not this run's, but that of the files.
        query_tag: batch.run_id.as_ref().map(RunId::to_string),
        ..Statement::new(account.names.load(batch.table, batch.format, paths))
    };
    let rows = account.connection.run(&statement, run.stop).await;
    let rows = rows.map_err(Error::from).or_else(|error| denied(run, &batch.files, error))?;
    Ok(copy_result(&rows)?)
}

/// Takes the note of a submission back where Snowflake has said no.
fn denied<T>(run: &mut Run<'_>, files: &[ExportedFile], error: Error) -> Result<T, Error> {
    if matches!(&error, Error::Snowflake(error) if error.is_denial()) {
        let now = run.now();
        ledger::files::withdraw(&mut run.warehouse, files, now)?;
    }
    Err(error)
}

pub(crate) fn below_the_pipe(prefix: &str, table: Table, key: &str) -> Option<String> {
    key.strip_prefix(prefix)?.strip_prefix(&format!("raw/{table}/")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Entry;

    fn plan(mode: IngestMode) -> Plan {
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1);
        Plan { mode, format: Format::Parquet, submits_announced: false, now }
    }

    fn batches(plan: &Plan, parcels: &[Parcel]) -> Vec<Batch> {
        plan.batches(Table::Songs, parcels.iter().flat_map(Parcel::files), parcels)
    }

    fn keys(batch: &Batch) -> Vec<&str> {
        batch.files.iter().map(|file| file.key.as_str()).collect()
    }

    #[test]
    fn one_call_submits_the_files_of_all_runs_to_a_pipe_and_of_one_run_to_a_copy() {
        let entry = |key| Entry::example(key, "uploaded", None);
        let parcels = [
            Parcel::example(1, vec![entry("a.parquet"), entry("b.parquet")]),
            Parcel::example(2, vec![entry("c.parquet")]),
        ];
        let by_pipe = batches(&plan(IngestMode::Rest), &parcels);
        assert_eq!(
            by_pipe.iter().map(keys).collect::<Vec<_>>(),
            [["a.parquet", "b.parquet", "c.parquet"]]
        );
        assert_eq!(by_pipe[0].run_id, None);
        let by_copy = batches(&plan(IngestMode::Copy), &parcels);
        assert_eq!(
            by_copy.iter().map(keys).collect::<Vec<_>>(),
            [vec!["a.parquet", "b.parquet"], vec!["c.parquet"]]
        );
        assert_eq!(by_copy[1].run_id.as_ref(), Some(&parcels[1].run_id));
    }

    #[test]
    fn a_file_goes_the_way_that_is_noted_and_what_may_be_known_already_goes_by_itself() {
        let entries = vec![
            Entry::example("a.parquet", "uploaded", None),
            Entry::example("b.parquet", "submitting", Some(IngestMode::Copy)),
            Entry::example("c.csv.gz", "uploaded", None),
            Entry::example("d.parquet", "submitting", Some(IngestMode::Rest)),
        ];
        let found = batches(&plan(IngestMode::Rest), &[Parcel::example(1, entries)]);
        let told: Vec<_> =
            found.iter().map(|it| (keys(it)[0], it.way, it.is_submitted_already)).collect();
        assert_eq!(
            told,
            [
                ("a.parquet", IngestMode::Rest, false),
                ("b.parquet", IngestMode::Copy, true),
                ("c.csv.gz", IngestMode::Rest, false),
                ("d.parquet", IngestMode::Rest, true),
            ]
        );
    }

    #[test]
    fn what_a_pipe_has_forgotten_is_not_submitted_a_second_time() {
        let rest = Some(IngestMode::Rest);
        let parcels = [Parcel::example(1, vec![Entry::example("a.parquet", "submitting", rest)])];
        let mut plan = plan(IngestMode::Rest);
        assert_eq!(batches(&plan, &parcels).len(), 1);
        plan.now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(15);
        assert_eq!(batches(&plan, &parcels), []);
    }

    #[test]
    fn a_call_takes_no_more_files_than_its_way_allows() {
        let entry = |n: usize| Entry::example(&format!("{n}.parquet"), "uploaded", None);
        let parcels = [Parcel::example(1, (0..=COPY_FILES).map(entry).collect())];
        let sizes: Vec<usize> =
            batches(&plan(IngestMode::Copy), &parcels).iter().map(|it| it.files.len()).collect();
        assert_eq!(sizes, [COPY_FILES, 1]);
    }

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
