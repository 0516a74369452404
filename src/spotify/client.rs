//! The data plane: one call at a time, with what Spotify's answers mean decided in one place.
//!
//! Retried here: lost connections, 5xx, bodies that are cut or are not JSON, and short 429s. Everything else is an [`Error`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{DATE, ETAG, HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::page::{Document, Entity};
use super::{Credentials, Error};
use crate::event::{Event, Events};
use crate::retry::{RetryPolicy, Stop, pause};

/// A lockout of Spotify's lasts a day at most (the longest seen is 86,400 s); a longer one is a broken header.
const LONGEST_PENALTY: Duration = Duration::from_secs(86_400);
/// When the quota is used up and Spotify names no time: asking during a penalty lengthens it, so we leave an hour.
const UNNAMED_PENALTY: Duration = Duration::from_secs(3_600);
/// Waits for 429s without `Retry-After` before we give up.
const UNNAMED_WAITS: u32 = 3;

/// How patient the client is. Tests shrink every number.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Least time between two calls.
    pub min_gap: Duration,
    /// How long Spotify may put one call off within a run.
    pub max_wait: Duration,
    /// How one page is retried.
    pub retry: RetryPolicy,
    /// How long a second of a server's `Retry-After` lasts.
    pub second: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
}

impl Timing {
    /// One try and no long waits: for a question that a person waits for.
    pub fn impatient() -> Self {
        let normal = Self::default();
        Self {
            max_wait: Duration::from_secs(5),
            retry: RetryPolicy { max_retries: 1, ..normal.retry },
            timeout: Duration::from_secs(15),
            ..normal
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            min_gap: Duration::from_millis(100),
            max_wait: Duration::from_secs(60),
            retry: RetryPolicy {
                max_retries: 6,
                first_delay: Duration::from_secs(1),
                max_delay: Duration::from_secs(30),
            },
            second: Duration::from_secs(1),
            timeout: Duration::from_secs(45),
        }
    }
}

/// What one call has been put off for.
#[derive(Default)]
struct Patience {
    /// Waits that Spotify named, and their sum.
    named_waits: u32,
    waited: Duration,
    unnamed_waits: u32,
}

/// What the calls of a run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Data calls, retries included.
    pub call_count: u64,
    /// Repeated calls.
    pub retry_count: u64,
    /// Time spent waiting because Spotify or our backoff asked for it.
    pub waited: Duration,
}

/// Spotify's Web API for one account: a sequential queue.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    credentials: Credentials,
    access: Option<SecretString>,
    is_user: bool,
    user_id: Option<String>,
    timing: Timing,
    last_call: Option<Instant>,
    clock: fn() -> DateTime<Utc>,
    stop: Arc<Stop>,
    skew: Option<TimeDelta>,
    usage: Usage,
}

/// What one answer means.
enum Outcome {
    Done { body: String, etag: Option<String> },
    Retry { reason: String },
    Refresh,
    Wait { asked: Option<Duration>, is_quota: bool },
    Fail(Error),
}

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    message: String,
    #[serde(default)]
    reason: Option<String>,
}

impl Client {
    /// A client that has not called yet.
    pub fn new(
        api_url: &str,
        credentials: Credentials,
        timing: Timing,
        clock: fn() -> DateTime<Utc>,
    ) -> Result<Self, Error> {
        let name = "SPOTIFY_API_URL";
        let bad_url = |reason: String| Error::BadUrl { name, value: api_url.to_owned(), reason };
        let mut base = super::base_url(name, api_url)?;
        if base.path() == "/" {
            base.set_path("/v1");
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("snowtrack/", env!("CARGO_PKG_VERSION")))
            .gzip(true)
            .timeout(timing.timeout)
            .connect_timeout(timing.timeout.min(Duration::from_secs(10)))
            .build()
            .map_err(|error| bad_url(error.to_string()))?;
        Ok(Self {
            http,
            base,
            credentials,
            access: None,
            is_user: false,
            user_id: None,
            timing,
            last_call: None,
            clock,
            stop: Arc::default(),
            skew: None,
            usage: Usage::default(),
        })
    }

    /// Lets `stop` end waits and calls; they then fail with [`Error::Stopped`].
    #[must_use]
    pub fn stopped_by(mut self, stop: Arc<Stop>) -> Self {
        self.stop = stop;
        self
    }

    /// How far this machine's clock is ahead of Spotify's, once it has answered.
    pub const fn clock_skew(&self) -> Option<TimeDelta> {
        self.skew
    }

