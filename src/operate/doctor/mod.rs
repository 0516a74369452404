//! Looks at everything a run needs and says what to fix. Reads, and asks each service once; changes nothing.

mod history;
mod lake;
mod ledger;
mod snowflake;
mod state;
mod stream;

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::blocking::blocking;
use crate::causes::chain;
use crate::config::{Config, spotify_exposures};
use crate::disk::create_private_dir;
use crate::event::{Ending, Exposure, What};
use crate::ids::DataDir;
use crate::ledger::files::{SentFile, Standing, sent, standing};
use crate::ledger::streams::{self, KnownStream, StreamStanding};
use crate::ledger::written::{Companion, companions};
use crate::ledger::{Freshness, lockouts, runs};
use crate::observe::words;
use crate::run::{Error, Lock, ending, notes};
use crate::sources::{Bucket, Client, Lockouts, SpotifyTiming};
use crate::warehouse::Warehouse;

/// How well one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Health {
    /// Works.
    Ok,
    /// Works today.
    Warn,
    /// A run would fail.
    Fail,
    /// Not configured, so not looked at.
    Skipped,
}

/// What a finding is about; each area has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Area {
    /// The data directory.
    Disk,
    /// The source.
    Spotify,
    /// The files.
    Lake,
    /// The ledger between machines.
    State,
    /// The destination.
    Snowflake,
    /// Where row changes go, too.
    Stream,
    /// What was sent and is not there as it was sent.
    Ledger,
    /// What was sent and is not known to have arrived.
    #[serde(rename = "ledger")]
    Waiting,
}

impl Area {
    /// As it is printed.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Spotify => "Spotify",
            Self::Lake => "lake",
            Self::State => "state",
            Self::Snowflake => "Snowflake",
            Self::Stream => "stream",
            Self::Ledger | Self::Waiting => "ledger",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    /// What it belongs to.
    pub area: Area,
    /// The thing.
    pub what: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen.
    pub detail: String,
    /// What to do, where something is to be done.
    pub fix: Option<String>,
    /// How a run would end of it, where its area does not say so.
    #[serde(skip)]
    pub ending: Option<Ending>,
}

impl Finding {
    pub(crate) fn new(
        area: Area,
        what: &'static str,
        health: Health,
        detail: impl Into<String>,
    ) -> Self {
        Self { area, what, health, detail: detail.into(), fix: None, ending: None }
    }

    pub(crate) const fn ends(mut self, ending: Ending) -> Self {
        self.ending = Some(ending);
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// What was found so far; each finding is told as soon as it is known.
pub(crate) struct Findings<'a> {
    all: Vec<Finding>,
    tell: &'a (dyn Fn(&Finding) + Sync),
}

impl Findings<'_> {
    pub(crate) fn push(&mut self, finding: Finding) {
        (self.tell)(&finding);
        self.all.push(finding);
    }
}

/// What the ledger says.
#[derive(Default)]
pub(crate) struct Known {
    /// When Spotify may be asked again.
    lockouts: Lockouts,
    /// What Spotify did not give.
    lacks: Vec<String>,
    /// Files that were brought to the bucket and not replaced.
    pub(crate) sent: Vec<SentFile>,
    /// Manifests and archives that were brought there beside them.
    pub(crate) companions: Vec<Companion>,
    /// Files that are not proven.
    standing: Vec<Standing>,
    /// The stream that was sent rows, and how it stands.
    stream: Option<KnownStream>,
    stream_standing: Option<StreamStanding>,
    /// The runs that it has; `None` where it could not be read.
    pub(crate) runs: Option<Vec<String>>,
    /// Whether one of them made files.
    pub(crate) knows_files: bool,
    /// When a run last ended well; `None` where the ledger could not be read.
    freshness: Option<Freshness>,
}

type Clock = fn() -> DateTime<Utc>;

/// How far our clock may be from a service's before tokens and signatures are refused.
const TOLERATED_SKEW: TimeDelta = TimeDelta::seconds(30);

/// Looks at disk, login and reachability, and tells each finding as soon as it is known.
pub(crate) async fn doctor(
    config: &Config,
    clock: fn() -> DateTime<Utc>,
    tell: &(dyn Fn(&Finding) + Sync),
) -> Vec<Finding> {
    let mut findings = Findings { all: Vec::new(), tell };
    let known = disk(config, clock(), &mut findings);
    spotify(config, clock, &known, &mut findings).await;
    Box::pin(lake::lake(config, &known, &mut findings)).await;
    Box::pin(state::state(config, clock, &mut findings)).await;
    snowflake::snowflake(config, &known, clock, &mut findings).await;
    Box::pin(stream::stream(config, &known, &mut findings)).await;
    Box::pin(history::history(config, &known, &mut findings)).await;
    // Last: what keeps a service away is the cause, and this what came of it.
    ledger::ledger(config, &known, clock(), &mut findings);
    findings.all
}

