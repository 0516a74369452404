//! Rows as text. DuckDB itself turns every type into text, so lists, decimals and timestamps look as they do in its own shell.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Column, Shape};
use duckdb::arrow::array::{Array, StringArray};

/// The text of a cell.
pub(super) fn cell(column: &StringArray, at: usize) -> Option<&str> {
    column.is_valid(at).then(|| column.value(at))
}

/// Writes rows, one after the other.
pub(super) struct Rows<'a> {
    shape: Shape,
    /// What stands before each value of an object, and whether the value is a text.
    keys: Vec<Key>,
    output: &'a mut dyn Write,
    pub(super) row_count: u64,
    pub(super) byte_count: u64,
}

/// A column's name in an object.
struct Key {
    json: String,
    /// Else its values are JSON already.
    is_text: bool,
}

impl<'a> Rows<'a> {
    /// Writes what stands before the first row.
    pub(super) fn begin(
        shape: Shape,
        columns: &[Column],
        output: &'a mut dyn Write,
    ) -> io::Result<Self> {
        let names = || columns.iter().map(|column| Some(column.name.as_str()));
        match shape {
            Shape::Csv => writeln!(output, "{}", csv(names()))?,
            Shape::Json => write!(output, "[")?,
            Shape::Objects | Shape::Cells => {}
        }
        let key = |it: &Column| Ok(Key { json: quoted(&it.name)?, is_text: it.is_text() });
        let keys = columns.iter().map(key).collect::<io::Result<_>>()?;
        Ok(Self { shape, keys, output, row_count: 0, byte_count: 0 })
    }

    /// Writes a row.
    pub(super) fn row(&mut self, cells: &[Option<Cow<'_, str>>]) -> io::Result<()> {
        let text = match self.shape {
            Shape::Csv => csv(cells.iter().map(Option::as_deref)),
            Shape::Cells => serde_json::to_string(cells)?,
            Shape::Json | Shape::Objects => self.object(cells)?,
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

    fn object(&self, cells: &[Option<Cow<'_, str>>]) -> io::Result<String> {
        let mut text = String::with_capacity(cells.iter().flatten().map(|it| it.len() + 16).sum());
        for (key, cell) in self.keys.iter().zip(cells) {
            text.push(if text.is_empty() { '{' } else { ',' });
            text.push_str(&key.json);
            text.push(':');
            match cell {
                None => text.push_str("null"),
                Some(value) if key.is_text => text.push_str(&quoted(value)?),
                Some(value) => text.push_str(&without_nan(value)),
            }
        }
        text.push('}');
        Ok(text)
    }

    /// Writes what stands behind the last row.
    pub(super) fn end(self) -> io::Result<()> {
        if self.shape == Shape::Json {
            writeln!(self.output, "]")?;
        }
        self.output.flush()
    }
}

/// A text as JSON.
fn quoted(text: &str) -> io::Result<String> {
    Ok(serde_json::to_string(text)?)
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
