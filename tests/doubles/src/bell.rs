//! Rings when a call hangs on command, so that a test can wait for that moment without looking all the time.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts what has rung and was not waited for yet.
#[derive(Default)]
pub struct Bell {
    rung: Mutex<usize>,
    changed: Condvar,
}

impl Bell {
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// Whether it has rung, or does so within a moment.
    pub fn rings_within(&self, moment: Duration) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(rung, moment, |rung| *rung == 0);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let has_rung = *rung > 0;
        *rung = rung.saturating_sub(1);
        has_rung
    }
}
