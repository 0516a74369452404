//! Asks how a submitted statement goes, or cancels it.
//!
//! In: a statement's handle. Out: the answer as it came, `202` while the statement runs.
//!
//! <https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses>

use std::time::Duration;

use reqwest::Method;

use super::client::{Call, Connection, ConnectionTiming, UsableAnswer};
use super::error::Error;
use super::usage::count;
use super::wire::Status;
use crate::stop::Stop;

/// Where statements live.
pub(super) const STATEMENTS: &str = "/api/v2/statements";
/// A statement is cancelled whether or not the run was told to stop.
static NEVER: Stop = Stop::new();

impl Connection {
    /// Cancels a statement; `false` when there was nothing left to cancel.
    pub(crate) async fn cancel(&self, handle: &str) -> Result<bool, Error> {
        let call = Call {
            doing: "cancel a statement",
            method: Method::POST,
            path: format!("{}/cancel", self.path(handle)?),
            query: Vec::new(),
            body: None,
            query_again: None,
        };
        let answer = self.send(&call, &NEVER).await?;
        match answer.status {
            200 => Ok(true),
            422 => Ok(false),
            _ => Err(self.failure(call.doing, &answer)),
        }
    }

    pub(super) async fn poll(&self, handle: &str, stop: &Stop) -> Result<UsableAnswer, Error> {
        count(&self.counters.poll);
        let call = Call {
            doing: "ask for a statement's result",
            method: Method::GET,
            path: self.path(handle)?,
            query: Vec::new(),
            body: None,
            query_again: None,
        };
        let answer = self.send(&call, stop).await?;
        // Rows of another statement would be believed, wherever they have the same columns.
        match Status::read(&answer.body).statement_handle {
            Some(other) if answer.status == 200 && other != handle => {
                let reason = format!("the answer is that of statement `{other}`");
                Err(Error::Incomplete { handle: handle.to_owned(), reason })
            }
            _ => Ok(answer),
        }
    }

    /// A handle comes from outside and goes into a path.
    pub(super) fn path(&self, handle: &str) -> Result<String, Error> {
        let is_handle = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if handle.is_empty() || !handle.bytes().all(is_handle) {
            return Err(self.unexpected(
                "run a statement",
                200,
                "its statement handle has another form",
            ));
        }
        Ok(format!("{STATEMENTS}/{handle}"))
    }
}

/// The wait before the next poll: from the floor up by 1.5 to 2 each time, to the ceiling and a little below it. `jitter` in
/// 0..1 spreads statements that started together.
pub(super) fn next_poll(
    timing: &ConnectionTiming,
    last: Option<Duration>,
    jitter: f64,
) -> Duration {
    let grown = match last {
        None => timing.poll_floor.mul_f64(1.0 + jitter / 2.0),
        Some(last) => last.mul_f64(1.5 + jitter / 2.0),
    };
    grown.min(timing.poll_ceiling.mul_f64(1.0 - jitter / 4.0)).max(timing.poll_floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_grow_from_the_floor_to_the_ceiling_and_never_leave_them() {
        let timing = ConnectionTiming::default();
        let waits = |jitter: f64| -> Vec<u128> {
            let next = |last: &Option<Duration>| Some(Some(next_poll(&timing, *last, jitter)));
            std::iter::successors(Some(None), next)
                .skip(1)
                .take(7)
                .flatten()
                .map(|wait| wait.as_millis())
                .collect()
        };
        assert_eq!(waits(0.0), [250, 375, 562, 843, 1265, 1898, 2847]);
        assert_eq!(waits(1.0), [375, 750, 1500, 3000, 3750, 3750, 3750]);
        let even = next_poll(&timing, Some(Duration::from_secs(60)), 0.0);
        assert_eq!(even, Duration::from_secs(5));
    }
}
