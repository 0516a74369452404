//! Asks Snowflake about files until every one is settled or the time is up: the cheapest question first.
//!
//! 1. The pipe's report, which costs no warehouse, until it has settled every file of a table (`rest`), or the pipe's status
//!    (`auto`). 2. The landing table, once: only it proves. 3. Copy history and pipe status, only to explain what did not come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::Error;
use super::parcels::Parcel;
use super::settings::Edge;
use super::ship::{bound, run};
use super::target::Target;
use crate::event::{Event, TableProgress};
use crate::ids::Table;
use crate::lake::ExportedFile;
use crate::retry::pause;
use crate::snowflake::{
    Answer, Evidence, FileVerdict, Health, IngestMode, Landed, Outcome, PipeHealth, PipeState,
    PipeStatus, QualifiedName, Rows, Statement, Verdict, Verification, copy_history, is_reported,
    verify,
};

/// Snowpipe reports on a file for ten minutes; then only the table knows.
const REPORT_LIFETIME: TimeDelta = TimeDelta::minutes(9);
/// `COPY_HISTORY` goes back 14 days and refuses an earlier start.
const HISTORY_LIFETIME: TimeDelta = TimeDelta::days(13);
/// Snowflake's clock is not ours; to look into a table too early costs one query.
const CLOCK_SLACK: TimeDelta = TimeDelta::seconds(2);
/// After so many rounds without news, the pipe itself is asked how it is; again every so many.
const PATIENT_ROUNDS: u32 = 4;

/// The files of one table that are not settled, and what is known of them.
struct Question {
    table: Table,
    files: Vec<ExportedFile>,
    evidence: Evidence,
    /// When the oldest of the runs started whose files they are.
    began_at: DateTime<Utc>,
    submitted_at: DateTime<Utc>,
    /// One, but where mode or format were changed while files were on their way.
    routes: Vec<Route>,
}

/// How some of a table's files get in.
struct Route {
    way: IngestMode,
    pipe: Option<QualifiedName>,
    files: Vec<ExportedFile>,
    status: Option<PipeStatus>,
    health: Option<PipeHealth>,
}

/// Asks until every file is settled, nothing will move by itself, or the time is up.
///
/// # Errors
/// What a person must mend before Snowflake can be asked at all. What could not be asked this time is no error: the files it
/// leaves unknown are `pending`.
pub(super) async fn watch(
    edge: Edge<'_>,
    target: &Target,
    (parcels, run_id): (&[Parcel], &str),
    mut evidence: BTreeMap<Table, Evidence>,
) -> Result<Verification, Error> {
    let files: Vec<ExportedFile> = parcels.iter().flat_map(Parcel::files).cloned().collect();
    let oldest = parcels.iter().map(|parcel| parcel.started_at).min().unwrap_or_else(|| edge.now());
    let mut questions: Vec<Question> = Table::ALL
        .into_iter()
        .filter_map(|table| {
            let of_table = files.iter().filter(|file| file.table == table.name());
            let files: Vec<ExportedFile> = of_table.cloned().collect();
            (!files.is_empty()).then(|| Question {
                routes: routes(target, table, parcels),
                table,
                files,
                evidence: evidence.remove(&table).unwrap_or_default(),
                began_at: oldest,
                submitted_at: parcels
                    .iter()
                    .filter_map(|parcel| parcel.updated_at(table))
                    .max()
                    .unwrap_or(oldest),
            })
        })
        .collect();
    let timeout = Duration::from_secs(edge.config.snowflake.verify_timeout_secs.unwrap_or(1800));
    let (began, mut wait) = (Instant::now(), edge.settings.shipping.first_round);
    let since = oldest.max(edge.now() - HISTORY_LIFETIME);
    let asked_about = (since, if parcels.len() == 1 { run_id } else { "" });
    questions.iter().for_each(|question| question.tell(edge, Some(target.mode)));
    for round in 1.. {
        for question in questions.iter_mut().filter(|question| !question.is_settled()) {
            edge.check_stop()?;
            question.ask(edge, target, round).await?;
            // Of files that events brought, no report says that one was refused.
            let is_by_event = question.takes(IngestMode::Auto) && !question.is_settled();
            if is_by_event && round.is_multiple_of(PATIENT_ROUNDS) {
                question.ask_history(edge, target, asked_about).await?;
            }
            question.tell(edge, Some(target.mode));
        }
        let verification = judge(&files, &questions);
        let verified = count_verified(&verification);
        (edge.events)(Event::Judged { verified, total: files.len() });
        let is_settled = questions.iter().all(|question| question.is_settled());
        if is_settled || questions.iter().all(|it| it.is_settled() || it.is_stuck()) {
            break;
        }
        let left = timeout.saturating_sub(began.elapsed());
        if left.is_zero() {
            break;
        }
        let next = wait.min(left);
        (edge.events)(Event::AskingAgain { wait: next });
        edge.stop.or(pause(next)).await.ok_or(Error::Interrupted)?;
        wait = wait.mul_f64(1.5).min(edge.settings.shipping.longest_round);
    }
    for question in questions.iter_mut().filter(|question| !question.is_verified()) {
        question.explain(edge, target, asked_about).await?;
        question.tell(edge, None);
    }
    Ok(judge(&files, &questions))
}