/// Writes a file there and takes it away, with the folders that had to be made for it.
fn try_to_write(data_dir: &DataDir) -> std::io::Result<()> {
    let folders = data_dir.path().ancestors();
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let made: Vec<&Path> = folders.take_while(is_missing).collect();
    let probe = data_dir.probe();
    let written = create_private_dir(data_dir.path())
        .and_then(|()| match std::fs::remove_file(&probe) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => std::fs::File::create_new(&probe),
        })
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"snowtrack"))
        .and_then(|()| std::fs::remove_file(&probe));
    for folder in made {
        let _ = std::fs::remove_dir(folder);
    }
    written
}

/// Looks at the data directory and returns what its ledger knows.
fn disk(config: &Config, now: DateTime<Utc>, findings: &mut Findings<'_>) -> Known {
    let data_dir = &config.data_dir;
    let shown = data_dir.display();
    let ok = |what, detail: String| Finding::new(Area::Disk, what, Health::Ok, detail);
    let written = try_to_write(data_dir);
    if let Err(error) = written {
        findings.push(
            Finding::new(Area::Disk, "data directory", Health::Fail, format!("`{shown}`: {error}"))
                .fix("make it writable, or choose another with `--data-dir`"),
        );
        return Known::default();
    }
    findings.push(ok("data directory", format!("`{shown}` is writable")));
    let path = data_dir.warehouse();
    let not_made = || ok("warehouse", "not made yet; the first run makes it".to_owned());
    if !path.exists() && !data_dir.lock().exists() {
        findings.push(not_made());
        return Known { runs: Some(Vec::new()), ..Known::default() };
    }
    let _lock = match Lock::take(data_dir, "doctor") {
        Ok(lock) => lock,
        Err(Error::Locked { holder, .. }) => {
            findings.push(ok("warehouse", format!("in use by {holder}")));
            return Known::default();
        }
        Err(error) => {
            findings.push(Finding::new(Area::Disk, "warehouse", Health::Fail, error.to_string()));
            return Known::default();
        }
    };
    if !path.exists() {
        findings.push(not_made());
        return Known { runs: Some(Vec::new()), ..Known::default() };
    }
    let opened = blocking(|| {
        let warehouse = Warehouse::open(&path, &data_dir.temp())?;
        let account = config.spotify.client_id.as_deref().unwrap_or_default();
        let lockouts = lockouts::load(&warehouse, account, now)?;
        let lacks = [notes::popularity(&warehouse)?, notes::genres(&warehouse)?];
        let lacks = lacks.into_iter().flatten().collect();
        Ok::<_, crate::warehouse::Error>(Known {
            lockouts,
            lacks,
            sent: sent(&warehouse)?,
            companions: companions(&warehouse)?,
            standing: standing(&warehouse)?,
            stream: streams::known(&warehouse)?,
            stream_standing: streams::standing(&warehouse)?,
            runs: Some(runs::run_ids(&warehouse)?),
            knows_files: runs::knows_files(&warehouse)?,
            freshness: Some(Freshness::of(&warehouse)?),
        })
    });
    match opened {
        Ok(known) => {
            findings.push(ok("warehouse", format!("`{}` opens", path.display())));
            known
        }
        Err(crate::warehouse::Error::Held { holder, .. }) => {
            findings.push(ok("warehouse", format!("in use by {holder}")));
            Known::default()
        }
        Err(error) => {
            findings.push(Finding::new(Area::Disk, "warehouse", Health::Fail, chain(&error)).fix(
                format!("restore `{}` from a copy, or move it away and run again", path.display()),
            ));
            Known::default()
        }
    }
}

