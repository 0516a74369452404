//! Snowflake: the client, and what this program has there: objects, loads, proofs.

pub(crate) mod api;
mod aws;
pub(crate) mod compare;
mod history;
#[cfg(test)]
mod one_description;
mod objects;
mod proof;
mod setup;
mod sql;

pub(crate) use api::{
    Accepted, Connection, Credential, FileReport, Ident, KeyPair, Login, MAX_PIPE_FILES,
    QualifiedName, Request, Row, Rows, Session, StagedFile, Statement, Usage, claims, literal,
    sign,
};
pub use api::{
    AccountId, ConnectionTiming, Error, FailureKind, InvalidAccount, InvalidIdent, InvalidKey,
    InvalidToken, Refusal, Signed, StatementFailure, TokenType,
};
pub(crate) use history::{PipeUsage, TagUsage, UsageView, pipe_usage, tag_usage};
pub use objects::IngestMode;
pub(crate) use objects::Names;
pub use proof::Outcome;
pub(crate) use proof::{
    Answer, Evidence, FileVerdict, Found, Health, Landed, PipeHealth, PipeState, PipeStatus,
    Verification, copy_history, copy_result, is_mentioned, is_reported, verify,
};
pub(crate) use setup::{
    Applied, AppliedItem, Blueprint, Cost, Item, Kind, Plan, State, apply, observe,
};
pub use setup::{InvalidLag, TargetLag};
pub(crate) use sql::CompareQuery;
