//! Faults on command: which call goes wrong, how often, and how.

use std::time::{Duration, Instant};

use serde_json::json;

use super::State;
use crate::http::{Answer, Delivery, Request};

/// Which calls a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// The n-th call (1-based, counted since the start or `clear_log`) and, while `times` last, those after it.
    Call(usize),
    /// Calls whose path contains this, for example `insertFiles` or `/api/v2/statements`.
    Path(String),
    /// Submissions whose statement contains this, in whatever letter case.
    Sql(String),
    /// Polls, partitions and cancels: calls about a statement that was submitted before.
    Handle,
    /// Any call.
    Any,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 401 390144, as if the token were worthless; it must not come again.
    Unauthorized,
    /// 429 390505; until `retry_after` seconds of the double's clock have passed every call is a violation.
    TooMany { retry_after: Option<u64> },
    /// A gateway's page instead of JSON.
    Html(u16),
    /// A status and nothing else.
    Empty(u16),
    /// Any status, body and headers.
    Status { code: u16, body: String, headers: Vec<(&'static str, String)> },
    /// The connection closes before anything was done.
    ResetBefore,
    /// It was done, and then the connection closes.
    ResetAfter,
    /// Valid HTTP around half of the JSON.
    TruncatedJson,
    /// Fewer bytes than promised.
    TruncatedBody,
    /// The right answer, a few bytes at a time.
    Slow { chunk_size_bytes: usize, gap: Duration },
    /// No answer until the client leaves; nothing was done.
    Hang,
    /// It was done, and no answer comes until the client leaves.
    HangAfter,
    /// 202, and again for so many polls; the statement runs when the last is over.
    Accepted { polls: usize },
    /// 408: the statement ran out of time.
    TimedOut,
    /// 422 with these.
    Failed { code: String, sql_state: String, message: String },
    /// 200 with code 391908.
    CutOff,
    /// The result comes in partitions of so many rows; with `is_unmarked` a proxy has lost `Content-Encoding`.
    Partitions { size: usize, is_unmarked: bool },
    /// 200 and a body that never ends.
    Endless,
    /// 200 and a gigabyte, packed to a thousandth; not `is_marked` where a proxy has lost `Content-Encoding`.
    Bomb { is_marked: bool },
    /// The metadata promises one row more than there is.
    WrongRowCount,
}

/// A fault that waits for its calls.
pub(super) struct Script {
    pub(super) when: When,
    pub(super) times: usize,
    pub(super) fault: Fault,
}

/// How a statement is going to go.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    pub(super) polls: Option<usize>,
    pub(super) times_out: bool,
    pub(super) is_cut_off: bool,
    pub(super) partition_size: Option<usize>,
    pub(super) is_unmarked: bool,
}

impl State {
    /// The first script that fits this call, one time used up.
    pub(super) fn next_fault(&mut self, request: &Request) -> Option<Fault> {
        let call_number = self.call_count;
        let is_submission = request.method == "POST" && request.path == "/api/v2/statements";
        let about_handle = request.path.starts_with("/api/v2/statements/");
        let body = String::from_utf8_lossy(&request.body).to_lowercase();
        let script = self.scripts.iter_mut().find(|script| {
            script.times > 0
                && match &script.when {
                    When::Call(number) => *number <= call_number,
                    When::Path(part) => request.path.contains(part.as_str()),
                    When::Sql(part) => is_submission && body.contains(&part.to_lowercase()),
                    When::Handle => about_handle,
                    When::Any => true,
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
        right_answer: impl FnOnce(&mut Self, &Course) -> Answer,
    ) -> Answer {
        let plain = Course::default();
        match fault {
            Fault::Unauthorized => self.refuse_once(request),
            Fault::TooMany { retry_after } => {
                self.penalty_ends = retry_after.map(|seconds| {
                    Instant::now() + self.second * u32::try_from(seconds).unwrap_or(u32::MAX)
                });
                let body = json!({"code": "390505", "message": "Too many requests."}).to_string();
                let answer = Answer::json(429, body);
                match retry_after {
                    Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
                    None => answer,
                }
            }
            Fault::Html(status) => Answer::text(
                status,
                "text/html",
                "<!DOCTYPE html><html><body><h1>upstream error</h1></body></html>",
            ),
            Fault::Empty(status) => Answer::text(status, "text/plain", ""),
            Fault::Status { code, body, headers } => {
                Answer { headers, ..Answer::text(code, "", body) }
            }
            Fault::ResetBefore => Answer::json(0, "").delivered(Delivery::Reset),
            Fault::ResetAfter => right_answer(self, &plain).delivered(Delivery::Reset),
            Fault::Hang => Answer::json(0, "").delivered(Delivery::Hang),
            Fault::HangAfter => right_answer(self, &plain).delivered(Delivery::Hang),
            Fault::Endless => Answer::json(200, "").delivered(Delivery::Endless),
            Fault::Bomb { is_marked } => Answer::bomb(is_marked),
            Fault::TruncatedBody => right_answer(self, &plain).delivered(Delivery::Cut),
            Fault::TruncatedJson => {
                let mut answer = right_answer(self, &plain);
                answer.body.truncate(answer.body.len() / 2);
                answer
            }
            Fault::Slow { chunk_size_bytes, gap } => {
                right_answer(self, &plain).delivered(Delivery::Slow { chunk_size_bytes, gap })
            }
            Fault::Accepted { polls } => {
                right_answer(self, &Course { polls: Some(polls), ..plain })
            }
            Fault::TimedOut => right_answer(self, &Course { times_out: true, ..plain }),
            Fault::CutOff => right_answer(self, &Course { is_cut_off: true, ..plain }),
            Fault::Partitions { size, is_unmarked } => {
                right_answer(self, &Course { partition_size: Some(size), is_unmarked, ..plain })
            }
            Fault::Failed { code, sql_state, message } => {
                let handle = uuid::Uuid::new_v4().to_string();
                let body = json!({
                    "code": code, "sqlState": sql_state, "message": message, "statementHandle": handle,
                });
                Answer::json(422, body.to_string())
            }
            Fault::WrongRowCount => {
                let mut answer = right_answer(self, &plain);
                if let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
                    let count = body["resultSetMetaData"]["numRows"].as_u64().unwrap_or_default();
                    body["resultSetMetaData"]["numRows"] = json!(count + 1);
                    answer.body = body.to_string().into_bytes();
                }
                answer
            }
        }
    }

    /// A call before the penalty is over is refused, and a bug.
    pub(super) fn penalty(&mut self, request: &Request) -> Option<Answer> {
        let ends = self.penalty_ends?;
        if Instant::now() >= ends {
            self.penalty_ends = None;
            return None;
        }
        self.violate(format!("`{}` was called before Retry-After had passed", request.path));
        let body = json!({"code": "390505", "message": "Too many requests."}).to_string();
        Some(Answer::json(429, body).with_header("retry-after", "1"))
    }
}
