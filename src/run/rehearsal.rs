//! A run foreseen, on a copy of the ledger that nobody needs afterwards: the same run is taken up, the same fetch decides, the same SQL shapes.
//!
//! In: what a run would be asked for. Out: what it is going to ask, to read, and to ship. Nothing is published, exported or sent.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::error::Error;
use super::fetch::{self, Foreseen};
use super::job;
use super::job::Job;
use super::report::{PlaylistReport, called};
use crate::blocking::blocking;
use crate::config::{Account, Config};
use crate::ids::{RunId, Subject};
use crate::ledger::lost::lost_files;
use crate::ledger::{self, Shipment, ShippedFile};
use crate::status::{FileState, PlaylistStatus};
use crate::warehouse::{TableCount, Warehouse};

/// What is known of a list before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It was never read to its end.
    New,
    /// It is another than the one that is held.
    Changed,
    /// Nothing of it is going to be read.
    Unchanged,
}

impl News {
    /// As a plan writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A list that a run is about.
#[derive(Debug, Clone)]
pub(crate) struct ForeseenPlaylist {
    pub(crate) playlist_id: String,
    /// What it is called, where somebody said so.
    pub(crate) name: Option<String>,
    pub(crate) news: News,
    pub(crate) row_count: u64,
    /// Why it is not going to be read.
    pub(crate) reason: Option<String>,
    /// When it may be asked for, where Spotify put it off.
    pub(crate) not_before: Option<DateTime<Utc>>,
}

impl ForeseenPlaylist {
    /// What a person calls it: its name, else its id.
    pub(crate) fn called(&self) -> &str {
        called(self.name.as_deref(), &self.playlist_id)
    }
}

/// A run before it begins.
pub(crate) struct Rehearsal {
    /// The run that it goes on with, where one did not end.
    pub(crate) continued: Option<RunId>,
    /// What it is about.
    pub(crate) playlists: Vec<ForeseenPlaylist>,
    /// What it asks of Spotify.
    pub(crate) foreseen: Foreseen,
    /// What it ships, as far as that is known by row.
    pub(crate) tables: Vec<TableCount>,
    /// Files of earlier runs, and its own where it is exported already, that it takes along.
    pub(crate) outstanding: Vec<Shipment>,
}

/// Foresees the run that the job would begin or continue, on `warehouse`, a copy.
pub(crate) async fn rehearse(
    job: Job<'_>,
    account: Option<&Account>,
    warehouse: &mut Warehouse,
    is_offline: bool,
) -> Result<Rehearsal, Error> {
    let Job { config, settings, .. } = job;
    let now = (settings.clock)();
    let run = job::begin(warehouse, settings, now)?;
    warehouse.set_run(run.id.as_str(), run.started_at)?;
    let outstanding = outstanding(config, account, warehouse)?;
    let continued = (run.started_at != now).then(|| run.id.clone());
    // What is exported is final: only its way to Snowflake is left.
    if ledger::runs::is_exported(warehouse, &run.id)? {
        let (playlists, foreseen) = (Vec::new(), Foreseen::nothing());
        return Ok(Rehearsal { continued, playlists, foreseen, tables: Vec::new(), outstanding });
    }
    let before = Held::of(warehouse)?;
    let mut foreseen = fetch::foresee(job, warehouse, &run.id, is_offline).await?;
    let tables = blocking(|| to_ship(warehouse, &run.id))?;
    let reports = std::mem::take(&mut foreseen.playlists);
    let names = blocking(|| warehouse.playlist_names())?;
    let playlists = reports.into_iter().map(|mut report| {
        report.name = report.name.or_else(|| names.get(&report.playlist_id).cloned());
        before.compare(report, &foreseen)
    });
    let playlists = playlists.collect();
    Ok(Rehearsal { continued, playlists, foreseen, tables, outstanding })
}

/// Shapes what is landed and counts what is to be shipped, as the transform of a run does.
fn to_ship(warehouse: &mut Warehouse, run: &RunId) -> Result<Vec<TableCount>, Error> {
    warehouse.transform()?;
    if ledger::runs::is_full(warehouse, run)? {
        warehouse.unship_everything()?;
    }
    for file in lost_files(warehouse)? {
        warehouse.take_over(file.table, &file.run_id)?;
    }
    let mut tables = warehouse.table_counts()?;
    tables.retain(|table| 0 < table.changed_row_count);
    Ok(tables)
}

/// What a run takes along, as far as it goes.
fn outstanding(
    config: &Config,
    account: Option<&Account>,
    warehouse: &Warehouse,
) -> Result<Vec<Shipment>, Error> {
    if config.lake.bucket.is_none() {
        return Ok(Vec::new());
    }
    let place = account.map(Account::place);
    let mut shipments = ledger::shipments::outstanding(warehouse, place.as_deref())?;
    // Without an account, what is in the bucket has arrived.
    let ends_in_bucket = config.snowflake.account.is_none();
    let is_left = |it: &ShippedFile| !ends_in_bucket || it.state != FileState::Uploaded;
    for shipment in &mut shipments {
        shipment.files.retain(is_left);
    }
    shipments.retain(|shipment| !shipment.files.is_empty());
    Ok(shipments)
}

/// The lists that the warehouse holds.
struct Held(BTreeSet<String>);

impl Held {
    fn of(warehouse: &Warehouse) -> Result<Self, Error> {
        let playlists = warehouse.known_playlist_reads()?.into_keys().map(|id| id.to_string());
        let liked = warehouse.newest_liked_songs()?.as_ref().map(Subject::name);
        Ok(Self(playlists.chain(liked).collect()))
    }

    fn compare(&self, report: PlaylistReport, foreseen: &Foreseen) -> ForeseenPlaylist {
        let PlaylistReport { playlist_id, name, status, row_count, reason, not_before, .. } =
            report;
        let is_held = self.0.contains(&playlist_id);
        // Of what is put off, it may be known all the same that there is news.
        let announced = foreseen.announced.get(&playlist_id).copied();
        let has_news = status == PlaylistStatus::Fetched || announced.is_some();
        let news = match (is_held, has_news) {
            (false, _) if status != PlaylistStatus::Unchanged => News::New,
            (_, true) => News::Changed,
            _ => News::Unchanged,
        };
        let row_count = if row_count == 0 { announced.unwrap_or(0) } else { row_count };
        ForeseenPlaylist { playlist_id, name, news, row_count, reason, not_before }
    }
}
