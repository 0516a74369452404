//! Ingest: submits files that are in the bucket to Snowflake, each one in one way and no other.
//!
//! In: [`UploadedShipment`]: files that are there whole, with what the ledger knows of each. Out: what Snowflake answered.
//! The mode of a file (and the id of its statement) is noted before the call. Whoever finds the note uses the same mode again,
//! whatever is configured by then: a pipe skips a path that it knows, a statement's id is looked up. Only where Snowflake said no
//! is the note taken back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::Error;
use super::pipes::{self, Way};
use super::upload::UploadedShipment;
use super::{Run, saving};
use crate::config::Account;
use crate::event::{Counts, Stage, What};
use crate::ids::{RunId, Table};
use crate::lake::{ExportedFile, Format};
use crate::ledger::{self, Shipment, ShippedFile, Step, Submission};
use crate::snowflake::{
    Accepted, Answer, Evidence, FileReport, IngestMode, Landed, MAX_PIPE_FILES, PipeHealth,
    Request, StagedFile, Statement, copy_result,
};

/// Files of one `COPY INTO`.
const COPY_FILES: usize = 1_000;

/// What Snowflake answered to what was submitted, table by table.
#[derive(Default)]
pub(crate) struct Submitted {
    pub(crate) evidence: BTreeMap<Table, Evidence>,
}

/// Submits what was uploaded, where the run goes that far.
pub(crate) async fn ingest(
    run: &mut Run<'_>,
    uploaded: &[UploadedShipment],
) -> Result<Submitted, Error> {
    let mut submitted = Submitted::default();
    let Some(account) = run.account.filter(|_| run.does(Stage::Ingest)) else {
        return Ok(submitted);
    };
    run.enter(Stage::Ingest)?;
    if !uploaded.is_empty() {
        saving::confirm(run).await?;
    }
    let mut plan = Plan {
        mode: account.mode,
        format: account.format,
        submits_announced: run.submits_announced(),
        absent: absent_ways(run, account),
        stopped: Vec::new(),
        now: run.now(),
    };
    let files = || uploaded.iter().flat_map(|uploaded| &uploaded.shipment().files);
    // Whoever asks afterwards what came is told then.
    if !run.does(Stage::Verify) {
        pipes::look_before(run, account, files().map(|file| plan.way(file))).await?;
        let is_stopped =
            |way: &Way| way.pipe(account).is_some_and(|pipe| run.findings.stopped(&pipe).is_some());
        plan.stopped = files().map(|file| plan.way(file)).filter(is_stopped).collect();
    }
    for table in Table::ALL {
        run.check_stop()?;
        let shipments = uploaded.iter().map(UploadedShipment::shipment);
        let batches = plan.batches(table, shipments);
        if batches.is_empty() {
            continue;
        }
        let mut evidence = Evidence::default();
        let mut file_count = 0;
        for mut batch in batches {
            if batch.is_redirected {
                leave_out_landed(run, account, &mut batch).await?;
            }
            file_count += batch.files.len();
            saving::confirm_again(run).await?;
            submit(run, account, &batch, &mut evidence).await?;
        }
        (run.events)(What::Submitted { table, file_count });
        submitted.evidence.insert(table, evidence);
    }
    run.leave(Counts::default());
    let held = files().filter_map(|file| plan.awaited(file));
    let held = held.filter_map(|way| unfit(run, account, way)).collect::<Vec<_>>();
    // A verification says so itself, and more.
    if held.is_empty() || run.does(Stage::Verify) {
        run.findings.reached = Stage::Ingest;
        return Ok(submitted);
    }
    let how_far = match submitted.evidence.is_empty() {
        true => "no file is submitted",
        false => "every other file is submitted",
    };
    Err(pipes::stopped(how_far, &held))
}

/// Those that are known not to exist.
fn absent_ways(run: &Run<'_>, account: &Account) -> Vec<Way> {
    let is_absent = |way: &Way| way.pipe(account).is_some_and(|pipe| run.findings.lacks(&pipe));
    let of_table = |table| {
        let modes = [IngestMode::Rest, IngestMode::Auto];
        pipes::FORMATS
            .into_iter()
            .flat_map(move |format| modes.map(|mode| Way { table, format, mode }))
    };
    Table::ALL.into_iter().flat_map(of_table).filter(is_absent).collect()
}

