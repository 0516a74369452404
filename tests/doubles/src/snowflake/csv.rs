//! csv as Snowflake reads it: what stood in quotes stays apart from what did not, because only the latter can be an empty field.
//!
//! <https://docs.snowflake.com/en/sql-reference/sql/create-file-format#type-csv>

use super::copy::Reading;
use super::problem::{Outcome, Problem};

/// A record: `None` is NULL.
pub(super) type Record = Vec<Option<String>>;

/// How a file's fields are told apart, and which of them are NULL.
struct Rules {
    delimiter: char,
    quote: Option<char>,
    null_if: Vec<String>,
    is_empty_null: bool,
}

/// The names of the header and the records behind it, each as long as the header.
pub(super) fn read(bytes: Vec<u8>, reading: &Reading) -> Outcome<(Vec<String>, Vec<Record>)> {
    let text =
        String::from_utf8(bytes).map_err(|_| unreadable("Invalid UTF8 detected in string"))?;
    let rules = Rules::of(reading)?;
    let mut records = Vec::new();
    let mut rest = text.as_str();
    let mut header = Vec::new();
    while !rest.is_empty() {
        let (fields, behind) = rules.record(rest)?;
        rest = behind;
        if header.is_empty() {
            header = fields.into_iter().map(|(text, _)| text).collect();
            continue;
        }
        if fields.len() != header.len() && reading.flag("ERROR_ON_COLUMN_COUNT_MISMATCH", true)? {
            return Err(unreadable(&format!(
                "Number of columns in file ({}) does not match that of the corresponding table ({})",
                fields.len(),
                header.len()
            )));
        }
        let mut record: Record = fields.into_iter().map(|field| rules.value(field)).collect();
        record.resize(header.len(), None);
        records.push(record);
    }
    Ok((header, records))
}

impl Rules {
    fn of(reading: &Reading) -> Outcome<Self> {
        let single = |name: &str, absent: &str| {
            let word = reading.word(name, absent)?;
            let mut chars = word.chars();
            match (chars.next(), chars.next()) {
                (Some(only), None) => Ok(only),
                _ => Err(Problem::unknown(&format!("{name} = '{word}'"))),
            }
        };
        let quote = match reading.word("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE")?.as_str() {
            "NONE" => None,
            _ => Some(single("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE")?),
        };
        // Both would change backslashes in silence; what exactly they do in which place, nobody here has tried.
        for (name, absent) in [("ESCAPE", "NONE"), ("ESCAPE_UNENCLOSED_FIELD", "\\")] {
            if reading.word(name, absent)? != "NONE" {
                return Err(Problem::unknown(&format!("{name} other than NONE")));
            }
        }
        Ok(Self {
            delimiter: single("FIELD_DELIMITER", ",")?,
            quote,
            null_if: reading.words("NULL_IF", "\\N")?,
            is_empty_null: reading.flag("EMPTY_FIELD_AS_NULL", true)?,
        })
    }

    /// `NULL_IF` means a value whether it stood in quotes or not; an empty field is one without quotes.
    fn value(&self, (text, is_quoted): (String, bool)) -> Option<String> {
        let is_empty = self.is_empty_null && text.is_empty() && !is_quoted;
        (!is_empty && !self.null_if.contains(&text)).then_some(text)
    }

    /// The next record's fields, each with whether it stood in quotes, and what is behind it.
    fn record<'t>(&self, text: &'t str) -> Outcome<(Vec<(String, bool)>, &'t str)> {
        let mut fields = Vec::new();
        let mut rest = text;
        loop {
            let (field, behind) = match self.quote.filter(|quote| rest.starts_with(*quote)) {
                Some(quote) => self.quoted(&rest[quote.len_utf8()..], quote)?,
                None => {
                    let end = rest.find([self.delimiter, '\n', '\r']).unwrap_or(rest.len());
                    ((rest[..end].to_owned(), false), &rest[end..])
                }
            };
            fields.push(field);
            rest = match behind.strip_prefix(self.delimiter) {
                Some(behind) => behind,
                None => {
                    let behind = behind.strip_prefix('\r').unwrap_or(behind);
                    return Ok((fields, behind.strip_prefix('\n').unwrap_or(behind)));
                }
            };
        }
    }

    /// What is in quotes, where a doubled one is one, and what is behind the closing one.
    fn quoted<'t>(&self, text: &'t str, quote: char) -> Outcome<((String, bool), &'t str)> {
        let mut field = String::new();
        let mut rest = text;
        loop {
            let Some((inside, behind)) = rest.split_once(quote) else {
                return Err(unreadable(
                    "End of record reached while expected to parse a quoted field",
                ));
            };
            field.push_str(inside);
            match behind.chars().next() {
                Some(next) if next == quote => {
                    field.push(quote);
                    rest = &behind[quote.len_utf8()..];
                }
                Some(next) if next != self.delimiter && !['\n', '\r'].contains(&next) => {
                    return Err(unreadable(&format!(
                        "Found character '{next}' instead of field delimiter '{}'",
                        self.delimiter
                    )));
                }
                _ => return Ok(((field, true), behind)),
            }
        }
    }
}

pub(super) fn unreadable(why: &str) -> Problem {
    Problem::new("100016", "22000", format!("Error parsing the file: {why}"))
}
