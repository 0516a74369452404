//! What a run is told: source, stages, wishes, patience; and what follows from that before it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::account::{Target, target};
use super::error::Error;
use crate::config::Config;
use crate::event::Stage;
use crate::ids::{DataDir, PlaylistId, RunId, Table};
use crate::lake::{ExportSettings, StaticKeys, StoreSettings, StoreTiming};
use crate::ledger;
use crate::snowflake::IngestMode;
use crate::sources::Timing;
use crate::warehouse::Warehouse;

/// Where documents come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The data set inside the binary.
    Demo,
    /// A folder of recorded documents.
    FromDir(PathBuf),
    /// Spotify.
    Spotify(Wanted),
}

/// What Spotify is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// These playlists.
    pub playlists: Vec<PlaylistId>,
    /// All own and collaborative playlists.
    pub mine: bool,
    /// The liked songs.
    pub liked: bool,
}

impl Source {
    /// As the ledger writes it; the same text continues an unfinished run.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Demo => "demo".to_owned(),
            Self::FromDir(path) => format!("from-dir {}", path.display()),
            Self::Spotify(Wanted { playlists, mine, liked }) => {
                let mut parts: Vec<String> =
                    playlists.iter().map(|id| format!("playlist {id}")).collect();
                parts.extend(mine.then(|| "mine".to_owned()));
                parts.extend(liked.then(|| "liked".to_owned()));
                parts.join(", ")
            }
        }
    }
}

/// What varies per run.
pub struct Settings {
    /// Where everything lives.
    pub data_dir: DataDir,
    /// How long to wait for whoever has the data directory.
    pub wait: Duration,
    /// Where documents come from; only the fetch needs to know.
    pub source: Option<Source>,
    /// The run to continue [default: the latest unfinished one].
    pub run: Option<RunId>,
    /// The stages to go through.
    pub stages: RangeInclusive<Stage>,
    /// Ship every row, not only what changed.
    pub full: bool,
    /// Also keep the run's raw documents in the lake.
    pub archive: bool,
    /// Ship the rows of these keys again, changed or not.
    pub reship: BTreeMap<Table, BTreeSet<String>>,
    /// Also write each received document here.
    pub record: Option<PathBuf>,
    /// Read again what is known to be unchanged.
    pub refetch: bool,
    /// Read again what is known to be unchanged where it was last read longer ago than this.
    pub refetch_older_than: Option<Duration>,
    /// Also ask for full artists and albums.
    pub enrich: bool,
    /// Checks that only warn in this run.
    pub warn_only: BTreeSet<String>,
    /// How patient the Spotify client is.
    pub timing: Timing,
    /// How files are brought to Snowflake.
    pub shipping: Shipping,
    /// The clock.
    pub clock: fn() -> DateTime<Utc>,
}

impl Settings {
    /// Every stage of a run of `source`, patient as usual; `clock` says what time it is.
    pub fn new(data_dir: DataDir, source: Source, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            data_dir,
            wait: Duration::ZERO,
            source: Some(source),
            run: None,
            stages: Stage::Fetch..=Stage::Verify,
            full: false,
            archive: false,
            reship: BTreeMap::new(),
            record: None,
            refetch: false,
            refetch_older_than: None,
            enrich: false,
            warn_only: BTreeSet::new(),
            timing: Timing::default(),
            shipping: Shipping::default(),
            clock,
        }
    }
}

/// How files are brought to Snowflake. Tests shrink every wait.
#[derive(Debug, Clone, Copy)]
pub struct Shipping {
    /// Upload, and leave Snowflake alone.
    pub no_ingest: bool,
    /// Verify every file that was ever sent.
    pub asks_all: bool,
    /// How files are told of that S3's events should have told, instead.
    pub ingest_as: Option<IngestMode>,
    /// How patient the S3 client is.
    pub store: StoreTiming,
    /// How patient the Snowflake client is.
    pub snowflake: crate::snowflake::Timing,
    /// Wait before a verification asks again; it grows by half each time.
    pub first_round: Duration,
    /// The longest such wait.
    pub longest_round: Duration,
}