async fn spotify(config: &Config, clock: Clock, known: &Known, findings: &mut Findings<'_>) {
    let push = |findings: &mut Findings<'_>, what, health, detail: String| {
        findings.push(Finding::new(Area::Spotify, what, health, detail));
    };
    let Ok(credentials) = config.credentials() else {
        findings.push(
            Finding::new(Area::Spotify, "app", Health::Skipped, "no SPOTIFY_CLIENT_ID is set")
                .fix("register an app in Spotify's developer dashboard and set it, or try `snowtrack run --demo`"),
        );
        return;
    };
    let detail = format!("client id `{}`; {DEVELOPMENT_MODE}", credentials.client_id);
    push(findings, "app", Health::Ok, detail);
    let exposures = spotify_exposures(config, &credentials);
    for exposure in exposures {
        findings.push(exposed(Area::Spotify, exposure));
    }
    for text in &known.lacks {
        push(findings, "data", Health::Ok, text.clone());
    }
    for (bucket, until) in known.lockouts.iter() {
        let (bucket, until) = (bucket.name(), until.format("%Y-%m-%d %H:%M UTC"));
        let detail = format!("Spotify asked us not to call `{bucket}` before {until}");
        push(findings, "rate limit", Health::Warn, detail);
    }
    if known.lockouts.not_before(Bucket::of("/me"), clock()).is_some() {
        return;
    }
    if let Some(end) = credentials.login_ends_at(clock()) {
        let detail =
            format!("it ends on {}, six months after it was given", end.format("%Y-%m-%d"));
        let finding = Finding::new(Area::Spotify, "login", Health::Warn, detail);
        findings.push(finding.fix("run `snowtrack login` before that day"));
    }
    let has_login =
        credentials.refresh_token.is_some() || matches!(credentials.token_file.load(), Ok(Some(_)));
    let (url, timing) = (&config.spotify.api_url, SpotifyTiming::impatient());
    let mut client = match Client::new(url, credentials, timing, clock) {
        Ok(client) => client,
        Err(error) => return push(findings, "API", Health::Fail, error.to_string()),
    };
    let warnings = std::sync::Mutex::new(Vec::new());
    let note = |what| {
        if let (What::Warning(warning), Ok(mut warnings)) = (what, warnings.lock()) {
            warnings.push(words::warning(&warning));
        }
    };
    match client.user_id(&note).await {
        Ok(user) => push(findings, "login", Health::Ok, format!("user `{user}`")),
        Err(crate::sources::Error::UserNeeded { .. }) if !has_login => findings.push(
            Finding::new(
                Area::Spotify,
                "login",
                Health::Warn,
                "the app's own token works; it reads no user's playlists in development mode",
            )
            .fix("run `snowtrack login`"),
        ),
        Err(error) => findings.push(no_login(&error)),
    }
    client.keep_login(&note);
    for text in warnings.into_inner().unwrap_or_default() {
        push(findings, "login", Health::Warn, text);
    }
    if let Some(skew) = client.clock_skew() {
        findings.push(clock_finding(skew));
    }
}

/// Why Spotify does not let us in, or was not reached.
fn no_login(error: &crate::sources::Error) -> Finding {
    match error {
        crate::sources::Error::Unreachable { reason, .. } => {
            unreached(Area::Spotify, reason, "`SPOTIFY_API_URL`")
        }
        crate::sources::Error::NoToken { reason, .. } => {
            unreached(Area::Spotify, reason, "`SPOTIFY_ACCOUNTS_URL`")
        }
        // What a run would end with: a missing login is a matter of configuration, an ended one of Spotify.
        error => Finding::new(Area::Spotify, "login", Health::Fail, chain(error))
            .ends(ending::of_source(error)),
    }
}

/// A service that gave no answer, or none of its own; `settings` say where it is looked for.
fn unreached(area: Area, reason: &str, settings: &str) -> Finding {
    let advice = crate::http::advice(reason).unwrap_or(
        "see whether the service itself is well, and whether a proxy answers in its place",
    );
    Finding::new(area, "login", Health::Fail, reason)
        .fix(format!("{advice}; {settings} name another host"))
}

/// What Spotify demands of every new app, and what it does not give it.
///
/// <https://developer.spotify.com/documentation/web-api/concepts/quota-modes>
const DEVELOPMENT_MODE: &str = "in development mode, as every new app is, its owner needs Premium, it reads the contents of own and collaborative playlists only, and at most five users, who are on its list, can log in";

/// A place where others may read a credential.
pub(crate) fn exposed(area: Area, exposure: Exposure) -> Finding {
    let (seen, fix) = (words::seen(&exposure), words::fix(&exposure));
    Finding::new(area, "privacy", Health::Warn, seen).fix(fix)
}

/// How far this machine's clock is from Spotify's.
fn clock_finding(skew: TimeDelta) -> Finding {
    let seconds = skew.num_seconds();
    if skew.abs() <= TOLERATED_SKEW {
        let detail = format!("within {} s of Spotify's", seconds.abs().max(1));
        return Finding::new(Area::Spotify, "clock", Health::Ok, detail);
    }
    let side = if seconds > 0 { "ahead of" } else { "behind" };
    let detail = format!("this machine is {} s {side} Spotify", seconds.abs());
    Finding::new(Area::Spotify, "clock", Health::Warn, detail)
        .fix("set the clock (NTP): S3 and Snowflake refuse signatures of a wrong time")
}