/// A table's files by the way that each one went, and not the one that is configured now.
fn routes(target: &Target, table: Table, parcels: &[Parcel]) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    let entries = parcels.iter().flat_map(|parcel| &parcel.entries);
    for entry in entries.filter(|entry| entry.file.table == table.name()) {
        let way = entry.way.unwrap_or(target.mode);
        let pipe = target.names.pipe(table, entry.format().unwrap_or(target.format), way);
        let known = routes.iter_mut().find(|route| route.way == way && route.pipe == pipe);
        match known {
            Some(route) => route.files.push(entry.file.clone()),
            None => {
                let files = vec![entry.file.clone()];
                routes.push(Route { way, pipe, files, status: None, health: None });
            }
        }
    }
    routes
}

fn count_verified(verification: &Verification) -> usize {
    verification.files.iter().filter(|file| file.verdict == Verdict::Verified).count()
}

fn judge(files: &[ExportedFile], questions: &[Question]) -> Verification {
    let evidence = questions.iter().map(|it| (it.table, it.evidence.clone())).collect();
    verify(files, &evidence)
}

impl Question {
    fn judged(&self) -> Verification {
        verify(&self.files, &BTreeMap::from([(self.table, self.evidence.clone())]))
    }

    /// Reports how far the files are; `waiting` for an answer of this mode, or why they are no further.
    fn tell(&self, edge: Edge<'_>, waiting: Option<IngestMode>) {
        let judged = self.judged();
        let verified = judged.files.iter().zip(&self.files);
        let verified: Vec<&ExportedFile> = verified
            .filter_map(|(it, file)| (it.verdict == Verdict::Verified).then_some(file))
            .collect();
        let rows = |files: &[&ExportedFile]| files.iter().map(|file| file.row_count).sum();
        let worst = judged.files.iter().rev().max_by_key(|file| file.verdict);
        let worst = worst.filter(|file| file.verdict != Verdict::Verified);
        (edge.events)(Event::TableJudged(TableProgress {
            table: self.table,
            verdict: worst.map_or(Verdict::Verified, |file| file.verdict).name(),
            file_count: self.files.len(),
            verified_file_count: verified.len(),
            row_count: rows(&self.files.iter().collect::<Vec<_>>()),
            verified_row_count: rows(&verified),
            reason: match (worst, waiting) {
                (None, _) => String::new(),
                (Some(file), Some(mode)) if file.verdict == Verdict::Pending => {
                    self.awaited(edge.now(), mode)
                }
                (Some(file), _) => file.reason.clone(),
            },
        }));
    }

    /// Whose answer is waited for.
    fn awaited(&self, now: DateTime<Utc>, mode: IngestMode) -> String {
        match (&self.evidence.pipe, mode) {
            (Answer::Given(pipe), _) if pipe.health != Health::Ok => {
                format!("waits for its pipe, which is {}", pipe.reason)
            }
            (_, IngestMode::Auto) if !self.is_ripe(now) => {
                "waits for S3's event and the pipe's load".to_owned()
            }
            (_, IngestMode::Rest) if !self.is_ripe(now) => "waits for Snowpipe's report".to_owned(),
            _ => "waits for the landing table's rows".to_owned(),
        }
    }

    fn is_verified(&self) -> bool {
        self.judged().outcome == Outcome::Verified
    }

    fn is_settled(&self) -> bool {
        self.judged().files.iter().all(|file| file.verdict != Verdict::Pending)
    }

    fn takes(&self, way: IngestMode) -> bool {
        self.routes.iter().any(|route| route.way == way)
    }

    /// Whether every pipe that something is waited for stands until a person moves it.
    fn is_stuck(&self) -> bool {
        let judged = self.judged();
        let is_pending = |file: &ExportedFile| {
            let of_file = |it: &&FileVerdict| it.key == file.key;
            judged.files.iter().find(of_file).is_some_and(|it| it.verdict == Verdict::Pending)
        };
        self.routes.iter().all(|it| it.is_stuck() || !it.files.iter().any(is_pending))
    }

