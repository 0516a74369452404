//! Names that may stand in SQL, and strings quoted for it: the only two things that are ever put into SQL as text.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A name safe to put into SQL unquoted: `[A-Z_][A-Z0-9_]*`, at most 255 bytes.
///
/// Upper case only, because an unquoted name means its upper-case form in SQL, while the SQL API and `SHOW` compare
/// exactly: with one spelling both mean the same object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Ident(String);

/// A name that is no `Ident`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdent {
    /// Right but for its case.
    #[error(
        "`{0}` is not in upper case: the SQL API matches names exactly and an unquoted name means its upper-case form, so write `{upper}`",
        upper = .0.to_ascii_uppercase()
    )]
    LowerCase(String),
    /// Anything else.
    #[error(
        "`{0}` is not a Snowflake name: wanted are 1 to 255 of `A-Z`, `0-9` and `_`, not beginning with a digit"
    )]
    Malformed(String),
}

impl Ident {
    /// The name as it stands in SQL.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Ident {
    type Error = InvalidIdent;

    fn try_from(raw: String) -> Result<Self, InvalidIdent> {
        let is_name = |text: &str| {
            let starts_well = text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
            let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            starts_well && text.chars().all(is_plain) && text.len() <= 255
        };
        if is_name(&raw) {
            Ok(Self(raw))
        } else if is_name(&raw.to_ascii_uppercase()) {
            Err(InvalidIdent::LowerCase(raw))
        } else {
            Err(InvalidIdent::Malformed(raw))
        }
    }
}

impl FromStr for Ident {
    type Err = InvalidIdent;

    fn from_str(raw: &str) -> Result<Self, InvalidIdent> {
        Self::try_from(raw.to_owned())
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A string constant as it stands in SQL, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal(String);

/// Quotes a string for SQL. Snowflake reads backslash escapes in `'…'`, so backslashes are doubled like quotes.
///
/// <https://docs.snowflake.com/en/sql-reference/data-types-text#single-quoted-string-constants>
pub(crate) fn literal(text: &str) -> Literal {
    Literal(format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")))
}

/// A name of somebody else's as it stands in SQL, whatever characters it has.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl fmt::Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A schema object's full name, for example a pipe's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct QualifiedName {
    /// The database.
    pub database: Ident,
    /// The schema.
    pub schema: Ident,
    /// The object.
    pub name: Ident,
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.database, self.schema, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_upper_case_names_are_names() {
        for good in ["A", "_X", "SONGS_PARQUET_REST_V1", "T0", &"A".repeat(255)] {
            assert_eq!(good.parse::<Ident>().unwrap().as_str(), good);
        }
        for bad in ["", "0A", "A-B", "A B", "A.B", "A\"", "A$", "ÄB", "A;", "A\n", &"A".repeat(256)]
        {
            assert_eq!(bad.parse::<Ident>(), Err(InvalidIdent::Malformed(bad.to_owned())));
        }
    }

    #[test]
    fn a_lower_case_name_is_refused_with_the_spelling_to_use() {
        let error = "Spotify_raw".parse::<Ident>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`Spotify_raw` is not in upper case: the SQL API matches names exactly and an unquoted name means its upper-case form, so write `SPOTIFY_RAW`"
        );
    }

    #[test]
    fn a_literal_cannot_be_left_from_within() {
        assert_eq!(literal("s3://b/x").to_string(), "'s3://b/x'");
        assert_eq!(literal(r"it's \n; drop").to_string(), r"'it''s \\n; drop'");
        assert_eq!(literal(r"\'").to_string(), r"'\\'''");
    }
}
