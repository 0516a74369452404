//! What a run is told: source, stages, wishes, patience; and what every stage of it may use.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::error::Error;
use crate::config::Config;
use crate::event::{Events, Stage};
use crate::ids::{DataDir, PlaylistId, RunId, Table};
use crate::lake::StoreTiming;
use crate::snowflake::IngestMode;
use crate::sources::Timing;
use crate::stop::Stop;

/// Where documents come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Source {
    /// The data set inside the binary.
    Demo,
    /// A folder of recorded documents.
    FromDir(PathBuf),
    /// Spotify.
    Spotify { playlists: Vec<PlaylistId>, mine: bool, liked: bool },
}

impl Source {
    /// As the ledger writes it; the same text continues an unfinished run.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Demo => "demo".to_owned(),
            Self::FromDir(path) => format!("from-dir {}", path.display()),
            Self::Spotify { playlists, mine, liked } => {
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

/// What every stage of a run may use.
#[derive(Clone, Copy)]
pub(crate) struct Edge<'a> {
    pub(crate) config: &'a Config,
    pub(crate) settings: &'a Settings,
    pub(crate) events: Events<'a>,
    pub(crate) stop: &'a Arc<Stop>,
    /// What Snowflake's query history shows beside our statements.
    pub(crate) tag: &'a str,
}

impl Edge<'_> {
    pub(crate) fn does(&self, stage: Stage) -> bool {
        self.settings.stages.contains(&stage)
    }

    /// Whether nothing is sent, and only asked what became of it.
    pub(crate) fn only_verifies(&self) -> bool {
        *self.settings.stages.start() == Stage::Verify
    }

    /// Whether we tell pipes of files that S3's events should have told.
    pub(crate) fn submits_announced(&self) -> bool {
        self.settings.shipping.ingest_as == Some(IngestMode::Rest)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.settings.clock)()
    }

    pub(crate) fn check_stop(&self) -> Result<(), Error> {
        if self.stop.is_asked() { Err(Error::Interrupted) } else { Ok(()) }
    }
}
