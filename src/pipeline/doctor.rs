//! Looks at everything a run needs and says what to fix. Reads, and asks each service once; changes nothing.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Error, Lock, Target, credentials, lockouts, notes, target};
use crate::config::Config;
use crate::lake::{Store, StoreTiming};
use crate::retry::Stop;
use crate::snowflake::{Credential, Statement, claims};
use crate::spotify::{self, Bucket, Client, Lockouts, Timing};
use crate::warehouse::Warehouse;

/// How well one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
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
pub enum Area {
    /// The data directory.
    Disk,
    /// The source.
    Spotify,
    /// The files.
    Lake,
    /// The destination.
    Snowflake,
}

impl Area {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Spotify => "Spotify",
            Self::Lake => "lake",
            Self::Snowflake => "Snowflake",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
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
}

impl Finding {
    pub(super) fn new(
        area: Area,
        what: &'static str,
        health: Health,
        detail: impl Into<String>,
    ) -> Self {
        Self { area, what, health, detail: detail.into(), fix: None }
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

type Clock = fn() -> DateTime<Utc>;

/// How far our clock may be from a service's before tokens and signatures are refused.
const TOLERATED_SKEW: TimeDelta = TimeDelta::seconds(30);

/// Looks at disk, login and reachability.
pub async fn doctor(
    config: &Config,
    data_dir: &Path,
    clock: fn() -> DateTime<Utc>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let found = disk(config, data_dir, clock(), &mut findings);
    spotify(config, data_dir, (clock, found), &mut findings).await;
    Box::pin(lake(config, &mut findings)).await;
    snowflake(config, clock, &mut findings).await;
    findings
}

async fn lake(config: &Config, findings: &mut Vec<Finding>) {
    let Some(bucket) = &config.lake.bucket else {
        let detail = "no S3_BUCKET is set; files stay in the data directory";
        findings.push(Finding::new(Area::Lake, "bucket", Health::Skipped, detail));
        return;
    };
    let settings = super::ship::store_settings(config, StoreTiming::default());
    let reached = match Store::open(&settings).await {
        Ok(Store::S3(store)) => store.reach(&super::run::prefix(config)).await,
        Ok(Store::Dir) => Ok(()),
        Err(error) => Err(error),
    };
    findings.push(match reached {
        Ok(()) => Finding::new(Area::Lake, "bucket", Health::Ok, format!("`{bucket}` answers")),
        Err(error) => Finding::new(Area::Lake, "bucket", Health::Fail, super::story::chain(&error)),
    });
}

async fn snowflake(config: &Config, clock: fn() -> DateTime<Utc>, findings: &mut Vec<Finding>) {
    let push = |findings: &mut Vec<Finding>, what, health, detail: String| {
        findings.push(Finding::new(Area::Snowflake, what, health, detail));
    };
    let timing = crate::snowflake::Timing::impatient();
    let target = match target(config, timing, clock) {
        Ok(Some(target)) => target,
        Ok(None) => {
            let detail = "no SNOWFLAKE_ACCOUNT is set; nothing is ingested".to_owned();
            return push(findings, "account", Health::Skipped, detail);
        }
        Err(error) => {
            return push(findings, "account", Health::Fail, super::story::chain(&error));
        }
    };
    let login = target.connection.login();
    let host = login.account.host();
    push(findings, "account", Health::Ok, format!("`{}` at `{host}`", login.account));
    if let Credential::KeyPair(pair) = &login.credential {
        let claims = claims(&login.account, &login.user, pair.fingerprint(), clock());
        let detail = format!("tokens say `{}`, signed with `{}`", claims.sub, pair.fingerprint());
        push(findings, "key", Health::Ok, detail);
    }
    let question = Statement::new(
        "select current_account() as a, current_role() as r, current_warehouse() as w",
    );
    let answer = target.connection.run(&question, Stop::default().flag()).await;
    if let Some(skew) = target.connection.clock_skew().filter(|skew| skew.abs() > TOLERATED_SKEW) {
        findings.push(
            Finding::new(
                Area::Snowflake,
                "clock",
                Health::Warn,
                format!("this machine is {} s off Snowflake's time", skew.num_seconds()),
            )
            .fix("set the clock (NTP): tokens of a wrong time are refused"),
        );
    }
    let cell = |rows: &crate::snowflake::Rows, name: &str| {
        let text = rows.only().and_then(|row| row.cell(name)?.text().map(str::to_owned));
        text.unwrap_or_else(|_| "none".to_owned())
    };
    match answer {
        Ok(rows) => {
            let (role, warehouse) = (cell(&rows, "R"), cell(&rows, "W"));
            let detail = format!("role `{role}`, warehouse `{warehouse}`");
            push(findings, "login", Health::Ok, detail);
        }
        Err(error) => return push(findings, "login", Health::Fail, error.to_string()),
    }
    pipes_and_setup(config, &target, clock, findings).await;
}

async fn pipes_and_setup(
    config: &Config,
    target: &Target,
    clock: fn() -> DateTime<Utc>,
    findings: &mut Vec<Finding>,
) {
    let stop = Stop::default();
    if config.lake.bucket.is_some() {
        findings.push(match super::setup::plan(config, target, &Default::default(), &stop).await {
            Ok(plan) if plan.is_settled() => {
                Finding::new(Area::Snowflake, "setup", Health::Ok, "everything is there")
            }
            Ok(plan) => {
                let count = plan.missing().count();
                let detail = format!("{count} objects or grants are missing, or something differs");
                Finding::new(Area::Snowflake, "setup", Health::Warn, detail)
                    .fix("`snowtrack snowflake plan` shows what, `apply` makes what is missing")
            }
            Err(error) => {
                Finding::new(Area::Snowflake, "setup", Health::Fail, super::story::chain(&error))
            }
        });
    }
    match super::setup::pipes(target, clock, &stop).await {
        Ok(reports) => {
            for report in reports.into_iter().filter(|report| report.health != "ok") {
                let health = if report.health == "fail" { Health::Fail } else { Health::Warn };
                let detail = format!("`{}`: {}", report.pipe, report.reason);
                let finding = Finding::new(Area::Snowflake, "pipe", health, detail);
                findings.push(if report.remedy.is_empty() {
                    finding
                } else {
                    finding.fix(report.remedy)
                });
            }
        }
        Err(error) => findings.push(Finding::new(
            Area::Snowflake,
            "pipes",
            Health::Fail,
            super::story::chain(&error),
        )),
    }
}

/// Looks at the data directory and returns when Spotify may be asked again.
fn disk(
    config: &Config,
    data_dir: &Path,
    now: DateTime<Utc>,
    findings: &mut Vec<Finding>,
) -> Remembered {
    let shown = data_dir.display();
    let ok = |what, detail: String| Finding::new(Area::Disk, what, Health::Ok, detail);
    let probe = data_dir.join(".doctor");
    let written = std::fs::create_dir_all(data_dir)
        .and_then(|()| std::fs::write(&probe, b"snowtrack"))
        .and_then(|()| std::fs::remove_file(&probe));
    if let Err(error) = written {
        findings.push(
            Finding::new(Area::Disk, "data directory", Health::Fail, format!("`{shown}`: {error}"))
                .fix("make it writable, or choose another with `--data-dir`"),
        );
        return Remembered::default();
    }
    findings.push(ok("data directory", format!("`{shown}` is writable")));
    let _lock = match Lock::take(data_dir, "doctor") {
        Ok(lock) => lock,
        Err(Error::Locked { holder, .. }) => {
            findings.push(ok("warehouse", format!("in use by {holder}")));
            return Remembered::default();
        }
        Err(error) => {
            findings.push(Finding::new(Area::Disk, "warehouse", Health::Fail, error.to_string()));
            return Remembered::default();
        }
    };
    let path = data_dir.join("snowtrack.duckdb");
    if !path.exists() {
        findings.push(ok("warehouse", "not made yet; the first run makes it".to_owned()));
        return Remembered::default();
    }
    let opened = tokio::task::block_in_place(|| {
        let warehouse = Warehouse::open(&path, &data_dir.join("tmp"))?;
        let account = config.spotify.client_id.as_deref().unwrap_or_default();
        let lockouts = lockouts::load(&warehouse, account, now)?;
        let lacks = [notes::popularity(&warehouse)?, notes::genres(&warehouse)?];
        Ok::<_, Error>(Remembered { lockouts, lacks: lacks.into_iter().flatten().collect() })
    });
    match opened {
        Ok(remembered) => {
            findings.push(ok("warehouse", format!("`{}` opens", path.display())));
            remembered
        }
        Err(error) => {
            findings.push(
                Finding::new(Area::Disk, "warehouse", Health::Fail, super::story::chain(&error))
                    .fix(format!(
                        "restore `{}` from a copy, or move it away and run again",
                        path.display()
                    )),
            );
            Remembered::default()
        }
    }
}

/// What the ledger says of Spotify.
#[derive(Default)]
struct Remembered {
    lockouts: Lockouts,
    /// What Spotify did not give.
    lacks: Vec<String>,
}

async fn spotify(
    config: &Config,
    data_dir: &Path,
    (clock, remembered): (Clock, Remembered),
    findings: &mut Vec<Finding>,
) {
    let push = |findings: &mut Vec<Finding>, what, health, detail: String| {
        findings.push(Finding::new(Area::Spotify, what, health, detail));
    };
    let Ok(credentials) = credentials(config, data_dir) else {
        findings.push(
            Finding::new(Area::Spotify, "app", Health::Skipped, "no SPOTIFY_CLIENT_ID is set")
                .fix("register an app in Spotify's developer dashboard and set it, or try `snowtrack run --demo`"),
        );
        return;
    };
    push(findings, "app", Health::Ok, format!("client id `{}`", credentials.client_id));
    for text in remembered.lacks {
        push(findings, "data", Health::Ok, text);
    }
    for (bucket, until) in remembered.lockouts.iter() {
        let (bucket, until) = (bucket.name(), until.format("%Y-%m-%d %H:%M UTC"));
        let detail = format!("Spotify asked us not to call `{bucket}` before {until}");
        push(findings, "rate limit", Health::Warn, detail);
    }
    if remembered.lockouts.not_before(Bucket::of("/me"), clock()).is_some() {
        return;
    }
    let has_login =
        credentials.refresh_token.is_some() || matches!(credentials.token_file.load(), Ok(Some(_)));
    let api_url = config.spotify.api_url.as_deref().unwrap_or("https://api.spotify.com/v1");
    let mut client = match Client::new(api_url, credentials, Timing::impatient(), clock) {
        Ok(client) => client,
        Err(error) => return push(findings, "API", Health::Fail, error.to_string()),
    };
    let warnings = std::sync::Mutex::new(Vec::new());
    let note = |event| {
        if let (crate::event::Event::Warning(text), Ok(mut warnings)) = (event, warnings.lock()) {
            warnings.push(text);
        }
    };
    match client.user_id(&note).await {
        Ok(user) => push(findings, "login", Health::Ok, format!("user `{user}`")),
        Err(spotify::Error::UserNeeded { .. }) if !has_login => findings.push(
            Finding::new(
                Area::Spotify,
                "login",
                Health::Warn,
                "the app's own token works; it reads no user's playlists in development mode",
            )
            .fix("run `snowtrack login`"),
        ),
        Err(error) => push(findings, "login", Health::Fail, super::story::chain(&error)),
    }
    for text in warnings.into_inner().unwrap_or_default() {
        push(findings, "login", Health::Warn, text);
    }
    findings.extend(client.clock_skew().map(clock_finding));
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
