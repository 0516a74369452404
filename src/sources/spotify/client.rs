//! The data plane: one call at a time, repeated where its answer says that this helps.
//!
//! Repeated here: lost connections, 5xx, bodies that are cut or no JSON, short 429s, a missing Premium; nonsense once. Else an [`Error`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::answer::{Asked, Meaning, meaning};
use super::auth::{Credentials, Denied, Renewal};
use super::known_user::KnownUser;
use super::quota::{CallUsage, Lockouts, Questions};
use super::token_file::StoredToken;
use crate::event::{Events, WaitFor, Warning, What};
use crate::http::{self, Caller, Repeats};
use crate::ids::Subject;
use crate::retry::{LONGEST_PENALTY, RetryPolicy, pause};
use crate::sources::bucket::Bucket;
use crate::sources::document::{Document, Entity};
use crate::sources::error::Error;
use crate::stop::Stop;

/// When the quota is used up and Spotify names no time: asking during a penalty lengthens it, so we leave an hour.
const UNNAMED_PENALTY: Duration = Duration::from_secs(3_600);
/// Waits for 429s without `Retry-After` before we give up.
const UNNAMED_WAITS: u32 = 3;
/// How often a call is repeated that Spotify refuses for want of Premium: such a refusal has been seen to pass.
const PREMIUM_REPEATS: u32 = 3;

/// How patient the client is. Tests shrink every number.
#[derive(Debug, Clone, Copy)]
pub struct SpotifyTiming {
    /// Least time between two calls.
    pub min_gap: Duration,
    /// How patient one call is.
    pub call: http::CallTiming,
}

impl SpotifyTiming {
    /// One try and no long waits: for a question that a person waits for.
    pub(crate) fn impatient() -> Self {
        Self { call: http::CallTiming::impatient(Duration::from_secs(15)), ..Self::default() }
    }
}

impl Default for SpotifyTiming {
    fn default() -> Self {
        Self {
            min_gap: Duration::from_millis(100),
            call: http::CallTiming::patient(Duration::from_secs(45)),
        }
    }
}

/// What one call has been put off for.
struct Patience {
    calls: u32,
    /// For what may pass by itself.
    repeats: Repeats,
    premium_waits: u32,
    /// Waits that Spotify named, and their sum.
    named_waits: u32,
    waited: Duration,
    unnamed_waits: u32,
}

impl Patience {
    const fn new(policy: RetryPolicy) -> Self {
        Self {
            calls: 0,
            repeats: Repeats::new(policy),
            premium_waits: 0,
            named_waits: 0,
            waited: Duration::ZERO,
            unnamed_waits: 0,
        }
    }
}

/// One call: a question, or what changes something.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    /// Path and query.
    pub(super) url: &'a str,
    /// What is sent; `None`: a question.
    pub(super) body: Option<&'a serde_json::Value>,
}

impl Sent<'_> {
    fn bucket(&self) -> Bucket {
        if self.body.is_some() { Bucket::Writes } else { Bucket::of(self.url) }
    }
}

/// Spotify's Web API for one account: a sequential queue.
pub(crate) struct Client {
    caller: Caller,
    base: Url,
    credentials: Credentials,
    pub(super) access: Option<SecretString>,
    pub(super) is_user: bool,
    user_id: Option<String>,
    /// Where an earlier client may have said whose login it is.
    pub(crate) known_user: KnownUser,
    /// A login newer than the stored one, which could not be stored.
    unstored: Option<StoredToken>,
    /// The app's owner has no Premium: no call is worth making any more.
    is_barred: bool,
    pub(super) timing: SpotifyTiming,
    last_call: Option<Instant>,
    stop: Arc<Stop>,
    pub(super) usage: CallUsage,
    pub(super) questions: Questions,
    /// The calls so far, repeated ones included.
    calls: Questions,
    lockouts: Lockouts,
}

impl Client {
    /// A client that has not called yet.
    pub(crate) fn new(
        api_url: &str,
        credentials: Credentials,
        timing: SpotifyTiming,
        clock: fn() -> DateTime<Utc>,
    ) -> Result<Self, Error> {
        let name = "SPOTIFY_API_URL";
        let bad_url = |reason: String| Error::BadUrl { name, value: api_url.to_owned(), reason };
        let mut base = crate::sources::base_url(name, api_url)?;
        if base.path() == "/" {
            base.set_path("/v1");
        }
        let caller = Caller::new(timing.call, clock).map_err(|error| bad_url(error.to_string()))?;
        Ok(Self {
            caller,
            base,
            credentials,
            access: None,
            is_user: false,
            user_id: None,
            known_user: KnownUser::default(),
            unstored: None,
            is_barred: false,
            timing,
            last_call: None,
            stop: Arc::default(),
            usage: CallUsage::default(),
            questions: Questions::default(),
            calls: Questions::default(),
            lockouts: Lockouts::default(),
        })
    }

