//! What an event must be, computed here from what the contract says, and what `core` holds, read from the published file.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{TABLES, World};

/// An event as a consumer sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    pub(crate) table: String,
    /// The text of a JSON array.
    pub(crate) key: String,
    pub(crate) value: Option<String>,
    pub(crate) op: String,
    pub(crate) event_id: String,
    pub(crate) run_id: String,
    pub(crate) schema_version: String,
}

impl Event {
    fn row_hash(&self) -> Option<String> {
        let value: Value = serde_json::from_str(self.value.as_ref()?).unwrap();
        Some(value["row_hash"].as_str().unwrap().to_owned())
    }

    /// That it is as the contract has it.
    pub(crate) fn check(&self) {
        let hash = self.row_hash().unwrap_or_default();
        let text = [&*self.table, &*self.key, &*self.run_id, &*hash].join("\u{1f}");
        let id: String = Sha256::digest(text).iter().map(|it| format!("{it:02x}")).collect();
        assert_eq!(self.event_id, id, "{self:?}");
        let op = if self.value.is_some() { "upsert" } else { "delete" };
        assert_eq!((self.op.as_str(), self.schema_version.as_str()), (op, "1"), "{self:?}");
        let Some(value) = &self.value else { return };
        let value: Value = serde_json::from_str(value).unwrap();
        let named: Vec<&Value> = key_columns(&self.table).iter().map(|name| &value[name]).collect();
        assert_eq!(serde_json::to_string(&named).unwrap(), self.key, "{self:?}");
        assert_eq!(value["run_id"], *self.run_id);
        assert!(value.as_object().unwrap().values().all(|it| !it.is_object() && !it.is_array()));
        let at = value["extracted_at"].as_str().unwrap();
        assert!(at.len() == 20 && at.ends_with('Z') && &at[10..11] == "T", "{at}");
    }
}

/// As DESIGN's section 4 has them.
fn key_columns(table: &str) -> &'static [&'static str] {
    match table {
        "song_artists" => &["song_id", "artist_position"],
        "playlist_songs" => &["playlist_id", "snapshot_id", "position"],
        "song_observations" => &["song_id", "observed_on"],
        "genres" => &["artist_id", "genre"],
        _ => &["id"],
    }
}

/// Key and hash of each row, by table and key.
pub(crate) type Rows = BTreeMap<(String, String), String>;

/// What a table compacted by key holds.
pub(crate) fn compacted(events: &[Event]) -> Rows {
    let mut rows = Rows::new();
    for event in events {
        let key = (event.table.clone(), event.key.clone());
        match event.row_hash() {
            Some(hash) => drop(rows.insert(key, hash)),
            None => drop(rows.remove(&key)),
        }
    }
    rows
}

/// What `core` holds.
pub(crate) fn core(world: &World) -> Rows {
    let mut rows = Rows::new();
    for table in TABLES {
        let found = world.query(&format!("select *, row_hash::varchar as hash from core.{table}"));
        for row in found.as_array().unwrap() {
            let key: Vec<&Value> = key_columns(table).iter().map(|name| &row[name]).collect();
            let key = (table.to_owned(), serde_json::to_string(&key).unwrap());
            rows.insert(key, row["hash"].as_str().unwrap().to_owned());
        }
    }
    assert!(100 < rows.len());
    rows
}

/// What a report says of the stream: events, acknowledged ones, and the states.
pub(crate) fn streamed(report: &Value) -> (u64, u64, Vec<String>) {
    let streams = report["streams"].as_array().unwrap();
    let sum = |name: &str| streams.iter().map(|it| it[name].as_u64().unwrap()).sum();
    let mut states: Vec<String> =
        streams.iter().map(|it| it["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    states.dedup();
    (sum("event_count"), sum("acknowledged_count"), states)
}
