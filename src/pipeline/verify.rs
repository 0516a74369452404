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
    Answer, Evidence, Health, IngestMode, Landed, Outcome, PipeState, PipeStatus, Rows, Statement,
    Verdict, Verification, copy_history, is_reported, verify,
};

/// Snowpipe reports on a file for ten minutes; then only the table knows.
const REPORT_LIFETIME: TimeDelta = TimeDelta::minutes(9);
/// `COPY_HISTORY` goes back 14 days and refuses an earlier start.
const HISTORY_LIFETIME: TimeDelta = TimeDelta::days(13);
/// After so many rounds without news, the pipe itself is asked how it is; again every so many.
const PATIENT_ROUNDS: u32 = 4;

/// The files of one table that are not settled, and what is known of them.
struct Question {
    table: Table,
    files: Vec<ExportedFile>,
    evidence: Evidence,
    submitted_at: DateTime<Utc>,
    status: Option<PipeStatus>,
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
    let submitted_at = parcels.iter().filter_map(|parcel| parcel.updated_at()).max();
    let mut questions: Vec<Question> = Table::ALL
        .into_iter()
        .filter_map(|table| {
            let of_table = files.iter().filter(|file| file.table == table.name());
            let files: Vec<ExportedFile> = of_table.cloned().collect();
            (!files.is_empty()).then(|| Question {
                table,
                files,
                evidence: evidence.remove(&table).unwrap_or_default(),
                submitted_at: submitted_at.unwrap_or(oldest),
                status: None,
            })
        })
        .collect();
    let timeout = Duration::from_secs(edge.config.snowflake.verify_timeout_secs.unwrap_or(1800));
    let (began, mut wait) = (Instant::now(), edge.settings.shipping.first_round);
    questions.iter().for_each(|question| question.tell(edge, Some(target.mode)));
    for round in 1.. {
        for question in questions.iter_mut().filter(|question| !question.is_settled()) {
            edge.check_stop()?;
            question.ask(edge, target, round).await?;
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
    let since = oldest.max(edge.now() - HISTORY_LIFETIME);
    let needle = if parcels.len() == 1 { run_id } else { "" };
    for question in questions.iter_mut().filter(|question| !question.is_verified()) {
        question.explain(edge, target, (since, needle)).await?;
        question.tell(edge, None);
    }
    Ok(judge(&files, &questions))
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

    /// Whether the pipe stands until a person moves it.
    fn is_stuck(&self) -> bool {
        let is_paused = self.status.as_ref().is_some_and(|it| it.state() == PipeState::Paused);
        is_paused
            || matches!(&self.evidence.pipe, Answer::Given(pipe) if pipe.health == Health::Fail)
    }

    /// One round: what costs nothing first, the table when it is worth asking.
    async fn ask(&mut self, edge: Edge<'_>, target: &Target, round: u32) -> Result<(), Error> {
        if target.mode == IngestMode::Rest && !self.is_report_expired(edge.now()) {
            self.ask_report(edge, target).await?;
        }
        let is_patience_over = round.is_multiple_of(PATIENT_ROUNDS);
        if target.mode == IngestMode::Auto || is_patience_over {
            self.ask_pipe(edge, target).await?;
        }
        // A report that is younger than the table's answer would make a file look lost that has just arrived.
        let looks_lost = self.judged().files.iter().any(|it| it.verdict == Verdict::Mismatch);
        let is_worth_it = target.mode != IngestMode::Rest && is_patience_over;
        if self.is_ripe(edge.now()) || is_worth_it || looks_lost {
            self.ask_table(edge, target).await?;
        }
        Ok(())
    }

    async fn ask_table(&mut self, edge: Edge<'_>, target: &Target) -> Result<(), Error> {
        let keys: Vec<&str> = self.files.iter().map(|file| file.key.as_str()).collect();
        let sql = target.names.landed(self.table);
        let statement = bound(sql, serde_json::json!(keys).to_string());
        self.evidence.landed = match query(edge, target, statement).await? {
            Answer::Given(rows) => Answer::Given(Landed::read(&rows)?),
            Answer::Unknown(why) => Answer::Unknown(why),
        };
        Ok(())
    }

    fn is_report_expired(&self, now: DateTime<Utc>) -> bool {
        self.submitted_at + REPORT_LIFETIME < now
    }

    /// Whether the landing table is worth a query: everything is reported, or nothing ever will be.
    fn is_ripe(&self, now: DateTime<Utc>) -> bool {
        let is_known_to_pipe = !self.evidence.skipped_paths.is_empty();
        let has_ingested = self.status.as_ref().is_some_and(|status| {
            status.pending_file_count == 0
                && status.last_ingested_timestamp.is_some_and(|at| self.submitted_at <= at)
        });
        is_known_to_pipe
            || has_ingested
            || self.is_report_expired(now)
            || self.files.iter().all(|file| is_reported(file, &self.evidence))
    }

    async fn ask_report(&mut self, edge: Edge<'_>, target: &Target) -> Result<(), Error> {
        let Some(pipe) = target.names.pipe(self.table, target.format, target.mode) else {
            return Ok(());
        };
        match target.connection.insert_report(&pipe, None, edge.stop.flag()).await {
            Ok(report) => {
                // A report can be late, or be cut short; what an earlier one told stays told.
                let mut told = match std::mem::replace(
                    &mut self.evidence.reports,
                    Answer::Unknown(String::new()),
                ) {
                    Answer::Given(told) => told,
                    Answer::Unknown(_) => Vec::new(),
                };
                for file in report.files {
                    if !told.contains(&file) {
                        told.push(file);
                    }
                }
                self.evidence.reports = Answer::Given(told);
                Ok(())
            }
            Err(error) if must_be_mended(&error) => Err(error.into()),
            Err(error) => {
                if let Answer::Unknown(why) = &mut self.evidence.reports {
                    *why = error.to_string();
                }
                Ok(())
            }
        }
    }

    async fn ask_pipe(&mut self, edge: Edge<'_>, target: &Target) -> Result<(), Error> {
        let Some(pipe) = target.names.pipe(self.table, target.format, target.mode) else {
            self.evidence.pipe = Answer::Unknown("`copy` uses no pipe".to_owned());
            return Ok(());
        };
        let statement = Statement::new(target.names.pipe_status(&pipe));
        self.evidence.pipe = match query(edge, target, statement).await? {
            Answer::Given(rows) => {
                let text = rows.only()?.cell("PIPE_STATUS")?.text()?.to_owned();
                match PipeStatus::parse(&text) {
                    Some(status) => {
                        let before = self.status.replace(status.clone());
                        let waiting_since =
                            (target.mode == IngestMode::Auto).then_some(self.submitted_at);
                        Answer::Given(status.health(before.as_ref(), waiting_since, edge.now()))
                    }
                    None => Answer::Unknown(format!("pipe `{pipe}` answers `{text}`")),
                }
            }
            Answer::Unknown(why) => Answer::Unknown(why),
        };
        Ok(())
    }

    /// Asks why files did not come.
    async fn explain(
        &mut self,
        edge: Edge<'_>,
        target: &Target,
        (since, run_id): (DateTime<Utc>, &str),
    ) -> Result<(), Error> {
        let since = since.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let statement = bound(target.names.copy_history(self.table, &since), run_id.to_owned());
        self.evidence.history = match query(edge, target, statement).await? {
            Answer::Given(rows) => Answer::Given(copy_history(&rows)?),
            Answer::Unknown(why) => Answer::Unknown(why),
        };
        self.ask_table(edge, target).await?;
        if self.judged().files.iter().any(|file| file.verdict == Verdict::Pending) {
            self.ask_pipe(edge, target).await?;
        }
        Ok(())
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
