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
    Accepted, AccountId, Connection, Credential, Error, FileReport, Ident, InvalidIdent,
    InvalidKey, KeyPair, Login, MAX_PIPE_FILES, QualifiedName, Request, Row, Rows, Session,
    StagedFile, Statement, Timing, TokenType, Usage, claims, literal, sign,
};
pub(crate) use history::{PipeUsage, TagUsage, UsageView, pipe_usage, tag_usage};
pub(crate) use objects::{IngestMode, Names};
pub(crate) use proof::{
    Answer, Evidence, FileVerdict, Found, Health, Landed, Outcome, PipeHealth, PipeState,
    PipeStatus, Verification, copy_history, copy_result, is_reported, verify,
};
pub(crate) use setup::{
    Applied, Blueprint, Cost, Item, Kind, Plan, State, TargetLag, apply, observe,
};
pub(crate) use sql::CompareQuery;
