//! A record of the stream: an event with the table that it is of.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::ids::Table;
use crate::stream::event::{SCHEMA_VERSION, op};
use crate::warehouse::StreamRow;

/// What a record holds, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) table: &'a str,
    #[serde(borrow)]
    pub(super) key: &'a RawValue,
    pub(super) op: &'a str,
    pub(super) event_id: &'a str,
    pub(super) run_id: &'a str,
    pub(super) schema_version: &'a str,
    #[serde(borrow)]
    pub(super) value: Option<&'a RawValue>,
}

/// The record of a row; `None` where the row is no JSON, which DuckDB never says.
pub(super) fn record(table: Table, row: &StreamRow) -> Option<Vec<u8>> {
    let raw = |text: &'_ String| serde_json::from_str::<Box<RawValue>>(text).ok();
    let key = raw(&row.key)?;
    let value = match &row.value {
        Some(value) => Some(raw(value)?),
        None => None,
    };
    let envelope = Envelope {
        table: table.name(),
        key: &key,
        op: op(row),
        event_id: &row.event_id(table),
        run_id: &row.run_id,
        schema_version: SCHEMA_VERSION,
        value: value.as_deref(),
    };
    serde_json::to_vec(&envelope).ok()
}

/// The longest partition key, in characters.
const LONGEST_KEY: usize = 256;

/// What keeps the events of a row in one shard: table and key, or their sum where they are too long.
pub(super) fn partition_key(table: Table, key: &str) -> String {
    let plain = format!("{table}{key}");
    if plain.chars().count() <= LONGEST_KEY {
        return plain;
    }
    Sha256::digest(plain).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_whose_it_is_and_a_tombstone_has_no_value() {
        let mut row = StreamRow {
            key: "[\"a\",0]".to_owned(),
            value: Some("{\"id\":\"a\",\"row_hash\":\"1\"}".to_owned()),
            run_id: "R".to_owned(),
            row_hash: "1".to_owned(),
        };
        let text = String::from_utf8(record(Table::SongArtists, &row).unwrap()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["key"], serde_json::json!(["a", 0]));
        assert_eq!((&value["op"], &value["value"]["row_hash"]), (&"upsert".into(), &"1".into()));
        assert_eq!(value["event_id"], row.event_id(Table::SongArtists));
        row.value = None;
        let text = String::from_utf8(record(Table::SongArtists, &row).unwrap()).unwrap();
        let envelope: Envelope<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!((envelope.op, envelope.value.is_none()), ("delete", true));
        assert_eq!(partition_key(Table::Songs, "[\"a\"]"), "songs[\"a\"]");
        assert_eq!(partition_key(Table::Songs, &"é".repeat(252)).len(), 64);
    }
}