/// What is said of the pipe of such a way, which does not exist or loads nothing.
fn unfit(run: &Run<'_>, account: &Account, way: Way) -> Option<PipeHealth> {
    let pipe = way.pipe(account)?;
    let again = run.submits_announced();
    match run.findings.lacks(&pipe) {
        true => Some(pipes::absent(account, &run.findings, &pipe, way, again)),
        false => run.findings.stopped(&pipe).cloned(),
    }
}

/// Leaves out the files of which the table holds rows: the pipe that is gone loaded them, and another would load them again.
async fn leave_out_landed(
    run: &Run<'_>,
    account: &Account,
    batch: &mut Batch<'_>,
) -> Result<(), Error> {
    let keys: Vec<&str> = batch.files.iter().map(|file| file.key.as_str()).collect();
    let bindings = vec!["[]".to_owned(), serde_json::json!(keys).to_string()];
    let sql = account.names.landed(batch.table);
    let query_tag = Some(run.id().to_string());
    let statement = Statement { bindings, query_tag, ..Statement::new(sql) };
    let landed = Landed::read(&account.connection.run(&statement, run.stop).await?)?;
    let is_in = |key: &str| landed.iter().any(|it| it.key == key && 0 < it.row_count);
    batch.files.retain(|file| !is_in(&file.key));
    Ok(())
}

/// How files are submitted that no note says it of.
struct Plan {
    mode: IngestMode,
    format: Format,
    /// Whether we submit what S3's events should have announced.
    submits_announced: bool,
    /// Pipes that do not exist.
    absent: Vec<Way>,
    /// Pipes that would load nothing before a person mends them, where that was asked.
    stopped: Vec<Way>,
    now: DateTime<Utc>,
}

/// Files of one table that are submitted in one call.
#[derive(Debug, PartialEq)]
struct Batch<'f> {
    table: Table,
    mode: IngestMode,
    format: Format,
    /// Whose files they are; of several runs where the call is not about one.
    run_id: Option<RunId>,
    /// Of the statement that was sent for them before.
    request_id: Option<Uuid>,
    /// Whether Snowflake may know them from a call whose answer never came.
    is_submitted_already: bool,
    /// Whether they were announced to a pipe that does not exist, and go to that of the other way.
    is_redirected: bool,
    files: Vec<&'f ExportedFile>,
}

impl Plan {
    /// A table's files by the call that submits them, in the order of the runs.
    fn batches<'f>(
        &self,
        table: Table,
        shipments: impl Iterator<Item = &'f Shipment>,
    ) -> Vec<Batch<'f>> {
        let mut batches: Vec<Batch<'_>> = Vec::new();
        let files = shipments
            .flat_map(|shipment| shipment.files_of(table).map(|file| (&shipment.run.id, file)));
        for (run_id, shipped) in files {
            let Some(alone) = self.batch(run_id, shipped) else { continue };
            match batches.iter_mut().find(|batch| batch.takes(&alone)) {
                Some(batch) => batch.files.extend(alone.files),
                None => batches.push(alone),
            }
        }
        batches
    }

    /// The call that submits a file alone; `None` where it is not to be submitted again.
    fn batch<'f>(&self, run_id: &RunId, shipped: &'f ShippedFile) -> Option<Batch<'f>> {
        let (way, is_redirected) = (self.way(shipped), self.is_redirected(shipped));
        let Way { table, format, mode } = way;
        if self.has_no_pipe(way) {
            return None;
        }
        // Whether it came, the table tells; a pipe that has forgotten it would load it a second time.
        let is_ours_to_submit = mode == IngestMode::Rest || self.submits_announced;
        if is_ours_to_submit && !is_redirected && shipped.is_forgotten(self.now) {
            return None;
        }
        let is_copy = mode == IngestMode::Copy;
        Some(Batch {
            table,
            mode,
            format,
            run_id: is_copy.then(|| run_id.clone()),
            request_id: shipped.request_id.filter(|_| is_copy),
            // Of a file in a bucket with events a pipe may know without us.
            is_submitted_already: !is_redirected
                && (shipped.state.is_submitted() || mode == IngestMode::Auto),
            is_redirected,
            files: vec![&shipped.file],
        })
    }

    /// Which pipe a file goes to.
    fn way(&self, shipped: &ShippedFile) -> Way {
        let noted = self.noted(shipped);
        match self.is_redirected(shipped) {
            true => Way { mode: IngestMode::Rest, ..noted },
            false => noted,
        }
    }

    /// Which one it was announced to, or would be.
    fn noted(&self, shipped: &ShippedFile) -> Way {
        Way {
            table: shipped.file.table,
            format: shipped.format().unwrap_or(self.format),
            mode: shipped.mode.unwrap_or(self.mode),
        }
    }

    /// Whether these are not the same: no event can load a file through a pipe that does not exist.
    fn is_redirected(&self, shipped: &ShippedFile) -> bool {
        let noted = self.noted(shipped);
        self.submits_announced && noted.mode == IngestMode::Auto && self.absent.contains(&noted)
    }

    /// The pipe that a file waits for.
    fn awaited(&self, shipped: &ShippedFile) -> Option<Way> {
        let way = self.way(shipped);
        let is_held = shipped.is_unsubmitted(self.submits_announced) && self.has_no_pipe(way);
        is_held.then_some(way)
    }

    fn has_no_pipe(&self, way: Way) -> bool {
        self.absent.contains(&way) || self.stopped.contains(&way)
    }
}

