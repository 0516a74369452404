//! One call at a time to one account: headers, tokens, and what a status means before anyone looks into the body.
//!
//! Repeated here: lost connections, 5xx, 429, and bodies that are cut or are not JSON; once 401, with a new token, and bodies
//! without end. No redirect is followed. Every
//! call of this client may be repeated: statements carry a `requestId`, pipes skip files they know, the rest only asks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::account::AccountId;
use super::credential::Credential;
use super::error::{Error, NOTABLE_SKEW, Refusal, Signed};
use super::ident::Ident;
use super::jwt;
use super::jwt::TokenCache;
use super::usage::{Counters, Usage, count};
use super::wire;
use crate::http;
use crate::http::BodyError;
use crate::retry::{RetryPolicy, pause};
use crate::stop::Stop;

/// A clock further off than this (`Date` has whole seconds) is corrected in tokens once Snowflake has refused one.
const TOLERATED_SKEW: TimeDelta = TimeDelta::seconds(1);
const NO_SKEW: i64 = i64::MIN;

/// How patient the client is. Tests shrink every number.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How one call is repeated.
    pub retry: RetryPolicy,
    /// The longest wait that Snowflake may ask for within a run.
    pub max_wait: Duration,
    /// How long a second of a server's `Retry-After` lasts.
    pub second: Duration,
    /// How long one answer may take. A statement's may take 45 s before Snowflake says 202.
    pub timeout: Duration,
    /// Wait before the first poll, and the least between two.
    pub poll_floor: Duration,
    /// The most between two polls.
    pub poll_ceiling: Duration,
    /// How long a statement may run; Snowflake is told so too.
    pub deadline: Duration,
    /// How long a statement on its way is waited for when the run is told to stop.
    pub stop_grace: Duration,
}

impl Timing {
    /// One repetition and no long waits: for a question that a person waits for.
    pub fn impatient() -> Self {
        let normal = Self::default();
        Self {
            retry: RetryPolicy { max_retries: 1, ..normal.retry },
            max_wait: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            deadline: Duration::from_secs(60),
            ..normal
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            retry: RetryPolicy {
                max_retries: 6,
                first_delay: Duration::from_secs(1),
                max_delay: Duration::from_secs(30),
            },
            max_wait: Duration::from_secs(60),
            second: Duration::from_secs(1),
            timeout: Duration::from_secs(90),
            poll_floor: Duration::from_millis(250),
            poll_ceiling: Duration::from_secs(5),
            deadline: Duration::from_secs(900),
            stop_grace: Duration::from_secs(2),
        }
    }
}

/// Who calls which account, and what statements run with.
#[derive(Debug)]
pub struct Login {
    /// The account.
    pub account: AccountId,
    /// The user's `LOGIN_NAME`. With a token only messages need it.
    pub user: String,
    /// What proves it.
    pub credential: Credential,
    /// What statements run with.
    pub session: Session,
}

/// What statements run with; what is `None` is the user's default. Snowpipe takes none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The role.
    pub role: Option<Ident>,
    /// The warehouse.
    pub warehouse: Option<Ident>,
    /// The database that unqualified names mean.
    pub database: Option<Ident>,
    /// The schema that unqualified names mean.
    pub schema: Option<Ident>,
}

/// One account. Calls may be made from several tasks at once.
pub struct Connection {
    http: reqwest::Client,
    login: Login,
    tokens: TokenCache,
    timing: Timing,
    clock: fn() -> DateTime<Utc>,
    pub(crate) counters: Counters,
    skew_millis: AtomicI64,
    correction_millis: AtomicI64,
}

/// One call, as often as it takes.
pub(crate) struct Call<'a> {
    /// Completes "could not …".
    pub(crate) doing: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<&'a [u8]>,
    /// Added to the query from the second sending on.
    pub(crate) query_again: Option<(&'static str, &'static str)>,
}

/// An answer that is neither a reason to repeat nor a refused token.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// What one answer means.
enum Outcome {
    Done(Answer),
    Repeat {
        reason: String,
    },
    /// Nothing that a second repetition could mend.
    RepeatOnce {
        reason: String,
    },
    Fail(Error),
    Busy {
        asked: Option<Duration>,
    },
    Unauthorized {
        body: Vec<u8>,
    },
}

impl Connection {
    /// A connection that has not called yet.
    pub fn new(login: Login, timing: Timing, clock: fn() -> DateTime<Utc>) -> Result<Self, Error> {
        let http = http::client(timing.timeout).map_err(|error| Error::Client {
            host: login.account.host().to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            http,
            login,
            tokens: TokenCache::default(),
            timing,
            clock,
            counters: Counters::default(),
            skew_millis: AtomicI64::new(NO_SKEW),
            correction_millis: AtomicI64::new(0),
        })
    }

    /// Who calls which account.
    pub const fn login(&self) -> &Login {
        &self.login
    }

