//! One table's files on their way: which of Snowflake's answers about them are worth asking for, and what is known so far.
//!
//! In: files, and the mode in which each was sent. Out: their [`Evidence`], one answer at a time, the cheapest first.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Window;
use super::announced::unannounced;
use super::pipe_watch::{Channel, absent_pipes, channels, keys, unheard};
use super::table_query::{PipeSign, PipeSigns, TableQuery};
use crate::config::Account;
use crate::event::{HeldBy, TableProgress, What};
use crate::ids::Table;
use crate::lake::ExportedFile;
use crate::ledger::ShippedFile;
use crate::ledger::origins::{self, Origins};
use crate::run::Run;
use crate::run::account::{bound, query, query_table};
use crate::run::error::Error;
use crate::run::pipes::is_final;
use crate::snowflake::{
    Answer, Evidence, FileVerdict, Health, IngestMode, Landed, PipeHealth, PipeStatus, Statement,
    Verification, copy_history, is_reported, verify,
};
use crate::status::Verdict;

/// Snowpipe reports on a file for ten minutes; then only the table knows.
const REPORT_LIFETIME: TimeDelta = TimeDelta::minutes(9);
/// Snowflake's clock is not ours; to look into a table too early costs one query.
const CLOCK_SLACK: TimeDelta = TimeDelta::seconds(2);
/// After so many rounds without news, the pipe itself is asked how it is; again every so many.
const PATIENT_ROUNDS: u32 = 4;
/// Files that one look into a table asks about: their keys travel in one bound text.
const LOOK_FILES: usize = 2_000;
/// A question without a usable answer is asked again once; then it is for a person to see.
const ODD_ANSWERS: u32 = 1;

/// The files of one table that are not settled, and what is known of them.
pub(crate) struct TableWatch<'f> {
    table: Table,
    files: Vec<&'f ExportedFile>,
    /// What each file's rows say of where they come from, `run time`, by key.
    origins: BTreeMap<String, Vec<String>>,
    evidence: Evidence,
    /// When the oldest of the runs started whose files they are.
    began_at: DateTime<Utc>,
    submitted_at: DateTime<Utc>,
    /// One, but where mode or format were changed while files were on their way.
    channels: Vec<Channel<'f>>,
    last_query: Option<TableQuery>,
    /// What only a person can bring about, where something was refused.
    refusal: Option<Error>,
    /// Whether it was the proof itself that was refused.
    is_closed: bool,
    /// Answers of the table in a row that were none.
    odd_count: u32,
}

impl<'f> TableWatch<'f> {
    /// The watch on a table's files, where there are any.
    pub(crate) fn of(
        run: &'f Run<'_>,
        account: &Account,
        table: Table,
        mut evidence: Evidence,
        origins: &Origins,
    ) -> Option<Self> {
        let shipments = &run.findings.shipments;
        let shipped = || shipments.iter().flat_map(|shipment| shipment.files_of(table));
        let files: Vec<&ExportedFile> = shipped().map(|shipped| &shipped.file).collect();
        let now = run.now();
        let forgotten = shipped().filter(|shipped| shipped.is_forgotten(now));
        evidence.forgotten_keys = forgotten.map(|shipped| shipped.file.key.clone()).collect();
        let found = shipped().filter_map(|it| Some((it.file.key.clone(), it.found()?)));
        evidence.found_before = found.collect();
        let in_table = shipped().filter_map(|it| Some((it.file.key.clone(), it.found_in_table()?)));
        evidence.found_in_table = in_table.collect();
        evidence.landing_table = account.names.table(table).to_string();
        let channels = channels(account, table, &run.findings);
        evidence.unsubmitted_keys = keys(&channels, |channel| !channel.is_submitted);
        evidence.unheard = unheard(&channels);
        evidence.absent_pipes = absent_pipes(&channels);
        Some(Self {
            channels,
            began_at: shipments.iter().map(|shipment| shipment.run.started_at).min()?,
            submitted_at: shipments.iter().filter_map(|it| it.updated_at(table)).max()?,
            table,
            files,
            origins: origins::by_key(shipments, table, origins),
            evidence,
            last_query: None,
            refusal: None,
            is_closed: false,
            odd_count: 0,
        })
    }

    fn judged(&self) -> Verification {
        verify(self.files.iter().copied(), &BTreeMap::from([(self.table, &self.evidence)]))
    }