impl Batch<'_> {
    /// How many files one call takes. What was sent before is sent again as it was.
    const fn limit(&self) -> usize {
        match (self.mode, self.request_id) {
            (IngestMode::Copy, None) => COPY_FILES,
            (IngestMode::Copy, Some(_)) => usize::MAX,
            (IngestMode::Rest | IngestMode::Auto, _) => MAX_PIPE_FILES,
        }
    }

    /// Whether another file that goes in the same way has room in it.
    fn takes(&self, other: &Self) -> bool {
        (self.mode, self.format, self.request_id) == (other.mode, other.format, other.request_id)
            && self.is_submitted_already == other.is_submitted_already
            && self.is_redirected == other.is_redirected
            && self.run_id == other.run_id
            && self.files.len() < self.limit()
    }

    /// The paths that Snowflake wants: relative to the location that is copied from.
    fn paths(&self, account: &Account) -> Result<Vec<String>, Error> {
        let path = |file: &ExportedFile| {
            below_the_pipe(&account.prefix, self.table, &file.key).ok_or_else(|| {
                Error::OtherPrefix { key: file.key.clone(), prefix: account.prefix.clone() }
            })
        };
        self.files.iter().copied().map(path).collect()
    }
}

/// Submits one batch and adds what Snowflake answered.
async fn submit(
    run: &mut Run<'_>,
    account: &Account,
    batch: &Batch<'_>,
    evidence: &mut Evidence,
) -> Result<(), Error> {
    let paths = batch.paths(account)?;
    match batch.mode {
        // The pipe that the events should have reached, and no other: its memory keeps a late event from loading a file twice.
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
        // S3's events have announced them to the pipe.
        IngestMode::Auto => note_submission(run, batch, None)?,
    }
    let (files, now) = (batch.files.iter().copied(), run.now());
    Ok(ledger::files::advance(&mut run.warehouse, files, Step::ACCEPTED, now)?)
}

/// Notes, before the call, which way the files are about to go.
fn note_submission(
    run: &mut Run<'_>,
    batch: &Batch<'_>,
    request_id: Option<Uuid>,
) -> Result<(), Error> {
    let submission = Submission { mode: batch.mode, request_id };
    let (files, now) = (batch.files.iter().copied(), run.now());
    Ok(ledger::files::submit(&mut run.warehouse, files, submission, now)?)
}

