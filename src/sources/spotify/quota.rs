//! Spotify's quota: which buckets of endpoints are locked, and what the calls cost.
//!
//! In: the address of a call. Out: whether its bucket may be asked. What is locked is not called: a call during a
//! lockout lengthens it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::sources::bucket::Bucket;
use crate::sources::error::Error;

/// The buckets that may not be asked, and until when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lockouts(BTreeMap<Bucket, DateTime<Utc>>);

impl Lockouts {
    /// Notes that a bucket is locked; of two times the later one holds.
    pub(crate) fn note(&mut self, bucket: Bucket, until: DateTime<Utc>) {
        let held = self.0.entry(bucket).or_insert(until);
        *held = until.max(*held);
    }

    /// Each locked bucket and its end.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Bucket, DateTime<Utc>)> + '_ {
        self.0.iter().map(|(bucket, until)| (*bucket, *until))
    }

    /// Whether a call that counts to this bucket may be made.
    pub(super) fn require_unlocked(&self, bucket: Bucket, now: DateTime<Utc>) -> Result<(), Error> {
        match self.not_before(bucket, now) {
            Some(until) => {
                let reason = "an earlier call was told so; no other was made";
                Err(Error::RateLimited { bucket, until, reason })
            }
            None => Ok(()),
        }
    }

    /// Notes a lockout of this bucket from `now` on, and says until when.
    pub(super) fn lock(
        &mut self,
        bucket: Bucket,
        now: DateTime<Utc>,
        wait: Duration,
    ) -> DateTime<Utc> {
        let until = now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(1));
        // A whole second, and never a moment too early.
        let until = until.trunc_subsecs(0) + TimeDelta::seconds(1);
        self.note(bucket, until);
        until
    }

    /// When this bucket may be asked, if that is later than `now`.
    pub(crate) fn not_before(&self, bucket: Bucket, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.get(&bucket).copied().filter(|until| now < *until)
    }
}

/// How many questions each bucket was asked, or is going to be: a call that is repeated counts once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Questions(BTreeMap<Bucket, u64>);

impl Questions {
    /// None yet.
    pub(crate) const NONE: Self = Self(BTreeMap::new());

    /// Each bucket that has any, and how many.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Bucket, u64)> + '_ {
        self.0.iter().map(|(bucket, count)| (*bucket, *count)).filter(|(_, count)| 0 < *count)
    }

    pub(super) fn add(&mut self, bucket: Bucket, count: u64) {
        *self.0.entry(bucket).or_default() += count;
    }

    /// One that was counted is going to be put again.
    pub(super) fn put_again(&mut self, bucket: Bucket) {
        self.0.entry(bucket).and_modify(|count| *count = count.saturating_sub(1));
    }
}

/// What the calls of a run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CallUsage {
    /// Data calls, repeated ones included; none of the accounts service.
    pub(crate) call_count: u64,
    /// Those among them that repeat another, whatever for.
    pub(crate) retry_count: u64,
    /// Time spent waiting because Spotify or our backoff asked for it.
    pub(crate) waited: Duration,
}

impl CallUsage {
    /// Counts a wait as long as it lasts: whoever asks to stop cuts it short.
    pub(super) async fn waiting<T>(&mut self, most: Duration, wait: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let ended = wait.await;
        self.waited += began.elapsed().min(most);
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_that_is_cut_short_counts_as_long_as_it_lasted() {
        let (mut usage, hour) = (CallUsage::default(), Duration::from_secs(3_600));
        usage.waiting(hour, async {}).await;
        assert!(usage.waited < hour / 2, "{usage:?}");
        usage.waiting(Duration::ZERO, tokio::task::yield_now()).await;
        assert!(usage.waited < hour / 2, "{usage:?}");
    }

    #[test]
    fn a_lockout_ends_and_the_later_of_two_holds() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let mut lockouts = Lockouts::default();
        lockouts.note(Bucket::Albums, at(20));
        lockouts.note(Bucket::Albums, at(10));
        assert_eq!(lockouts.not_before(Bucket::Albums, at(19)), Some(at(20)));
        assert_eq!(lockouts.not_before(Bucket::Albums, at(20)), None);
        assert_eq!(lockouts.not_before(Bucket::Artists, at(0)), None);
    }
}
