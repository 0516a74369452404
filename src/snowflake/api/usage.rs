//! What the calls of a run cost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the calls so far cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// HTTP calls, repeated ones included.
    pub request_count: u64,
    /// Calls repeated because of a fault or because Snowflake was busy.
    pub retry_count: u64,
    /// Statements, each counted once.
    pub statement_count: u64,
    /// Times it was asked whether a statement is done.
    pub poll_count: u64,
    /// Tokens signed.
    pub token_count: u64,
    /// Time spent waiting because Snowflake or our backoff asked for it, polls included.
    pub waited: Duration,
}

impl Usage {
    /// What came after `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            request_count: self.request_count - before.request_count,
            retry_count: self.retry_count - before.retry_count,
            statement_count: self.statement_count - before.statement_count,
            poll_count: self.poll_count - before.poll_count,
            token_count: self.token_count - before.token_count,
            waited: self.waited.saturating_sub(before.waited),
        }
    }
}

/// The same, counted from several tasks at once.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) request: AtomicU64,
    pub(crate) retry: AtomicU64,
    pub(crate) statement: AtomicU64,
    pub(crate) poll: AtomicU64,
    pub(crate) token: AtomicU64,
    waited_micros: AtomicU64,
}

impl Counters {
    pub(crate) fn usage(&self) -> Usage {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Usage {
            request_count: read(&self.request),
            retry_count: read(&self.retry),
            statement_count: read(&self.statement),
            poll_count: read(&self.poll),
            token_count: read(&self.token),
            waited: Duration::from_micros(read(&self.waited_micros)),
        }
    }

    pub(crate) fn add_wait(&self, wait: Duration) {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
