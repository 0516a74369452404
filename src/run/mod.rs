//! The only module that knows all stages: runs them in order, keeps the ledger, writes the report.
//!
//! In: a [`Config`] and [`Settings`]. Out: a [`RunReport`], and an [`Error`] that says what to do next.
//!
//! ```text
//! fetch ─▶ transform ─▶ check ─▶ publish ─▶ export      this run's own files, once
//!                                             │
//!                                             ▼
//!          verify ◀─ ingest ◀─ upload ◀─ outstanding    every file that is not known to have arrived
//!                             stream                    every row that is new to the stream, whatever becomes of the files
//! ```
//! Each stage is a file and a function of the `Run`; it does nothing where the run leaves it out, and takes the proof of
//! the stage before it.

mod account;
mod check;
pub(crate) mod command;
mod comparison;
mod conclusion;
pub(crate) mod ending;
mod error;
mod export;
pub(crate) mod features;
mod fetch;
mod findings;
mod incident;
mod ingest;
mod job;
mod kept;
mod lock;
mod lost;
pub(crate) mod notes;
mod outstanding;
mod pipes;
pub(crate) mod provenance;
mod publish;
mod rehearsal;
mod report;
mod report_file;
mod saving;
mod settled;
mod stream;
mod totals;
mod transform;
mod upload;
mod verify;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};

use check::check;
use conclusion::Conclusion;
use export::export;
use fetch::{fetch, require_all_read};
use findings::Findings;
use ingest::ingest;
use outstanding::Outstanding;
use publish::publish;
use transform::transform;
use upload::upload;
use verify::verify;

use crate::blocking::blocking;
use crate::causes::chain;
use crate::config::{Account, Config, snowflake_exposure};
use crate::event::{Counts, Ending, Events, Sink, Stage, Teller, Totals, Warning, What};
use crate::ids::RunId;
use crate::ledger;
use crate::snowflake::{IngestMode, Usage};
use crate::sources::GenreFile;
use crate::state::State;
use crate::status::RunStatus;
use crate::stop::Stop;
use crate::warehouse::Warehouse;

pub use error::Error;
pub use job::{Settings, Shipping, Source, Wanted};
pub use report::{
    CheckReport, EndedRun, EnrichmentReport, FileReport, PlaylistReport, RunReport, SpotifyReport,
    StreamReport, TableReport, VerificationReport,
};

pub(crate) use account::bound;
pub(crate) use comparison::{Comparison, compare};
pub(crate) use findings::{check_report, table_report};
pub(crate) use job::{Job, account};
pub(crate) use kept::Kept;
pub(crate) use lock::{HeldLedger, Lock, Look, hold_ledger, hold_to_read, hold_with_state, look};
pub(crate) use rehearsal::{News, Rehearsal, rehearse};
pub(crate) use saving::give_back;
pub(crate) use stream::{
    Sender, Sending, Wish as StreamWish, require as require_stream, send as send_to_stream,
};

