//! Lists, structs and maps as JSON. DuckDB's own writer sets six bytes aside for each byte of their texts, in each of 2,048 rows; so it hands out
//! what is in them as texts, and what encloses those is written here.

use std::borrow::Cow;

use duckdb::arrow::array::{Array, ArrayRef, AsArray};

use super::super::sql_files::quoted;

/// A type that has others in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Nested {
    List(Box<Part>),
    /// Fields by their names.
    Struct(Vec<(String, Part)>),
    /// Its values; keys are texts.
    Map(Box<Part>),
}

/// What a value has in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Nested(Nested),
    /// Its text stands between quotes.
    Text,
    /// Its text is JSON.
    Bare,
}

/// Types whose texts are JSON already, but for what JSON has no number for.
const BARE: [&str; 10] = [
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "DOUBLE",
];

/// Types that are texts in JSON.
const TEXTS: [&str; 10] = [
    "VARCHAR",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMP_S",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMP WITH TIME ZONE",
    "INTERVAL",
    "UUID",
];

impl Nested {
    /// The type of that name; `None` where it is another one, or has one in it, and DuckDB itself must write it.
    pub(super) fn of(kind: &str) -> Option<Self> {
        if let Some(list) = kind.strip_suffix(']') {
            let (of, _) = list.rsplit_once('[')?;
            return Some(Self::List(Box::new(Part::of(of)?)));
        }
        let within = |word| kind.strip_prefix(word)?.strip_suffix(')');
        if let Some(fields) = within("STRUCT(") {
            return Some(Self::Struct(
                split(fields).into_iter().map(field).collect::<Option<_>>()?,
            ));
        }
        match split(within("MAP(")?)[..] {
            [key, value] if TEXTS.contains(&key) || BARE.contains(&key) => {
                Some(Self::Map(Box::new(Part::of(value)?)))
            }
            _ => None,
        }
    }

