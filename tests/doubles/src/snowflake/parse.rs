//! A file's real bytes as rows of a landing table: matched by column name, cast, checked.

use std::io::{Read, Write};

use chrono::{DateTime, Utc};

use super::State;
use super::catalog::{Column, literal, quoted};
use super::copy::{Copy, Metadata, Reading};
use super::csv::{self, unreadable};
use super::engine::ltz;
use super::problem::{Outcome, Problem};
use super::time_format::strftime;
use super::types::Type;

/// What metadata columns need.
#[derive(Debug, Clone)]
pub(super) struct FileFacts {
    pub(super) key: String,
    pub(super) content_key: String,
    pub(super) scanned_at: DateTime<Utc>,
}

/// The first thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FirstError {
    pub(super) message: String,
    pub(super) line: Option<u64>,
    pub(super) column: Option<String>,
}

/// A file whose rows lie in the temporary table `checked`.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) row_count: u64,
    pub(super) error_count: u64,
    pub(super) first_error: Option<FirstError>,
}

/// A column's value as read and as cast, both in DuckDB's SQL.
struct Value {
    read: String,
    cast: String,
}

impl State {
    /// Reads a file into `checked`: every column of the table, the row's number, and what is wrong with the row.
    pub(super) fn parse(
        &mut self,
        copy: &Copy,
        bytes: &[u8],
        facts: &FileFacts,
    ) -> Outcome<Parsed> {
        let reading = copy.reading(&self.catalog)?;
        let columns = self.catalog.tables.get(&copy.table).map(|table| table.columns.clone());
        let columns = columns.ok_or_else(|| Problem::missing("Table", &copy.table.text()))?;
        let file = temporary(bytes, &reading)?;
        if reading.is_parquet {
            let path = literal(&file.path().to_string_lossy());
            self.engine.run(&format!(
                "create or replace temp table incoming as select * from read_parquet({path})"
            ))?;
        } else {
            let (header, records) = csv::read(bytes_of(&file)?, &reading)?;
            self.engine.fill("incoming", &header, &records)?;
        }
        let incoming = self.engine.describe("select * from incoming")?;
        let mut cells = Vec::new();
        let mut problems = Vec::new();
        for column in &columns {
            let value = self.value(column, copy, &incoming, (facts, &reading))?;
            let name = &column.name;
            if value.read != "null" {
                let message = bad_value(column.kind, &value.read);
                problems.push(format!(
                    "when ({}) is not null and ({}) is null then {message} || chr(31) || {}",
                    value.read,
                    value.cast,
                    literal(name)
                ));
            }
            if column.is_required {
                let message = literal(&format!("NULL result in a non-nullable column\u{1f}{name}"));
                problems.push(format!("when ({}) is null then {message}", value.cast));
            }
            cells.push(format!("{} as {}", value.cast, quoted(name)));
        }
        let problem = if problems.is_empty() {
            "null::varchar".to_owned()
        } else {
            format!("case {} end", problems.join(" "))
        };
        self.engine.run(&format!(
            "create or replace temp table checked as select rowid + 1 as \"$n\", {problem} as \"$problem\", {} from incoming",
            cells.join(", ")
        ))?;
        self.counted()
    }

    fn counted(&self) -> Outcome<Parsed> {
        let sql = "select count(*)::varchar, count(\"$problem\")::varchar, min(\"$n\") filter (\"$problem\" is not null)::varchar, \
                   arg_min(\"$problem\", \"$n\") filter (\"$problem\" is not null) from checked";
        let row = self.engine.texts(sql)?.into_iter().next().unwrap_or_default();
        let cell = |at: usize| row.get(at).cloned().flatten();
        let number = |at: usize| cell(at).and_then(|text| text.parse::<u64>().ok());
        let first_error = cell(3).map(|text| {
            let (message, column) = text.split_once('\u{1f}').unwrap_or((&text, ""));
            FirstError {
                message: message.to_owned(),
                line: number(2),
                column: Some(format!("\"{}\"[\"{column}\":1]", "TABLE")),
            }
        });
        Ok(Parsed {
            row_count: number(0).unwrap_or_default(),
            error_count: number(1).unwrap_or_default(),
            first_error,
        })
    }

    /// Puts the good rows of `checked` into the table: all of them, or one of several parts.
    pub(super) fn insert(
        &mut self,
        copy: &Copy,
        parsed: &Parsed,
        fault: &str,
        (part, parts): (u32, u32),
    ) -> Outcome<()> {
        let columns = self.catalog.tables.get(&copy.table).map(|table| table.columns.clone());
        let columns = columns.unwrap_or_default();
        if fault == "corrupt" {
            self.corrupt(&columns)?;
        }
        let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
        let names = names.join(", ");
        let from = parsed.row_count * u64::from(part) / u64::from(parts);
        let mut to = parsed.row_count * u64::from(part + 1) / u64::from(parts);
        if fault == "drop" {
            to = to.saturating_sub(1);
        }
        let sql = format!(
            "insert into {} ({names}) select {names} from checked where \"$problem\" is null and \"$n\" > {from} and \
             \"$n\" <= {to} order by \"$n\"",
            copy.table.quoted()
        );
        self.engine.run(&sql)?;
        if fault == "twice" { self.engine.run(&sql) } else { Ok(()) }
    }

