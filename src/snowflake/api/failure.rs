//! A statement that Snowflake would not run, and what kind of failure that is.

use std::fmt;

/// A statement that Snowflake would not run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFailure {
    /// Snowflake's code, for example `002003`.
    pub code: String,
    /// SQLSTATE, for example `42S02`.
    pub sql_state: String,
    /// Snowflake's message.
    pub message: String,
    /// The statement's handle, which is its query id.
    pub handle: Option<String>,
}

/// What kind of failure a statement's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// No warehouse to run on; usually the role may not use it.
    NoWarehouse,
    /// The object does not exist, or the role may not know that it does: Snowflake does not tell them apart.
    Missing,
    /// The role may not do this.
    Denied,
    /// The session's role, database or schema does not exist for this user.
    Session,
    /// Cancelled, by us or by somebody else, or out of time.
    Cancelled,
    /// Everything else: a fault in the statement.
    Sql,
}

impl StatementFailure {
    /// What kind of failure this is.
    ///
    /// <https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses>
    pub fn kind(&self) -> FailureKind {
        match (self.code.as_str(), self.sql_state.as_str()) {
            ("000606", _) | (_, "57P03") => FailureKind::NoWarehouse,
            ("390189" | "390201", _) => FailureKind::Session,
            ("002003" | "002043", _) | (_, "42S02") => FailureKind::Missing,
            ("003001", _) | (_, "42501") => FailureKind::Denied,
            ("000604" | "000630", _) | (_, "57014") => FailureKind::Cancelled,
            _ => FailureKind::Sql,
        }
    }

    /// The column that a statement names and its table lacks, where that is the failure.
    pub fn missing_column(&self) -> Option<String> {
        let is_name = self.code == "000904";
        let (_, rest) = self.message.split_once("invalid identifier '").filter(|_| is_name)?;
        let (name, _) = rest.split_once('\'')?;
        let column = name.rsplit('.').next().unwrap_or(name);
        Some(column.trim_matches('"').to_owned())
    }

    const fn advice(kind: FailureKind) -> Option<&'static str> {
        match kind {
            FailureKind::NoWarehouse => Some(
                "configure a warehouse; if one is configured, the role most likely lacks USAGE on it",
            ),
            FailureKind::Missing => Some(
                "either it does not exist, or the role may not see it: check the name (its case too) and the role's grants",
            ),
            FailureKind::Denied => Some("grant it to the role, or use another role"),
            FailureKind::Session => Some(
                "check the configured role, database and schema: their case counts, and the role must be granted to the user",
            ),
            FailureKind::Cancelled | FailureKind::Sql => None,
        }
    }
}

impl fmt::Display for StatementFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handle = self.handle.as_deref().unwrap_or("without handle");
        let or_none = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
        let (code, sql_state) = (or_none(&self.code), or_none(&self.sql_state));
        let message = &self.message;
        // Snowflake's own sentence ends with a full stop.
        let message = message.trim_end_matches('.');
        write!(out, "statement `{handle}` failed (code {code}, SQLSTATE {sql_state}): {message}")?;
        Self::advice(self.kind()).map_or(Ok(()), |advice| write!(out, "; {advice}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_column_is_read_from_the_message() {
        let column = |code: &str, message: &str| {
            let (sql_state, handle) = ("42000".to_owned(), None);
            let (code, message) = (code.to_owned(), message.to_owned());
            StatementFailure { code, sql_state, message, handle }.missing_column()
        };
        let said = "SQL compilation error: error line 5 at position 8\ninvalid identifier";
        for name in ["POPULARITY", "T.POPULARITY", "\"POPULARITY\""] {
            let found = column("000904", &format!("{said} '{name}'"));
            assert_eq!(found.as_deref(), Some("POPULARITY"), "{name}");
        }
        assert_eq!(column("001003", &format!("{said} 'POPULARITY'")), None);
        assert_eq!(column("000904", "SQL compilation error"), None);
    }
}
