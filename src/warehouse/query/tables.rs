//! How many rows each table of a file has, as one query.

use serde::{Deserialize, Serialize};

use super::super::sql_files::quoted;

/// A table or view of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ListedTable {
    pub(crate) schema: String,
    pub(crate) table: String,
    /// `table` or `view`.
    pub(crate) kind: String,
    /// `None` where counting took more than a query may.
    pub(crate) row_count: Option<u64>,
    /// Its comment.
    pub(crate) description: Option<String>,
}

/// The query that counts the rows of those, each by its place in the list.
pub(crate) fn counts(tables: &[ListedTable]) -> String {
    let count = |(at, it): (usize, &ListedTable)| {
        let (schema, table) = (quoted(&it.schema), quoted(&it.table));
        format!("select {at} as place, count(*) as row_count from {schema}.{table}")
    };
    tables.iter().enumerate().map(count).collect::<Vec<_>>().join("\nunion all ")
}
