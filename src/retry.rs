//! How often and how patiently one idempotent call is repeated, and the only place that sleeps.

use std::time::Duration;

use crate::stop::Stop;

/// No service asks for a longer pause in earnest (Spotify's longest lockout is 86,400 s): a longer one is a broken header.
pub const LONGEST_PENALTY: Duration = Duration::from_secs(86_400);

/// How often and how patiently one idempotent call is repeated.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Repetitions after the first try.
    pub max_retries: u32,
    /// Backoff before the first repetition.
    pub first_delay: Duration,
    /// Upper bound of one backoff.
    pub max_delay: Duration,
}

impl RetryPolicy {
    /// Delay before retry `n` (1-based), or `None` once retries are spent. `jitter` in 0..1 spreads
    /// callers over the upper half of the delay, so that a fleet does not return in step.
    pub fn delay(&self, n: u32, jitter: f64) -> Option<Duration> {
        if self.max_retries < n {
            return None;
        }
        let backoff = self.first_delay.saturating_mul(1 << (n - 1).min(16)).min(self.max_delay);
        Some(backoff.mul_f64(0.5 + jitter / 2.0))
    }
}

/// Waits without blocking the runtime.
#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub async fn pause(delay: Duration) {
    tokio::time::sleep(delay).await;
}

/// What `work` gives, or `None` where it is not done when `grace` is over, which begins when somebody asks to stop; `work` is then
/// dropped where it waits.
pub(crate) async fn with_grace<T>(
    stop: &Stop,
    grace: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let over = async {
        stop.asked().await;
        pause(stop.left_of(grace)).await;
    };
    tokio::select! {
        biased;
        done = work => Some(done),
        () = over => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_then_end() {
        let policy = RetryPolicy {
            max_retries: 3,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(3),
        };
        let full: Vec<_> = (1..=4).map(|n| policy.delay(n, 1.0).map(|d| d.as_millis())).collect();
        assert_eq!(full, [Some(1000), Some(2000), Some(3000), None]);
        assert_eq!(policy.delay(1, 0.0), Some(Duration::from_millis(500)));
    }
    #[tokio::test]
    async fn work_that_hangs_is_over_with_its_grace_and_without_a_question_never() {
        let stop = Stop::default();
        assert_eq!(with_grace(&stop, Duration::ZERO, async { 7 }).await, Some(7));
        let ((), hung) = tokio::join!(
            async { stop.ask() },
            with_grace(&stop, Duration::from_millis(1), std::future::pending::<()>())
        );
        assert_eq!(hung, None);
        assert!(Duration::from_millis(1) <= stop.since().unwrap());
        // What is done is told, however late.
        assert_eq!(with_grace(&stop, Duration::ZERO, async { 7 }).await, Some(7));
    }
}
