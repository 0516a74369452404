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
pub(crate) struct StatementBody<'a> {
    pub(crate) statement: &'a str,
    pub(crate) timeout: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) warehouse: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<&'a str>,
    /// By position, from 1.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) bindings: BTreeMap<String, BindingBody>,
    pub(crate) parameters: BTreeMap<&'static str, String>,
}

/// One bound value, always as text.
#[derive(Serialize)]
pub(crate) struct BindingBody {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) value: String,
}

/// What every answer of the SQL API has: `QueryStatus`, `QueryFailureStatus`, `CancelStatus`, and the head of `ResultSet`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    #[serde(default, deserialize_with = "text")]
    pub(crate) code: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) sql_state: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) statement_handle: Option<String>,
}

impl Status {
    /// Reads what can be read; a body that is no JSON object gives an empty status.
    pub(crate) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The message, or the code, or that there is none.
    pub(crate) fn words(&self) -> String {
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
pub(crate) struct ResultSet {
    #[serde(default)]
    pub(crate) result_set_meta_data: Option<MetaData>,
    #[serde(default)]
    pub(crate) data: Option<Vec<Vec<Option<String>>>>,
}

/// Partitions behind the first have nothing but this.
#[derive(Deserialize)]
pub(crate) struct Partition {
    pub(crate) data: Vec<Vec<Option<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetaData {
    #[serde(default)]
    pub(crate) num_rows: Option<u64>,
    #[serde(default)]
    pub(crate) row_type: Vec<RowType>,
    #[serde(default)]
    pub(crate) partition_info: Vec<PartitionInfo>,
}

#[derive(Deserialize)]
pub(crate) struct RowType {
    pub(crate) name: String,
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartitionInfo {
    pub(crate) row_count: u64,
}

/// `POST …/insertFiles`.
#[derive(Serialize)]
pub(crate) struct InsertFilesBody<'a> {
    pub(crate) files: Vec<InsertFile<'a>>,
}

#[derive(Serialize)]
pub(crate) struct InsertFile<'a> {
    pub(crate) path: &'a str,
    pub(crate) size: u64,
}

/// The answer to `insertFiles`; `responseCode` in newer, `status` in older documentation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InsertFilesAnswer {
    #[serde(default)]
    pub(crate) response_code: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default, deserialize_with = "paths")]
    pub(crate) skipped_files: Vec<String>,
    #[serde(default, deserialize_with = "paths")]
    pub(crate) unmatched_pattern_files: Vec<String>,
}

/// The answer of `insertReport`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    #[serde(default, deserialize_with = "truth")]
    pub(crate) complete_result: Option<bool>,
    #[serde(default)]
    pub(crate) files: Option<Vec<ReportedFile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportedFile {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) stage_location: Option<String>,
    #[serde(default)]
    pub(crate) time_received: Option<String>,
    #[serde(default)]
    pub(crate) last_insert_time: Option<String>,
    #[serde(default)]
    pub(crate) rows_inserted: Option<u64>,
    #[serde(default)]
    pub(crate) rows_parsed: Option<u64>,
    #[serde(default)]
    pub(crate) errors_seen: Option<u64>,
    #[serde(default)]
    pub(crate) first_error: Option<String>,
    #[serde(default)]
    pub(crate) first_error_line_num: Option<u64>,
    #[serde(default)]
    pub(crate) first_error_column_name: Option<String>,
    #[serde(default)]
    pub(crate) system_error: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    pub(crate) complete: Option<bool>,
    #[serde(default)]
    pub(crate) status: String,
}

/// A body as text: gzip is opened by its first bytes, because a proxy may have dropped the header that announces it.
pub(crate) fn unpacked(body: Vec<u8>) -> Result<Vec<u8>, BodyError> {
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
