//! How long an account is asked at all, that it does not answer just now, and that it asked to be left alone.
//!
//! In: the end of a verification, faults and answers. Out: the time that a call has, and whether there is any sense in another one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::error::Error;

/// For how long a call is repeated after the end: whoever asks at all is to have one answer.
const LAST_REPEATS: Duration = Duration::from_secs(2);
/// How long an answer that is on its way at the end is waited for: a warehouse that slept is to have its time.
pub(super) const LAST_ANSWER: Duration = Duration::from_secs(10);

/// The end, where there is one, and what was last seen.
#[derive(Debug, Default)]
pub(super) struct Patience {
    until: OnceLock<Instant>,
    outage: Mutex<Option<Outage>>,
    is_silence_told: AtomicBool,
    pause_until: Mutex<Option<DateTime<Utc>>>,
}

/// Nobody answers.
#[derive(Debug, Clone)]
struct Outage {
    tries: u32,
    reason: String,
    /// Whether the time was over as well: then nobody is asked any more.
    is_final: bool,
}

/// The time that one call has.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallTime {
    until: Option<Instant>,
    began: Instant,
}

impl CallTime {
    /// How long the next answer is waited for; `None` where it has no end.
    pub(super) fn of_answer(self) -> Option<Duration> {
        self.until.map(|until| left(until.max(self.began + LAST_ANSWER)))
    }

    /// How long the call may still be repeated; `None` where it has no end.
    pub(super) fn of_repeats(self) -> Option<Duration> {
        self.until.map(|until| left(until.max(self.began + LAST_REPEATS)))
    }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

impl Patience {
    /// Sets the end, once.
    pub(super) fn end_at(&self, until: Instant) {
        self.until.get_or_init(|| until);
    }

    /// What is left until the end.
    pub(super) fn left(&self) -> Option<Duration> {
        self.until.get().copied().map(left)
    }

    /// Notes that Snowflake asks for a pause that no call waits for: until then nobody asks it anything.
    pub(super) fn pause_until(&self, until: DateTime<Utc>) {
        *self.pause_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// When the pause ends that Snowflake asked for, where it has not.
    pub(super) fn paused_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let until = *self.pause_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| now < *until)
    }

    /// The time of a call that begins now.
    pub(super) fn call(&self) -> CallTime {
        CallTime { until: self.until.get().copied(), began: Instant::now() }
    }

    /// Whether nobody was told yet that an answer is late; the first time is enough.
    pub(super) fn is_silence_news(&self) -> bool {
        !self.is_silence_told.swap(true, Ordering::Relaxed)
    }

    /// Somebody answered.
    pub(super) fn answered(&self) {
        *self.outage() = None;
    }

    /// Nobody answered; whether that is news.
    pub(super) fn unanswered(&self, tries: u32, reason: &str) -> bool {
        let outage = Outage { tries, reason: reason.to_owned(), is_final: false };
        self.outage().replace(outage).is_none()
    }

    /// The call was given up; where it was for want of time, nobody is asked any more.
    pub(super) fn gave_up(&self) {
        let is_final = self.left().is_some_and(|left| left < LAST_REPEATS);
        if let Some(outage) = self.outage().as_mut() {
            outage.is_final = is_final;
        }
    }

    /// How an outage ended every call, where the time was over as well.
    pub(super) fn is_over(&self, host: &str, doing: &'static str) -> Option<Error> {
        let outage = self.outage().clone().filter(|outage| outage.is_final)?;
        Some(outage.error(host, doing))
    }

    /// That nobody answers just now.
    pub(super) fn unreachable(&self, host: &str, doing: &'static str) -> Option<Error> {
        self.outage().clone().map(|outage| outage.error(host, doing))
    }

    fn outage(&self) -> std::sync::MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outage {
    fn error(self, host: &str, doing: &'static str) -> Error {
        Error::Unreachable { host: host.to_owned(), doing, tries: self.tries, reason: self.reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_any_more_once_a_call_was_given_up_behind_the_end() {
        let patience = Patience::default();
        assert!(patience.is_silence_news() && !patience.is_silence_news());
        assert!(patience.unanswered(1, "refused"));
        assert!(!patience.unanswered(2, "refused"), "told once");
        patience.gave_up();
        assert!(patience.is_over("h", "ask").is_none(), "it has no end");
        assert!(patience.call().of_answer().is_none() && patience.call().of_repeats().is_none());
        patience.answered();
        assert!(patience.unreachable("h", "ask").is_none());
        patience.end_at(Instant::now());
        assert!(patience.call().of_repeats().unwrap() <= LAST_REPEATS);
        assert!(LAST_REPEATS < patience.call().of_answer().unwrap());
        assert!(patience.unanswered(3, "refused"), "a new outage");
        patience.gave_up();
        let error = patience.is_over("h", "ask").unwrap();
        let told = "could not ask on `h` in 3 tries, the last one: refused";
        assert_eq!(error.to_string(), told);
    }

    #[test]
    fn the_end_is_set_once() {
        let patience = Patience::default();
        patience.end_at(Instant::now());
        patience.end_at(Instant::now() + Duration::from_secs(60));
        assert_eq!(patience.left(), Some(Duration::ZERO));
    }
}
