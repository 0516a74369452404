//! Fetch: brings what was asked for to disk as it came, and says what could not be read.
//!
//! In: a [`Source`]. Out: documents in `raw`, and a report per playlist.

mod enrich;
mod lists;
mod live;
mod reading;
mod replay;
#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::Error;
use super::job::{Source, Wanted};
use super::report::{PlaylistReport, SpotifyReport};
use super::{Run, provenance};
use crate::blocking::blocking;
use crate::config::spotify_exposures;
use crate::event::{Counts, Stage, Warning, What};
use crate::ledger::{self, lockouts};
use crate::sources::{Client, DemoPoint, Recorded, Recorder};
use crate::status::PlaylistStatus;
use reading::Fetch;

/// Reasons and names that an error tells; they are mostly the same.
const SHOWN_REASONS: usize = 3;

/// Whatever the run asks for is landed, but for what could not be read.
pub(crate) struct Fetched(());

/// Lands what was asked for; without a source, nothing more than what an earlier process landed.
pub(crate) async fn fetch(run: &mut Run<'_>) -> Result<Fetched, Error> {
    if *run.settings.stages.end() >= Stage::Export {
        provenance::look(run).await?;
    }
    if let (true, Some(source)) = (run.does(Stage::Fetch), &run.settings.source) {
        run.enter(Stage::Fetch)?;
        from_source(run, source).await?;
        require_something_read(run, source)?;
        let unread = unread(&run.findings.playlists);
        ledger::runs::fetched(&run.warehouse, run.id(), &unread, run.now())?;
        run.leave(Counts::default());
    } else if run.does(Stage::Export)
        && let Some(fetched) = ledger::runs::being_fetched(&run.warehouse, run.id())?
    {
        // Exported, it would be final, and what is landed of it would be asked for again.
        return Err(Error::FetchUnfinished { run: run.id().to_string(), fetched });
    }
    Ok(Fetched(()))
}

async fn from_source(run: &mut Run<'_>, source: &Source) -> Result<(), Error> {
    let now = run.now();
    let mut recorded = match source {
        Source::Demo => {
            let is_first = ledger::runs::exported_run_count(&run.warehouse, "demo")? == 0;
            Recorded::demo(if is_first { DemoPoint::First } else { DemoPoint::Second }, now)?
        }
        Source::FromDir(folder) => Recorded::open(folder, now)?,
        Source::Spotify(wanted) => return from_spotify(run, wanted).await,
    };
    let run_id = run.id().to_string();
    let replayed = blocking(|| {
        replay::replay(
            &mut run.warehouse,
            &run_id,
            &mut recorded,
            run.settings.clock,
            (run.stop, run.events),
        )
    })?;
    (run.findings.playlists, run.findings.skipped) = (replayed.playlists, replayed.skipped);
    Ok(())
}

async fn from_spotify(run: &mut Run<'_>, wanted: &Wanted) -> Result<(), Error> {
    let credentials = run.config.credentials()?;
    let account = credentials.client_id.clone();
    run.findings.spotify.login_ends_at = credentials.login_ends_at(run.now());
    for exposure in spotify_exposures(run.config, &credentials) {
        run.warn(Warning::Exposed(exposure));
    }
    let lockouts = lockouts::load(&run.warehouse, &account, run.now())?;
    let api_url = &run.config.spotify.api_url;
    let mut client = Client::new(api_url, credentials, run.settings.timing, run.settings.clock)?
        .stopped_by(Arc::clone(run.stop))
        .with_lockouts(lockouts);
    let recorder = run.settings.record.as_deref().map(Recorder::create).transpose()?;
    let age = run.settings.refetch_older_than.map(TimeDelta::from_std);
    let refetch_before = age.and_then(|age| run.now().checked_sub_signed(age.ok()?));
    let run_id = run.id().to_string();
    let mut fetch = Fetch {
        warehouse: &mut run.warehouse,
        state: run.state.as_mut(),
        client: &mut client,
        account,
        run_id,
        recorder,
        refetch: run.settings.refetch,
        refetch_before,
        clock: run.settings.clock,
        stop: run.stop,
        events: run.events,
        unusable: 0,
        known: Default::default(),
    };
    let mut ended = fetch.everything(wanted).await.map(|reports| {
        run.findings.playlists = reports;
    });
    if run.settings.enrich && ended.is_ok() {
        ended = fetch.enrich().await.map(|report| run.findings.enrichment = report);
    }
    client.keep_login(run.events);
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
    if let (false, Some((what, until))) = (is_any_read, put_off(&findings.playlists)) {
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

/// A run that left playlists out ends with an error, also where another process brings it to its end.
pub(crate) fn require_all_read(run: &Run<'_>) -> Result<(), Error> {
    let ledger::runs::Unread { count, reason, put_off } =
        ledger::runs::unread(&run.warehouse, run.id())?;
    if count > 0 {
        return Err(Error::PlaylistsUnread { count, first: reason.unwrap_or_default() });
    }
    put_off.map_or(Ok(()), |(what, until)| {
        Err(Error::PutOff { what, until, rest: "what else was asked for is done" })
    })
}

/// What was asked for and could not be read.
fn unread(playlists: &[PlaylistReport]) -> ledger::runs::Unread {
    let mut failed = playlists.iter().filter(|playlist| playlist.status == PlaylistStatus::Failed);
    let count = u32::try_from(failed.clone().count()).unwrap_or(u32::MAX);
    let reason = failed.find_map(|playlist| playlist.reason.clone());
    ledger::runs::Unread { count, reason, put_off: put_off(playlists) }
}

/// What Spotify put off, by name, and when the first of it may be asked for.
fn put_off(playlists: &[PlaylistReport]) -> Option<(String, DateTime<Utc>)> {
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
    Some((text, until))
}
