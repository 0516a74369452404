//! What the head of a check says of it.

use crate::warehouse::CheckFile;

/// The table that the check looks at; none where it looks at documents.
pub(crate) fn table_of(file: &CheckFile) -> Option<&'static str> {
    header(file.sql, "table")
}

/// What is wrong with a row that the check found; `<column>` stands for what it has there.
pub(super) fn words_of(file: &CheckFile) -> &'static str {
    header(file.sql, "row").unwrap_or_default()
}

/// The value of a `-- name: value` line.
pub(super) fn header(sql: &'static str, name: &str) -> Option<&'static str> {
    sql.lines()
        .take_while(|line| line.starts_with("--"))
        .filter_map(|line| line.trim_start_matches("--").trim().split_once(':'))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim())
}