    /// One round: what costs nothing first, the table when it is worth asking.
    async fn ask(&mut self, edge: Edge<'_>, target: &Target, round: u32) -> Result<(), Error> {
        let (by_rest, by_event, by_copy) = (
            self.takes(IngestMode::Rest),
            self.takes(IngestMode::Auto),
            self.takes(IngestMode::Copy),
        );
        if by_rest && !self.is_report_expired(edge.now()) {
            self.ask_report(edge, target).await?;
        }
        let is_patience_over = round.is_multiple_of(PATIENT_ROUNDS);
        if by_event || is_patience_over {
            self.ask_pipe(edge, target).await?;
        }
        // A report that is younger than the table's answer would make a file look lost that has just arrived.
        let looks_lost = self.judged().files.iter().any(|it| it.verdict == Verdict::Mismatch);
        let is_worth_it = (by_event || by_copy) && is_patience_over;
        // A COPY is over when it has answered, also one that found its files loaded already and so lists none; and events load
        // a file while others are still being uploaded.
        let is_over = round == 1 && (by_copy || by_event && self.has_ingested(self.began_at));
        if self.is_ripe(edge.now()) || is_worth_it || is_over || looks_lost {
            self.ask_table(edge, target).await?;
        }
        Ok(())
    }

    async fn ask_table(&mut self, edge: Edge<'_>, target: &Target) -> Result<(), Error> {
        let keys: Vec<&str> = self.files.iter().map(|file| file.key.as_str()).collect();
        let sql = target.names.landed(self.table);
        let statement = bound(sql, serde_json::json!(keys).to_string());
        let landed = match query(edge, target, statement).await? {
            Answer::Given(rows) => Answer::Given(Landed::read(&rows)?),
            Answer::Unknown(why) => Answer::Unknown(why),
        };
        renew(&mut self.evidence.landed, landed);
        Ok(())
    }

    /// Whether a pipe has nothing left to do and did something since.
    fn has_ingested(&self, since: DateTime<Utc>) -> bool {
        self.routes.iter().filter_map(|route| route.status.as_ref()).any(|status| {
            status.pending_file_count == 0
                && status.last_ingested_timestamp.is_some_and(|at| since - CLOCK_SLACK <= at)
        })
    }

    fn is_report_expired(&self, now: DateTime<Utc>) -> bool {
        self.submitted_at + REPORT_LIFETIME < now
    }

    /// Whether the landing table is worth a query: everything is reported, or nothing ever will be.
    fn is_ripe(&self, now: DateTime<Utc>) -> bool {
        let is_known_to_pipe = !self.evidence.skipped_paths.is_empty();
        is_known_to_pipe
            || self.has_ingested(self.submitted_at)
            || self.is_report_expired(now)
            || self.files.iter().all(|file| is_reported(file, &self.evidence))
    }

    async fn ask_report(&mut self, edge: Edge<'_>, target: &Target) -> Result<(), Error> {
        for route in self.routes.iter().filter(|route| route.way == IngestMode::Rest) {
            let Some(pipe) = &route.pipe else { continue };
            match target.connection.insert_report(pipe, None, edge.stop.flag()).await {
                // A report can be late, or be cut short; what an earlier one told stays told.
                Ok(report) => match &mut self.evidence.reports {
                    Answer::Given(told) => {
                        for file in report.files {
                            if !told.contains(&file) {
                                told.push(file);
                            }
                        }
                    }
                    unknown => *unknown = Answer::Given(report.files),
                },
                Err(error) if must_be_mended(&error) => return Err(error.into()),
                Err(error) => {
                    if let Answer::Unknown(why) = &mut self.evidence.reports {
                        *why = error.to_string();
                    }
                }
            }
        }
        Ok(())
    }

    async fn ask_pipe(&mut self, edge: Edge<'_>, target: &Target) -> Result<(), Error> {
        let (mut worst, mut unknown) = (None::<PipeHealth>, "`copy` uses no pipe".to_owned());
        for route in &mut self.routes {
            match route.ask_pipe(edge, target, self.submitted_at).await? {
                None => {}
                Some(Answer::Unknown(why)) => unknown = why,
                Some(Answer::Given(pipe)) => {
                    let is_worse = |known: &PipeHealth| known.health < pipe.health;
                    worst = if worst.as_ref().is_none_or(is_worse) { Some(pipe) } else { worst };
                }
            }
        }
        self.evidence.pipe = worst.map_or(Answer::Unknown(unknown), Answer::Given);
        Ok(())
    }

