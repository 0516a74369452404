//! Snowflake's column types: how they are written, how results name them, and what DuckDB keeps in their place.

use super::cursor::Cursor;
use super::problem::{Outcome, Problem};

/// A column type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Varchar(u32),
    Number(u32, u32),
    Float,
    Boolean,
    Date,
    TimestampNtz(u32),
    TimestampLtz(u32),
    TimestampTz(u32),
    Variant,
    Array,
}

const MAX_VARCHAR: u32 = 16_777_216;

impl Type {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Outcome<Self> {
        let word = cursor.word()?;
        let mut arguments = Vec::new();
        if cursor.eat_symbol("(") {
            arguments.push(cursor.number()?);
            while cursor.eat_symbol(",") {
                arguments.push(cursor.number()?);
            }
            cursor.expect_symbol(")")?;
        }
        Self::named(&word, &arguments)
    }

    fn named(word: &str, arguments: &[u32]) -> Outcome<Self> {
        let first = arguments.first().copied();
        Ok(match word {
            "VARCHAR" | "STRING" | "TEXT" => Self::Varchar(first.unwrap_or(MAX_VARCHAR)),
            "CHAR" => Self::Varchar(first.unwrap_or(1)),
            "NUMBER" | "DECIMAL" | "NUMERIC" => {
                Self::Number(first.unwrap_or(38), arguments.get(1).copied().unwrap_or(0))
            }
            "INT" | "INTEGER" | "BIGINT" | "SMALLINT" if arguments.is_empty() => {
                Self::Number(38, 0)
            }
            "FLOAT" | "DOUBLE" | "REAL" => Self::Float,
            "BOOLEAN" => Self::Boolean,
            "DATE" => Self::Date,
            "TIMESTAMP" | "DATETIME" | "TIMESTAMP_NTZ" => Self::TimestampNtz(first.unwrap_or(9)),
            "TIMESTAMP_LTZ" => Self::TimestampLtz(first.unwrap_or(9)),
            "TIMESTAMP_TZ" => Self::TimestampTz(first.unwrap_or(9)),
            "VARIANT" => Self::Variant,
            "ARRAY" => Self::Array,
            other => {
                return Err(Problem::syntax(&format!("Unsupported data type '{other}'.")));
            }
        })
    }

    /// As `DESC TABLE` prints it.
    pub(super) fn text(self) -> String {
        match self {
            Self::Varchar(length) => format!("VARCHAR({length})"),
            Self::Number(precision, scale) => format!("NUMBER({precision},{scale})"),
            Self::Float => "FLOAT".to_owned(),
            Self::Boolean => "BOOLEAN".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::TimestampNtz(scale) => format!("TIMESTAMP_NTZ({scale})"),
            Self::TimestampLtz(scale) => format!("TIMESTAMP_LTZ({scale})"),
            Self::TimestampTz(scale) => format!("TIMESTAMP_TZ({scale})"),
            Self::Variant => "VARIANT".to_owned(),
            Self::Array => "ARRAY".to_owned(),
        }
    }

    /// As a result's `rowType` names it.
    pub(super) const fn result_name(self) -> &'static str {
        match self {
            Self::Varchar(_) => "TEXT",
            Self::Number(..) => "FIXED",
            Self::Float => "REAL",
            Self::Boolean => "BOOLEAN",
            Self::Date => "DATE",
            Self::TimestampNtz(_) => "TIMESTAMP_NTZ",
            Self::TimestampLtz(_) => "TIMESTAMP_LTZ",
            Self::TimestampTz(_) => "TIMESTAMP_TZ",
            Self::Variant => "VARIANT",
            Self::Array => "ARRAY",
        }
    }

    /// What DuckDB keeps. `TIMESTAMP_NS` stands for LTZ, so that a result knows the two apart.
    pub(super) fn duckdb(self) -> String {
        match self {
            Self::Varchar(_) => "VARCHAR".to_owned(),
            Self::Number(precision, scale) => format!("DECIMAL({precision},{scale})"),
            Self::Float => "DOUBLE".to_owned(),
            Self::Boolean => "BOOLEAN".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::TimestampNtz(_) => "TIMESTAMP".to_owned(),
            Self::TimestampLtz(_) => "TIMESTAMP_NS".to_owned(),
            Self::TimestampTz(_) => "STRUCT(at TIMESTAMP, minutes INTEGER)".to_owned(),
            Self::Variant => "JSON".to_owned(),
            Self::Array => "VARCHAR[]".to_owned(),
        }
    }

    /// What a DuckDB result column stands for.
    pub(super) fn of_duckdb(name: &str) -> Outcome<Self> {
        if let Some(arguments) = name.strip_prefix("DECIMAL(") {
            let mut numbers = arguments.trim_end_matches(')').split(',').map(|n| n.trim().parse());
            if let (Some(Ok(precision)), Some(Ok(scale))) = (numbers.next(), numbers.next()) {
                return Ok(Self::Number(precision, scale));
            }
        }
        Ok(match name {
            "VARCHAR" => Self::Varchar(MAX_VARCHAR),
            "INTEGER" | "UINTEGER" | "SMALLINT" | "TINYINT" | "UTINYINT" | "USMALLINT" => {
                Self::Number(10, 0)
            }
            "BIGINT" => Self::Number(18, 0),
            "UBIGINT" => Self::Number(20, 0),
            "HUGEINT" | "UHUGEINT" => Self::Number(38, 0),
            "DOUBLE" | "FLOAT" => Self::Float,
            "BOOLEAN" => Self::Boolean,
            "DATE" => Self::Date,
            "TIMESTAMP" => Self::TimestampNtz(9),
            "TIMESTAMP_NS" => Self::TimestampLtz(9),
            "JSON" => Self::Variant,
            "VARCHAR[]" => Self::Array,
            _ if name.starts_with("STRUCT(\"at\"") || name.starts_with("STRUCT(at ") => {
                Self::TimestampTz(9)
            }
            // NULL without a type.
            "\"NULL\"" | "NULL" => Self::Varchar(MAX_VARCHAR),
            other => return Err(Problem::unknown(&format!("result type '{other}'"))),
        })
    }
}
