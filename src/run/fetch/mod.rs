//! Fetch: brings what was asked for to disk as it came, and says what could not be read.
//!
//! In: a [`Source`]. Out: documents in `raw`, and a report per playlist.

mod ahead;
mod depth;
mod enrich;
mod genres;
mod lists;
mod live;
mod reading;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::error::Error;
use super::findings::Findings;
use super::job::{Job, Source, Wanted};
use super::report::{PlaylistReport, SpotifyReport};
use super::{Run, provenance};
use crate::blocking::blocking;
use crate::config::spotify_exposures;
use crate::event::{Counts, Stage, Warning, What};
use crate::ids::RunId;
use crate::ledger::runs::{PutOff, Unread};
use crate::ledger::{self, lockouts};
use crate::sources::{Client, DemoPoint, Lockouts, Questions, Recorded, Recorder};
use crate::status::PlaylistStatus;
use crate::warehouse::Warehouse;
use depth::{Ahead, Depth};
use reading::Fetch;

/// Reasons and names that an error tells; they are mostly the same.
const SHOWN_REASONS: usize = 3;

/// Whatever the run asks for is landed, but for what could not be read.
pub(crate) struct Fetched(());

/// Lands what was asked for; without a source, nothing more than what an earlier process landed.
pub(crate) async fn fetch(run: &mut Run<'_>) -> Result<Fetched, Error> {
    let is_fetched = run.does(Stage::Fetch) && run.settings.source.is_some();
    if is_fetched {
        run.enter(Stage::Fetch)?;
    }
    if *run.settings.stages.end() >= Stage::Export {
        provenance::look(run).await?;
    }
    if let (true, Some(source)) = (is_fetched, &run.settings.source) {
        from_source(run, source).await?;
        from_file(run)?;
        call_by_name(run)?;
        require_something_read(run, source)?;
        let unread = unread(&run.findings);
        let (id, now) = (run.id().clone(), run.now());
        let looked_at = looked_at(&run.findings.playlists);
        ledger::runs::fetched(&mut run.warehouse, &id, &unread, &looked_at, now)?;
        run.leave(Counts::default());
    } else if run.does(Stage::Export)
        && let Some(fetched) = ledger::runs::being_fetched(&run.warehouse, run.id())?
    {
        // Exported, it would be final, and what is landed of it would be asked for again.
        return Err(Error::FetchUnfinished { run: run.id().to_string(), fetched });
    }
    Ok(Fetched(()))
}

/// What nobody said the name of just now has the one that is known.
fn call_by_name(run: &mut Run<'_>) -> Result<(), Error> {
    let names = blocking(|| run.warehouse.playlist_names())?;
    for report in run.findings.playlists.iter_mut().filter(|report| report.name.is_none()) {
        report.name = names.get(&report.playlist_id).cloned();
    }
    Ok(())
}

/// Lands the genres that somebody has from elsewhere.
fn from_file(run: &mut Run<'_>) -> Result<(), Error> {
    let Some(path) = &run.settings.genres else { return Ok(()) };
    let (job, run_id) = (run.job(), run.id().to_string());
    let bad = blocking(|| genres::land(&job, &mut run.warehouse, &run_id, path))?;
    run.findings.skipped.extend(bad);
    Ok(())
}

async fn from_source(run: &mut Run<'_>, source: &Source) -> Result<(), Error> {
    match source {
        Source::Spotify(wanted) => return from_spotify(run, wanted).await,
        Source::Nobody => return Ok(()),
        Source::Demo | Source::FromDir(_) => {}
    }
    let mut recorded = recorded(source, &run.warehouse, run.now())?;
    let run_id = run.id().to_string();
    let job = run.job();
    let replayed = blocking(|| replay::replay(&job, &mut run.warehouse, &run_id, &mut recorded))?;
    (run.findings.playlists, run.findings.skipped) = (replayed.playlists, replayed.skipped);
    Ok(())
}