/// Runs every stage in order and returns what was done, also when a stage ended it.
///
/// An unfinished run of the same source is continued. `stop` ends it early, with the ledger saved. `sink` is given what happens.
///
/// # Errors
/// Only where there was no run to report; what ended a run is [`EndedRun::error`].
pub async fn run(
    config: &Config,
    settings: &Settings,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<EndedRun, Error> {
    run_keeping(config, settings, sink, stop, &mut Kept::default()).await
}

/// The same of a run that others follow in this process.
pub(crate) async fn run_keeping(
    config: &Config,
    settings: &Settings,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
    kept: &mut Kept,
) -> Result<EndedRun, Error> {
    let (teller, began) = (Teller::new(sink, settings.clock), Instant::now());
    let ran = from_beginning_to_end(config, settings, &teller, stop, kept).await;
    if let (Ok(Ended { run, .. }), Some(to)) = (&ran, &config.state.report_to)
        && let Err(error) = report_file::put(config, settings, &run.report, to, stop).await
    {
        let to = to.to_string();
        teller.tell(What::Warning(Warning::ReportNotPut { to, error }));
    }
    if let Err(error) = &ran {
        blocking(|| incident::tell_unbegun(config, settings, &teller, error));
    }
    teller.tell(match &ran {
        Ok(Ended { run: EndedRun { report, error }, totals }) => What::RunEnded {
            status: report.status,
            ending: error.as_ref().map_or(Ending::Done, Error::ending),
            duration: began.elapsed(),
            error: error.as_ref().map(|error| chain(error)),
            totals: Box::new(totals.clone()),
        },
        Err(error) => What::RunNotBegun { ending: error.ending(), error: chain(error) },
    });
    ran.map(|ended| ended.run)
}

/// What is known of a run that came to its end, well or not.
struct Ended {
    run: EndedRun,
    totals: Totals,
}

async fn from_beginning_to_end(
    config: &Config,
    settings: &Settings,
    teller: &Teller<'_>,
    stop: &Arc<Stop>,
    kept: &mut Kept,
) -> Result<Ended, Error> {
    let events = |what| teller.tell(what);
    let account = job::account(config, settings)?;
    job::require_login(config, settings)?;
    // What is wrong with it is said before anything is fetched.
    settings.genres.as_deref().map(GenreFile::open).transpose()?;
    if let Some(exposure) = account.as_ref().and_then(snowflake_exposure) {
        events(What::Warning(Warning::Exposed(exposure)));
    }
    let job = Job { config, settings, events: &events, stop };
    let (mut lock, state) = kept.take_up(&job).await?;
    let opened = lock::open_ledger(&job).await;
    let (warehouse, findings) = match opened.and_then(|it| begin(it, settings, &mut lock)) {
        Ok(begun) => begun,
        Err(error) => {
            saving::give_back(state).await;
            return Err(error);
        }
    };
    teller.begin_run(&findings.run.id);
    events(settings.started());
    let goes_to_snowflake = job::goes_to_snowflake(config, account.as_ref());
    let findings = Findings { goes_to_snowflake, ..findings };
    let mut run = Run {
        config,
        settings,
        events: &events,
        teller,
        stop,
        account: account.as_ref(),
        reported: Usage::default(),
        findings,
        warehouse,
        state,
        is_followed: kept.is_wanted,
        lock,
    };
    let (asked, work) = (Arc::clone(stop), run.warehouse.interrupt());
    let interrupter = tokio::spawn(async move {
        asked.asked().await;
        work.interrupt();
    });
    let ended = every_stage(&mut run).await;
    interrupter.abort();
    run.end(ended, kept).await
}

/// Takes up the run that the settings are about, and makes it known. Only now: whoever waited begins when the wait is over.
fn begin(
    mut warehouse: Warehouse,
    settings: &Settings,
    lock: &mut Lock,
) -> Result<(Warehouse, Findings), Error> {
    let now = (settings.clock)();
    let begun = job::begin(&mut warehouse, settings, now)?;
    lock.describe(&format!("run {}, since {}", begun.id, now.format("%Y-%m-%d %H:%M:%S UTC")));
    warehouse.set_run(begun.id.as_str(), begun.started_at)?;
    Ok((warehouse, Findings::new(begun)))
}

/// The eight stages in order. What is exported is final: then only its way to Snowflake is left.
async fn every_stage(run: &mut Run<'_>) -> Result<(), Error> {
    stream::meet(run).await?;
    if run.makes_files()? {
        let fetched = fetch(run).await?;
        blocking(|| {
            let transformed = transform(run, fetched)?;
            let Some(passed) = check(run, &transformed)? else { return Ok(()) };
            publish(run, &passed, transformed.next_version)?;
            export(run, &passed)
        })?;
    } else {
        blocking(|| saving::renew_published(run))?;
    }
    run.findings.has_published = run.does(Stage::Publish);
    if *run.settings.stages.end() < Stage::Upload || run.config.lake.bucket.is_none() {
        return stream::stream(run).await;
    }
    if run.only_verifies() {
        if let Some(account) = run.account {
            account.connection.limit(run.config.snowflake.verify_timeout);
        }
        settled::compare(run).await?;
    }
    let outstanding = Outstanding::take(run)?;
    saving::before_files_leave(run).await?;
    let shipped = ship(run).await;
    outstanding.conclude(run, shipped)
}

/// What is outstanding goes to the bucket and into Snowflake, and is looked for there.
async fn ship(run: &mut Run<'_>) -> Result<(), Error> {
    let submitted = submit(run).await;
    // While Snowflake loads, and also where it cannot: neither waits for the other to be well.
    let streamed = stream::stream(run).await;
    verify(run, submitted?).await?;
    streamed
}

/// What is outstanding goes to the bucket, and Snowflake is told of it.
async fn submit(run: &mut Run<'_>) -> Result<ingest::Submitted, Error> {
    let uploaded = upload(run).await?;
    let submitted = ingest(run, &uploaded).await?;
    if !uploaded.is_empty() {
        saving::after_ingest(run).await?;
    }
    Ok(submitted)
}

/// One run at work: what it was asked for, what it holds while it lives, and what it has found.
pub(crate) struct Run<'a> {
    pub(crate) config: &'a Config,
    pub(crate) settings: &'a Settings,
    pub(crate) events: Events<'a>,
    teller: &'a Teller<'a>,
    pub(crate) stop: &'a Arc<Stop>,
    /// Where files are loaded and verified, if the run goes that far.
    pub(crate) account: Option<&'a Account>,
    /// How many of the calls to it stand in events already.
    reported: Usage,
    pub(crate) findings: Findings,
    pub(crate) warehouse: Warehouse,
    /// The ledger between machines, where it lives there.
    pub(crate) state: Option<State>,
    /// Whether another follows in this process, and takes the state as this one leaves it.
    is_followed: bool,
    // The last field: given back when its files are closed.
    lock: Lock,
}

