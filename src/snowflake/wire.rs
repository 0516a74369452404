//! The JSON shapes of both APIs. What we do not read is not listed.
//!
//! `code` is a string by the specification; a number is read too. Nothing here refuses unknown fields: Snowflake adds some.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::http::{BodyError, MAX_BODY_BYTES, shortened};

/// `POST /api/v2/statements`.
#[derive(Serialize)]
pub(super) struct StatementBody<'a> {
    pub(super) statement: &'a str,
    pub(super) timeout: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) warehouse: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) database: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) schema: Option<&'a str>,
    /// By position, from 1.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) bindings: BTreeMap<String, BindingBody>,
    pub(super) parameters: BTreeMap<&'static str, String>,
}

/// One bound value, always as text.
#[derive(Serialize)]
pub(super) struct BindingBody {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) value: String,
}

/// What every answer of the SQL API has: `QueryStatus`, `QueryFailureStatus`, `CancelStatus`, and the head of `ResultSet`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(default, deserialize_with = "text")]
    pub(super) code: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) sql_state: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) message: String,
    #[serde(default)]
    pub(super) statement_handle: Option<String>,
}

impl Status {
    /// Reads what can be read; a body that is no JSON object gives an empty status.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The message, or the code, or that there is none.
    pub(super) fn words(&self) -> String {
        let texts = [&self.message, &self.code];
        texts
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or_else(|| "the answer gives no reason".to_owned(), Clone::clone)
    }
}

/// A result's first answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultSet {
    #[serde(default)]
    pub(super) result_set_meta_data: Option<MetaData>,
    #[serde(default)]
    pub(super) data: Option<Vec<Vec<Option<String>>>>,
    #[serde(default)]
    pub(super) stats: Option<Stats>,
    /// Several statements in one: a handle for each.
    #[serde(default)]
    pub(super) statement_handles: Vec<String>,
}

/// Partitions behind the first have nothing but this.
#[derive(Deserialize)]
pub(super) struct Partition {
    pub(super) data: Vec<Vec<Option<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MetaData {
    #[serde(default)]
    pub(super) num_rows: Option<u64>,
    #[serde(default)]
    pub(super) row_type: Vec<RowType>,
    #[serde(default)]
    pub(super) partition_info: Vec<PartitionInfo>,
}

#[derive(Deserialize)]
pub(super) struct RowType {
    pub(super) name: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartitionInfo {
    pub(super) row_count: u64,
}

/// What a DML statement changed.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Stats {
    pub(super) num_rows_inserted: u64,
    pub(super) num_rows_updated: u64,
    pub(super) num_rows_deleted: u64,
    pub(super) num_duplicate_rows_updated: u64,
}

/// `POST …/insertFiles`.
#[derive(Serialize)]
pub(super) struct InsertFilesBody<'a> {
    pub(super) files: Vec<InsertFile<'a>>,
}

#[derive(Serialize)]
pub(super) struct InsertFile<'a> {
    pub(super) path: &'a str,
    pub(super) size: u64,
}

/// The answer to `insertFiles`; `responseCode` in newer, `status` in older documentation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InsertFilesAnswer {
    #[serde(default)]
    pub(super) request_id: Option<String>,
    #[serde(default)]
    pub(super) response_code: Option<String>,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default, deserialize_with = "paths")]
    pub(super) skipped_files: Vec<String>,
    #[serde(default, deserialize_with = "paths")]
    pub(super) unmatched_pattern_files: Vec<String>,
}

/// The answers of `insertReport` and `loadHistoryScan`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    #[serde(default, deserialize_with = "truth")]
    pub(super) complete_result: Option<bool>,
    #[serde(default)]
    pub(super) next_begin_mark: Option<String>,
    #[serde(default)]
    pub(super) range_end_time: Option<String>,
    #[serde(default)]
    pub(super) statistics: Option<Statistics>,
    #[serde(default)]
    pub(super) files: Option<Vec<ReportedFile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statistics {
    #[serde(default)]
    pub(super) active_files: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportedFile {
    pub(super) path: String,
    #[serde(default)]
    pub(super) stage_location: Option<String>,
    #[serde(default)]
    pub(super) file_size: Option<u64>,
    #[serde(default)]
    pub(super) time_received: Option<String>,
    #[serde(default)]
    pub(super) last_insert_time: Option<String>,
    #[serde(default)]
    pub(super) rows_inserted: Option<u64>,
    #[serde(default)]
    pub(super) rows_parsed: Option<u64>,
    #[serde(default)]
    pub(super) errors_seen: Option<u64>,
    #[serde(default)]
    pub(super) first_error: Option<String>,
    #[serde(default)]
    pub(super) first_error_line_num: Option<u64>,
    #[serde(default)]
    pub(super) first_error_column_name: Option<String>,
    #[serde(default)]
    pub(super) system_error: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    pub(super) complete: Option<bool>,
    #[serde(default)]
    pub(super) status: String,
}

/// A body as text: gzip is opened by its first bytes, because a proxy may have dropped the header that announces it.
pub(super) fn unpacked(body: Vec<u8>) -> Result<Vec<u8>, BodyError> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(body);
    }
    let mut text = Vec::new();
    // One byte more than there may be, to see whether there is one.
    let limit = MAX_BODY_BYTES as u64 + 1;
    let read = GzDecoder::new(body.as_slice()).take(limit).read_to_end(&mut text);
    read.map_err(|_| BodyError::Broken("the gzip body is cut".to_owned()))?;
    if MAX_BODY_BYTES < text.len() { Err(BodyError::TooLarge) } else { Ok(text) }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => shortened(&text),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

/// `completeResult` is a boolean in one report and a string in the other.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(is_true) => Some(is_true),
        Value::String(text) => Some(text.eq_ignore_ascii_case("true")),
        _ => None,
    })
}

/// File names, or objects with a `path`.
fn paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let listed = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
    let path_of = |value: Value| match value {
        Value::String(path) => Some(path),
        Value::Object(fields) => fields.get("path")?.as_str().map(str::to_owned),
        _ => None,
    };
    Ok(listed.into_iter().filter_map(path_of).collect())
}