/// Spotify is asked in the same way for a run and for a plan.
impl<'a> Job<'a> {
    /// A client that knows what earlier ones were told.
    pub(crate) fn client(&self, warehouse: &Warehouse) -> Result<Client, Error> {
        let credentials = self.config.credentials()?;
        let clock = self.settings.clock;
        let lockouts = lockouts::load(warehouse, &credentials.client_id, clock())?;
        let api_url = &self.config.spotify.api_url;
        let mut client = Client::new(api_url, credentials, self.settings.timing, clock)?;
        client.known_user = self.settings.known_user.clone();
        Ok(client.stopped_by(Arc::clone(self.stop)).with_lockouts(lockouts))
    }

    /// A fetch that has not begun.
    fn fetch(
        self,
        warehouse: &'a mut Warehouse,
        client: &'a mut Client,
        run_id: String,
    ) -> Result<Fetch<'a>, Error> {
        let now = (self.settings.clock)();
        let age = self.settings.refetch_older_than.map(TimeDelta::from_std);
        let refetch_before = age.and_then(|age| now.checked_sub_signed(age.ok()?));
        Ok(Fetch {
            warehouse,
            state: None,
            client,
            account: self.config.credentials()?.client_id,
            run_id,
            recorder: None,
            refetch: self.settings.refetch,
            refetch_before,
            clock: self.settings.clock,
            stop: self.stop,
            events: self.events,
            unusable: 0,
            lack: None,
            known: Default::default(),
            titles: BTreeMap::new(),
            ahead: Ahead::default(),
        })
    }
}

/// What a fetch is going to ask and to bring.
pub(crate) struct Foreseen {
    /// What becomes of each list.
    pub(crate) playlists: Vec<PlaylistReport>,
    /// The questions to Spotify, by bucket.
    pub(crate) questions: Questions,
    /// What may not be asked, and until when.
    pub(crate) lockouts: Lockouts,
    /// What foreseeing it cost.
    pub(crate) asked_count: u64,
    /// How long an answer took, and the wait before the next question; `None` where nobody was asked.
    pub(crate) per_call: Option<Duration>,
    /// Lists that have news, and how many rows they announce; only of those that were not read to their end.
    pub(crate) announced: BTreeMap<String, u64>,
    /// Rows that are going to come of them.
    pub(crate) row_count: u64,
    /// Artists and albums that are going to come.
    pub(crate) detail_count: u64,
}

impl Foreseen {
    /// No fetch at all.
    pub(crate) fn nothing() -> Self {
        Self {
            playlists: Vec::new(),
            questions: Questions::default(),
            lockouts: Lockouts::default(),
            asked_count: 0,
            per_call: None,
            announced: BTreeMap::new(),
            row_count: 0,
            detail_count: 0,
        }
    }
}

/// Foresees a fetch of `source` for the run, on a warehouse that nobody needs afterwards.
///
/// What is recorded is landed there: it costs no call. Of Spotify no more is asked than it takes to know how many calls there will be.
pub(crate) async fn foresee(
    job: Job<'_>,
    warehouse: &mut Warehouse,
    run_id: &RunId,
    is_offline: bool,
) -> Result<Foreseen, Error> {
    let settings = job.settings;
    let mut foreseen = Foreseen::nothing();
    if let Some(path) = &settings.genres {
        blocking(|| genres::land(&job, warehouse, run_id.as_str(), path))?;
    }
    let wanted = match &settings.source {
        None | Some(Source::Nobody) => return Ok(foreseen),
        Some(Source::Spotify(wanted)) => wanted,
        Some(source) => {
            let mut recorded = recorded(source, warehouse, (settings.clock)())?;
            let replayed =
                blocking(|| replay::replay(&job, warehouse, run_id.as_str(), &mut recorded))?;
            foreseen.playlists = replayed.playlists;
            return Ok(foreseen);
        }
    };
    let mut client = job.client(warehouse)?;
    let began = Instant::now();
    let mut fetch = job.fetch(warehouse, &mut client, run_id.to_string())?;
    fetch.ahead = Ahead::new(match (is_offline, settings.enrich, settings.refetch) {
        (true, ..) => Depth::Ledger,
        // Whether what is asked for again is still the same, only the answers tell.
        (false, true, true) => Depth::Details,
        (false, true, false) => Depth::Lists,
        (false, false, _) => Depth::FirstPages,
    });
    let mut ended = fetch.everything(wanted).await.map(|playlists| foreseen.playlists = playlists);
    if settings.enrich && ended.is_ok() {
        ended = fetch.enrich().await.map(drop);
    }
    if let Some(error) = fetch.lack.take() {
        (job.events)(What::Warning(Warning::ListingIncomplete { error }));
    }
    let Ahead { announced, row_count, detail_count, .. } = fetch.ahead;
    (foreseen.announced, foreseen.row_count) = (announced, row_count);
    foreseen.detail_count = detail_count;
    client.keep_login(job.events);
    ended?;
    let usage = client.usage();
    foreseen.asked_count = usage.call_count;
    let took = began.elapsed().saturating_sub(usage.waited);
    let count = u32::try_from(usage.call_count).unwrap_or(u32::MAX);
    foreseen.per_call = took.checked_div(count);
    (foreseen.questions, foreseen.lockouts) =
        (client.questions().clone(), client.lockouts().clone());
    Ok(foreseen)
}