    /// Changes the last business column that is text, in the first row.
    fn corrupt(&self, columns: &[Column]) -> Outcome<()> {
        let business = columns.iter().take_while(|column| column.name != "RUN_ID");
        let text = business.filter(|column| matches!(column.kind, Type::Varchar(_))).last();
        let column = text.ok_or_else(|| Problem::unknown("a table without text"))?;
        let name = quoted(&column.name);
        self.engine.run(&format!(
            "update checked set {name} = coalesce({name}, '') || '?' where \"$n\" = 1"
        ))
    }

    fn value(
        &mut self,
        column: &Column,
        copy: &Copy,
        incoming: &[(String, String)],
        (facts, reading): (&FileFacts, &Reading),
    ) -> Outcome<Value> {
        let target = column.kind.duckdb();
        if let Some((_, metadata)) = copy.metadata.iter().find(|(name, _)| *name == column.name) {
            let sql = match metadata {
                Metadata::FileName => literal(&facts.key),
                Metadata::FileRowNumber => "rowid + 1".to_owned(),
                Metadata::FileContentKey => literal(&facts.content_key),
                Metadata::FileLastModified | Metadata::StartScanTime => ltz(facts.scanned_at),
            };
            let cast = format!("cast({sql} as {target})");
            return Ok(Value { read: cast.clone(), cast });
        }
        let mut fitting =
            incoming.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&column.name));
        let Some((name, source)) = fitting.next() else {
            return Ok(Value { read: "null".to_owned(), cast: format!("null::{target}") });
        };
        if fitting.next().is_some() {
            return Err(Problem::syntax(&format!("two columns of the file fit '{}'", column.name)));
        }
        let read = match reading.is_parquet {
            true => null_if(&quoted(name), source, reading)?,
            false => quoted(name),
        };
        let is_time = matches!(
            column.kind,
            Type::TimestampNtz(_) | Type::TimestampLtz(_) | Type::TimestampTz(_)
        );
        let cast = if reading.is_parquet {
            let is_logical = reading.flag("USE_VECTORIZED_SCANNER", false)?
                || reading.flag("USE_LOGICAL_TYPE", false)?;
            if is_time && source.starts_with("TIMESTAMP") && !is_logical {
                self.violate(format!(
                    "`{}` would land in the year 55,000,000: the format neither uses logical types nor the \
                     vectorized scanner",
                    column.name
                ));
                return Ok(Value { cast: format!("null::{target}"), read });
            }
            format!("try_cast({read} as {target})")
        } else {
            cast_text(&read, column.kind, reading)?
        };
        let cast = match column.kind {
            Type::Varchar(length) if length < 16_777_216 => {
                format!("case when length({cast}) <= {length} then {cast} end")
            }
            _ => cast,
        };
        Ok(Value { read, cast })
    }
}

/// A text of parquet that is one of `NULL_IF` is NULL; the option's default is `\N` as it is for csv.
fn null_if(read: &str, source: &str, reading: &Reading) -> Outcome<String> {
    let marks = reading.words("NULL_IF", "\\N")?;
    if source != "VARCHAR" || marks.is_empty() {
        return Ok(read.to_owned());
    }
    let marks: Vec<String> = marks.iter().map(|text| literal(text)).collect();
    Ok(format!("case when {read} not in ({}) then {read} end", marks.join(", ")))
}

fn cast_text(read: &str, kind: Type, reading: &Reading) -> Outcome<String> {
    let target = kind.duckdb();
    let (option, cast) = match kind {
        Type::Date => ("DATE_FORMAT", "date"),
        Type::TimestampNtz(_) | Type::TimestampLtz(_) => ("TIMESTAMP_FORMAT", target.as_str()),
        _ => return Ok(format!("try_cast({read} as {target})")),
    };
    match reading.word(option, "AUTO")?.as_str() {
        "AUTO" => Ok(format!("try_cast({read} as {target})")),
        format => {
            let format = literal(&strftime(format, "+00:00", "+0000")?);
            Ok(format!("cast(try_strptime({read}, {format}) as {cast})"))
        }
    }
}

/// What Snowflake says of a value that does not fit.
fn bad_value(kind: Type, read: &str) -> String {
    let what = match kind {
        Type::Number(..) | Type::Float => "Numeric value",
        Type::Boolean => "Boolean value",
        Type::Date => "Date",
        Type::Varchar(_) => "User character length limit exceeded by string",
        _ => "Timestamp",
    };
    format!("{} || ({read})::varchar || ''' is not recognized'", literal(&format!("{what} '")))
}

/// The bytes as DuckDB can open them: its reader goes by the name, Snowflake's by the bytes.
fn temporary(bytes: &[u8], reading: &Reading) -> Outcome<tempfile::NamedTempFile> {
    let plain = if !reading.is_parquet && bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        let unpacked = flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain);
        unpacked.map_err(|error| unreadable(&error.to_string()))?;
        plain
    } else {
        bytes.to_vec()
    };
    let ending = if reading.is_parquet { ".parquet" } else { ".csv" };
    let written = tempfile::Builder::new().suffix(ending).tempfile().and_then(|mut file| {
        file.write_all(&plain)?;
        file.flush()?;
        Ok(file)
    });
    written.map_err(|error| unreadable(&error.to_string()))
}

fn bytes_of(file: &tempfile::NamedTempFile) -> Outcome<Vec<u8>> {
    std::fs::read(file.path()).map_err(|error| unreadable(&error.to_string()))
}
