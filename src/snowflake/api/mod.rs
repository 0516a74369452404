//! Snowflake over its REST APIs: SQL API v2 for statements, Snowpipe's for files.
//!
//! In: an account, a user, a credential. Out: rows, and what pipes say about files. Never reads the environment or the clock,
//! writes nowhere but to `tracing`, and puts no secret into an error, a `Debug` or a log line.
//!
//! The folder needs nothing of this crate but the ground (causes, stop, retry, http), so it could become a crate of its own: a
//! statement is `submit`, `poll`, `result`; a pipe is `insert`, `report`; `client` makes each call.
//!
//! # A statement, step by step
//! 1. [`Connection::run`] posts it under a fresh `requestId`, or one that the caller keeps ([`Request`]). A token is taken from the cache, or signed (key pair).
//! 2. `401`: a new token is signed once and the call repeated once; then [`Error::Unauthorized`] says what to check.
//! 3. `429`, `5xx`, lost connections, HTML, cut JSON: the same body goes again under the same `requestId` and `retry=true`, so
//!    that Snowflake does not run it twice. Waits double, with jitter; `Retry-After` wins where it is short enough.
//! 4. `202`, at any time, asked for or not: the handle is polled, from 250 ms up to 5 s apart, until a deadline.
//! 5. `200`: every partition is read (the later ones are gzip without metadata), rows are counted against `numRows`.
//! 6. `422`: [`Error::Statement`] with code, SQLSTATE and message. `408`: [`Error::TooSlow`].
//! 7. A stop or the deadline: the statement is cancelled in Snowflake as well.
//!
//! # What each status means
//! | status | SQL API | Snowpipe REST |
//! |---|---|---|
//! | 200 | done; code `391908` = result cut off, an error | files are *queued*, not loaded |
//! | 202 | still running | – |
//! | 400 | a wrong request | a wrong request, or a pipe that takes nothing |
//! | 401 | token refused: a new one, once | the same |
//! | 403 | API or network policy says no | the role lacks one privilege on the pipe |
//! | 404, 405, 415, 3xx | not Snowflake, or another account's host | pipe unknown, *or* `DEFAULT_ROLE` has no privilege at all |
//! | 408 | statement out of time, cancelled | repeated |
//! | 422 | SQL error | – |
//! | 429 | repeated, later | repeated, later; also said for more than 5,000 files |
//! | 5xx | repeated | repeated |
//!
//! <https://docs.snowflake.com/en/developer-guide/sql-api/index> ·
//! <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-rest-apis>

mod account;
mod client;
mod credential;
mod error;
mod failure;
mod ident;
mod jwt;
mod patience;
mod key;
mod insert;
mod rows;
mod submit;
mod poll;
mod report;
mod result;
#[cfg(test)]
mod tests;
mod usage;
mod waiting;
mod wire;

pub use account::{AccountId, InvalidAccount};
pub use client::ConnectionTiming;
pub(crate) use client::{Connection, Login, Session};
pub(crate) use credential::Credential;
pub use credential::{InvalidToken, TokenType};
pub use error::{Error, Refusal, Signed};
pub use failure::{FailureKind, StatementFailure};
pub use ident::InvalidIdent;
pub(crate) use ident::quoted;
pub(crate) use ident::{Ident, Literal, QualifiedName, literal};
pub(crate) use insert::{Accepted, MAX_PIPE_FILES, StagedFile};
pub(crate) use jwt::{claims, sign};
pub use key::InvalidKey;
pub(crate) use key::KeyPair;
pub(crate) use report::{FileReport, LoadStatus, object_key};
#[cfg(test)]
pub(crate) use rows::Column;
pub(crate) use rows::{Cell, Row, Rows};
pub(crate) use submit::{Request, Statement};
pub(crate) use usage::Usage;
