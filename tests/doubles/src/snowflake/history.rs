//! What is told of loads: `insertReport`, `loadHistoryScan` and `COPY_HISTORY`.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::State;
use super::access::On;
use super::catalog::{Name, literal};
use super::engine::ltz;
use super::loads::{Load, Status};
use super::problem::{Outcome, Problem};

/// How long a report keeps an event.
pub(super) const REPORT_WINDOW: TimeDelta = TimeDelta::minutes(10);
/// How many events a report and a scan hold.
pub(super) const EVENT_LIMIT: usize = 10_000;

const COPY_HISTORY: [&str; 21] = [
    "FILE_NAME",
    "STAGE_LOCATION",
    "LAST_LOAD_TIME",
    "ROW_COUNT",
    "ROW_PARSED",
    "FILE_SIZE",
    "FIRST_ERROR_MESSAGE",
    "FIRST_ERROR_LINE_NUMBER",
    "FIRST_ERROR_CHARACTER_POS",
    "FIRST_ERROR_COLUMN_NAME",
    "ERROR_COUNT",
    "ERROR_LIMIT",
    "STATUS",
    "TABLE_CATALOG_NAME",
    "TABLE_SCHEMA_NAME",
    "TABLE_NAME",
    "PIPE_CATALOG_NAME",
    "PIPE_SCHEMA_NAME",
    "PIPE_NAME",
    "PIPE_RECEIVED_TIME",
    "BYTES_BILLED",
];

impl State {
    /// Events of a pipe that a report may tell now, oldest first, and whether some were dropped.
    pub(super) fn report(
        &self,
        pipe: &Name,
        since_mark: u64,
        recent: TimeDelta,
    ) -> (Vec<Value>, bool) {
        let now = self.now();
        let window = recent.min(REPORT_WINDOW);
        let told: Vec<&Load> = self
            .loads
            .iter()
            .filter(|load| load.pipe.as_ref() == Some(pipe) && load.is_rest)
            .filter(|load| {
                load.reported_from.is_some_and(|from| from <= now && now - from < window)
            })
            // A mark is a hint: the event before it comes again.
            .filter(|load| load.event + 1 >= since_mark)
            .collect();
        let dropped = told.len().saturating_sub(EVENT_LIMIT);
        let kept = &told[dropped..];
        let twice = kept.iter().flat_map(|load| {
            std::iter::repeat_n(*load, if load.is_reported_twice { 2 } else { 1 })
        });
        (twice.map(report_entry).collect(), dropped > 0)
    }

