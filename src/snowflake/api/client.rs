//! One call at a time to one account: headers, tokens, and what a status means before anyone looks into the body.
//!
//! Repeated here: lost connections, 5xx, 429, and bodies that are cut or are not JSON; once 401, with a new token, and bodies
//! without end. No redirect is followed. Every
//! call of this client may be repeated: statements carry a `requestId`, pipes skip files they know, the rest only asks.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::account::AccountId;
use super::credential::Credential;
use super::error::{Error, NOTABLE_SKEW, Refusal, Signed};
use super::ident::Ident;
use super::jwt::{self, TokenCache};
use super::patience::{CallTime, Patience};
use super::usage::{Counters, Usage, count};
use super::wire;
use crate::http::{self, Caller, Fault, Repeats};
use crate::retry::pause;
use crate::stop::Stop;

/// A clock further off than this (`Date` has whole seconds) is corrected in tokens once Snowflake has refused one.
const TOLERATED_SKEW: TimeDelta = TimeDelta::seconds(1);

/// How patient the client is. Tests shrink every number.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionTiming {
    /// How patient one call is. A statement's answer may take 45 s before Snowflake says 202.
    pub call: http::CallTiming,
    /// Wait before the first poll, and the least between two.
    pub poll_floor: Duration,
    /// The most between two polls.
    pub poll_ceiling: Duration,
    /// How long a statement may run; Snowflake is told so too.
    pub deadline: Duration,
    /// How long a statement on its way is waited for when the run is told to stop.
    pub stop_grace: Duration,
}

impl ConnectionTiming {
    /// One repetition and no long waits: for a question that a person waits for.
    pub fn impatient() -> Self {
        let a_minute = Duration::from_secs(60);
        Self { call: http::CallTiming::impatient(a_minute), deadline: a_minute, ..Self::default() }
    }
}

impl Default for ConnectionTiming {
    fn default() -> Self {
        Self {
            call: http::CallTiming::patient(Duration::from_secs(90)),
            poll_floor: Duration::from_millis(250),
            poll_ceiling: Duration::from_secs(5),
            deadline: Duration::from_secs(900),
            stop_grace: Duration::from_secs(2),
        }
    }
}

/// Who calls which account, and what statements run with.
#[derive(Debug)]
pub(crate) struct Login {
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
pub(crate) struct Session {
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
pub(crate) struct Connection {
    pub(super) caller: Caller,
    pub(super) login: Login,
    tokens: TokenCache,
    timing: ConnectionTiming,
    pub(super) patience: Patience,
    pub(crate) counters: Counters,
    has_warned: AtomicBool,
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
pub(crate) struct UsableAnswer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// What one answer means.
pub(super) enum Meaning {
    Done(UsableAnswer),
    Again(Fault),
    Fail(Error),
    Busy { asked: Option<Duration> },
    Unauthorized { body: Vec<u8> },
}

impl Connection {
    /// A connection that has not called yet.
    pub(crate) fn new(
        login: Login,
        timing: ConnectionTiming,
        clock: fn() -> DateTime<Utc>,
    ) -> Result<Self, Error> {
        let caller = Caller::new(timing.call, clock).map_err(|error| Error::Client {
            host: login.account.host().to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            caller,
            login,
            tokens: TokenCache::default(),
            timing,
            patience: Patience::default(),
            counters: Counters::default(),
            has_warned: AtomicBool::new(false),
            correction_millis: AtomicI64::new(0),
        })
    }

    /// Who calls which account.
    pub(crate) const fn login(&self) -> &Login {
        &self.login
    }

    /// What the calls so far cost.
    pub(crate) fn usage(&self) -> Usage {
        self.counters.usage()
    }

    /// This machine's clock minus Snowflake's, to the second, as of the last answer.
    pub(crate) fn clock_skew(&self) -> Option<TimeDelta> {
        self.caller.clock_skew()
    }

    pub(crate) const fn timing(&self) -> &ConnectionTiming {
        &self.timing
    }

    pub(crate) fn host(&self) -> String {
        self.login.account.host().to_owned()
    }

