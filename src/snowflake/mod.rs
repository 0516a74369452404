//! Snowflake: the client, and what this program has there: objects, loads, proofs.

pub mod api;
mod aws;
pub mod compare;
#[cfg(test)]
mod one_description;
mod proof;
mod setup;
mod sql;

pub use api::{
    Accepted, AccountId, Cell, Claims, Column, Connection, Credential, Error, FailureKind,
    FileReport, Ident, InvalidAccount, InvalidIdent, InvalidKey, InvalidToken, KeyPair, LIFETIME,
    Literal, LoadStatus, Login, MAX_PIPE_FILES, QualifiedName, RENEW_AFTER, Refusal, Request, Row,
    Rows, Session, Signed, StagedFile, Statement, StatementFailure, Timing, TokenType, Usage,
    claims, literal, object_key, sign,
};
pub use aws::{AwsSide, Document};
pub use proof::{
    Answer, Evidence, FileVerdict, Found, Health, Landed, Outcome, PipeHealth, PipeState,
    PipeStatus, Stalled, Stopped, Verdict, Verification, copy_history, copy_result, is_reported,
    verify,
};
pub use setup::{
    Applied, Change, Cost, Counts, InvalidLag, Item, Kind, Observed, Plan, State, Target,
    TargetLag, apply, observe,
};
pub use sql::{Audience, IngestMode, Names, Reconcile};