    /// A client that knows what earlier ones were told.
    #[must_use]
    pub(crate) fn with_lockouts(mut self, lockouts: Lockouts) -> Self {
        self.lockouts = lockouts;
        self
    }

    /// What may not be asked, as far as Spotify has said.
    pub(crate) const fn lockouts(&self) -> &Lockouts {
        &self.lockouts
    }

    /// The questions so far, put and foreseen.
    pub(crate) const fn questions(&self) -> &Questions {
        &self.questions
    }

    /// The calls so far by bucket, repeated ones included.
    pub(crate) const fn calls(&self) -> &Questions {
        &self.calls
    }

    /// Counts questions that a run is going to put, and puts none. What is locked would not be asked.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub(crate) fn foresee(&mut self, bucket: Bucket, count: u64) -> Result<(), Error> {
        self.lockouts.require_unlocked(bucket, self.now())?;
        self.questions.add(bucket, count);
        Ok(())
    }

    /// Lets `stop` end waits and calls; they then fail with [`Error::Stopped`].
    #[must_use]
    pub(crate) fn stopped_by(mut self, stop: Arc<Stop>) -> Self {
        self.stop = stop;
        self
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.caller.now()
    }

    /// How far this machine's clock is ahead of Spotify's, once it has answered.
    pub(crate) fn clock_skew(&self) -> Option<TimeDelta> {
        self.caller.clock_skew()
    }

    /// What the calls so far cost.
    pub(crate) const fn usage(&self) -> CallUsage {
        self.usage
    }

    /// One document; waits and retries are reported to `events`.
    pub(crate) async fn get(
        &mut self,
        entity: Entity,
        subject: &Subject,
        url: &str,
        events: Events<'_>,
    ) -> Result<Document, Error> {
        let (body, etag) = self.call(Sent { url, body: None }, events).await?;
        Ok(Document {
            entity,
            subject: subject.clone(),
            url: url.to_owned(),
            fetched_at: self.now(),
            etag,
            body,
        })
    }

    /// The logged-in user's id, asked for once.
    pub(crate) async fn user_id(&mut self, events: Events<'_>) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Me {
            id: String,
        }
        if let Some(id) = &self.user_id {
            return Ok(id.clone());
        }
        let mark = self.credentials.login_mark(self.unstored.as_ref());
        if let Some(id) = self.known_user.of(mark.as_deref()) {
            return Ok(self.user_id.insert(id).clone());
        }
        let (body, _) = self.call(Sent { url: "/me", body: None }, events).await?;
        let me: Me = serde_json::from_str(&body)
            .map_err(|source| Error::Document { name: "/me".to_owned(), source: source.into() })?;
        // The call may have brought a new login.
        self.known_user.keep(self.credentials.login_mark(self.unstored.as_ref()), &me.id);
        self.user_id = Some(me.id.clone());
        Ok(me.id)
    }

    /// Puts a question, or sends what changes something.
    pub(super) async fn call(
        &mut self,
        sent: Sent<'_>,
        events: Events<'_>,
    ) -> Result<(String, Option<String>), Error> {
        let (mut patience, mut has_refreshed) = (Patience::new(self.timing.call.retry), false);
        let (url, bucket) = (sent.url, sent.bucket());
        self.lockouts.require_unlocked(bucket, self.now())?;
        loop {
            if self.is_barred {
                return Err(Error::PremiumRequired);
            }
            let token = self.token(events).await?;
            self.keep_gap().await;
            self.usage.call_count += 1;
            self.calls.add(bucket, 1);
            if patience.calls == 0 {
                self.questions.add(bucket, 1);
            }
            self.usage.retry_count += u64::from(0 < patience.calls);
            patience.calls += 1;
            events(What::Asked);
            let stop = Arc::clone(&self.stop);
            let outcome = stop.or(self.once(sent, &token)).await.ok_or(Error::Stopped)?;
            let unreachable = |reason| {
                let (url, tries) = (url.to_owned(), patience.calls);
                Err(Error::Unreachable { url, tries, reason })
            };
            let fault = match outcome {
                Meaning::Done { body, etag } => return Ok((body, etag)),
                Meaning::Fail(error) => return Err(error),
                Meaning::Refresh if has_refreshed => {
                    return unreachable("a fresh access token was refused (401)".to_owned());
                }
                Meaning::Refresh => {
                    has_refreshed = true;
                    self.access = None;
                    continue;
                }
                Meaning::Wait { asked, is_quota } => {
                    let wait = self.penalty(bucket, asked, is_quota, &mut patience)?;
                    self.wait(WaitFor::RateLimit, wait, events).await?;
                    continue;
                }
                Meaning::Premium => {
                    self.wait_for_premium(&mut patience, events).await?;
                    continue;
                }
                Meaning::Again(fault) => fault,
            };
            let delay = patience.repeats.after(&fault);
            let reason = fault.reason();
            // What changes something may have been done all the same: sent again, it would be done twice.
            if sent.body.is_some() {
                return Err(Error::Unanswered { url: url.to_owned(), reason });
            }
            let Some(delay) = delay else { return unreachable(reason) };
            events(What::Retried { url: url.to_owned(), error: reason });
            self.wait(WaitFor::Recovery, delay, events).await?;
        }
    }

    /// Waits before a call that was refused for want of Premium, or ends all calls.
    async fn wait_for_premium(
        &mut self,
        patience: &mut Patience,
        events: Events<'_>,
    ) -> Result<(), Error> {
        if patience.premium_waits == PREMIUM_REPEATS {
            self.is_barred = true;
            return Err(Error::PremiumRequired);
        }
        patience.premium_waits += 1;
        let wait = self.timing.call.second;
        self.wait(WaitFor::Premium, wait, events).await
    }

    /// How long to wait for a 429, or the error that ends the run.
    fn penalty(
        &mut self,
        bucket: Bucket,
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
        if is_spent || self.timing.call.max_wait < waited {
            let reason = if is_quota { "its quota of calls is used up" } else { "too many calls" };
            let until = self.lockouts.lock(bucket, self.now(), wait);
            return Err(Error::RateLimited { bucket, until, reason });
        }
        Ok(self.timing.call.asked(wait))
    }

    async fn token(&mut self, events: Events<'_>) -> Result<String, Error> {
        if let Some(token) = &self.access {
            return Ok(token.expose_secret().to_owned());
        }
        let mut repeats = Repeats::new(self.timing.call.retry);
        loop {
            let asked = self.credentials.access(self.caller.client(), self.unstored.as_ref());
            let fault = match asked.await {
                Ok(access) => {
                    match access.renewal {
                        Renewal::Unneeded => {}
                        Renewal::Stored => self.unstored = None,
                        Renewal::Unstored(login, error) => {
                            let error = with_causes(&error);
                            events(What::Warning(Warning::LoginNotStored { error }));
                            self.unstored = Some(login);
                        }
                    }
                    let text = access.token.expose_secret().to_owned();
                    self.is_user = access.is_user;
                    self.access = Some(access.token);
                    return Ok(text);
                }
                // Only Spotify's own word ends a login; an outage must not.
                Err(Denied::Again(fault)) => fault,
                Err(Denied::Final(error)) => return Err(error),
            };
            let delay = repeats.after(&fault);
            let reason = fault.reason();
            let Some(delay) = delay else {
                return Err(self.credentials.no_token(repeats.count(), reason));
            };
            events(What::Retried { url: "/api/token".to_owned(), error: reason });
            self.wait(WaitFor::Accounts, delay, events).await?;
        }
    }

    /// Stores a login that could not be stored when Spotify gave it.
    pub(crate) fn keep_login(&mut self, events: Events<'_>) {
        if let Some(login) = self.unstored.take()
            && let Err(error) = self.credentials.token_file.store(&login)
        {
            events(What::Warning(Warning::LoginLost { error: with_causes(&error) }));
        }
    }

    async fn keep_gap(&mut self) {
        if let Some(since) = self.last_call.map(|last| last.elapsed()) {
            pause(self.timing.min_gap.saturating_sub(since)).await;
        }
        self.last_call = Some(Instant::now());
    }

    pub(super) async fn wait(
        &mut self,
        why: WaitFor,
        wait: Duration,
        events: Events<'_>,
    ) -> Result<(), Error> {
        events(What::Waiting { why, wait });
        self.usage.waiting(wait, self.stop.or(pause(wait))).await.ok_or(Error::Stopped)
    }

    async fn once(&self, sent: Sent<'_>, token: &str) -> Meaning {
        let url = sent.url;
        let target = format!("{}{url}", self.base.as_str().trim_end_matches('/'));
        let request = match sent.body {
            None => self.caller.request(Method::GET, target),
            Some(body) => self.caller.request(Method::POST, target).json(body),
        };
        let request = request.bearer_auth(token);
        match self.caller.once(request).await {
            Ok(answer) => {
                let is_change = sent.body.is_some();
                let call = Asked { base: &self.base, url, is_user: self.is_user, is_change };
                meaning(answer, call, &self.caller)
            }
            Err(fault) => Meaning::Again(fault),
        }
    }
}

/// The error and what it comes from, in one line.
fn with_causes(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