    /// What the calls so far cost.
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// One document; waits and retries are reported to `events`.
    pub async fn get(
        &mut self,
        entity: Entity,
        playlist_id: Option<&str>,
        url: &str,
        events: Events<'_>,
    ) -> Result<Document, Error> {
        let (body, etag) = self.call(url, events).await?;
        Ok(Document {
            entity,
            playlist_id: playlist_id.map(str::to_owned),
            url: url.to_owned(),
            fetched_at: (self.clock)(),
            etag,
            body,
        })
    }

    /// Full artists or albums in one call. `None`: the app may not ask for several at once.
    ///
    /// A single id that Spotify does not know gives the document `null`, as it gives it in a batch.
    pub async fn details(
        &mut self,
        entity: Entity,
        ids: &[String],
        events: Events<'_>,
    ) -> Result<Option<Document>, Error> {
        let (name, list) = (entity.name(), ids.join(","));
        let is_batch = ids.len() > 1;
        let url = if is_batch { format!("/{name}?ids={list}") } else { format!("/{name}/{list}") };
        match self.get(entity, None, &url, events).await {
            Err(error) if is_batch && error.concerns_one_playlist() => Ok(None),
            Err(Error::NotFound { .. } | Error::Refused { status: 400, .. }) => {
                let (fetched_at, body) = ((self.clock)(), "null".to_owned());
                Ok(Some(Document { entity, playlist_id: None, url, fetched_at, etag: None, body }))
            }
            other => other.map(Some),
        }
    }

