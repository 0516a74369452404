//! Faults on command: which call goes wrong, how often, and how.

use std::sync::Arc;
use std::time::Duration;

use super::api::error;
use super::{Library, State};
use crate::http::{Answer, Delivery, Request};

/// Which calls a fault strikes.
#[derive(Debug, Clone)]
pub enum When {
    /// The n-th data call (1-based, counted since the start or `clear_log`) and, while `times` last, those after it.
    Call(usize),
    /// Calls whose path starts so, for example `/v1/playlists/` or `/accounts/api/token`.
    Path(String),
    /// Calls whose query contains this, for example `offset=150`.
    Query(String),
    /// Any data call.
    Any,
}

/// What goes wrong.
#[derive(Clone)]
pub enum Fault {
    /// Any status with any body and headers.
    Status { code: u16, body: String, headers: Vec<(&'static str, String)> },
    /// 429; until `retry_after` seconds of the double's clock have passed every call to its bucket is a violation.
    RateLimited { retry_after: Option<u64>, plain_text: bool },
    /// 429 `QUOTA_EXCEEDED`, without `Retry-After`; the double counts an hour.
    QuotaExceeded,
    /// 403: the app's owner has no Premium.
    PremiumRequired,
    /// 403: the user is not on the app's allow-list.
    NotAllowListed,
    /// The connection closes without an answer.
    Reset,
    /// Fewer bytes than `content-length` promises.
    TruncatedBody,
    /// Valid HTTP around half of the JSON.
    TruncatedJson,
    /// A gateway's page instead of JSON.
    HtmlBody(u16),
    /// No answer until the client leaves.
    Hang,
    /// What was asked for is done, and the connection closes without an answer.
    DoneThenReset,
    /// What was asked for is done, and there is no answer until the client leaves.
    DoneThenHang,
    /// The right answer, a few bytes at a time.
    SlowChunks { chunk_size_bytes: usize, gap: Duration },
    /// The right answer, and right after it the library changes: a torn read.
    MutateLibrary(Arc<dyn Fn(&mut Library) + Send + Sync>),
    /// This body with status 200.
    ServeRaw(String),
    /// These bytes with status 200.
    ServeBytes(Vec<u8>),
    /// 200 and a body that never ends.
    Endless,
    /// 200 and a gigabyte, packed to a thousandth.
    Bomb,
}

impl Fault {
    /// A bare error of Spotify's, in its JSON shape.
    pub fn status(code: u16, message: &str) -> Self {
        let body = serde_json::json!({"error": {"status": code, "message": message}}).to_string();
        Self::Status { code, body, headers: vec![("content-type", "application/json".to_owned())] }
    }

    /// A change of the library between two calls.
    pub fn mutate(change: impl Fn(&mut Library) + Send + Sync + 'static) -> Self {
        Self::MutateLibrary(Arc::new(change))
    }
}

/// A fault that waits for its calls.
pub(super) struct Script {
    pub(super) when: When,
    pub(super) times: usize,
    pub(super) fault: Fault,
}

impl State {
    /// The first script that fits this call, one time used up.
    pub(super) fn next_fault(&mut self, request: &Request, is_data_call: bool) -> Option<Fault> {
        let call_number = self.data_call_count;
        let script = self.scripts.iter_mut().find(|script| {
            script.times > 0
                && match &script.when {
                    When::Call(number) => is_data_call && *number <= call_number,
                    When::Path(prefix) => request.path.starts_with(prefix),
                    When::Query(part) => request.query.contains(part),
                    When::Any => is_data_call,
                }
        })?;
        script.times -= 1;
        Some(script.fault.clone())
    }

    /// What the fault makes of a call; `right_answer` computes what would have been said.
    pub(super) fn struck(
        &mut self,
        fault: Fault,
        request: &Request,
        right_answer: impl FnOnce(&mut Self) -> Answer,
    ) -> Answer {
        match fault {
            Fault::Status { code, body, headers } => {
                Answer { headers, ..Answer::text(code, "", body) }
            }
            Fault::RateLimited { retry_after, plain_text } => {
                if let Some(seconds) = retry_after {
                    self.punish(request, seconds);
                }
                rate_limited(retry_after, plain_text)
            }
            Fault::QuotaExceeded => {
                self.punish(request, 3_600);
                let body = r#"{"error":{"status":429,"message":"Too many requests","reason":"QUOTA_EXCEEDED"}}"#;
                Answer::json(429, body)
            }
            Fault::PremiumRequired => Answer::text(
                403,
                "text/plain",
                "Active premium subscription required for the owner of the app. When the subscription status \
                 changes, it can take a few hours until the app works again.",
            ),
            Fault::NotAllowListed => Answer::text(
                403,
                "text/plain",
                "User not registered in the Developer Dashboard. Check settings on the allow-list of the app.",
            ),
            Fault::Reset => Answer::json(0, "").delivered(Delivery::Reset),
            Fault::Hang => Answer::json(0, "").delivered(Delivery::Hang),
            Fault::DoneThenReset => right_answer(self).delivered(Delivery::Reset),
            Fault::DoneThenHang => right_answer(self).delivered(Delivery::Hang),
            Fault::TruncatedBody => right_answer(self).delivered(Delivery::Cut),
            Fault::TruncatedJson => {
                let mut answer = right_answer(self);
                answer.body.truncate(answer.body.len() / 2);
                answer
            }
            Fault::HtmlBody(status) => Answer::text(
                status,
                "text/html",
                "<!DOCTYPE html><html><body><h1>upstream error</h1></body></html>",
            ),
            Fault::SlowChunks { chunk_size_bytes, gap } => {
                right_answer(self).delivered(Delivery::Slow { chunk_size_bytes, gap })
            }
            Fault::MutateLibrary(change) => {
                let answer = right_answer(self);
                change(&mut self.library);
                answer
            }
            Fault::ServeRaw(body) => Answer::json(200, body),
            Fault::ServeBytes(body) => Answer { body, ..Answer::json(200, "") },
            Fault::Endless => Answer::json(200, "").delivered(Delivery::Endless),
            Fault::Bomb => Answer::bomb(true),
        }
    }
}

pub(super) fn rate_limited(retry_after: Option<u64>, plain_text: bool) -> Answer {
    let answer = if plain_text {
        Answer::text(429, "text/plain", "Too many requests")
    } else {
        error(429, "API rate limit exceeded")
    };
    match retry_after {
        Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
        None => answer,
    }
}
