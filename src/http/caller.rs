//! The one caller: sends a request, reads its answer whole, keeps the service's time, and says how long to wait before the next try.
//!
//! In: requests that may be repeated. Out: answers, or the [`Fault`] that kept one from being read. What a status means, and which
//! of them is a fault, each client says itself.

use std::fmt::Display;
use std::mem::replace;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderMap;
use reqwest::{Client, IntoUrl, Method, RequestBuilder, StatusCode};

use super::calls::{self, Call};
use super::unreached::unreached;
use super::{BodyError, body, client, date, describe, place, retry_after};
use crate::retry::RetryPolicy;

const NO_SKEW: i64 = i64::MIN;

/// How patient the calls to one service are. Tests shrink every number.
#[derive(Debug, Clone, Copy)]
pub struct CallTiming {
    /// How one call is repeated.
    pub retry: RetryPolicy,
    /// The longest wait that the service may ask for within a run.
    pub max_wait: Duration,
    /// How long a second of a server's `Retry-After` lasts.
    pub second: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
}

impl CallTiming {
    /// For a run, which has time.
    pub const fn patient(timeout: Duration) -> Self {
        let retry = RetryPolicy {
            max_retries: 6,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
        };
        let max_wait = Duration::from_secs(60);
        Self { retry, max_wait, second: Duration::from_secs(1), timeout }
    }

    /// For a question that a person waits for: one repetition and no long waits.
    pub const fn impatient(timeout: Duration) -> Self {
        let mut timing = Self::patient(timeout);
        timing.retry.max_retries = 1;
        timing.max_wait = Duration::from_secs(5);
        timing
    }

    /// The wait that a service asked for, and a little more: an earlier call would lengthen a penalty, and a fleet must not return
    /// in step.
    pub fn asked(&self, wait: Duration) -> Duration {
        self.second.mul_f64(wait.as_secs_f64() + fastrand::f64() * 0.5)
    }
}

/// Why a call is worth repeating.
#[derive(Debug)]
pub enum Fault {
    /// A lost connection, an outage, a body that is cut: it may pass, so again, with patience.
    Passing(String),
    /// Nothing of the service's, which hardly passes: again, once.
    Nonsense(String),
}

impl Fault {
    /// A body that was not read to its end.
    pub fn of_body(status: impl Display, error: BodyError) -> Self {
        match error {
            BodyError::Broken(how) => Self::Passing(how),
            BodyError::TooLarge => Self::Nonsense(format!("status {status}, but {error}")),
        }
    }

    /// What was wrong, for whoever only looks.
    fn words(&self) -> &str {
        let (Self::Passing(reason) | Self::Nonsense(reason)) = self;
        reason
    }

    /// What was wrong.
    pub fn reason(self) -> String {
        let (Self::Passing(reason) | Self::Nonsense(reason)) = self;
        reason
    }
}

/// The repetitions of one call.
#[derive(Debug)]
pub struct Repeats {
    policy: RetryPolicy,
    count: u32,
    had_nonsense: bool,
}

impl Repeats {
    /// None yet.
    pub const fn new(policy: RetryPolicy) -> Self {
        Self { policy, count: 0, had_nonsense: false }
    }

    /// How long to wait before the next one; `None` where all are spent.
    pub fn delay(&mut self) -> Option<Duration> {
        self.count += 1;
        self.policy.delay(self.count, fastrand::f64())
    }

    /// The same after a fault, of which nonsense is worth one repetition only.
    pub fn after(&mut self, fault: &Fault) -> Option<Duration> {
        let delay = self.delay();
        let is_final = matches!(fault, Fault::Nonsense(_)) && replace(&mut self.had_nonsense, true);
        delay.filter(|_| !is_final)
    }

    /// How many were asked for; the last one may have been denied.
    pub const fn count(&self) -> u32 {
        self.count
    }
}

/// An answer as it came.
pub struct HttpAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, unpacked.
    pub body: Result<Vec<u8>, BodyError>,
}