    /// Asks why files did not come.
    async fn explain(
        &mut self,
        edge: Edge<'_>,
        target: &Target,
        asked_about: (DateTime<Utc>, &str),
    ) -> Result<(), Error> {
        let explained = self.ask_why(edge, target, asked_about).await;
        // What cannot be explained is found all the same: a refusal to answer must not hide it.
        match explained {
            Err(error) if self.has_failed() && !is_interruption(&error) => {
                let table = self.table;
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    error,
                    "what became of the files of `{table}` is known, but not why"
                );
                Ok(())
            }
            other => other,
        }
    }

    async fn ask_why(
        &mut self,
        edge: Edge<'_>,
        target: &Target,
        asked_about: (DateTime<Utc>, &str),
    ) -> Result<(), Error> {
        self.ask_history(edge, target, asked_about).await?;
        self.ask_table(edge, target).await?;
        if self.judged().files.iter().any(|file| file.verdict == Verdict::Pending) {
            self.ask_pipe(edge, target).await?;
        }
        Ok(())
    }

    fn has_failed(&self) -> bool {
        matches!(self.judged().outcome, Outcome::Mismatch | Outcome::Refused)
    }

    async fn ask_history(
        &mut self,
        edge: Edge<'_>,
        target: &Target,
        (since, run_id): (DateTime<Utc>, &str),
    ) -> Result<(), Error> {
        let since = since.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let statement = bound(target.names.copy_history(self.table, &since), run_id.to_owned());
        let history = match query(edge, target, statement).await? {
            Answer::Given(rows) => Answer::Given(copy_history(&rows)?),
            Answer::Unknown(why) => Answer::Unknown(why),
        };
        renew(&mut self.evidence.history, history);
        Ok(())
    }
}

impl Route {
    /// Whether the pipe stands until a person moves it.
    fn is_stuck(&self) -> bool {
        let is_paused = self.status.as_ref().is_some_and(|it| it.state() == PipeState::Paused);
        is_paused || self.health.as_ref().is_some_and(|pipe| pipe.health == Health::Fail)
    }

    /// How the pipe is; `None` where there is none.
    async fn ask_pipe(
        &mut self,
        edge: Edge<'_>,
        target: &Target,
        submitted_at: DateTime<Utc>,
    ) -> Result<Option<Answer<PipeHealth>>, Error> {
        let Some(pipe) = &self.pipe else { return Ok(None) };
        let statement = Statement::new(target.names.pipe_status(pipe));
        let rows = match query(edge, target, statement).await? {
            Answer::Given(rows) => rows,
            Answer::Unknown(why) => return Ok(Some(Answer::Unknown(why))),
        };
        let text = rows.only()?.cell("PIPE_STATUS")?.text()?.to_owned();
        let Some(status) = PipeStatus::parse(&text) else {
            return Ok(Some(Answer::Unknown(format!("pipe `{pipe}` answers `{text}`"))));
        };
        let before = self.status.replace(status.clone());
        let waiting_since = (self.way == IngestMode::Auto).then_some(submitted_at);
        let health = status.health(before.as_ref(), waiting_since, edge.now());
        self.health = Some(health.clone());
        Ok(Some(Answer::Given(health)))
    }
}

/// Takes in a newer answer; what was answered once is not forgotten because Snowflake cannot be asked again.
fn renew<T>(known: &mut Answer<T>, newer: Answer<T>) {
    if matches!(newer, Answer::Given(_)) || matches!(known, Answer::Unknown(_)) {
        *known = newer;
    }
}

const fn is_interruption(error: &Error) -> bool {
    match error {
        Error::Interrupted => true,
        Error::Snowflake(error) => error.is_stopped(),
        _ => false,
    }
}

/// A question whose answer may have to wait: what Snowflake cannot be asked now is unknown, not wrong.
async fn query(
    edge: Edge<'_>,
    target: &Target,
    statement: Statement,
) -> Result<Answer<Rows>, Error> {
    match run(edge, target, statement).await {
        Ok(rows) => Ok(Answer::Given(rows)),
        Err(Error::Snowflake(error)) if error.is_transient() => {
            Ok(Answer::Unknown(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

/// Whether asking another way, or later, would not help either.
const fn must_be_mended(error: &crate::snowflake::Error) -> bool {
    error.is_stopped()
        || error.is_config()
        || matches!(error, crate::snowflake::Error::Unauthorized(_))
}