    /// What the calls so far cost.
    pub fn usage(&self) -> Usage {
        self.counters.usage()
    }

    /// This machine's clock minus Snowflake's, to the second, as of the last answer.
    pub fn clock_skew(&self) -> Option<TimeDelta> {
        let millis = self.skew_millis.load(Ordering::Relaxed);
        (millis != NO_SKEW).then(|| TimeDelta::milliseconds(millis))
    }

    pub(crate) const fn timing(&self) -> &Timing {
        &self.timing
    }

    pub(crate) fn host(&self) -> String {
        self.login.account.host().to_owned()
    }

    /// Makes a call until it gives an answer worth reading. The answers 200, 202 and 422 are JSON.
    pub(crate) async fn send(&self, call: &Call<'_>, stop: &Stop) -> Result<Answer, Error> {
        let (mut retries, mut sent, mut refused) = (0, 0_u32, None);
        let mut was_nonsense = false;
        loop {
            if stop.is_asked() {
                return Err(Error::Stopped { handle: None, is_cancelled: false });
            }
            let (token, serial) = self.token(refused)?;
            sent += 1;
            let answer = self.once(call, &token, sent > 1);
            // Only a submission is worth waiting for: its answer names the statement that is to be cancelled.
            let is_submission = call.method == Method::POST;
            let grace = if is_submission { self.timing.stop_grace } else { Duration::ZERO };
            let outcome = interruptible(answer, grace, stop).await?;
            let (reason, asked) = match outcome {
                Outcome::Done(answer) => return Ok(answer),
                Outcome::Unauthorized { body } => {
                    let can_renew = matches!(self.login.credential, Credential::KeyPair(_));
                    let refusal = self.refusal(&body);
                    // Who is locked out is so with any token.
                    if refused.is_some() || !can_renew || refusal.is_barred() {
                        return Err(Error::Unauthorized(Box::new(refusal)));
                    }
                    refused = Some(serial);
                    self.correct_clock();
                    continue;
                }
                Outcome::Fail(error) => return Err(error),
                Outcome::RepeatOnce { reason } if was_nonsense => {
                    return Err(self.unreachable(call.doing, retries + 1, reason));
                }
                Outcome::RepeatOnce { reason } => {
                    was_nonsense = true;
                    (Some(reason), None)
                }
                Outcome::Repeat { reason } => (Some(reason), None),
                Outcome::Busy { asked } => (None, asked),
            };
            retries += 1;
            let wait = self.patience(retries, reason.as_deref(), asked, call.doing)?;
            tracing::debug!(?reason, ?wait, "repeating the call to {}", call.doing);
            count(&self.counters.retry);
            self.wait(wait, stop).await?;
        }
    }

    /// How long to wait before the `n`-th repetition, or the error that ends the call.
    fn patience(
        &self,
        n: u32,
        reason: Option<&str>,
        asked: Option<Duration>,
        doing: &'static str,
    ) -> Result<Duration, Error> {
        let until = asked
            .and_then(|asked| TimeDelta::from_std(asked).ok())
            .and_then(|asked| (self.clock)().checked_add_signed(asked));
        let is_too_long = asked.is_some_and(|asked| self.timing.max_wait < asked);
        match self.timing.retry.delay(n, fastrand::f64()) {
            // Never before Snowflake's time, and spread behind it, so that a fleet does not return in step.
            Some(delay) if !is_too_long => Ok(asked.map_or(delay, |asked| {
                self.timing.second.mul_f64(asked.as_secs_f64() + fastrand::f64() * 0.5)
            })),
            _ => Err(match reason {
                None => Error::Busy { doing, until },
                Some(reason) => self.unreachable(doing, n, reason.to_owned()),
            }),
        }
    }

    fn unreachable(&self, doing: &'static str, tries: u32, reason: String) -> Error {
        Error::Unreachable { host: self.host(), doing, tries, reason }
    }