    /// Reports how far the files are; `waiting` for an answer of this mode, or why they are no further.
    pub(crate) fn report(&self, run: &Run<'_>, waiting: Option<IngestMode>) {
        let judged = self.judged();
        let verified = judged.files.iter().zip(&self.files);
        let verified: Vec<&ExportedFile> = verified
            .filter_map(|(it, file)| (it.verdict == Verdict::Verified).then_some(*file))
            .collect();
        let rows = |files: &[&ExportedFile]| files.iter().map(|file| file.row_count).sum();
        let worst = judged.files.iter().rev().max_by_key(|file| file.verdict);
        let worst = worst.filter(|file| file.verdict != Verdict::Verified);
        (run.events)(What::TableProgress(TableProgress {
            table: self.table,
            verdict: worst.map_or(Verdict::Verified, |file| file.verdict),
            file_count: self.files.len(),
            verified_file_count: verified.len(),
            row_count: rows(&self.files),
            verified_row_count: rows(&verified),
            held_by: worst.map(|file| match waiting {
                Some(mode) if file.verdict == Verdict::Pending => self.awaited(run.now(), mode),
                _ => HeldBy::Verdict { reason: file.reason.clone() },
            }),
        }));
    }

    /// Whose answer is waited for.
    fn awaited(&self, now: DateTime<Utc>, mode: IngestMode) -> HeldBy {
        if let Some(pipe) = self.evidence.absent_pipes.values().next() {
            return HeldBy::Pipe { state: pipe.reason.clone() };
        }
        match (&self.evidence.pipe, mode) {
            (Answer::Given(pipe), _) if pipe.health != Health::Ok => {
                HeldBy::Pipe { state: pipe.reason.clone() }
            }
            (_, IngestMode::Auto) if !self.is_ripe(now) => HeldBy::BucketEvent,
            (_, IngestMode::Rest) if !self.is_ripe(now) => HeldBy::PipeReport,
            _ => HeldBy::Rows,
        }
    }

    /// What is known so far.
    pub(crate) const fn answers(&self) -> (Table, &Evidence) {
        (self.table, &self.evidence)
    }

