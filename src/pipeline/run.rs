//! One run, as a story.

use std::path::Path;
use std::sync::Arc;

use super::report::RunReport;
use super::settings::{Edge, Settings};
use super::story::Story;
use super::target::{Target, target};
use super::{Error, Lock, board, ledger, notes};
use crate::config::Config;
use crate::event::{Event, Events, Stage};
use crate::ids::RunId;
use crate::lake::{ExportSettings, archive, export, manifest_key};
use crate::quality::{self, QualityPassed, Severity};
use crate::retry::Stop;
use crate::spotify::{self, Credentials, TokenFile};
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
    let now = (settings.clock)();
    let fresh = RunId::new(now, fastrand::u128(..));
    let described =
        |run: &RunId| format!("run {run}, since {}", now.format("%Y-%m-%d %H:%M:%S UTC"));
    let mut lock = Lock::take(&settings.data_dir, &described(&fresh))?;
    let mut warehouse = tokio::task::block_in_place(|| {
        Warehouse::open(&settings.data_dir.join("snowtrack.duckdb"), &settings.data_dir.join("tmp"))
    })?;
    // Rows that are to be shipped again need a run of their own.
    let purpose = ledger::Purpose {
        ships: *settings.stages.end() >= Stage::Upload && settings.reship.is_empty(),
        is_full: settings.full,
        is_own: !settings.reship.is_empty(),
    };
    let (run, started_at) = match (&settings.run, &settings.source) {
        (Some(run), _) => {
            let found = ledger::started_at(&warehouse, run)?;
            let found = found.ok_or_else(|| Error::UnknownRun(run.to_string()))?;
            let only_ships = *settings.stages.start() >= Stage::Upload;
            if let Some(why) = ledger::why_not_shipped(&warehouse, run, only_ships)? {
                return Err(Error::NotShipped { run: run.to_string(), why });
            }
            (run.clone(), found)
        }
        (None, Some(source)) => {
            ledger::begin(&mut warehouse, Some(&source.name()), purpose, (fresh, now))?
        }
        (None, None) if *settings.stages.start() >= Stage::Upload => {
            ledger::latest(&warehouse)?.ok_or(Error::NothingExported)?
        }
        (None, None) => ledger::begin(&mut warehouse, None, purpose, (fresh, now))?,
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
    let ended = match edge.does(Stage::Fetch) {
        true => ended.and_then(|()| story.require_all_read(&warehouse)),
        false => ended,
    };
    interrupter.abort();
    // Whatever a statement or a call says when it is cut off, the reason is that somebody asked.
    let ended = ended.map_err(|error| if stop.is_asked() { Error::Interrupted } else { error });
    let status = status(&ended, story.reached);
    let report = story.report(status, ended.as_ref().err(), (settings.clock)());
    let text = serde_json::to_string(&report).unwrap_or_default();
    // Whatever did not come to an end stays `running` in the ledger: the same command continues it.
    let is_wrong = matches!(&ended, Err(Error::Unverified { outcome, .. }) if outcome.is_final());
    let state =
        if matches!(status, "pending" | "failed") && !is_wrong { "running" } else { status };
    tokio::task::block_in_place(|| {
        let finished = ledger::finish(&warehouse, &story.run, state, &text, (settings.clock)());
        board::post(&settings.data_dir, &warehouse, None, (settings.clock)());
        // What was done is done, also where it can no longer be noted.
        Ok((report, ended.err().or_else(|| finished.err().map(Error::from))))
    })
}

/// What a run's end is called.
const fn status(ended: &Result<(), Error>, reached: Stage) -> &'static str {
    match (ended, reached) {
        // The others are where they shall be.
        (Ok(()) | Err(Error::PlaylistsUnread { .. } | Error::PutOff { .. }), reached) => {
            match reached {
                Stage::Verify => "verified",
                Stage::Ingest => "ingested",
                Stage::Upload => "uploaded",
                Stage::Export => "exported",
                _ => "pending",
            }
        }
        (Err(Error::Refused { .. }), _) => "refused",
        (Err(error), _) if error.is_later() => "pending",
        (Err(_), _) => "failed",
    }
}

