//! A statement's result: named columns, every cell text or NULL, decoded when asked for.
//!
//! Snowflake writes every cell as text: FIXED in decimal (up to 38 digits, so never a float), BOOLEAN `true`/`false`, DATE in days
//! since 1970, TIME and TIMESTAMP in seconds with nine decimals, TIMESTAMP_TZ with its offset in minutes plus 1440 behind it.
//!
//! <https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses#getting-the-data-from-the-results>

use super::error::Error;

/// A whole result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) handle: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// The name, in the case Snowflake gives it.
    pub name: String,
    /// The type in upper case, for example `FIXED` or `TIMESTAMP_NTZ`.
    pub kind: String,
}

/// One row of a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    rows: &'a Rows,
    cells: &'a [Option<String>],
}

/// One cell, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    handle: &'a str,
    column: &'a str,
    value: Option<&'a str>,
}

impl Rows {
    /// The statement's handle, which is its query id.
    pub(crate) fn handle(&self) -> &str {
        &self.handle
    }

    /// The columns in order.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { rows: self, cells })
    }

    /// The only row, of a statement that gives one.
    pub(crate) fn only(&self) -> Result<Row<'_>, Error> {
        match self.rows.as_slice() {
            [cells] => Ok(Row { rows: self, cells }),
            rows => Err(Error::Incomplete {
                handle: self.handle.clone(),
                reason: format!("it has {} rows where one is wanted", rows.len()),
            }),
        }
    }

    /// Where a column stands. The exact name wins; another case is taken too, because `SHOW` names its columns in lower case.
    fn position(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        let any_case = |column: &Column| column.name.eq_ignore_ascii_case(name);
        exact.or_else(|| self.columns.iter().position(any_case))
    }
}

impl<'a> Row<'a> {
    /// A cell by its column's name.
    pub(crate) fn cell(&self, name: &str) -> Result<Cell<'a>, Error> {
        let rows = self.rows;
        let found = rows
            .position(name)
            .and_then(|at| Some((&rows.columns.get(at)?.name, self.cells.get(at)?)));
        let Some((column, value)) = found else {
            let present: Vec<_> =
                rows.columns.iter().map(|column| format!("`{}`", column.name)).collect();
            return Err(Error::NoColumn {
                handle: rows.handle.clone(),
                column: name.to_owned(),
                present: present.join(", "),
            });
        };
        Ok(Cell { handle: &rows.handle, column, value: value.as_deref() })
    }
}

impl<'a> Cell<'a> {
    /// The cell, unless it is NULL.
    pub(crate) const fn not_null(self) -> Option<Self> {
        match self.value {
            Some(_) => Some(self),
            None => None,
        }
    }

    /// The text as Snowflake wrote it.
    pub(crate) fn text(self) -> Result<&'a str, Error> {
        self.value.ok_or_else(|| self.wrong("a value"))
    }

    /// FIXED without sign and fraction.
    pub(crate) fn u64(self) -> Result<u64, Error> {
        self.read("a whole number below 2^64", |text| decimal(text)?.parse().ok())
    }

    /// FIXED of any size in its shortest form, so that equal numbers are equal texts.
    pub(crate) fn decimal(self) -> Result<String, Error> {
        self.read("a decimal number", decimal)
    }

    fn read<T>(
        self,
        wanted: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Error> {
        self.value.and_then(read).ok_or_else(|| self.wrong(wanted))
    }

    fn wrong(self, wanted: &'static str) -> Error {
        let shown = |text: &str| format!("`{}`", text.chars().take(60).collect::<String>());
        Error::Cell {
            handle: self.handle.to_owned(),
            column: self.column.to_owned(),
            value: self.value.map_or_else(|| "NULL".to_owned(), shown),
            wanted,
        }
    }
}

/// A decimal number without leading zeros, trailing zeros of the fraction, a plus sign or a negative zero.
fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match fraction {
        "" if whole == "0" => "0".to_owned(),
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(value: Option<&str>) -> Cell<'_> {
        Cell { handle: "h", column: "C", value }
    }

    #[test]
    fn numbers_are_read_exactly() {
        for (text, u64_wanted, decimal_wanted) in [
            ("0", Some(0), Some("0")),
            ("12", Some(12), Some("12")),
            ("1.0", Some(1), Some("1")),
            ("+007.50", None, Some("7.5")),
            ("18446744073709551615", Some(u64::MAX), Some("18446744073709551615")),
            ("18446744073709551616", None, Some("18446744073709551616")),
            (
                "340282366920938463463374607431768211456",
                None,
                Some("340282366920938463463374607431768211456"),
            ),
            ("-3", None, Some("-3")),
            ("-0.0", Some(0), Some("0")),
            (".5", None, Some("0.5")),
            ("1e3", None, None),
            ("", None, None),
            (".", None, None),
            ("1.2.3", None, None),
            ("NaN", None, None),
        ] {
            let cell = cell(Some(text));
            assert_eq!(cell.u64().ok(), u64_wanted, "{text}");
            assert_eq!(cell.decimal().ok().as_deref(), decimal_wanted, "{text}");
        }
    }

    #[test]
    fn a_null_is_a_value_only_where_it_is_expected() {
        assert!(cell(None).not_null().is_none());
        assert_eq!(
            cell(None).u64().unwrap_err().to_string(),
            "column `C` of statement `h` holds NULL: wanted is a whole number below 2^64"
        );
    }

    #[test]
    fn columns_are_found_by_name_and_the_exact_name_wins() {
        let column = |name: &str| Column { name: name.to_owned(), kind: "TEXT".to_owned() };
        let rows = Rows {
            handle: "h".to_owned(),
            columns: vec![column("name"), column("NAME"), column("Other")],
            rows: vec![vec![Some("lower".to_owned()), Some("upper".to_owned()), None]],
        };
        let row = rows.only().unwrap();
        assert_eq!(row.cell("NAME").unwrap().text().unwrap(), "upper");
        assert_eq!(row.cell("Name").unwrap().text().unwrap(), "lower");
        assert!(row.cell("OTHER").unwrap().not_null().is_none());
        assert_eq!(
            row.cell("X").unwrap_err().to_string(),
            "the result of statement `h` has no column `X` (it has `name`, `NAME`, `Other`)"
        );
        assert!(Rows::default().only().is_err());
    }
}
