//! One run, as a story.

use std::path::Path;
use std::sync::Arc;

use super::account::{Target, target};
use super::conclusion::Conclusion;
use super::credentials::snowflake_exposure;
use super::error::Error;
use super::findings::Story;
use super::job::{Edge, Settings};
use super::lock::hold;
use super::report::RunReport;
use super::{lost, notes, provenance};
use crate::blocking::blocking;
use crate::config::Config;
use crate::event::{Event, Events, Stage};
use crate::ids::RunId;
use crate::ledger;
use crate::quality;
use crate::stop::Stop;
use crate::warehouse::{Renewal, Warehouse};

/// Runs every stage in order and returns what was done, also when a stage ended it.
///
/// An unfinished run of the same source is continued. `stop` ends it early, with the ledger saved.
///
/// # Errors
/// The first item is the report as far as the run came; `Err` only where there was no run to report.
pub async fn run(
    config: &Config,
    settings: &Settings,
    events: Events<'_>,
    stop: &Arc<Stop>,
) -> Result<(RunReport, Option<Error>), Error> {
    let target = configured_target(config, settings)?;
    if let Some(exposure) = target.as_ref().and_then(snowflake_exposure) {
        events(Event::Warning(exposure.sentence()));
    }
    let (mut lock, mut warehouse) = hold(settings, "a run that begins", events, stop).await?;
    // Only now: whoever waited begins when the wait is over.
    let now = (settings.clock)();
    let fresh = RunId::new(now, fastrand::u128(..));
    let described =
        |run: &RunId| format!("run {run}, since {}", now.format("%Y-%m-%d %H:%M:%S UTC"));
    // Rows that are to be shipped again need a run of their own.
    let purpose = ledger::runs::Purpose {
        ships: *settings.stages.end() >= Stage::Upload && settings.reship.is_empty(),
        is_full: settings.full,
        is_own: !settings.reship.is_empty(),
    };
    let (run, started_at) = match (&settings.run, &settings.source) {
        (Some(run), _) => {
            let found = ledger::runs::started_at(&warehouse, run)?;
            let found = found.ok_or_else(|| Error::UnknownRun(run.to_string()))?;
            let only_ships = *settings.stages.start() >= Stage::Upload;
            if let Some(why) = ledger::runs::why_not_shipped(&warehouse, run, only_ships)? {
                return Err(Error::NotShipped { run: run.to_string(), why });
            }
            (run.clone(), found)
        }
        (None, Some(source)) => {
            ledger::runs::begin(&mut warehouse, Some(&source.name()), purpose, (fresh, now))?
        }
        (None, None) if *settings.stages.start() == Stage::Verify => {
            ledger::files::latest(&warehouse)?.ok_or(Error::NothingExported)?
        }
        (None, None) if *settings.stages.start() >= Stage::Upload => {
            ledger::runs::latest(&warehouse)?.ok_or(Error::NothingExported)?
        }
        (None, None) => ledger::runs::begin(&mut warehouse, None, purpose, (fresh, now))?,
    };
    lock.describe(&described(&run));
    warehouse.set_run(run.as_str(), started_at)?;
    let mut story = Story::new(run, started_at);
    let (asked, work) = (Arc::clone(stop), warehouse.interrupt());
    let interrupter = tokio::spawn(async move {
        asked.asked().await;
        work.interrupt();
    });
    story.goes_to_snowflake = match (&target, &config.snowflake.account) {
        (Some(_), _) => Ok(()),
        (None, Some(_)) => Err("the command ends before Snowflake is asked"),
        (None, None) => Err("no Snowflake account is configured"),
    };
    let tag = story.run.to_string();
    let edge = Edge { config, settings, events, stop, tag: &tag };
    let ended = story.tell(edge, &mut warehouse, target.as_ref()).await;
    interrupter.abort();
    // Whatever a statement or a call says when it is cut off, the reason is that somebody asked.
    let ended = ended.map_err(|error| if stop.is_asked() { Error::Interrupted } else { error });
    let ended = story.weigh(ended);
    let ended = match edge.does(Stage::Fetch) {
        true => ended.and_then(|()| story.require_all_read(&warehouse)),
        false => ended,
    };
    let conclusion = story.conclude(ended, ledger::files::last_proof(&warehouse)?);
    let report = story.report(&conclusion, (settings.clock)());
    let text = serde_json::to_string(&report).unwrap_or_default();
    let Conclusion { state, error, .. } = conclusion;
    blocking(|| {
        let finished = story.note_end(edge, &warehouse, (state, &text));
        ledger::status_file::post(&settings.data_dir, &warehouse, None, (settings.clock)());
        // What was done is done, also where it can no longer be noted.
        Ok((report, error.or_else(|| finished.err().map(Error::from))))
    })
}