/// The documents that lie here.
fn recorded(source: &Source, warehouse: &Warehouse, now: DateTime<Utc>) -> Result<Recorded, Error> {
    match source {
        Source::FromDir(folder) => Ok(Recorded::open(folder, now)?),
        _ => {
            let is_first = ledger::runs::exported_run_count(warehouse, "demo")? == 0;
            Ok(Recorded::demo(if is_first { DemoPoint::First } else { DemoPoint::Second }, now)?)
        }
    }
}

async fn from_spotify(run: &mut Run<'_>, wanted: &Wanted) -> Result<(), Error> {
    let credentials = run.config.credentials()?;
    run.findings.spotify.login_ends_at = credentials.login_ends_at(run.now());
    for exposure in spotify_exposures(run.config, &credentials) {
        run.warn(Warning::Exposed(exposure));
    }
    let job = run.job();
    let mut client = job.client(&run.warehouse)?;
    let recorder = run.settings.record.as_deref().map(Recorder::create).transpose()?;
    let run_id = run.findings.run.id.to_string();
    let mut fetch = job.fetch(&mut run.warehouse, &mut client, run_id)?;
    (fetch.recorder, fetch.state) = (recorder, run.state.as_mut());
    let mut ended = fetch.everything(wanted).await.map(|reports| {
        run.findings.playlists = reports;
    });
    run.findings.listing_lack = fetch.lack.take();
    if run.settings.enrich && ended.is_ok() {
        ended = fetch.enrich().await.map(|report| run.findings.enrichment = report);
    }
    client.keep_login(run.events);
    run.findings.calls = client.calls().clone();
    let usage = client.usage();
    let (call_count, retry_count, waited) = (usage.call_count, usage.retry_count, usage.waited);
    (run.events)(What::SpotifyUsage { call_count, retry_count, waited });
    let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
    run.findings.spotify =
        SpotifyReport { call_count, retry_count, waited_ms, ..run.findings.spotify };
    ended
}

/// Of what was asked for, something was read or known already; else an operator's mistake would look like a success.
fn require_something_read(run: &Run<'_>, source: &Source) -> Result<(), Error> {
    let findings = &run.findings;
    let is_read = |report: &PlaylistReport| {
        matches!(report.status, PlaylistStatus::Fetched | PlaylistStatus::Unchanged)
    };
    let is_live = matches!(source, Source::Spotify(Wanted { mine: false, .. }));
    let is_any_read = findings.playlists.iter().any(is_read);
    if let (false, Some(PutOff { what, until })) = (is_any_read, put_off(&findings.playlists)) {
        return Err(Error::PutOff { what, until, rest: "what was fetched of it is kept" });
    }
    if is_live && !findings.playlists.is_empty() && !is_any_read {
        let reasons: Vec<String> = findings
            .playlists
            .iter()
            .map(|report| {
                report.reason.clone().unwrap_or_else(|| {
                    format!(
                        "`{}` gives its contents only to owner and collaborators",
                        report.playlist_id
                    )
                })
            })
            .collect();
        ledger::runs::give_up(&run.warehouse, run.id())?;
        return Err(Error::NothingRead {
            count: findings.playlists.len(),
            reasons: reasons.join("; "),
            advice: advice(&findings.playlists),
        });
    }
    // Artists and albums are in no report, but among the run's reads.
    if !findings.skipped.is_empty()
        && findings.playlists.is_empty()
        && !ledger::runs::has_read(&run.warehouse, run.id())?
    {
        let count = findings.skipped.len();
        let mut reasons = findings.skipped[..count.min(SHOWN_REASONS)].join("; ");
        if count > SHOWN_REASONS {
            let _ = write!(reasons, "; and {} more", count - SHOWN_REASONS);
        }
        return Err(Error::NothingReadable { count, reasons });
    }
    Ok(())
}

