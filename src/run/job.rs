//! What a run is asked for: source, stages, wishes, patience; and what follows from that before it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::error::Error;
use crate::config::{Account, Config, ConnectError};
use crate::event::{Events, Stage, What};
use crate::ids::{self, PlaylistId, RunId, Table};
use crate::lake::StoreTiming;
use crate::ledger;
use crate::snowflake::IngestMode;
use crate::sources::{KnownUser, SpotifyTiming};
use crate::stop::Stop;
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
    /// Nobody: what is landed, and a file of genres with it.
    Nobody,
}

/// What Spotify is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// These playlists.
    pub playlists: Vec<PlaylistId>,
    /// Whether the configuration names them, and nobody by a flag: then a forgotten one is left out.
    pub is_usual: bool,
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
            Self::Nobody => ledger::runs::NOBODY.to_owned(),
            Self::FromDir(path) => format!("from-dir {}", path.display()),
            Self::Spotify(Wanted { playlists, mine, liked, .. }) => {
                let mut parts: Vec<String> =
                    playlists.iter().map(|id| format!("playlist {id}")).collect();
                parts.extend(mine.then(|| "mine".to_owned()));
                parts.extend(liked.then(|| "liked".to_owned()));
                parts.join(", ")
            }
        }
    }

    /// The source that the ledger calls so; `None` where it was none, or somebody is forgotten in it.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        if name == "demo" {
            return Some(Self::Demo);
        }
        if let Some(folder) = name.strip_prefix("from-dir ") {
            return Some(Self::FromDir(PathBuf::from(folder)));
        }
        let mut wanted = Wanted::default();
        for part in name.split(", ") {
            match part {
                "mine" => wanted.mine = true,
                "liked" => wanted.liked = true,
                _ => wanted.playlists.push(part.strip_prefix("playlist ")?.parse().ok()?),
            }
        }
        Some(Self::Spotify(wanted))
    }
}

/// A command at work: what it was configured and asked for, who hears of it, and who may end it.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    /// What is configured.
    pub(crate) config: &'a Config,
    /// What is asked for.
    pub(crate) settings: &'a Settings,
    /// Who hears of it.
    pub(crate) events: Events<'a>,
    /// Who may end it.
    pub(crate) stop: &'a Arc<Stop>,
}

/// What varies per run.
pub struct Settings {
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
    /// A file of genres from elsewhere.
    pub genres: Option<PathBuf>,
    /// Checks that only warn in this run.
    pub warn_only: BTreeSet<String>,
    /// How patient the Spotify client is.
    pub timing: SpotifyTiming,
    /// Whose login it is, where the same settings made a run before.
    pub known_user: KnownUser,
    /// How files are brought to Snowflake.
    pub shipping: Shipping,
    /// How the ledger is had, where it lives between machines.
    pub state: crate::state::Terms,
    /// The clock.
    pub clock: fn() -> DateTime<Utc>,
}

impl Settings {
    /// Every stage of a run of `source`, patient as usual; `clock` says what time it is.
    pub fn new(source: Source, clock: fn() -> DateTime<Utc>) -> Self {
        let stages = Stage::Fetch..=Stage::Verify;
        Self { source: Some(source), stages, ..Self::of_stage(Stage::Fetch, clock) }
    }

    /// Whether nothing is sent, and only asked what became of it.
    pub(crate) fn is_only_about_the_past(&self) -> bool {
        *self.stages.start() == Stage::Verify
    }

    /// That a run with them begins.
    pub(super) fn started(&self) -> What {
        let source = self.source.as_ref().map(Source::name);
        What::RunStarted { source, first: *self.stages.start(), last: *self.stages.end() }
    }