impl Default for Shipping {
    fn default() -> Self {
        Self {
            no_ingest: false,
            asks_all: false,
            ingest_as: None,
            store: StoreTiming::default(),
            snowflake: crate::snowflake::Timing::default(),
            first_round: Duration::from_secs(1),
            longest_round: Duration::from_secs(30),
        }
    }
}

/// Takes up the run that the settings are about: the one that is named, one that did not end, or a new one.
pub(crate) fn begin(
    warehouse: &mut Warehouse,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<(RunId, DateTime<Utc>), Error> {
    let first = *settings.stages.start();
    if let Some(run) = &settings.run {
        let started_at = ledger::runs::started_at(warehouse, run)?;
        let started_at = started_at.ok_or_else(|| Error::UnknownRun(run.to_string()))?;
        let only_ships = first >= Stage::Upload;
        if let Some(why) = ledger::runs::why_not_shipped(warehouse, run, only_ships)? {
            return Err(Error::NotShipped { run: run.to_string(), why });
        }
        return Ok((run.clone(), started_at));
    }
    if settings.source.is_none() && first >= Stage::Upload {
        let latest = match first {
            Stage::Verify => ledger::files::latest(warehouse)?,
            _ => ledger::runs::latest(warehouse)?,
        };
        return latest.ok_or(Error::NothingExported);
    }
    let purpose = ledger::runs::Purpose {
        ships: *settings.stages.end() >= Stage::Upload && settings.reship.is_empty(),
        is_full: settings.full,
        // Rows that are to be shipped again need a run of their own.
        is_own: !settings.reship.is_empty(),
    };
    let source = settings.source.as_ref().map(Source::name);
    let fresh = RunId::new(now, fastrand::u128(..));
    Ok(ledger::runs::begin(warehouse, source.as_deref(), purpose, (fresh, now))?)
}

/// The configured account, where the run gets that far. What is wrong with it is said before anything is fetched.
pub(crate) fn account(config: &Config, settings: &Settings) -> Result<Option<Target>, Error> {
    let shipping = &settings.shipping;
    if *settings.stages.end() < Stage::Ingest || shipping.no_ingest {
        return Ok(None);
    }
    let account = target(config, shipping.snowflake, settings.clock)?;
    if account.is_none() && *settings.stages.start() == Stage::Verify {
        let why = "there is no Snowflake account to ask what arrived";
        return Err(Error::NotConfigured { what: "SNOWFLAKE_ACCOUNT", why });
    }
    if account.is_some() && config.lake.bucket.is_none() {
        let why = "SNOWFLAKE_ACCOUNT is set, and Snowflake loads from S3";
        return Err(Error::NotConfigured { what: "S3_BUCKET (or use `--no-ingest`)", why });
    }
    Ok(account)
}

/// Whether the run goes as far as Snowflake; else why it does not.
pub(crate) const fn goes_to_snowflake(
    config: &Config,
    account: Option<&Target>,
) -> Result<(), &'static str> {
    match (account, &config.snowflake.account) {
        (Some(_), _) => Ok(()),
        (None, Some(_)) => Err("the command ends before Snowflake is asked"),
        (None, None) => Err("no Snowflake account is configured"),
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

/// The lake's root folder.
pub(crate) fn lake(settings: &Settings) -> PathBuf {
    settings.data_dir.lake()
}

/// Where files are written, and how.
pub(crate) fn export_settings(config: &Config, settings: &Settings) -> ExportSettings {
    ExportSettings {
        lake: lake(settings),
        prefix: prefix(config),
        format: config.lake.format.unwrap_or_default(),
        max_file_bytes: config.lake.max_file_mib.unwrap_or(200) << 20,
    }
}

/// Which bucket, and who we are there.
pub(crate) fn store_settings(config: &Config, timing: StoreTiming) -> StoreSettings {
    let lake = &config.lake;
    let aws = lake.aws.as_ref();
    StoreSettings {
        bucket: lake.bucket.clone(),
        region: aws.and_then(|aws| aws.region.clone()),
        keys: aws.filter(|aws| !aws.access_key_id.is_empty()).map(|aws| StaticKeys {
            access_key_id: aws.access_key_id.clone(),
            secret_access_key: aws.secret_access_key.clone(),
        }),
        endpoint: None,
        timing,
    }
}
