//! Who hears of each call that this process makes, whoever makes it: traces.
//!
//! One listener for the process, as there is one run: calls are made by clients, and by tasks of theirs, that know nothing of runs.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// One call that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// Where to, as [`place`](super::place) tells it: without user, password and query.
    pub url: String,
    /// The answer's status; `None` where none came.
    pub status: Option<u16>,
    /// What kept the answer away.
    pub error: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

type Listener = Arc<dyn Fn(&Call) + Send + Sync>;

static LISTENER: RwLock<Option<Listener>> = RwLock::new(None);

/// From now on this is told of each call, in place of whatever was told before.
pub fn listen(listener: impl Fn(&Call) + Send + Sync + 'static) {
    *LISTENER.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(listener));
}

/// Nobody is told any more.
pub fn listen_no_more() {
    *LISTENER.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Tells of a call, which is put into words only where somebody listens.
pub(crate) fn tell(call: impl FnOnce() -> Call) {
    let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(listener) = listener {
        listener(&call());
    }
}
