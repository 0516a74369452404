//! Looks at everything a run needs and says what to fix. Reads, and asks each service once; changes nothing.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::credentials::{Exposure, snowflake_exposure, spotify_exposures};
use super::{Error, Lock, Target, credentials, ledger, target};
use crate::config::Config;
use crate::disk::create_private_dir;
use crate::lake::{Store, StoreTiming};
use crate::retry::Stop;
use crate::snowflake::{Credential, Statement, claims};
use crate::spotify::{self, Client, Timing};
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
    let not_before = disk(config, data_dir, clock(), &mut findings);
    spotify(config, data_dir, (clock, not_before), &mut findings).await;
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
    findings.extend(snowflake_exposure(&target).map(|it| exposed(Area::Snowflake, it)));
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
) -> Option<DateTime<Utc>> {
    let shown = data_dir.display();
    let ok = |what, detail: String| Finding::new(Area::Disk, what, Health::Ok, detail);
    let probe = data_dir.join(".doctor");
    let written = create_private_dir(data_dir)
        .and_then(|()| match std::fs::remove_file(&probe) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => std::fs::File::create_new(&probe),
        })
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"snowtrack"))
        .and_then(|()| std::fs::remove_file(&probe));
    if let Err(error) = written {
        findings.push(
            Finding::new(Area::Disk, "data directory", Health::Fail, format!("`{shown}`: {error}"))
                .fix("make it writable, or choose another with `--data-dir`"),
        );
        return None;
    }
    findings.push(ok("data directory", format!("`{shown}` is writable")));
    let _lock = match Lock::take(data_dir, "doctor") {
        Ok(lock) => lock,
        Err(Error::Locked { holder, .. }) => {
            findings.push(ok("warehouse", format!("in use by {holder}")));
            return None;
        }
        Err(error) => {
            findings.push(Finding::new(Area::Disk, "warehouse", Health::Fail, error.to_string()));
            return None;
        }
    };
    let path = data_dir.join("snowtrack.duckdb");
    if !path.exists() {
        findings.push(ok("warehouse", "not made yet; the first run makes it".to_owned()));
        return None;
    }
    let opened = tokio::task::block_in_place(|| {
        let warehouse = Warehouse::open(&path, &data_dir.join("tmp"))?;
        let account = config.spotify.client_id.as_deref().unwrap_or_default();
        ledger::not_before(&warehouse, account, now)
    });
    match opened {
        Ok(not_before) => {
            findings.push(ok("warehouse", format!("`{}` opens", path.display())));
            not_before
        }
        Err(crate::warehouse::Error::Held { holder, .. }) => {
            findings.push(ok("warehouse", format!("in use by {holder}")));
            None
        }
        Err(error) => {
            findings.push(
                Finding::new(Area::Disk, "warehouse", Health::Fail, super::story::chain(&error))
                    .fix(format!(
                        "restore `{}` from a copy, or move it away and run again",
                        path.display()
                    )),
            );
            None
        }
    }
}

async fn spotify(
    config: &Config,
    data_dir: &Path,
    (clock, not_before): (Clock, Option<DateTime<Utc>>),
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
    let detail = format!("client id `{}`; {DEVELOPMENT_MODE}", credentials.client_id);
    push(findings, "app", Health::Ok, detail);
    let exposures = spotify_exposures(config, &credentials);
    findings.extend(exposures.into_iter().map(|it| exposed(Area::Spotify, it)));
    if let Some(until) = not_before {
        let until = until.format("%Y-%m-%d %H:%M UTC");
        push(
            findings,
            "rate limit",
            Health::Warn,
            format!("Spotify asked us not to call before {until}"),
        );
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
    client.keep_login(&note);
    for text in warnings.into_inner().unwrap_or_default() {
        push(findings, "login", Health::Warn, text);
    }
    findings.extend(client.clock_skew().map(clock_finding));
}

/// What Spotify demands of every new app, and what it does not give it.
///
/// <https://developer.spotify.com/documentation/web-api/concepts/quota-modes>
const DEVELOPMENT_MODE: &str = "in development mode, as every new app is, its owner needs Premium, it reads the contents of own and collaborative playlists only, and at most five users, who are on its list, can log in";

/// A place where others may read a credential.
fn exposed(area: Area, exposure: Exposure) -> Finding {
    Finding::new(area, "privacy", Health::Warn, exposure.seen).fix(exposure.fix)
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