    async fn once(&self, call: &Call<'_>, token: &SecretString, is_again: bool) -> Outcome {
        count(&self.counters.request);
        let mut request = self
            .http
            .request(call.method.clone(), self.url(call, is_again))
            .bearer_auth(token.expose_secret())
            .header("X-Snowflake-Authorization-Token-Type", self.login.credential.header_value())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        if let Some(body) = call.body {
            request = request.body(body.to_vec());
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Outcome::Repeat { reason: http::describe(error) },
        };
        let (status, headers) = (response.status(), response.headers().clone());
        self.note_time(&headers);
        if let Some(target) = http::redirect(status, &headers) {
            let (host, doing, status) = (self.host(), call.doing, status.as_u16());
            return Outcome::Fail(Error::Redirected { host, doing, status, target });
        }
        match http::body(response).await.and_then(wire::unpacked) {
            Ok(body) => self.judge(status, &headers, body),
            Err(BodyError::Broken(reason)) => Outcome::Repeat { reason },
            Err(error) => {
                Outcome::RepeatOnce { reason: format!("status {}, but {error}", status.as_u16()) }
            }
        }
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Outcome {
        let status = status.as_u16();
        let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
        match status {
            401 => Outcome::Unauthorized { body },
            429 => Outcome::Busy { asked: self.retry_after(headers) },
            // A certificate that does not fit; it will not fit the next time either.
            522 => Outcome::Done(Answer { status, body }),
            500..=599 => match self.retry_after(headers) {
                Some(asked) => Outcome::Busy { asked: Some(asked) },
                None => Outcome::Repeat { reason: format!("status {status}") },
            },
            // With a handle it is a statement out of time, without one a call that was slow.
            408 if wire::Status::read(&body).statement_handle.is_none() => {
                Outcome::Repeat { reason: "status 408".to_owned() }
            }
            200 | 202 | 422 if !is_json() => Outcome::Repeat {
                reason: format!("status {status}, but the body is cut or is not JSON"),
            },
            _ => Outcome::Done(Answer { status, body }),
        }
    }

    fn url(&self, call: &Call<'_>, is_again: bool) -> Url {
        let mut url = self.login.account.url().clone();
        url.set_path(&call.path);
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(call.query.iter().map(|(name, value)| (*name, value.as_str())));
        pairs.extend_pairs(call.query_again.filter(|_| is_again));
        drop(pairs);
        url
    }

    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        http::retry_after(headers, self.server_time())
    }

    fn note_time(&self, headers: &HeaderMap) {
        let Some(date) = http::date(headers) else { return };
        let skew = (self.clock)() - date;
        let before = self.skew_millis.swap(skew.num_milliseconds(), Ordering::Relaxed);
        if before == NO_SKEW && NOTABLE_SKEW <= skew.abs() {
            let side = if skew < TimeDelta::zero() { "behind" } else { "ahead of" };
            tracing::warn!(
                "this machine's clock is {} s {side} Snowflake's: set it (NTP); a token that is refused for it is signed anew with Snowflake's time",
                skew.num_seconds().abs()
            );
        }
    }

    fn server_time(&self) -> DateTime<Utc> {
        (self.clock)() - self.clock_skew().unwrap_or_default()
    }

    /// From now on signs with Snowflake's time, where ours is clearly another.
    fn correct_clock(&self) {
        let skew = self.clock_skew().filter(|skew| TOLERATED_SKEW < skew.abs()).unwrap_or_default();
        self.correction_millis.store(skew.num_milliseconds(), Ordering::Relaxed);
    }

    fn token(&self, refused: Option<u64>) -> Result<(SecretString, u64), Error> {
        let key = match &self.login.credential {
            Credential::Token(_, token) => return Ok((token.clone(), 0)),
            Credential::KeyPair(key) => key,
        };
        let correction = self.correction_millis.load(Ordering::Relaxed);
        let now = (self.clock)() - TimeDelta::milliseconds(correction);
        let (account, user) = (&self.login.account, &self.login.user);
        let token = self.tokens.token(now, refused, |now| {
            count(&self.counters.token);
            jwt::sign(&jwt::claims(account, user, key.fingerprint(), now), key)
        })?;
        Ok(token)
    }

    fn refusal(&self, body: &[u8]) -> Refusal {
        let status = wire::Status::read(body);
        let message = status.message;
        let in_brackets = message.rsplit_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let signed = match &self.login.credential {
            Credential::Token(..) => None,
            Credential::KeyPair(key) => {
                let now = (self.clock)();
                let claims = jwt::claims(&self.login.account, &self.login.user, "", now);
                Some(Signed { subject: claims.sub, fingerprint: key.fingerprint().to_owned() })
            }
        };
        Refusal {
            account: self.login.account.clone(),
            host: self.host(),
            user: self.login.user.clone(),
            credential: self.login.credential.name(),
            signed,
            code: if status.code.is_empty() { "401".to_owned() } else { status.code },
            uuid: in_brackets.and_then(|(uuid, _)| Uuid::parse_str(uuid).ok()),
            message: if message.is_empty() { "no reason given".to_owned() } else { message },
            clock_skew: self.clock_skew(),
        }
    }

    /// Waits, but no longer once the run is told to stop.
    pub(crate) async fn wait(&self, wait: Duration, stop: &Stop) -> Result<(), Error> {
        let waited = stop.or(pause(wait)).await;
        waited.ok_or(Error::Stopped { handle: None, is_cancelled: false })?;
        self.counters.add_wait(wait);
        Ok(())
    }
}

/// A call, left alone for `grace` once the run is told to stop.
async fn interruptible<T>(
    call: impl Future<Output = T>,
    grace: Duration,
    stop: &Stop,
) -> Result<T, Error> {
    let told_to_stop = async {
        stop.asked().await;
        pause(grace).await;
    };
    tokio::select! {
        biased;
        answer = call => Ok(answer),
        () = told_to_stop => Err(Error::Stopped { handle: None, is_cancelled: false }),
    }
}