    /// The logged-in user's id, asked for once.
    pub async fn user_id(&mut self, events: Events<'_>) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Me {
            id: String,
        }
        if let Some(id) = &self.user_id {
            return Ok(id.clone());
        }
        let (body, _) = self.call("/me", events).await?;
        let me: Me = serde_json::from_str(&body)
            .map_err(|source| Error::Document { name: "/me".to_owned(), source: source.into() })?;
        self.user_id = Some(me.id.clone());
        Ok(me.id)
    }

    async fn call(
        &mut self,
        url: &str,
        events: Events<'_>,
    ) -> Result<(String, Option<String>), Error> {
        let (mut retries, mut has_refreshed) = (0, false);
        let mut patience = Patience::default();
        loop {
            let token = self.token(events).await?;
            self.keep_gap().await;
            self.usage.call_count += 1;
            let stop = Arc::clone(&self.stop);
            match stop.or(self.once(url, &token)).await.ok_or(Error::Stopped)? {
                Outcome::Done { body, etag } => return Ok((body, etag)),
                Outcome::Fail(error) => return Err(error),
                Outcome::Refresh if has_refreshed => {
                    return Err(Error::Unreachable {
                        url: url.to_owned(),
                        tries: 2,
                        reason: "a fresh access token was refused (401)".to_owned(),
                    });
                }
                Outcome::Refresh => {
                    has_refreshed = true;
                    self.access = None;
                }
                Outcome::Wait { asked, is_quota } => {
                    let wait = self.penalty(asked, is_quota, &mut patience)?;
                    self.wait("Spotify's rate limit", wait, events).await?;
                }
                Outcome::Retry { reason } => {
                    retries += 1;
                    let Some(delay) = self.timing.retry.delay(retries, fastrand::f64()) else {
                        return Err(Error::Unreachable {
                            url: url.to_owned(),
                            tries: retries,
                            reason,
                        });
                    };
                    events(Event::Retried { url: url.to_owned(), reason });
                    self.usage.retry_count += 1;
                    self.wait("Spotify to recover", delay, events).await?;
                }
            }
        }
    }

    /// How long to wait for a 429, or the error that ends the run.
    fn penalty(
        &self,
        asked: Option<Duration>,
        is_quota: bool,
        patience: &mut Patience,
    ) -> Result<Duration, Error> {
        let (wait, waited, is_spent) = match asked {
            Some(asked) => {
                // Who is told "at once" and refused again must wait all the same, ever longer.
                let least = Duration::from_secs(1 << patience.named_waits.min(6));
                patience.named_waits += 1;
                let wait = asked.max(least).min(LONGEST_PENALTY);
                patience.waited += wait;
                (wait, patience.waited, is_quota)
            }
            None => {
                patience.unnamed_waits += 1;
                let is_spent = is_quota || UNNAMED_WAITS < patience.unnamed_waits;
                let backoff = Duration::from_secs(5 << patience.unnamed_waits.min(4));
                let wait = if is_spent { UNNAMED_PENALTY } else { backoff };
                (wait, wait, is_spent)
            }
        };
        if is_spent || self.timing.max_wait < waited {
            let reason = if is_quota { "its quota of calls is used up" } else { "too many calls" };
            let until = (self.clock)() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(1));
            return Err(Error::RateLimited { until, reason });
        }
        // A little more than asked: a call within the penalty would lengthen it.
        let seconds = wait.as_secs_f64() + fastrand::f64() * 0.5;
        Ok(self.timing.second.mul_f64(seconds))
    }

    async fn token(&mut self, events: Events<'_>) -> Result<String, Error> {
        if let Some(token) = &self.access {
            return Ok(token.expose_secret().to_owned());
        }
        let mut tries = 0;
        loop {
            match self.credentials.access((self.clock)()).await {
                Ok(access) => {
                    if let Some(warning) = access.warning {
                        events(Event::Warning(warning));
                    }
                    let text = access.token.expose_secret().to_owned();
                    self.is_user = access.is_user;
                    self.access = Some(access.token);
                    return Ok(text);
                }
                // Only Spotify's own word ends a login; an outage must not.
                Err(Error::Unreachable { url, reason, .. }) => {
                    tries += 1;
                    let Some(delay) = self.timing.retry.delay(tries, fastrand::f64()) else {
                        return Err(Error::Unreachable { url, tries, reason });
                    };
                    events(Event::Retried { url, reason });
                    self.usage.retry_count += 1;
                    self.wait("Spotify's accounts service", delay, events).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn keep_gap(&mut self) {
        if let Some(since) = self.last_call.map(|last| last.elapsed()) {
            pause(self.timing.min_gap.saturating_sub(since)).await;
        }
        self.last_call = Some(Instant::now());
    }

    async fn wait(
        &mut self,
        why: &'static str,
        wait: Duration,
        events: Events<'_>,
    ) -> Result<(), Error> {
        events(Event::Waiting { why, wait });
        self.usage.waited += wait;
        self.stop.or(pause(wait)).await.ok_or(Error::Stopped)
    }

    async fn once(&mut self, url: &str, token: &str) -> Outcome {
        let target = format!("{}{url}", self.base.as_str().trim_end_matches('/'));
        let response = match self.http.get(target).bearer_auth(token).send().await {
            Ok(response) => response,
            Err(error) => return Outcome::Retry { reason: with_causes(&error.without_url()) },
        };
        let (status, headers) = (response.status(), response.headers().clone());
        self.skew = headers
            .get(DATE)
            .and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok())
            .map(|date| (self.clock)() - date.to_utc());
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(error) => return Outcome::Retry { reason: with_causes(&error.without_url()) },
        };
        if !status.is_success() {
            return self.refusal(url, status, &headers, &String::from_utf8_lossy(&body));
        }
        match String::from_utf8(body.into()) {
            Ok(body) if serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok() => {
                let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
                Outcome::Done { body, etag }
            }
            _ => Outcome::Retry {
                reason: format!("status {status}, but the body is cut or is not JSON"),
            },
        }
    }

    fn refusal(&self, url: &str, status: StatusCode, headers: &HeaderMap, body: &str) -> Outcome {
        let detail = serde_json::from_str::<ErrorBody>(body).unwrap_or_default().error;
        let says = |text: &str| body.to_ascii_lowercase().contains(text);
        // What is asked about, without how it is asked.
        let url_owned = || url.split('?').next().unwrap_or(url).to_owned();
        match status.as_u16() {
            401 if says("valid user authentication required")
                || (!self.is_user && url.starts_with("/me")) =>
            {
                Outcome::Fail(Error::UserNeeded { url: url_owned() })
            }
            401 => Outcome::Refresh,
            403 if says("premium") => Outcome::Fail(Error::PremiumRequired),
            403 if says("insufficient client scope") => Outcome::Fail(Error::MissingScope {
                url: url_owned(),
                wanted: super::login::SCOPES,
            }),
            403 if says("not registered") || says("allow") && says("user") => {
                Outcome::Fail(Error::NotAllowListed)
            }
            403 => Outcome::Fail(Error::Forbidden { url: url_owned() }),
            404 => Outcome::Fail(Error::NotFound { url: url_owned() }),
            429 => Outcome::Wait {
                asked: headers
                    .get(RETRY_AFTER)
                    .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                    .map(Duration::from_secs),
                is_quota: detail.reason.as_deref() == Some("QUOTA_EXCEEDED"),
            },
            408 | 500..=599 => Outcome::Retry { reason: format!("status {status}") },
            code => Outcome::Fail(Error::Refused {
                url: url.to_owned(),
                status: code,
                message: detail.message,
            }),
        }
    }
}

/// An error with its causes: "error sending request" alone says nothing of DNS or a closed port.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
