//! A statement from its submission to its end.
//!
//! In: SQL with its bound values. Out: [`Rows`]. The steps between are `poll` (and cancel) and `result`. A `202` can come to any submission; only `200` is success. One `requestId` per
//! statement, whatever happens on the way, and `retry=true` from the second sending on: then Snowflake looks the first one up
//! instead of running it twice.
//!
//! <https://docs.snowflake.com/en/developer-guide/sql-api/submitting-requests>

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use uuid::Uuid;

use super::client::{Call, Connection, Session, UsableAnswer};
use super::error::Error;
use super::failure::{FailureKind, StatementFailure};
use super::patience::LAST_ANSWER;
use super::poll::{STATEMENTS, next_poll};
use super::rows::Rows;
use super::usage::count;
use super::wire::{BindingBody, StatementBody, Status};
use crate::stop::Stop;

/// The statement reached its timeout.
const OUT_OF_TIME: &str = "000630";

/// What to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The text. Values stand in it as `?`.
    pub sql: String,
    /// The values, in order. Each is bound as TEXT.
    pub bindings: Vec<String>,
    /// What the query history shows beside it, for example the run's id.
    pub query_tag: Option<String>,
    /// What it runs with, where that is not the connection's.
    pub session: Option<Session>,
    /// Under which id it is sent.
    pub request: Request,
}

/// The id under which Snowflake knows a statement before it has answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Request {
    /// A new one that nobody keeps.
    #[default]
    Fresh,
    /// A new one that the caller has written down, so that a process that dies can be followed.
    Noted(Uuid),
    /// One under which the same statement may have been sent before: Snowflake looks it up, and runs it only if it never came.
    Again(Uuid),
}

impl Statement {
    /// A statement with nothing but its text.
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), ..Self::default() }
    }

    fn body(&self, session: &Session, deadline: Duration) -> Vec<u8> {
        let session = self.session.as_ref().unwrap_or(session);
        let mut parameters = BTreeMap::from([("use_cached_result", "false".to_owned())]);
        parameters.extend(self.query_tag.clone().map(|tag| ("query_tag", tag)));
        let numbered = (1..).zip(&self.bindings);
        let body = StatementBody {
            statement: &self.sql,
            // 0 would mean the longest there is.
            timeout: deadline.as_secs().max(1),
            role: session.role.as_ref().map(|name| name.as_str()),
            warehouse: session.warehouse.as_ref().map(|name| name.as_str()),
            database: session.database.as_ref().map(|name| name.as_str()),
            schema: session.schema.as_ref().map(|name| name.as_str()),
            bindings: numbered.map(|(n, value): (u32, _)| (n.to_string(), text(value))).collect(),
            parameters,
        };
        serde_json::to_vec(&body).expect("maps of strings can be written as JSON")
    }
}

fn text(value: &str) -> BindingBody {
    BindingBody { kind: "TEXT", value: value.to_owned() }
}

impl Connection {
    /// Runs a statement to its end and reads its whole result.
    ///
    /// When `stop` becomes true, or the deadline passes, the statement is cancelled in Snowflake too.
    pub(crate) async fn run(&self, statement: &Statement, stop: &Stop) -> Result<Rows, Error> {
        let deadline = self.timing().deadline;
        let deadline = self.left().map_or(deadline, |left| deadline.min(left.max(LAST_ANSWER)));
        let body = statement.body(&self.login().session, deadline);
        let (id, is_again) = match statement.request {
            Request::Fresh => (Uuid::new_v4(), false),
            Request::Noted(id) => (id, false),
            Request::Again(id) => (id, true),
        };
        let mut query = vec![("requestId", id.to_string())];
        let retry = ("retry", "true");
        if is_again {
            query.push((retry.0, retry.1.to_owned()));
        }
        let call = Call {
            doing: "run a statement",
            method: Method::POST,
            path: STATEMENTS.to_owned(),
            query,
            body: Some(&body),
            query_again: (!is_again).then_some(retry),
        };
        let since = Instant::now();
        count(&self.counters.statement);
        let answer = self.send(&call, stop).await?;
        self.await_result(answer, since, deadline, stop).await
    }

    /// Polls until the statement has a result, or none any more.
    async fn await_result(
        &self,
        mut answer: UsableAnswer,
        since: Instant,
        deadline: Duration,
        stop: &Stop,
    ) -> Result<Rows, Error> {
        let mut pause = None;
        while answer.status == 202 {
            let Some(handle) = Status::read(&answer.body).statement_handle else {
                return Err(self.unexpected("run a statement", 202, "it names no statement"));
            };
            // Snowflake keeps the time too; a little longer here lets its own word come first.
            if deadline + self.timing().poll_ceiling < since.elapsed() {
                if self.cancel(&handle).await? {
                    let waited_secs = since.elapsed().as_secs();
                    return Err(Error::TooSlow { handle, waited_secs, message: String::new() });
                }
                // It came to its end meanwhile: what it did is done, and must not be taken for undone.
                answer = self.poll(&handle, stop).await?;
                break;
            }
            let next = next_poll(self.timing(), pause, fastrand::f64());
            pause = Some(next);
            let polled = match self.wait(next, stop).await {
                Ok(()) => self.poll(&handle, stop).await,
                Err(stopped) => Err(stopped),
            };
            answer = match polled {
                Err(Error::Stopped { .. }) => {
                    let is_cancelled = self.cancel(&handle).await.unwrap_or(false);
                    return Err(Error::Stopped { handle: Some(handle), is_cancelled });
                }
                polled => polled?,
            };
        }
        let status = Status::read(&answer.body);
        match answer.status {
            200 => self.read_whole(&answer.body, stop).await,
            code if code == 408 || status.code == OUT_OF_TIME => Err(Error::TooSlow {
                message: status.words(),
                handle: status.statement_handle.unwrap_or_default(),
                waited_secs: since.elapsed().as_secs(),
            }),
            202 => {
                Err(self.unexpected("run a statement", 202, "it can neither be cancelled nor ends"))
            }
            _ => Err(self.failure("run a statement", &answer)),
        }
    }

    pub(crate) fn unexpected(&self, doing: &'static str, status: u16, reason: &str) -> Error {
        Error::Unexpected { host: self.host(), doing, status, reason: reason.to_owned() }
    }

    pub(super) fn failure(&self, doing: &'static str, answer: &UsableAnswer) -> Error {
        let status = Status::read(&answer.body);
        let message = status.words();
        let failure = StatementFailure {
            code: status.code,
            sql_state: status.sql_state,
            message,
            handle: status.statement_handle,
        };
        if answer.status == 422 || failure.kind() != FailureKind::Sql {
            return Error::Statement(Box::new(failure));
        }
        let advice = match answer.status {
            400 => "the request itself is wrong, which is a fault of this program",
            403 => {
                "the SQL API or this machine is not admitted (network policy), or the account does not exist at this host"
            }
            304 | 404 | 405 | 415 => {
                "this is not the SQL API: check the account identifier and the URL"
            }
            522 => "its TLS certificate does not fit: check the host (and `_` in it)",
            _ => "this status is not documented",
        };
        Error::Refused {
            host: self.host(),
            doing,
            status: answer.status,
            message: failure.message,
            advice,
        }
    }
}