/// The configured account, where the run gets that far. What is wrong with it is said before anything is fetched.
fn configured_target(config: &Config, settings: &Settings) -> Result<Option<Target>, Error> {
    let shipping = &settings.shipping;
    if *settings.stages.end() < Stage::Ingest || shipping.no_ingest {
        return Ok(None);
    }
    let target = target(config, shipping.snowflake, settings.clock)?;
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
        let is_exported = ledger::is_exported(warehouse, &self.run)?;
        let does_more = *edge.settings.stages.start() < Stage::Upload;
        if is_exported || !does_more {
            self.tables = ledger::counts_of(warehouse, &self.run)?;
            self.reached = Stage::Export;
            if edge.settings.stages.end() < &Stage::Upload {
                return Ok(());
            }
            return self.ship(edge, warehouse, target).await;
        }
        if let (true, Some(source)) = (edge.does(Stage::Fetch), &edge.settings.source) {
            self.enter(edge, warehouse, Stage::Fetch)?;
            self.fetch(edge, source, warehouse).await?;
            self.require_something_read(source, warehouse)?;
            ledger::fetched(warehouse, &self.run, &self.unread(), edge.now())?;
        } else if edge.does(Stage::Export)
            && let Some(fetched) = ledger::being_fetched(warehouse, &self.run)?
        {
            // Exported, it would be final, and what is landed of it would be asked for again.
            return Err(Error::FetchUnfinished { run: self.run.to_string(), fetched });
        }
        tokio::task::block_in_place(|| {
            let published = edge.settings.data_dir.join("spotify.duckdb");
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

    pub(super) fn enter(
        &self,
        edge: Edge<'_>,
        warehouse: &Warehouse,
        stage: Stage,
    ) -> Result<(), Error> {
        (edge.events)(Event::StageStarted(stage));
        ledger::enter(warehouse, &self.run, stage.name())?;
        board::post(&edge.settings.data_dir, warehouse, Some(&self.run), edge.now());
        Ok(())
    }

    fn transform(&mut self, edge: Edge<'_>, warehouse: &mut Warehouse) -> Result<(), Error> {
        if edge.does(Stage::Transform) {
            edge.check_stop()?;
            self.enter(edge, warehouse, Stage::Transform)?;
            warehouse.transform()?;
            if ledger::is_full(warehouse, &self.run)? {
                warehouse.unship_everything()?;
            }
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
        let now = crate::warehouse::sql_timestamp(edge.now());
        let warn_only = &edge.settings.warn_only;
        let (checks, gate) = quality::gate(warehouse, self.run.as_str(), &now, warn_only)?;
        self.checks = checks;
        let passed = gate.map_err(|_| Error::Refused { failed_checks: self.failed_checks() })?;

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

    fn export(
        &mut self,
        edge: Edge<'_>,
        warehouse: &mut Warehouse,
        passed: &QualityPassed,
    ) -> Result<(), Error> {
        let settings = export_settings(edge.config, edge.settings);
        let manifest = export(
            warehouse,
            passed,
            (&self.run, self.started_at, &self.tables),
            &settings,
            edge.events,
        )?;
        let key = manifest_key(&settings.prefix, &self.run, self.started_at);
        ledger::exported(warehouse, (&manifest, &key), &self.tables, edge.now())?;
        self.manifest = Some(manifest);
        if edge.settings.archive {
            let run = (&self.run, self.started_at);
            let archive = archive(warehouse, run, &settings.lake, &settings.prefix)?;
            if let Some(count) = archive.map(|it| it.left_out_count).filter(|count| *count > 0) {
                let text = format!(
                    "{count} documents that an earlier version landed are not in the archive"
                );
                (edge.events)(Event::Warning(text));
            }
        }
        self.reached = Stage::Export;
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

    fn failed_checks(&self) -> String {
        let failed =
            self.checks.iter().filter(|check| !check.passed() && check.severity == Severity::Error);
        failed
            .map(|check| format!("`{}` found {} rows", check.check, check.offending_row_count))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// What every key of the lake begins with.
pub(super) fn prefix(config: &Config) -> String {
    let mut prefix = config.lake.prefix.clone().unwrap_or_else(|| "spotify-data/".to_owned());
    // A stage's location is a prefix: without the slash it would take in every sibling folder that begins the same.
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    prefix
}

/// Who we are to Spotify.
///
/// # Errors
/// [`spotify::Error::NoCredentials`] where no app is configured, [`spotify::Error::BadUrl`].
pub fn credentials(config: &Config, data_dir: &Path) -> Result<Credentials, spotify::Error> {
    let spotify = &config.spotify;
    let mut accounts_url =
        spotify.accounts_url.clone().unwrap_or_else(|| "https://accounts.spotify.com/".to_owned());
    spotify::base_url("SPOTIFY_ACCOUNTS_URL", &accounts_url)?;
    if !accounts_url.ends_with('/') {
        accounts_url.push('/');
    }
    Ok(Credentials {
        client_id: spotify.client_id.clone().ok_or(spotify::Error::NoCredentials)?,
        client_secret: spotify.client_secret.clone(),
        refresh_token: spotify.refresh_token.clone(),
        token_file: TokenFile(data_dir.join("spotify_token.json")),
        accounts_url,
    })
}

fn export_settings(config: &Config, settings: &Settings) -> ExportSettings {
    ExportSettings {
        lake: settings.data_dir.join("lake"),
        prefix: prefix(config),
        format: config.lake.format.unwrap_or_default(),
        max_file_bytes: config.lake.max_file_mib.unwrap_or(200) << 20,
    }
}