/// The configured account, where the run gets that far. What is wrong with it is said before anything is fetched.
fn configured_target(config: &Config, settings: &Settings) -> Result<Option<Target>, Error> {
    let shipping = &settings.shipping;
    if *settings.stages.end() < Stage::Ingest || shipping.no_ingest {
        return Ok(None);
    }
    let target = target(config, shipping.snowflake, settings.clock)?;
    if target.is_none() && *settings.stages.start() == Stage::Verify {
        let why = "there is no Snowflake account to ask what arrived";
        return Err(Error::NotConfigured { what: "SNOWFLAKE_ACCOUNT", why });
    }
    if target.is_some() && config.lake.bucket.is_none() {
        let why = "SNOWFLAKE_ACCOUNT is set, and Snowflake loads from S3";
        return Err(Error::NotConfigured { what: "S3_BUCKET (or use `--no-ingest`)", why });
    }
    Ok(target)
}

impl Story {
    async fn tell(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        target: Option<&Target>,
    ) -> Result<(), Error> {
        // What is exported is final: only its way to Snowflake is left.
        let is_exported = ledger::runs::is_exported(warehouse, &self.run)?;
        let does_more = *edge.settings.stages.start() < Stage::Upload;
        if is_exported || !does_more {
            self.tables = ledger::runs::counts_of(warehouse, &self.run)?;
            self.reached = Stage::Export;
            if edge.settings.stages.end() < &Stage::Upload {
                return Ok(());
            }
            return self.ship(edge, warehouse, target).await;
        }
        if edge.settings.stages.end() >= &Stage::Export {
            provenance::look(edge, warehouse).await?;
        }
        if let (true, Some(source)) = (edge.does(Stage::Fetch), &edge.settings.source) {
            self.enter(edge, warehouse, Stage::Fetch)?;
            self.fetch(edge, source, warehouse).await?;
            self.require_something_read(source, warehouse)?;
            ledger::runs::fetched(warehouse, &self.run, &self.unread(), edge.now())?;
        } else if edge.does(Stage::Export)
            && let Some(fetched) = ledger::runs::being_fetched(warehouse, &self.run)?
        {
            // Exported, it would be final, and what is landed of it would be asked for again.
            return Err(Error::FetchUnfinished { run: self.run.to_string(), fetched });
        }
        blocking(|| {
            let published = edge.settings.data_dir.published();
            let renewal = match edge.does(Stage::Publish) {
                true => warehouse.begin_renewal(&published)?,
                false => None,
            };
            self.transform(edge, warehouse)?;
            let count = warehouse.pending_read_count()?;
            if edge.does(Stage::Export) && 0 < count {
                return Err(Error::NotTransformed { count });
            }
            if let Some(renewal) = &renewal {
                warehouse.renew_aside(renewal)?;
            }
            self.check_and_export(edge, warehouse, &published, renewal)
        })?;
        if edge.settings.stages.end() < &Stage::Upload {
            return Ok(());
        }
        self.ship(edge, warehouse, target).await
    }