    /// One stage of the latest unfinished run, patient as usual.
    pub(crate) fn of_stage(stage: Stage, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            wait: Duration::ZERO,
            source: None,
            run: None,
            stages: stage..=stage,
            full: false,
            archive: false,
            reship: BTreeMap::new(),
            record: None,
            refetch: false,
            refetch_older_than: None,
            enrich: false,
            genres: None,
            warn_only: BTreeSet::new(),
            timing: SpotifyTiming::default(),
            known_user: KnownUser::default(),
            shipping: Shipping::default(),
            state: crate::state::Terms::default(),
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
    /// How files are submitted that S3's events should have announced, instead.
    pub ingest_as: Option<IngestMode>,
    /// How patient the S3 client is.
    pub store: StoreTiming,
    /// How patient the Snowflake client is.
    pub snowflake: crate::snowflake::ConnectionTiming,
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
            snowflake: crate::snowflake::ConnectionTiming::default(),
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
) -> Result<ids::Run, Error> {
    let first = *settings.stages.start();
    if let Some(run) = &settings.run {
        let started_at = ledger::runs::started_at(warehouse, run)?;
        let started_at = started_at.ok_or_else(|| Error::UnknownRun(run.to_string()))?;
        let only_ships = first >= Stage::Upload;
        if let Some(why) = ledger::runs::why_not_shipped(warehouse, run, only_ships)? {
            return Err(Error::NotShipped { run: run.to_string(), why });
        }
        return Ok(ids::Run { id: run.clone(), started_at });
    }
    if settings.source.is_none() && first >= Stage::Upload {
        let latest = match first {
            Stage::Verify => ledger::runs::latest_with_files(warehouse)?,
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
    let fresh = ids::Run { id: RunId::new(now, fastrand::u128(..)), started_at: now };
    Ok(ledger::runs::begin(warehouse, source.as_deref(), purpose, fresh)?)
}

/// That there is a ledger for whoever goes on with what is in it, before a folder, a lock or a ledger is made. Whose ledger lives
/// between machines is given it later.
pub(crate) fn require_ledger(job: &Job<'_>) -> Result<(), Error> {
    let Job { config, settings, .. } = *job;
    let first = *settings.stages.start();
    // Who only looks was given it before.
    let is_still_to_come = config.state.location.is_some() && first != Stage::Check;
    if settings.source.is_some() || is_still_to_come {
        return Ok(());
    }
    let path = config.data_dir.path().to_owned();
    match (config.data_dir.warehouse().try_exists(), &settings.run) {
        (Ok(true), _) => Ok(()),
        (Ok(false), Some(run)) => Err(Error::UnknownRun(run.to_string())),
        (Ok(false), None) if first >= Stage::Upload => Err(Error::NothingExported),
        (Ok(false), None) => Err(Error::NothingHere { path }),
        (Err(source), _) => Err(Error::DataDirUnreadable { path, source }),
    }
}

/// That there is an app and a login where Spotify is to be asked, before a folder, a lock or a ledger is made. Where there is a ledger, a
/// run that fails for it is noted in it, for `status` to show.
pub(super) fn require_login(config: &Config, settings: &Settings) -> Result<(), Error> {
    let asks_spotify = matches!(settings.source, Some(Source::Spotify(_)));
    let has_ledger = config.data_dir.warehouse().exists() || config.state.location.is_some();
    match asks_spotify && !has_ledger {
        true => Ok(config.credentials()?.require_login()?),
        false => Ok(()),
    }
}

/// The configured account, where the run gets that far. What is wrong with it is said before anything is fetched.
pub(crate) fn account(config: &Config, settings: &Settings) -> Result<Option<Account>, Error> {
    let shipping = &settings.shipping;
    if *settings.stages.end() < Stage::Ingest || shipping.no_ingest {
        return Ok(None);
    }
    let account = match *settings.stages.start() == Stage::Verify {
        true => {
            let why = "there is no Snowflake account to ask what arrived";
            Some(config.required_account(shipping.snowflake, settings.clock, why)?)
        }
        false => config.account(shipping.snowflake, settings.clock)?,
    };
    if account.is_some() && config.lake.bucket.is_none() {
        let why = "SNOWFLAKE_ACCOUNT is set, and Snowflake loads from S3";
        let what = "S3_BUCKET (or use `--no-ingest`)";
        return Err(ConnectError::NotConfigured { what, why }.into());
    }
    Ok(account)
}

/// Whether the run goes as far as Snowflake; else why it does not.
pub(crate) const fn goes_to_snowflake(
    config: &Config,
    account: Option<&Account>,
) -> Result<(), &'static str> {
    match (account, &config.snowflake.account) {
        (Some(_), _) => Ok(()),
        (None, Some(_)) => Err("the command ends before Snowflake is asked"),
        (None, None) => Err("no Snowflake account is configured"),
    }
}
