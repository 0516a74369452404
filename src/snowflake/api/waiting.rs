//! Waiting for an account: within the time that is left, and not in silence.

use std::pin::pin;
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::client::{Connection, Meaning};
use super::error::Error;
use super::patience::CallTime;
use crate::http::{self, Fault, Repeats};
use crate::retry::pause;

/// After so long without an answer a person wonders.
const SILENCE: Duration = Duration::from_secs(5);

impl Connection {
    /// What the call gives in the time that it has; that it takes long is told soon.
    pub(super) async fn within(
        &self,
        time: CallTime,
        answer: impl Future<Output = Meaning>,
    ) -> Meaning {
        let Some(left) = time.of_answer() else { return answer.await };
        let mut answer = pin!(answer);
        let soon = left.min(SILENCE);
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = pause(soon) => {}
        }
        let host = http::host(self.login.account.url());
        if self.patience.is_silence_news() {
            let (seconds, until) = (soon.as_secs(), self.until(left.saturating_sub(soon)));
            tracing::warn!("`{host}` has not answered for {seconds} s; it is waited for{until}");
        }
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            () = pause(left.saturating_sub(soon)) => {
                Meaning::Again(Fault::Passing(format!("`{host}`: no answer came in time")))
            }
        }
    }

    /// ` until 12:00:00 UTC`: when this time is over.
    fn until(&self, left: Duration) -> String {
        let until =
            TimeDelta::from_std(left).ok().and_then(|it| self.caller.now().checked_add_signed(it));
        until.map(|until| until.format(" until %H:%M:%S UTC").to_string()).unwrap_or_default()
    }

    /// How long to wait after a fault, or the error that ends the call. That nobody answers is told at once: a run would be silent
    /// for as long as it is patient.
    pub(super) fn again(
        &self,
        repeats: &mut Repeats,
        fault: Fault,
        time: CallTime,
        doing: &'static str,
    ) -> Result<Duration, Error> {
        let delay = repeats.after(&fault);
        let delay = delay.filter(|delay| time.of_repeats().is_none_or(|left| *delay < left));
        let (host, tries, reason) = (self.host(), repeats.count(), fault.reason());
        tracing::debug!(reason, ?delay, "the call to {doing} failed");
        if self.patience.unanswered(tries, &reason) && delay.is_some() {
            let until = self.patience.left().map(|left| self.until(left)).unwrap_or_default();
            tracing::warn!("Snowflake does not answer, it is asked again{until}: {reason}");
        }
        if delay.is_none() {
            self.patience.gave_up();
        }
        delay.ok_or(Error::Unreachable { host, doing, tries, reason })
    }

    /// From now on nothing is asked for longer than this, whatever is to be repeated or waited for; the first time counts.
    pub(crate) fn limit(&self, timeout: Duration) {
        if let Some(until) = Instant::now().checked_add(timeout) {
            self.patience.end_at(until);
        }
    }

    /// What is left of that; `None` where nothing was said.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.patience.left()
    }

    /// Whether Snowflake asked for a pause that lasts longer than what is left.
    pub(crate) fn is_paused_to_the_end(&self) -> bool {
        let now = self.caller.now();
        let pause = self.patience.paused_until(now).and_then(|until| (until - now).to_std().ok());
        pause.is_some_and(|pause| self.left().is_some_and(|left| left < pause))
    }

    /// Why nothing was answered last, where nothing was.
    pub(crate) fn unreachable(&self) -> Option<Error> {
        self.patience.unreachable(&self.host(), "ask what arrived")
    }
}
