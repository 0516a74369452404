//! The ways by which a table's files get in, and how each of them is.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::config::Account;
use crate::ids::Table;
use crate::ledger::{Shipment, ShippedFile};
use crate::run::Run;
use crate::run::account::query;
use crate::run::error::Error;
use crate::run::findings::Findings;
use crate::run::pipes::{self, Way};
use crate::snowflake::{
    Answer, Evidence, Health, IngestMode, PipeHealth, PipeState, PipeStatus, QualifiedName,
    Statement, is_mentioned,
};
use crate::status::FileState;

/// How some of a table's files get in.
pub(crate) struct Channel<'f> {
    pub(crate) mode: IngestMode,
    /// Whether they were submitted, by us or by the bucket's events.
    pub(crate) is_submitted: bool,
    /// Why nothing says that their pipe knows them, though they were submitted.
    pub(crate) unheard: Option<&'static str>,
    pub(crate) pipe: Option<QualifiedName>,
    /// Where the pipe does not exist, or would load nothing, what is said of that.
    pub(crate) absent: Option<PipeHealth>,
    pub(crate) files: Vec<&'f ShippedFile>,
    pub(crate) status: Option<PipeStatus>,
    health: Option<PipeHealth>,
}

/// A table's files by the mode in which each one was sent, and not the one that is configured now.
pub(crate) fn channels<'f>(
    account: &Account,
    table: Table,
    findings: &'f Findings,
) -> Vec<Channel<'f>> {
    let shipments: &[Shipment] = &findings.shipments;
    let mut channels: Vec<Channel<'_>> = Vec::new();
    for shipped in shipments.iter().flat_map(|shipment| shipment.files_of(table)) {
        let way = Way::of(account, shipped);
        let mode = way.mode;
        let is_submitted =
            shipped.state.is_submitted() || mode == IngestMode::Auto && shipped.is_announced();
        let pipe = way.pipe(account);
        let unheard = pipe.as_ref().filter(|_| mode == IngestMode::Rest);
        let unheard = unheard.and_then(|pipe| why_unheard(findings, pipe, shipped));
        let known = channels.iter_mut().find(|it| {
            (it.mode, it.is_submitted, it.unheard, &it.pipe) == (mode, is_submitted, unheard, &pipe)
        });
        let absent = |pipe: &QualifiedName| match findings.lacks(pipe) {
            true => Some(pipes::absent(account, findings, pipe, way, false)),
            // What was submitted is asked about, whatever became of the pipe.
            false => findings.stopped(pipe).filter(|_| !is_submitted).cloned(),
        };
        match known {
            Some(channel) => channel.files.push(shipped),
            None => channels.push(Channel {
                mode,
                is_submitted,
                unheard,
                absent: pipe.as_ref().and_then(absent),
                pipe,
                files: vec![shipped],
                status: None,
                health: None,
            }),
        }
    }
    channels
}

/// Why a pipe may know nothing of a file that was submitted to it.
fn why_unheard(
    findings: &Findings,
    pipe: &QualifiedName,
    shipped: &ShippedFile,
) -> Option<&'static str> {
    match shipped.state {
        FileState::Submitting => Some("its submission was never answered"),
        FileState::Accepted if findings.is_made_after(pipe, shipped.last_step_at()) => {
            Some("its pipe was made anew since it was submitted, and a pipe's queue goes with it")
        }
        _ => None,
    }
}

/// Of files of which nothing says that their pipe knows them, by key, why.
pub(crate) fn unheard(channels: &[Channel<'_>]) -> BTreeMap<String, &'static str> {
    let doubted = channels.iter().filter_map(|channel| Some((channel, channel.unheard?)));
    let files = doubted.flat_map(|(channel, why)| {
        channel.files.iter().map(move |shipped| (shipped.file.key.clone(), why))
    });
    files.collect()
}

/// The keys of the files that go in so.
pub(crate) fn keys(
    channels: &[Channel<'_>],
    is_one: impl Fn(&Channel<'_>) -> bool,
) -> BTreeSet<String> {
    let files = channels.iter().filter(|channel| is_one(channel)).flat_map(|it| &it.files);
    files.map(|shipped| shipped.file.key.clone()).collect()
}

/// What is said of the files whose pipe does not exist, or loads nothing, by key.
pub(crate) fn absent_pipes(channels: &[Channel<'_>]) -> BTreeMap<String, PipeHealth> {
    let absent = channels.iter().filter_map(|channel| Some((channel, channel.absent.as_ref()?)));
    let files = absent.flat_map(|(channel, pipe)| {
        channel.files.iter().map(move |shipped| (shipped.file.key.clone(), pipe.clone()))
    });
    files.collect()
}

impl Channel<'_> {
    /// Whether the pipe stands until a person moves it.
    pub(crate) fn is_stuck(&self) -> bool {
        let is_paused = self.status.as_ref().is_some_and(|it| it.state() == PipeState::Paused);
        is_paused
            || self.absent.is_some()
            || self.health.as_ref().is_some_and(|pipe| pipe.health == Health::Fail)
    }

    /// Whether files may still come through the pipe; those whose submission was never answered, only where something says that
    /// Snowflake heard of it.
    pub(crate) fn will_load(&self, evidence: &Evidence) -> bool {
        let has_queue = self.status.as_ref().is_some_and(|it| 0 < it.pending_file_count);
        let is_known = |shipped: &&ShippedFile| is_mentioned(&shipped.file, evidence);
        let is_heard = self.unheard.is_none() || has_queue || self.files.iter().any(is_known);
        self.is_submitted && !self.is_stuck() && is_heard
    }

    /// The pipe, where there is one.
    pub(crate) fn pipe_to_ask(&self) -> Option<&QualifiedName> {
        self.pipe.as_ref().filter(|_| self.absent.is_none())
    }

    /// How the pipe is; `None` where there is none.
    pub(crate) async fn ask_pipe(
        &mut self,
        run: &Run<'_>,
        account: &Account,
        submitted_at: DateTime<Utc>,
    ) -> Result<Option<Answer<PipeHealth>>, Error> {
        let Some(pipe) = self.pipe_to_ask().cloned() else { return Ok(None) };
        let pipe = &pipe;
        let statement = Statement::new(account.names.pipe_status(pipe));
        let rows = match query(run, account, statement).await? {
            Answer::Given(rows) => rows,
            Answer::Unknown(why) => return Ok(Some(Answer::Unknown(why))),
        };
        let text = rows.only()?.cell("PIPE_STATUS")?.text()?.to_owned();
        let Some(status) = PipeStatus::parse(&text) else {
            return Ok(Some(Answer::Unknown(format!("pipe `{pipe}` answers `{text}`"))));
        };
        let before = self.status.replace(status.clone());
        let waiting_since = (self.mode == IngestMode::Auto).then_some(submitted_at);
        let health = status.health(pipe, before.as_ref(), waiting_since, run.now());
        self.health = Some(health.clone());
        Ok(Some(Answer::Given(health)))
    }
}