    /// Notes how the run ended. A verification that compared nothing changes nothing.
    fn note_end(
        &self,
        edge: Edge<'_>,
        warehouse: &Warehouse,
        (state, report): (&str, &str),
    ) -> Result<(), crate::warehouse::Error> {
        match (edge.only_verifies(), &self.verification) {
            (false, _) => ledger::runs::finish(warehouse, &self.run, state, report, edge.now()),
            (true, Some(_)) => {
                ledger::runs::proven(warehouse, &self.run, state, report, edge.now())
            }
            (true, None) => Ok(()),
        }
    }

    pub(crate) fn enter(
        &self,
        edge: Edge<'_>,
        warehouse: &Warehouse,
        stage: Stage,
    ) -> Result<(), Error> {
        (edge.events)(Event::StageStarted(stage));
        ledger::runs::enter(warehouse, &self.run, stage.name())?;
        ledger::status_file::post(&edge.settings.data_dir, warehouse, Some(&self.run), edge.now());
        Ok(())
    }

    fn transform(&mut self, edge: Edge<'_>, warehouse: &mut Warehouse) -> Result<(), Error> {
        if edge.does(Stage::Transform) {
            edge.check_stop()?;
            self.enter(edge, warehouse, Stage::Transform)?;
            warehouse.transform()?;
            if ledger::runs::is_full(warehouse, &self.run)? {
                warehouse.unship_everything()?;
            }
            lost::take_over(edge, warehouse)?;
            for (table, keys) in &edge.settings.reship {
                warehouse.reship(*table, keys)?;
            }
            self.describe_playlists(warehouse)?;
        }
        self.tables = warehouse.table_counts()?;
        self.notes = notes::of(self, warehouse)?;
        Ok(())
    }

    fn check_and_export(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        published: &Path,
        renewal: Option<Renewal>,
    ) -> Result<(), Error> {
        if *edge.settings.stages.end() < Stage::Check {
            return Ok(());
        }
        edge.check_stop()?;
        // Publish and export by themselves look again, too: the proof is not kept between processes.
        self.enter(edge, warehouse, Stage::Check)?;
        let warn_only = &edge.settings.warn_only;
        let refused_rows = edge.settings.data_dir.refused();
        let run = (&self.run, edge.now());
        let (checks, gate) = quality::gate(warehouse, run, warn_only, &refused_rows)?;
        self.checks = checks;
        ledger::status_file::post_findings(&edge.settings.data_dir, warehouse, &self.run);
        let passed = gate.map_err(|_| Error::Refused {
            run: self.run.to_string(),
            failed_checks: quality::refusing(&self.checks),
            first: quality::first_refusing(&self.checks),
        })?;

        if edge.does(Stage::Publish) {
            edge.check_stop()?;
            self.enter(edge, warehouse, Stage::Publish)?;
            warehouse.publish(published, renewal)?;
        }
        if edge.does(Stage::Export) {
            edge.check_stop()?;
            self.enter(edge, warehouse, Stage::Export)?;
            self.export(edge, warehouse, &passed)?;
        }
        Ok(())
    }

    /// Adds what the transform knows about each playlist's rows.
    fn describe_playlists(&mut self, warehouse: &Warehouse) -> Result<(), Error> {
        let names = warehouse.playlist_names()?;
        let contents = warehouse.playlist_contents()?;
        for report in &mut self.playlists {
            report.name = names.get(&report.playlist_id).cloned();
            if let Some(contents) = contents.get(&report.playlist_id) {
                report.row_count = contents.row_count;
                report.track_count = contents.track_count;
                report.episode_count = contents.episode_count;
                report.local_count = contents.local_count;
                report.removed_count = contents.removed_count;
                report.added_song_count = contents.added_song_count;
                report.removed_song_count = contents.removed_song_count;
            }
        }
        Ok(())
    }
}

/// What every key of the lake begins with.
pub(crate) fn prefix(config: &Config) -> String {
    let mut prefix = config.lake.prefix.clone().unwrap_or_else(|| "spotify-data/".to_owned());
    // A stage's location is a prefix: without the slash it would take in every sibling folder that begins the same.
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    prefix
}
