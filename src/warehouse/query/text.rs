//! Rows as text. DuckDB itself turns every type into text, so lists, decimals and timestamps look as they do in its own shell.

use std::io::{self, Write};

use duckdb::arrow::array::{Array, StringArray};
use serde_json::{Map, Value};

use super::Shape;

/// The text of a cell.
pub(super) fn cell(column: &StringArray, at: usize) -> Option<&str> {
    column.is_valid(at).then(|| column.value(at))
}

/// Writes rows, one after the other.
pub(super) struct Rows<'a> {
    shape: Shape,
    /// Whether DuckDB made each row one JSON object.
    is_whole: bool,
    names: &'a [&'a str],
    output: &'a mut dyn Write,
    pub(super) row_count: u64,
    pub(super) byte_count: u64,
}

impl<'a> Rows<'a> {
    /// Writes what stands before the first row.
    pub(super) fn begin(
        shape: Shape,
        is_whole: bool,
        names: &'a [&'a str],
        output: &'a mut dyn Write,
    ) -> io::Result<Self> {
        match shape {
            Shape::Csv => writeln!(output, "{}", csv(names.iter().map(|name| Some(*name))))?,
            Shape::Json => write!(output, "[")?,
            Shape::Objects | Shape::Cells => {}
        }
        Ok(Self { shape, is_whole, names, output, row_count: 0, byte_count: 0 })
    }

    /// Writes a row.
    pub(super) fn row(&mut self, cells: &[Option<&str>]) -> io::Result<()> {
        let text = match self.shape {
            Shape::Csv => csv(cells.iter().copied()),
            Shape::Cells => serde_json::to_string(cells)?,
            Shape::Json | Shape::Objects => self.object(cells),
        };
        match self.shape {
            Shape::Json if self.row_count == 0 => write!(self.output, "{text}")?,
            Shape::Json => write!(self.output, ",\n {text}")?,
            _ => writeln!(self.output, "{text}")?,
        }
        self.row_count += 1;
        self.byte_count += text.len() as u64;
        Ok(())
    }

    fn object(&self, cells: &[Option<&str>]) -> String {
        if self.is_whole {
            return without_nan(cells.first().copied().flatten().unwrap_or("null"));
        }
        let named = self.names.iter().zip(cells);
        let object: Map<String, Value> =
            named.map(|(name, cell)| ((*name).to_owned(), (*cell).into())).collect();
        Value::Object(object).to_string()
    }

    /// Writes what stands behind the last row.
    pub(super) fn end(self) -> io::Result<()> {
        if self.shape == Shape::Json {
            writeln!(self.output, "]")?;
        }
        self.output.flush()
    }
}

/// DuckDB writes floats that JSON has no word for as bare words, which no strict reader takes; they become `null`.
fn without_nan(json: &str) -> String {
    if !json.contains("NaN") && !json.contains("Infinity") {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len());
    let (mut is_string, mut rest) = (false, json);
    while let Some(first) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"].into_iter().find(|word| rest.starts_with(word));
        let taken = match (is_string, first, word) {
            (false, _, Some(word)) => {
                text.push_str("null");
                word.len()
            }
            // An escape belongs to what follows it.
            (true, '\\', _) => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                text.push_str(&rest[..length]);
                length
            }
            _ => {
                is_string ^= first == '"';
                text.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    text
}

/// Whether a value needs quotes. Letter by letter: the library looks for one of them faster than for any of four.
fn is_quoted(text: &str) -> bool {
    text.is_empty() || ['"', ',', '\n', '\r'].iter().any(|letter| text.contains(*letter))
}

/// A line of comma separated values.
pub(crate) fn csv_line(cells: &[Option<String>]) -> String {
    csv(cells.iter().map(Option::as_deref))
}

/// The same; nothing is NULL, and an empty text is quoted.
fn csv<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> String {
    let mut line = String::new();
    for (at, cell) in cells.enumerate() {
        if 0 < at {
            line.push(',');
        }
        match cell {
            None => {}
            Some(text) if is_quoted(text) => {
                line.push('"');
                line.push_str(&text.replace('"', "\"\""));
                line.push('"');
            }
            Some(text) => line.push_str(text),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_has_no_word_for_is_null_but_not_in_texts() {
        let cases = [
            (r#"[{"a":NaN,"b":-Infinity,"c":Infinity}]"#, r#"[{"a":null,"b":null,"c":null}]"#),
            (r#"[{"NaN":"NaN \" Infinity","b":"\\"}]"#, r#"[{"NaN":"NaN \" Infinity","b":"\\"}]"#),
        ];
        for (given, wanted) in cases {
            assert_eq!(without_nan(given), wanted);
        }
    }
}