async fn submit_to_pipe(
    run: &mut Run<'_>,
    account: &Account,
    batch: &Batch<'_>,
    paths: Vec<String>,
) -> Result<Accepted, Error> {
    let pipe = account.names.pipe(batch.table, batch.format, batch.mode);
    let Some(pipe) = pipe.filter(|_| !batch.files.is_empty()) else {
        return Ok(Accepted::default());
    };
    let staged: Vec<StagedFile> = paths
        .into_iter()
        .zip(&batch.files)
        .map(|(path, file)| StagedFile { path, size_bytes: file.size_bytes })
        .collect();
    if batch.is_redirected {
        let (files, now) = (batch.files.iter().copied(), run.now());
        ledger::files::redirect(&mut run.warehouse, files, batch.mode, now)?;
    }
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
    batch: &Batch<'_>,
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
fn denied<T>(run: &mut Run<'_>, files: &[&ExportedFile], error: Error) -> Result<T, Error> {
    if matches!(&error, Error::Snowflake(error) if error.is_denial()) {
        let now = run.now();
        ledger::files::deny(&mut run.warehouse, files.iter().copied(), now)?;
    }
    Err(error)
}

pub(crate) fn below_the_pipe(prefix: &str, table: Table, key: &str) -> Option<String> {
    key.strip_prefix(prefix)?.strip_prefix(&format!("raw/{table}/")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::FileState;

    fn plan(mode: IngestMode) -> Plan {
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1);
        let absent = Vec::new();
        let (format, stopped) = (Format::Parquet, Vec::new());
        Plan { mode, format, submits_announced: false, absent, stopped, now }
    }

    fn batches<'f>(plan: &Plan, shipments: &'f [Shipment]) -> Vec<Batch<'f>> {
        plan.batches(Table::Songs, shipments.iter())
    }

    fn keys<'f>(batch: &Batch<'f>) -> Vec<&'f str> {
        batch.files.iter().map(|file| file.key.as_str()).collect()
    }

    #[test]
    fn one_call_submits_the_files_of_all_runs_to_a_pipe_and_of_one_run_to_a_copy() {
        let file = |key| ShippedFile::example(key, FileState::Uploaded, None);
        let shipments = [
            Shipment::example(1, vec![file("a.parquet"), file("b.parquet")]),
            Shipment::example(2, vec![file("c.parquet")]),
        ];
        let by_pipe = batches(&plan(IngestMode::Rest), &shipments);
        assert_eq!(
            by_pipe.iter().map(keys).collect::<Vec<_>>(),
            [["a.parquet", "b.parquet", "c.parquet"]]
        );
        assert_eq!(by_pipe[0].run_id, None);
        let by_copy = batches(&plan(IngestMode::Copy), &shipments);
        assert_eq!(
            by_copy.iter().map(keys).collect::<Vec<_>>(),
            [vec!["a.parquet", "b.parquet"], vec!["c.parquet"]]
        );
        assert_eq!(by_copy[1].run_id.as_ref(), Some(&shipments[1].run.id));
    }

    #[test]
    fn a_file_goes_in_the_mode_that_is_noted_and_what_may_be_known_already_goes_by_itself() {
        let files = vec![
            ShippedFile::example("a.parquet", FileState::Uploaded, None),
            ShippedFile::example("b.parquet", FileState::Submitting, Some(IngestMode::Copy)),
            ShippedFile::example("c.csv.gz", FileState::Uploaded, None),
            ShippedFile::example("d.parquet", FileState::Submitting, Some(IngestMode::Rest)),
        ];
        let shipments = [Shipment::example(1, files)];
        let found = batches(&plan(IngestMode::Rest), &shipments);
        let submitted: Vec<_> =
            found.iter().map(|it| (keys(it)[0], it.mode, it.is_submitted_already)).collect();
        assert_eq!(
            submitted,
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
        let shipments = [Shipment::example(
            1,
            vec![ShippedFile::example("a.parquet", FileState::Submitting, rest)],
        )];
        let mut plan = plan(IngestMode::Rest);
        assert_eq!(batches(&plan, &shipments).len(), 1);
        plan.now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(15);
        assert_eq!(batches(&plan, &shipments), []);
    }

    #[test]
    fn a_file_goes_to_another_pipe_only_where_its_own_does_not_exist_and_only_if_asked() {
        let auto = Some(IngestMode::Auto);
        let file = ShippedFile::example("a.parquet", FileState::Accepted, auto);
        let shipments = [Shipment::example(1, vec![file])];
        let of = |mode| Way { table: Table::Songs, format: Format::Parquet, mode };
        for (asked, absent, expected) in [
            (false, vec![], Some((IngestMode::Auto, false))),
            (false, vec![of(IngestMode::Auto)], None),
            (true, vec![], Some((IngestMode::Auto, false))),
            (true, vec![of(IngestMode::Auto)], Some((IngestMode::Rest, true))),
            (true, vec![of(IngestMode::Auto), of(IngestMode::Rest)], None),
        ] {
            let plan = Plan { submits_announced: asked, absent, ..plan(IngestMode::Rest) };
            let found = batches(&plan, &shipments);
            let found = found.first().map(|batch| (batch.mode, batch.is_redirected));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_call_takes_no_more_files_than_its_way_allows() {
        let file =
            |n: usize| ShippedFile::example(&format!("{n}.parquet"), FileState::Uploaded, None);
        let shipments = [Shipment::example(1, (0..=COPY_FILES).map(file).collect())];
        let sizes: Vec<usize> =
            batches(&plan(IngestMode::Copy), &shipments).iter().map(|it| it.files.len()).collect();
        assert_eq!(sizes, [COPY_FILES, 1]);
    }

    #[test]
    fn a_pipe_is_given_the_path_below_its_own_location() {
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
