//! The fetch as a stage of a run: where documents come from, and what it means that some did not come.

use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::credentials::{credentials, spotify_exposures};
use super::error::Error;
use super::fetch::Fetch;
use super::fetch::replay;
use super::findings::Story;
use super::job::{Edge, Source};
use super::report::{PlaylistReport, SpotifyReport};
use crate::blocking::blocking;
use crate::event::Event;
use crate::ids::PlaylistId;
use crate::ledger;
use crate::ledger::lockouts;
use crate::sources::{Client, DemoPoint, Recorded, Recorder};
use crate::warehouse::Warehouse;

/// Reasons and names that an error tells; they are mostly the same.
const SHOWN_REASONS: usize = 3;

impl Story {
    pub(crate) async fn fetch(
        &mut self,
        edge: Edge<'_>,
        source: &Source,
        warehouse: &mut Warehouse,
    ) -> Result<(), Error> {
        let now = edge.now();
        let mut recorded = match source {
            Source::Demo => {
                let is_first = ledger::runs::exported_run_count(warehouse, "demo")? == 0;
                Recorded::demo(if is_first { DemoPoint::First } else { DemoPoint::Second }, now)?
            }
            Source::FromDir(folder) => Recorded::open(folder, now)?,
            Source::Spotify { playlists, mine, liked } => {
                let wanted = (playlists.as_slice(), *mine, *liked);
                return self.fetch_live(edge, warehouse, wanted).await;
            }
        };
        let run_id = self.run.to_string();
        let replayed = blocking(|| {
            replay::replay(
                warehouse,
                &run_id,
                &mut recorded,
                edge.settings.clock,
                (edge.stop, edge.events),
            )
        })?;
        (self.playlists, self.skipped) = (replayed.playlists, replayed.skipped);
        Ok(())
    }

    async fn fetch_live(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        (playlists, mine, liked): (&[PlaylistId], bool, bool),
    ) -> Result<(), Error> {
        let credentials = credentials(edge.config, &edge.settings.data_dir)?;
        let account = credentials.client_id.clone();
        self.spotify.login_ends_at = credentials.login_ends_at(edge.now());
        for exposure in spotify_exposures(edge.config, &credentials) {
            (edge.events)(Event::Warning(exposure.sentence()));
        }
        let lockouts = lockouts::load(warehouse, &account, edge.now())?;
        let api_url =
            edge.config.spotify.api_url.as_deref().unwrap_or("https://api.spotify.com/v1");
        let mut client =
            Client::new(api_url, credentials, edge.settings.timing, edge.settings.clock)?
                .stopped_by(Arc::clone(edge.stop))
                .with_lockouts(lockouts);
        let recorder = edge.settings.record.as_deref().map(Recorder::create).transpose()?;
        let age = edge.settings.refetch_older_than.map(TimeDelta::from_std);
        let mut fetch = Fetch {
            warehouse,
            client: &mut client,
            account,
            run_id: self.run.to_string(),
            recorder,
            refetch: edge.settings.refetch,
            refetch_before: age.and_then(|age| edge.now().checked_sub_signed(age.ok()?)),
            clock: edge.settings.clock,
            stop: edge.stop,
            events: edge.events,
            unusable: 0,
            known: Default::default(),
        };
        let mut ended = fetch.everything(playlists, mine, liked).await.map(|reports| {
            self.playlists = reports;
        });
        if edge.settings.enrich && ended.is_ok() {
            ended = fetch.enrich().await.map(|report| self.enrichment = report);
        }
        client.keep_login(edge.events);
        let usage = client.usage();
        let waited_ms = u64::try_from(usage.waited.as_millis()).unwrap_or(u64::MAX);
        self.spotify = SpotifyReport {
            call_count: usage.call_count,
            retry_count: usage.retry_count,
            waited_ms,
            ..self.spotify
        };
        ended
    }

    /// Of what was asked for, something was read or known already; else an operator's mistake would look like a success.
    pub(crate) fn require_something_read(
        &self,
        source: &Source,
        warehouse: &Warehouse,
    ) -> Result<(), Error> {
        let is_read =
            |report: &&PlaylistReport| matches!(report.status.as_str(), "fetched" | "unchanged");
        let is_live = matches!(source, Source::Spotify { mine: false, .. });
        let is_any_read = self.playlists.iter().any(|report| is_read(&report));
        if let (false, Some((what, until))) = (is_any_read, self.put_off()) {
            return Err(Error::PutOff { what, until, rest: "what was fetched of it is kept" });
        }
        if is_live && !self.playlists.is_empty() && !is_any_read {
            let reasons: Vec<String> = self
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
            ledger::runs::give_up(warehouse, &self.run)?;
            return Err(Error::NothingRead {
                count: self.playlists.len(),
                reasons: reasons.join("; "),
            });
        }
        // Artists and albums are in no report, but among the run's reads.
        if !self.skipped.is_empty()
            && self.playlists.is_empty()
            && !ledger::runs::has_read(warehouse, &self.run)?
        {
            let count = self.skipped.len();
            let mut reasons = self.skipped[..count.min(SHOWN_REASONS)].join("; ");
            if count > SHOWN_REASONS {
                let _ = write!(reasons, "; and {} more", count - SHOWN_REASONS);
            }
            return Err(Error::NothingReadable { count, reasons });
        }
        Ok(())
    }

    /// What was asked for and could not be read.
    pub(crate) fn unread(&self) -> ledger::runs::Unread {
        let mut failed = self.playlists.iter().filter(|playlist| playlist.status == "failed");
        let count = u32::try_from(failed.clone().count()).unwrap_or(u32::MAX);
        let reason = failed.find_map(|playlist| playlist.reason.clone());
        ledger::runs::Unread { count, reason, put_off: self.put_off() }
    }

    /// What Spotify put off, by name, and when the first of it may be asked for.
    fn put_off(&self) -> Option<(String, DateTime<Utc>)> {
        let put_off = self.playlists.iter().filter(|playlist| playlist.status == "put_off");
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

    /// A run that left playlists out must not look like any other, whoever brings it to its end.
    pub(crate) fn require_all_read(&self, warehouse: &Warehouse) -> Result<(), Error> {
        let ledger::runs::Unread { count, reason, put_off } =
            ledger::runs::unread(warehouse, &self.run)?;
        if count > 0 {
            return Err(Error::PlaylistsUnread { count, first: reason.unwrap_or_default() });
        }
        put_off.map_or(Ok(()), |(what, until)| {
            Err(Error::PutOff { what, until, rest: "what else was asked for is done" })
        })
    }
}
