//! The words for states and statuses, read from the ledger's columns.

use duckdb::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use crate::status::{FileState, RunStatus, UnknownState, UnknownStatus};

impl FromSql for FileState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|unknown: UnknownState| FromSqlError::Other(unknown.into()))
    }
}

impl FromSql for RunStatus {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|other: UnknownStatus| FromSqlError::Other(other.into()))
    }
}