/// Sends once and reads the answer to its end.
///
/// # Errors
/// [`Fault::Passing`] where no answer came.
pub async fn exchange(request: RequestBuilder) -> Result<HttpAnswer, Fault> {
    let (client, request) = request.build_split();
    let request = request.map_err(|error| Fault::Passing(describe(error)))?;
    let (method, url, began) = (request.method().clone(), request.url().clone(), Instant::now());
    let answer = match client.execute(request).await {
        Err(error) => Err(Fault::Passing(unreached(&url, error))),
        Ok(response) => {
            let (status, headers) = (response.status(), response.headers().clone());
            Ok(HttpAnswer { status, headers, body: body(response).await })
        }
    };
    calls::tell(|| Call {
        method: method.to_string(),
        url: place(url.as_str()),
        status: answer.as_ref().ok().map(|answer| answer.status.as_u16()),
        error: match &answer {
            Ok(answer) => answer.body.as_ref().err().map(ToString::to_string),
            Err(fault) => Some(fault.words().to_owned()),
        },
        duration: began.elapsed(),
    });
    answer
}

/// One service, called with one patience. Several tasks may call at once.
pub struct Caller {
    client: Client,
    timing: CallTiming,
    clock: fn() -> DateTime<Utc>,
    /// This machine's clock minus the service's.
    skew_millis: AtomicI64,
}

impl Caller {
    /// One that has not called yet.
    ///
    /// # Errors
    /// What reqwest says, where TLS cannot be set up.
    pub fn new(timing: CallTiming, clock: fn() -> DateTime<Utc>) -> Result<Self, reqwest::Error> {
        let client = client(timing.timeout)?;
        Ok(Self { client, timing, clock, skew_millis: AtomicI64::new(NO_SKEW) })
    }

    /// The client beneath, for another service of the same vendor.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// How patient it is.
    pub const fn timing(&self) -> &CallTiming {
        &self.timing
    }

    /// A request to be sent with [`once`](Self::once).
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends once, reads the answer to its end and notes its time.
    ///
    /// # Errors
    /// [`Fault::Passing`] where no answer came.
    pub async fn once(&self, request: RequestBuilder) -> Result<HttpAnswer, Fault> {
        let answer = exchange(request).await?;
        if let Some(date) = date(&answer.headers) {
            self.skew_millis.store((self.now() - date).num_milliseconds(), Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// This machine's time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// This machine's clock minus the service's, to the second, as of the last answer.
    pub fn clock_skew(&self) -> Option<TimeDelta> {
        let millis = self.skew_millis.load(Ordering::Relaxed);
        (millis != NO_SKEW).then(|| TimeDelta::milliseconds(millis))
    }

    /// The wait that an answer asks for, as of the service's time.
    pub fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let skew = self.clock_skew().unwrap_or_default();
        retry_after(headers, self.now().checked_sub_signed(skew).unwrap_or_else(|| self.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeats() -> Repeats {
        let mut policy = CallTiming::patient(Duration::ZERO).retry;
        policy.max_retries = 3;
        Repeats::new(policy)
    }

    #[test]
    fn what_may_pass_is_repeated_until_the_policy_ends_it() {
        let (mut repeats, fault) = (repeats(), Fault::Passing("status 503".to_owned()));
        let waits: Vec<bool> = (0..4).map(|_| repeats.after(&fault).is_some()).collect();
        assert_eq!((waits, repeats.count()), (vec![true, true, true, false], 4));
    }

    #[test]
    fn nonsense_is_repeated_once_whatever_came_between() {
        let mut repeats = repeats();
        let nonsense = Fault::Nonsense("a login page".to_owned());
        assert!(repeats.after(&nonsense).is_some());
        assert!(repeats.after(&Fault::Passing("status 503".to_owned())).is_some());
        assert!(repeats.after(&nonsense).is_none());
    }

    #[test]
    fn nobody_returns_before_the_time_that_a_service_asked_for() {
        let timing = CallTiming::patient(Duration::ZERO);
        for _ in 0..100 {
            let wait = timing.asked(Duration::from_secs(17));
            assert!((17.0..17.5).contains(&wait.as_secs_f64()), "{wait:?}");
        }
    }
}