/// What an operator can do about lists of which nothing could be read: where Spotify answered, and not with them, who asks, or for
/// what. What else went wrong says itself what to do.
fn advice(playlists: &[PlaylistReport]) -> &'static str {
    let is_denied = |report: &PlaylistReport| {
        matches!(report.status, PlaylistStatus::NotFound | PlaylistStatus::ContentsUnavailable)
    };
    match playlists.iter().any(is_denied) {
        true => ". Check the ids, or `snowtrack login` as somebody who may read them",
        false => "",
    }
}

/// A run that left playlists out ends with an error, also where another process brings it to its end.
pub(crate) fn require_all_read(run: &Run<'_>) -> Result<(), Error> {
    let Unread { count, reason, put_off } = ledger::runs::unread(&run.warehouse, run.id())?;
    if count > 0 {
        return Err(Error::PlaylistsUnread { count, first: reason.unwrap_or_default() });
    }
    if let Some(reason) = reason {
        return Err(Error::ListingIncomplete { reason });
    }
    put_off.map_or(Ok(()), |PutOff { what, until }| {
        Err(Error::PutOff { what, until, rest: "what else was asked for is done" })
    })
}

/// The lists of which it is known how they are.
fn looked_at(playlists: &[PlaylistReport]) -> Vec<&str> {
    let is_known = |report: &&PlaylistReport| {
        !matches!(report.status, PlaylistStatus::Failed | PlaylistStatus::PutOff)
    };
    playlists.iter().filter(is_known).map(|report| report.playlist_id.as_str()).collect()
}

/// What was asked for and could not be read.
fn unread(findings: &Findings) -> Unread {
    let playlists = &findings.playlists;
    let mut failed = playlists.iter().filter(|playlist| playlist.status == PlaylistStatus::Failed);
    let count = u32::try_from(failed.clone().count()).unwrap_or(u32::MAX);
    let reasons = [
        failed.find_map(|playlist| playlist.reason.as_deref()),
        // How many are missing of an incomplete list is not known, so none of them is counted.
        findings.listing_lack.as_deref(),
    ];
    let reasons: Vec<&str> = reasons.into_iter().flatten().collect();
    let reason = (!reasons.is_empty()).then(|| reasons.join("; "));
    Unread { count, reason, put_off: put_off(playlists) }
}

/// What Spotify put off.
fn put_off(playlists: &[PlaylistReport]) -> Option<PutOff> {
    let put_off = playlists.iter().filter(|playlist| playlist.status == PlaylistStatus::PutOff);
    let until = put_off.clone().filter_map(|playlist| playlist.not_before).min()?;
    let named = |playlist: &PlaylistReport| match &playlist.reason {
        Some(reason) => format!("`{}` ({reason})", playlist.playlist_id),
        None => format!("`{}`", playlist.playlist_id),
    };
    let names: Vec<String> = put_off.map(named).collect();
    let mut text = names[..names.len().min(SHOWN_REASONS)].join(", ");
    if names.len() > SHOWN_REASONS {
        let _ = write!(text, " and {} more", names.len() - SHOWN_REASONS);
    }
    Some(PutOff { what: text, until })
}