    /// Makes a call until it gives an answer worth reading. The answers 200, 202 and 422 are JSON.
    pub(crate) async fn send(&self, call: &Call<'_>, stop: &Stop) -> Result<UsableAnswer, Error> {
        if let Some(error) = self.patience.is_over(&self.host(), call.doing) {
            return Err(error);
        }
        if let Some(until) = self.patience.paused_until(self.caller.now()) {
            return Err(Error::Busy { doing: call.doing, until: Some(until) });
        }
        let (mut repeats, mut sent, mut refused) =
            (Repeats::new(self.timing.call.retry), 0_u32, None);
        let time = self.patience.call();
        loop {
            if stop.is_asked() {
                return Err(Error::Stopped { handle: None, is_cancelled: false });
            }
            let (token, serial) = self.token(refused)?;
            sent += 1;
            let answer = self.within(time, self.once(call, &token, sent > 1));
            // Only a submission is worth waiting for: its answer names the statement that is to be cancelled.
            let is_submission = call.method == Method::POST;
            let grace = if is_submission { self.timing.stop_grace } else { Duration::ZERO };
            let outcome = interruptible(answer, grace, stop).await?;
            if !matches!(outcome, Meaning::Again(_)) {
                self.patience.answered();
            }
            let wait = match outcome {
                Meaning::Done(answer) => return Ok(answer),
                Meaning::Unauthorized { body } => {
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
                Meaning::Fail(error) => return Err(error),
                Meaning::Again(fault) => self.again(&mut repeats, fault, time, call.doing)?,
                Meaning::Busy { asked } => self.busy(&mut repeats, asked, time, call.doing)?,
            };
            tracing::debug!(?wait, "repeating the call to {}", call.doing);
            count(&self.counters.retry);
            self.wait(wait, stop).await?;
        }
    }

    /// How long to wait for a busy account, or the error that ends the call.
    fn busy(
        &self,
        repeats: &mut Repeats,
        asked: Option<Duration>,
        time: CallTime,
        doing: &'static str,
    ) -> Result<Duration, Error> {
        let timing = self.caller.timing();
        let is_too_long = asked.is_some_and(|asked| timing.max_wait < asked);
        let until = asked
            .and_then(|asked| TimeDelta::from_std(asked).ok())
            .and_then(|asked| self.caller.now().checked_add_signed(asked));
        let delay = repeats.delay().filter(|_| !is_too_long);
        if is_too_long && let Some(until) = until {
            self.patience.pause_until(until);
        }
        let delay = delay.ok_or(Error::Busy { doing, until })?;
        let wait = asked.map_or(delay, |asked| timing.asked(asked));
        match time.of_repeats() {
            Some(left) if left < wait => Err(Error::Busy { doing, until }),
            _ => Ok(wait),
        }
    }

    async fn once(&self, call: &Call<'_>, token: &SecretString, is_again: bool) -> Meaning {
        count(&self.counters.request);
        let mut request = self
            .caller
            .request(call.method.clone(), self.url(call, is_again))
            .bearer_auth(token.expose_secret())
            .header("X-Snowflake-Authorization-Token-Type", self.login.credential.header_value())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        if let Some(body) = call.body {
            request = request.body(body.to_vec());
        }
        let http::HttpAnswer { status, headers, body } = match self.caller.once(request).await {
            Ok(answer) => answer,
            Err(fault) => return Meaning::Again(fault),
        };
        self.warn_of_skew();
        if let Some(target) = http::redirect(status, &headers) {
            let (host, doing, status) = (self.host(), call.doing, status.as_u16());
            return Meaning::Fail(Error::Redirected { host, doing, status, target });
        }
        match body.and_then(wire::unpacked) {
            Ok(body) => judge(status.as_u16(), self.caller.retry_after(&headers), body),
            Err(error) => Meaning::Again(Fault::of_body(status.as_u16(), error)),
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

    /// Once, of a clock that is far off.
    fn warn_of_skew(&self) {
        let Some(skew) = self.clock_skew() else { return };
        if !self.has_warned.swap(true, Ordering::Relaxed) && NOTABLE_SKEW <= skew.abs() {
            let side = if skew < TimeDelta::zero() { "behind" } else { "ahead of" };
            tracing::warn!(
                "this machine's clock is {} s {side} Snowflake's: set it (NTP); a token that is refused for it is signed anew with Snowflake's time",
                skew.num_seconds().abs()
            );
        }
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
        let now = self.caller.now() - TimeDelta::milliseconds(correction);
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
                let now = self.caller.now();
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

/// What an answer means before anyone looks into its body. `asked` is its `Retry-After`.
fn judge(status: u16, asked: Option<Duration>, body: Vec<u8>) -> Meaning {
    match status {
        401 => Meaning::Unauthorized { body },
        429 => Meaning::Busy { asked },
        // A certificate that does not fit; it will not fit the next time either.
        522 => Meaning::Done(UsableAnswer { status, body }),
        500..=599 if asked.is_some() => Meaning::Busy { asked },
        500..=599 => Meaning::Again(Fault::Passing(format!("status {status}"))),
        // With a handle it is a statement out of time, without one a call that was slow.
        408 if wire::Status::read(&body).statement_handle.is_none() => {
            Meaning::Again(Fault::Passing("status 408".to_owned()))
        }
        200 | 202 | 422 if !http::is_json(&body) => Meaning::Again(Fault::Passing(format!(
            "status {status}, but the body is cut or is not JSON"
        ))),
        _ => Meaning::Done(UsableAnswer { status, body }),
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
