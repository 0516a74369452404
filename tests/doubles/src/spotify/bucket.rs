//! Quota as Spotify counts it: by bucket of endpoints, so that one that is used up leaves the others usable.

use std::time::Duration;

use super::State;
use super::fault::rate_limited;
use crate::http::{Answer, Request};

/// What a bucket still gives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    pub(super) left: usize,
    /// For how long it is locked then; `None`: nobody is told.
    pub(super) retry_after: Option<u64>,
}

/// The bucket of a call, by the names of snowtrack's contract.
pub(super) fn of(method: &str, path: &str) -> &'static str {
    if method != "GET" {
        return "writes";
    }
    let rest = path.trim_start_matches("/v1/");
    let starts = |prefix: &str| rest == prefix || rest.starts_with(&format!("{prefix}/"));
    match rest.matches('/').count() {
        1 if starts("playlists") => "playlist",
        _ if starts("playlists") => "playlist_items",
        _ if starts("me/tracks") => "liked_songs",
        _ if starts("me/player") => "player",
        _ if starts("artists") => "artists",
        _ if starts("albums") => "albums",
        _ => "own_playlists",
    }
}

impl State {
    /// Counts a call, and refuses it where its bucket has nothing left.
    pub(super) fn used_up(&mut self, request: &Request) -> Option<Answer> {
        let bucket = of(&request.method, &request.path);
        let quota = self.quotas.get_mut(bucket)?;
        if quota.left > 0 {
            quota.left -= 1;
            return None;
        }
        let retry_after = quota.retry_after;
        if let Some(seconds) = retry_after {
            self.quotas.remove(bucket);
            self.punish(request, seconds);
        }
        Some(rate_limited(retry_after, false))
    }

    /// From now on every call to this request's bucket is a violation, until so many seconds have passed.
    pub(super) fn punish(&mut self, request: &Request, seconds: u64) {
        let end = self.now() + Duration::from_secs(seconds);
        self.penalties.insert(of(&request.method, &request.path), end);
    }

    /// A call during the penalty: refused again, and the client is at fault.
    pub(super) fn penalty(&mut self, request: &Request) -> Option<Answer> {
        let bucket = of(&request.method, &request.path);
        let end = *self.penalties.get(bucket)?;
        let Some(left) = end.checked_sub(self.now()).filter(|left| !left.is_zero()) else {
            self.penalties.remove(bucket);
            return None;
        };
        self.violate(format!(
            "called `{}` {left:?} before the end of a rate-limit penalty of `{bucket}`",
            request.path
        ));
        Some(rate_limited(Some(left.as_secs() + 1), false))
    }
}