    /// `loadHistoryScan`'s entries, at most [`EVENT_LIMIT`]; whether that is all, and up to when.
    pub(super) fn scan(
        &self,
        pipe: &Name,
        (since, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> (Vec<Value>, bool, DateTime<Utc>) {
        let mut found: Vec<&Load> = self
            .loads
            .iter()
            .filter(|load| load.pipe.as_ref() == Some(pipe) && load.is_rest)
            .filter(|load| load.reported_from.is_some())
            .filter(|load| since <= load.at && load.at < until)
            .collect();
        found.sort_by_key(|load| load.event);
        let is_complete = found.len() <= EVENT_LIMIT;
        found.truncate(EVENT_LIMIT);
        let end = if is_complete { until } else { found.last().map_or(until, |load| load.at) };
        (found.into_iter().map(report_entry).collect(), is_complete, end)
    }

    /// `COPY_HISTORY` as a select over its rows.
    pub(super) fn copy_history(
        &self,
        table: &Name,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        role: &str,
    ) -> Outcome<String> {
        let now = self.now();
        if now - since > TimeDelta::days(14) {
            let message = "Invalid time range. The START_TIME must be within the last 14 days.";
            return Err(Problem::new("002078", "22023", message.to_owned()));
        }
        let known = self.catalog.tables.get(table).filter(|_| {
            self.access.enters(role, &table.database, &table.schema)
                && self.access.sees(role, On::Table, &table.text())
        });
        let known = known.ok_or_else(|| Problem::missing("Table", &table.text()))?;
        let lag = TimeDelta::from_std(self.history_lag).unwrap_or_default();
        let rows: Vec<String> = self
            .loads
            .iter()
            .filter(|load| load.table == *table && load.reported_from.is_some())
            .filter(|load| since <= load.at && until.is_none_or(|until| load.at < until))
            .filter(|load| now - load.at >= lag)
            .filter(|load| known.truncated_at.is_none_or(|truncated| load.at > truncated))
            .map(|load| self.history_row(load, role))
            .collect();
        let names = COPY_HISTORY.map(|name| format!("\"{name}\"")).join(", ");
        let none =
            COPY_HISTORY.map(|name| format!("null::{} as \"{name}\"", kind_of(name))).join(", ");
        if rows.is_empty() {
            return Ok(format!("(select {none} where false)"));
        }
        Ok(format!("(select * from (values {}) as history({names}))", rows.join(", ")))
    }

    fn history_row(&self, load: &Load, role: &str) -> String {
        let shown = load
            .pipe
            .as_ref()
            .filter(|pipe| self.access.may(role, "MONITOR", On::Pipe, &pipe.text()));
        let url = format!("s3://{}/{}", load.bucket, load.location);
        // The slash between the two may stand on either side.
        let (location, file) = if load.event.is_multiple_of(2) {
            (url, load.path.clone())
        } else {
            (url.trim_end_matches('/').to_owned(), format!("/{}", load.path))
        };
        let error = load.first_error.as_ref();
        let is_done = load.status != Status::InProgress;
        let text = |value: Option<&str>| value.map(literal);
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let cells = [
            Some(literal(&file)),
            Some(literal(&location)),
            Some(ltz(load.at)),
            number(Some(load.rows_inserted)),
            number(is_done.then_some(load.rows_parsed)),
            number(Some(load.size)),
            text(error.map(|error| error.message.as_str())),
            number(error.and_then(|error| error.line)),
            None,
            text(error.and_then(|error| error.column.as_deref())),
            number(Some(load.errors_seen)),
            number(Some(1)),
            Some(literal(match load.status {
                Status::InProgress => "Load in progress",
                Status::Loaded => "Loaded",
                Status::PartiallyLoaded => "Partially loaded",
                Status::Failed => "Load failed",
            })),
            Some(literal(&load.table.database)),
            Some(literal(&load.table.schema)),
            Some(literal(&load.table.object)),
            text(shown.map(|pipe| pipe.database.as_str())),
            text(shown.map(|pipe| pipe.schema.as_str())),
            text(shown.map(|pipe| pipe.object.as_str())),
            shown.map(|_| ltz(load.received_at)),
            shown.and_then(|_| number(Some(load.size))),
        ];
        let cells = cells.into_iter().zip(COPY_HISTORY).map(|(cell, name)| {
            format!("{}::{}", cell.unwrap_or_else(|| "null".to_owned()), kind_of(name))
        });
        format!("({})", cells.collect::<Vec<_>>().join(", "))
    }
}

fn kind_of(name: &str) -> &'static str {
    match name {
        "LAST_LOAD_TIME" | "PIPE_RECEIVED_TIME" => "timestamp_ns",
        "ROW_COUNT"
        | "ROW_PARSED"
        | "FILE_SIZE"
        | "FIRST_ERROR_LINE_NUMBER"
        | "FIRST_ERROR_CHARACTER_POS"
        | "ERROR_COUNT"
        | "ERROR_LIMIT"
        | "BYTES_BILLED" => "decimal(38,0)",
        _ => "varchar",
    }
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A file in a report or a scan; fields that say nothing are absent.
fn report_entry(load: &Load) -> Value {
    let mut entry = Map::new();
    let mut set = |name: &str, value: Value| {
        entry.insert(name.to_owned(), value);
    };
    set("path", json!(load.path));
    set("stageLocation", json!(format!("s3://{}/{}", load.bucket, load.location)));
    set("fileSize", json!(load.size));
    set("timeReceived", json!(time(load.received_at)));
    set("lastInsertTime", json!(time(load.at)));
    set("rowsInserted", json!(load.rows_inserted));
    set("rowsParsed", json!(load.rows_parsed));
    set("errorsSeen", json!(load.errors_seen));
    set("errorLimit", json!(1));
    set("complete", json!(load.status != Status::InProgress));
    set(
        "status",
        json!(match load.status {
            Status::InProgress => "LOAD_IN_PROGRESS",
            Status::Loaded => "LOADED",
            Status::PartiallyLoaded => "PARTIALLY_LOADED",
            Status::Failed => "LOAD_FAILED",
        }),
    );
    if let Some(error) = &load.first_error {
        set("firstError", json!(error.message));
        if let Some(line) = error.line {
            set("firstErrorLineNum", json!(line));
            set("firstErrorCharacterPos", json!(1));
        } else {
            set("systemError", json!(error.message));
        }
        if let Some(column) = &error.column {
            set("firstErrorColumnName", json!(column));
        }
    }
    Value::Object(entry)
}