    /// Whether there is anything left to ask.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_closed && !self.is_settled()
    }

    /// Whether something is not right that Snowflake may say more about.
    pub(crate) fn wants_explanation(&self) -> bool {
        let is_explained = |file: &FileVerdict| {
            file.verdict == Verdict::Verified
                || self.evidence.unsubmitted_keys.contains(&file.key)
                || self.evidence.found_in_table.contains_key(&file.key)
        };
        !self.is_closed && !self.judged().files.iter().all(is_explained)
    }

    fn is_settled(&self) -> bool {
        self.judged().files.iter().all(|file| file.verdict != Verdict::Pending)
    }

    /// Puts a refusal aside, so that the other tables are still asked about.
    pub(crate) fn keep(&mut self, asked: Result<(), Error>) -> Result<(), Error> {
        self.is_closed |= asked.is_err();
        self.keep_aside(asked)
    }

    /// The same of what only explains: the watch goes on without it.
    fn keep_aside(&mut self, asked: Result<(), Error>) -> Result<(), Error> {
        match asked {
            Err(error) if !error.is_interruption() => {
                self.refusal.get_or_insert(error);
                Ok(())
            }
            other => other,
        }
    }

    /// Whether what was refused says that nothing else would be answered either.
    pub(crate) fn is_refused_for_all(&self) -> bool {
        matches!(&self.refusal, Some(Error::Snowflake(error)) if is_final(error))
    }

    /// What stands between the files and their proof, where a person must bring it about.
    pub(crate) fn take_refusal(&mut self) -> Option<Error> {
        if self.is_settled() { None } else { self.refusal.take() }
    }

    fn takes(&self, mode: IngestMode) -> bool {
        let is_open = |channel: &Channel<'_>| channel.is_submitted && channel.absent.is_none();
        self.channels.iter().any(|channel| is_open(channel) && channel.mode == mode)
    }

    /// Whether nothing of what is waited for will come before a person does something.
    pub(crate) fn is_stuck(&self) -> bool {
        let judged = self.judged();
        let is_pending = |shipped: &&ShippedFile| {
            let of_file = |it: &&FileVerdict| it.key == shipped.file.key;
            judged.files.iter().find(of_file).is_some_and(|it| it.verdict == Verdict::Pending)
        };
        let will_come = |channel: &Channel<'_>| match channel.mode {
            // A COPY that has answered is over: what the table does not hold then will not come.
            IngestMode::Copy => channel.is_submitted && !self.evidence.is_landed_known(),
            _ => channel.will_load(&self.evidence),
        };
        !self
            .channels
            .iter()
            .any(|channel| will_come(channel) && channel.files.iter().any(is_pending))
    }

    /// One round: what costs nothing first, the table when it is worth asking.
    pub(crate) async fn ask(
        &mut self,
        run: &Run<'_>,
        account: &Account,
        window: &Window,
        round: u32,
    ) -> Result<(), Error> {
        // What was judged before is over for pipes and histories: the table alone says whether it is still so.
        if round == 1 && self.is_judged_before() {
            return self.ask_table(run, account).await;
        }
        let (by_rest, by_event, by_copy) = (
            self.takes(IngestMode::Rest),
            self.takes(IngestMode::Auto),
            self.takes(IngestMode::Copy),
        );
        if by_rest && !self.is_report_expired(run.now()) {
            self.ask_report(run, account).await?;
        }
        let is_patience_over = round.is_multiple_of(PATIENT_ROUNDS);
        // Nobody remembers a file, or its pipe stands with the file in its queue?
        let Evidence { forgotten_keys, unheard, .. } = &self.evidence;
        let is_doubtful = !forgotten_keys.is_empty() || !unheard.is_empty();
        if by_event || is_patience_over || is_doubtful {
            let asked = self.ask_pipe(run, account).await;
            self.keep_aside(asked)?;
        }
        // A report that is younger than the table's answer would make a file look lost that has just arrived.
        let looks_lost = self.judged().files.iter().any(|it| it.verdict == Verdict::Mismatch);
        // A COPY is over when it has answered, also one that found its files loaded already and so lists none; events load
        // a file while others are still being uploaded; and what a pipe knows already it may have loaded long ago.
        let is_over = by_copy || by_event && self.has_ingested(self.began_at);
        let is_over = is_over || !self.evidence.skipped_paths.is_empty();
        let is_over = is_over && (round == 1 || by_copy && is_patience_over);
        let is_idle = by_event && is_patience_over && self.is_idle_after(self.began_at);
        let is_wanted = self.is_ripe(run.now()) || is_over || is_idle || looks_lost;
        let signs = self.signs();
        let is_due = self.last_query.as_ref().is_none_or(|query| query.is_due_again(round, &signs));
        if !is_wanted || !is_due {
            return Ok(());
        }
        self.ask_table(run, account).await?;
        self.last_query = Some(TableQuery::after(self.last_query.take(), round, signs));
        // Of files that events brought, no report says that one was refused.
        if is_idle && !self.is_settled() {
            let asked = self.ask_history(run, account, window).await;
            self.keep_aside(asked)?;
        }
        Ok(())
    }

    fn is_judged_before(&self) -> bool {
        self.files.iter().all(|file| self.evidence.found_before.contains_key(&file.key))
    }

    fn signs(&self) -> PipeSigns {
        let sign = |status: &PipeStatus| PipeSign {
            last_ingested_at: status.last_ingested_timestamp,
            pending_file_count: status.pending_file_count,
        };
        let pipes = self.channels.iter().map(|channel| channel.status.as_ref().map(sign));
        PipeSigns { reports: self.evidence.reports.clone(), pipes: pipes.collect() }
    }

    async fn ask_table(&mut self, run: &Run<'_>, account: &Account) -> Result<(), Error> {
        let landed = match self.landed(run, account).await {
            Err(Error::Snowflake(error))
                if error.is_no_answer() && self.odd_count < ODD_ANSWERS =>
            {
                self.odd_count += 1;
                Answer::Unknown(error.to_string())
            }
            other => {
                let landed = other?;
                self.odd_count = 0;
                landed
            }
        };
        self.evidence.is_landed_old = matches!(landed, Answer::Unknown(_));
        self.evidence.is_unconfirmed &= self.evidence.is_landed_old;
        renew(&mut self.evidence.landed, landed);
        Ok(())
    }

    async fn landed(&self, run: &Run<'_>, account: &Account) -> Result<Answer<Vec<Landed>>, Error> {
        let keys: Vec<&str> = self.files.iter().map(|file| file.key.as_str()).collect();
        let mut landed = Vec::new();
        for keys in keys.chunks(LOOK_FILES) {
            let sql = account.names.landed(self.table);
            let origins = keys.iter().flat_map(|key| {
                let of_file = self.origins.get(*key).into_iter().flatten();
                of_file.map(move |origin| format!("{key} {origin}"))
            });
            let origins = serde_json::json!(origins.collect::<Vec<_>>()).to_string();
            let keys = serde_json::json!(keys).to_string();
            let statement = Statement { bindings: vec![origins, keys], ..Statement::new(sql) };
            match query_table(run, account, self.table, statement).await? {
                Answer::Given(rows) => landed.extend(Landed::read(&rows)?),
                Answer::Unknown(why) => return Ok(Answer::Unknown(why)),
            }
        }
        Ok(Answer::Given(landed))
    }

    /// Whether a pipe has nothing left to do and did something since.
    fn has_ingested(&self, since: DateTime<Utc>) -> bool {
        self.channels.iter().filter_map(|channel| channel.status.as_ref()).any(|status| {
            status.pending_file_count == 0
                && status.last_ingested_timestamp.is_some_and(|at| since - CLOCK_SLACK <= at)
        })
    }

    /// Whether a pipe that lives on events has passed everything on that it heard of since, or does not say how it is.
    fn is_idle_after(&self, since: DateTime<Utc>) -> bool {
        self.channels.iter().filter(|channel| channel.mode == IngestMode::Auto).any(|channel| {
            channel.status.as_ref().is_none_or(|status| {
                status.pending_file_count == 0
                    && status
                        .last_forwarded_message_timestamp
                        .is_some_and(|at| since - CLOCK_SLACK <= at)
            })
        })
    }

    fn is_report_expired(&self, now: DateTime<Utc>) -> bool {
        self.submitted_at + REPORT_LIFETIME < now
    }

    /// Whether the landing table is worth a query: everything is reported, or nothing ever will be.
    fn is_ripe(&self, now: DateTime<Utc>) -> bool {
        self.has_ingested(self.submitted_at)
            || self.is_report_expired(now)
            || self.files.iter().all(|file| {
                let is_judged = self.evidence.found_before.contains_key(&file.key);
                is_judged || is_reported(file, &self.evidence)
            })
    }

    async fn ask_report(&mut self, run: &Run<'_>, account: &Account) -> Result<(), Error> {
        for channel in self.channels.iter().filter(|channel| channel.mode == IngestMode::Rest) {
            let Some(pipe) = channel.pipe_to_ask() else { continue };
            match account.connection.insert_report(pipe, run.stop).await {
                // A report can be late, or be cut short; what an earlier one said stays said.
                Ok(report) => match &mut self.evidence.reports {
                    Answer::Given(known) => {
                        for file in report {
                            if !known.contains(&file) {
                                known.push(file);
                            }
                        }
                    }
                    unknown => *unknown = Answer::Given(report),
                },
                Err(error) if is_final(&error) => return Err(error.into()),
                Err(error) => {
                    if let Answer::Unknown(why) = &mut self.evidence.reports {
                        *why = error.to_string();
                    }
                }
            }
        }
        Ok(())
    }

    async fn ask_pipe(&mut self, run: &Run<'_>, account: &Account) -> Result<(), Error> {
        let (mut worst, mut unknown) = (None::<PipeHealth>, "`copy` uses no pipe".to_owned());
        for channel in &mut self.channels {
            match channel.ask_pipe(run, account, self.submitted_at).await? {
                None => {}
                Some(Answer::Unknown(why)) => unknown = why,
                Some(Answer::Given(pipe)) => {
                    let is_worse = |known: &PipeHealth| known.health < pipe.health;
                    worst = if worst.as_ref().is_none_or(is_worse) { Some(pipe) } else { worst };
                }
            }
        }
        self.evidence.pipe = worst.map_or(Answer::Unknown(unknown), Answer::Given);
        self.evidence.unannounced.extend(unannounced(account, &self.channels, run.now()));
        Ok(())
    }

    /// From now on a difference counts only where the table says so a second time.
    pub(crate) fn require_confirmation(&mut self) {
        self.evidence.is_unconfirmed = true;
    }

    /// Asks why files did not come, or not as they were sent; the table a second time.
    pub(crate) async fn explain(
        &mut self,
        run: &Run<'_>,
        account: &Account,
        window: &Window,
    ) -> Result<(), Error> {
        let asked = self.ask_history(run, account, window).await;
        self.keep_aside(asked)?;
        self.ask_table(run, account).await?;
        if self.judged().files.iter().any(|file| file.verdict == Verdict::Pending) {
            let asked = self.ask_pipe(run, account).await;
            self.keep_aside(asked)?;
        }
        Ok(())
    }

    async fn ask_history(
        &mut self,
        run: &Run<'_>,
        account: &Account,
        window: &Window,
    ) -> Result<(), Error> {
        let since = window.since.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let statement =
            bound(account.names.copy_history(self.table, &since), window.run_id.clone());
        let answer = query(run, account, statement).await;
        let history = match &answer {
            Ok(Answer::Given(rows)) => Answer::Given(copy_history(rows)?),
            Ok(Answer::Unknown(why)) => Answer::Unknown(why.clone()),
            Err(error) => Answer::Unknown(error.to_string()),
        };
        renew(&mut self.evidence.history, history);
        answer.map(drop)
    }
}

/// Takes in a newer answer; what was answered once is not forgotten because Snowflake cannot be asked again.
fn renew<T>(known: &mut Answer<T>, newer: Answer<T>) {
    if matches!(newer, Answer::Given(_)) || matches!(known, Answer::Unknown(_)) {
        *known = newer;
    }
}