impl<'a> Run<'a> {
    pub(crate) const fn job(&self) -> Job<'a> {
        let Self { config, settings, events, stop, .. } = *self;
        Job { config, settings, events, stop }
    }

    pub(crate) const fn id(&self) -> &RunId {
        &self.findings.run.id
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.settings.clock)()
    }

    pub(crate) fn does(&self, stage: Stage) -> bool {
        self.settings.stages.contains(&stage)
    }

    /// Whether nothing is sent, and only asked what became of it.
    pub(crate) fn only_verifies(&self) -> bool {
        *self.settings.stages.start() == Stage::Verify
    }

    /// Whether we submit to pipes the files that S3's events should have announced.
    pub(crate) fn submits_announced(&self) -> bool {
        self.settings.shipping.ingest_as == Some(IngestMode::Rest)
    }

    pub(crate) fn check_stop(&self) -> Result<(), Error> {
        if self.stop.is_asked() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Says what a person should know.
    pub(crate) fn warn(&self, warning: Warning) {
        (self.events)(What::Warning(warning));
    }

    /// Says, to whoever watches and to the ledger, that a stage begins.
    pub(crate) fn enter(&self, stage: Stage) -> Result<(), Error> {
        self.teller.enter(stage);
        ledger::runs::enter(&self.warehouse, self.id(), stage.name())?;
        let (data_dir, now) = (&self.config.data_dir, self.now());
        // Between the fetch and the first file a run changes nothing that `status` shows but its stage.
        let is_known = (Stage::Check..=Stage::Export).contains(&stage)
            && ledger::status_file::enter(data_dir, self.id(), stage.name(), now);
        if !is_known {
            ledger::status_file::write(data_dir, &self.warehouse, Some(self.id()), now);
        }
        Ok(())
    }

    /// Says that the stage that was entered did its work; `counts` are those that stand in no event.
    pub(crate) fn leave(&mut self, counts: Counts) {
        self.leave_with(Ending::Done, counts);
    }

    /// The same of a stage that ended so.
    pub(crate) fn leave_with(&mut self, ending: Ending, counts: Counts) {
        self.tell_usage();
        self.teller.leave(ending, counts);
    }

    /// Says what was asked of Snowflake since it was last said.
    fn tell_usage(&mut self) {
        let Some(account) = self.account else { return };
        let usage = account.connection.usage();
        let since = usage.since(self.reported);
        if since != Usage::default() {
            self.reported = usage;
            (self.events)(account::usage(since));
        }
    }

    /// Whether the run still has files of its own to make; those that it made before are looked up.
    fn makes_files(&mut self) -> Result<bool, Error> {
        let is_exported = ledger::runs::is_exported(&self.warehouse, self.id())?;
        if !is_exported && *self.settings.stages.start() < Stage::Upload {
            return Ok(true);
        }
        self.findings.tables = ledger::runs::counts_of(&self.warehouse, self.id())?;
        self.findings.reached = Stage::Export;
        Ok(false)
    }

    /// Notes how the run ended. A verification that compared nothing changes nothing.
    fn note_end(&self, status: RunStatus, report: &str) -> Result<(), crate::warehouse::Error> {
        let end = ledger::runs::End { status, report, at: self.now() };
        match (self.only_verifies(), &self.findings.verification) {
            (false, _) => end.finish(&self.warehouse, self.id()),
            (true, Some(_)) => end.prove(&self.warehouse, self.id()),
            (true, None) => Ok(()),
        }
    }

    /// Concludes how the run ended, notes it in the ledger and reports it.
    async fn end(mut self, ended: Result<(), Error>, kept: &mut Kept) -> Result<Ended, Error> {
        // Whatever a statement or a call says when it is cut off, the reason is that somebody asked.
        let is_asked = self.stop.is_asked();
        let ended = ended.map_err(|error| if is_asked { Error::Interrupted } else { error });
        // It was this that asked then.
        let fenced = self.state.as_ref().and_then(State::is_fenced);
        let ended = fenced.map_or(ended, |error| Err(error.into()));
        let ending = ended.as_ref().map_or_else(Error::ending, |()| Ending::Done);
        self.leave_with(ending, Counts::default());
        let ended = self.findings.weigh(ended);
        let ended = match self.does(Stage::Fetch) {
            true => ended.and_then(|()| require_all_read(&self)),
            false => ended,
        };
        // What keeps the stream says nothing of the lake.
        let trouble = self.findings.stream_trouble.take();
        let ended = match (ended, trouble) {
            (Ok(()), Some(trouble)) => Err(trouble.into()),
            (ended, Some(trouble)) => {
                tracing::warn!("{trouble}");
                ended
            }
            (ended, None) => ended,
        };
        let (last_proof, unread) = match ledger::files::last_proof(&self.warehouse) {
            Ok(proof) => (proof, None),
            // What the run did is told all the same.
            Err(error) => (None, Some(error)),
        };
        let conclusion = self.findings.conclude(ended, last_proof);
        let mut report = self.findings.report(&conclusion, self.teller.ended(), self.now());
        let text = serde_json::to_string(&report).unwrap_or_default();
        let Conclusion { state, error, .. } = conclusion;
        let finished = blocking(|| {
            let finished = self.note_end(state, &text);
            let finished = finished.and_then(|()| saving::merge_rounds(&mut self, state));
            ledger::status_file::write(&self.config.data_dir, &self.warehouse, None, self.now());
            finished
        });
        // What was done is done, also where it can no longer be noted, or saved.
        let unnoted = unread.or(finished.err()).map(Error::from);
        let unput = publish::tell_analysts(&mut self).await.err();
        if let Some(unput) = &unput {
            report.error.get_or_insert_with(|| chain(unput));
        }
        let error = error.or(unnoted).or(unput);
        // Before the ledger is saved, so that the next machine knows who was called.
        let has_told = incident::tell(&mut self, error.as_ref());
        let has_news = error.is_some() || has_told || report.status != RunStatus::Unchanged;
        let unsaved = saving::leave(&mut self, has_news).await.err();
        if let Some(unsaved) = &unsaved {
            report.error.get_or_insert_with(|| chain(unsaved));
            if error.is_none() && !has_told {
                incident::tell(&mut self, Some(unsaved));
            }
        }
        let totals = totals::totals(&self, &report);
        let Self { state, lock, warehouse, .. } = self;
        drop(warehouse);
        kept.keep(lock, state);
        Ok(Ended { run: EndedRun { report, error: error.or(unsaved) }, totals })
    }
}