    /// The same type with texts in it, to which a value is cast.
    pub(super) fn of_texts(&self) -> String {
        match self {
            Self::List(part) => format!("{}[]", part.of_texts()),
            Self::Map(value) => format!("MAP(VARCHAR, {})", value.of_texts()),
            Self::Struct(fields) => {
                let field =
                    |(name, part): &(String, Part)| format!("{} {}", quoted(name), part.of_texts());
                format!("STRUCT({})", fields.iter().map(field).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// A value of that type as JSON.
    pub(super) fn json(&self, values: &ArrayRef, at: usize) -> Option<String> {
        let mut text = String::new();
        values.is_valid(at).then(|| self.write(values, at, &mut text))?;
        Some(text)
    }

    fn write(&self, values: &ArrayRef, at: usize, text: &mut String) {
        match self {
            Self::List(part) => {
                let list = values.as_list::<i32>();
                text.push('[');
                for (number, at) in places(list.value_offsets(), at).enumerate() {
                    text.push_str(if number == 0 { "" } else { "," });
                    part.write(list.values(), at, text);
                }
                text.push(']');
            }
            Self::Struct(fields) => {
                let columns = values.as_struct().columns();
                text.push('{');
                for (number, ((name, part), values)) in fields.iter().zip(columns).enumerate() {
                    text.push_str(if number == 0 { "" } else { "," });
                    write_text(name, text);
                    text.push(':');
                    part.write(values, at, text);
                }
                text.push('}');
            }
            Self::Map(part) => {
                let map = values.as_map();
                text.push('{');
                for (number, at) in places(map.value_offsets(), at).enumerate() {
                    text.push_str(if number == 0 { "" } else { "," });
                    write_text(map.keys().as_string::<i32>().value(at), text);
                    text.push(':');
                    part.write(map.values(), at, text);
                }
                text.push('}');
            }
        }
    }
}

impl Part {
    fn of(kind: &str) -> Option<Self> {
        match kind {
            _ if BARE.contains(&kind) => Some(Self::Bare),
            _ if TEXTS.contains(&kind) => Some(Self::Text),
            _ => Nested::of(kind).map(Self::Nested),
        }
    }

    fn of_texts(&self) -> Cow<'static, str> {
        match self {
            Self::Nested(nested) => nested.of_texts().into(),
            Self::Text | Self::Bare => "VARCHAR".into(),
        }
    }

    fn write(&self, values: &ArrayRef, at: usize, text: &mut String) {
        if values.is_null(at) {
            return text.push_str("null");
        }
        match self {
            Self::Nested(nested) => nested.write(values, at, text),
            Self::Text => write_text(values.as_string::<i32>().value(at), text),
            Self::Bare => text.push_str(match values.as_string::<i32>().value(at) {
                "nan" | "inf" | "-inf" => "null",
                bare => bare,
            }),
        }
    }
}

/// Where the parts of a value are.
fn places(offsets: &[i32], at: usize) -> std::ops::Range<usize> {
    let place = |at: usize| usize::try_from(offsets[at]).unwrap_or_default();
    place(at)..place(at + 1)
}

fn write_text(value: &str, text: &mut String) {
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}

/// A field's name and type.
fn field(text: &str) -> Option<(String, Part)> {
    let (name, kind) = match text.strip_prefix('"') {
        None => text.split_once(' ').map(|(name, kind)| (name.to_owned(), kind))?,
        Some(rest) => {
            let mut end = rest.find('"')?;
            while rest[end + 1..].starts_with('"') {
                end += 2 + rest[end + 2..].find('"')?;
            }
            (rest[..end].replace("\"\"", "\""), rest[end + 1..].strip_prefix(' ')?)
        }
    };
    Some((name, Part::of(kind)?))
}

/// The parts between the commas that stand in no bracket and in no quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut from, mut parts) = (0_usize, None, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(letter),
            ('(', None) => depth += 1,
            (')', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use duckdb::Connection;
    use serde_json::{Value, json};

    use super::super::{Question, Refusal, Shape, answer};
    use super::*;

    #[test]
    fn a_type_is_read_with_what_is_in_it() {
        let list = |part| Nested::List(Box::new(part));
        let texts = Part::Nested(list(Part::Text));
        let pair = || vec![("a".to_owned(), Part::Bare), ("b \"c, (".to_owned(), Part::Text)];
        let cases = [
            ("VARCHAR[]", Some(list(Part::Text)), "VARCHAR[]"),
            ("INTEGER[3][]", Some(list(Part::Nested(list(Part::Bare)))), "VARCHAR[][]"),
            (
                r#"STRUCT(a DOUBLE, "b ""c, (" UUID)[]"#,
                Some(list(Part::Nested(Nested::Struct(pair())))),
                r#"STRUCT("a" VARCHAR, "b ""c, (" VARCHAR)[]"#,
            ),
            (
                "MAP(INTEGER, VARCHAR[])",
                Some(Nested::Map(Box::new(texts))),
                "MAP(VARCHAR, VARCHAR[])",
            ),
            ("VARCHAR", None, ""),
            ("FLOAT[]", None, ""),
            ("STRUCT(a BLOB)", None, ""),
            ("STRUCT(INTEGER, VARCHAR)", None, ""),
            ("MAP(INTEGER[], VARCHAR)", None, ""),
            ("ENUM('a[]', 'b')[]", None, ""),
            ("UNION(a INTEGER)", None, ""),
            ("JSON[]", None, ""),
        ];
        for (kind, wanted, of_texts) in cases {
            let found = Nested::of(kind);
            let text = found.as_ref().map(Nested::of_texts).unwrap_or_default();
            assert_eq!((found, text.as_str()), (wanted, of_texts), "{kind}");
        }
    }
    /// What a query on an empty file writes, at most so many rows.
    fn written(sql: &str, most_rows: u64) -> Result<Vec<u8>, Refusal> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.duckdb");
        Connection::open(&file).unwrap();
        let question = Question {
            file,
            sql: sql.to_owned(),
            parameters: BTreeMap::new(),
            shape: Shape::Objects,
            most_rows: Some(most_rows),
            most_bytes: None,
            timeout: Duration::ZERO,
            is_plan: false,
        };
        let mut output = Vec::new();
        answer(&question, &mut output).map(|_| output)
    }

    fn row(line: &[u8]) -> Value {
        serde_json::from_slice(line).unwrap()
    }

    #[test]
    fn what_is_written_here_is_what_duckdb_would_write() {
        let values = [
            "[1, null]",
            "['a\"b\\\\', null, 'NULL', '', 'é\n']",
            "[]::int[]",
            "null::int[]",
            "[[1], null, [], [null]]",
            "array_value(1, 2, 3)",
            "{'a': 1.5::double, 'b \"c, (': true, 'd': null, 'select': [{'x': 'y'}]}",
            "null::struct(a int)",
            "[{'a': 1}, null, {'a': null}]",
            "map {'x': [1, 2], 'y\"': null}",
            "map {date '2026-01-02': {'a': 'x'}}",
            "map {}::map(varchar, int)",
            "[date '2026-01-02', '-infinity']",
            "[time '01:02:03', null]",
            "[timestamp '2026-01-02 03:04:05.5']",
            "[timestamptz '2026-01-02 03:04:05+02']",
            "[interval '1 month 2 days']",
            "[uuid '00000000-0000-0000-0000-000000000001']",
            "['nan'::double, 'infinity', '-infinity', -1e20, 1e-7, 0.1]",
            "[18446744073709551615::ubigint, 0]",
            // What is left to it.
            "[0.1::float]",
            "[1.10::decimal(4, 2)]",
            "['{\"k\": [1]}'::json]",
            "['a'::enum('a', 'b')]",
            "[union_value(k := 1)]",
            "row(1, 'x')",
        ];
        for value in values {
            let sql =
                format!("select v, [v] as l, to_json(v)::varchar as j from (select {value} as v)");
            let row = row(&written(&sql, 1).unwrap_or_else(|it| panic!("{value}: {it:?}")));
            let text = row["j"].as_str().unwrap_or("null");
            let bare = text.replace("-Infinity", "null").replace("Infinity", "null");
            let wanted: Value = serde_json::from_str(&bare.replace("NaN", "null")).unwrap();
            assert_eq!(row["v"], wanted, "{value}");
            assert_eq!(row["l"][0], wanted, "{value}");
        }
    }

    #[test]
    fn a_list_of_many_kilobytes_passes_in_each_of_as_many_rows_as_duckdb_makes_at_a_time() {
        let sql = "select [repeat('x\"é', 6000), null] as l from range(2050) t(i)";
        // It makes 2,048 for one.
        let written = written(sql, 1).unwrap();
        assert_eq!(row(&written), json!({"l": ["x\"é".repeat(6000), null]}));
    }
}
