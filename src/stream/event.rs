//! What an event says beside its key and value.

use sha2::{Digest, Sha256};

use crate::ids::Table;
use crate::warehouse::StreamRow;

/// Grows when a consumer must read events otherwise.
pub(crate) const SCHEMA_VERSION: &str = "1";

/// The same however often a change is sent: sha256 of the table, the key's JSON, the run and the row's hash, joined by U+001F.
pub(crate) fn event_id(table: Table, key: &str, run_id: &str, row_hash: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut sum = Sha256::new_with_prefix(table.name());
    for part in [key, run_id, row_hash] {
        sum.update("\u{1f}");
        sum.update(part);
    }
    // Of millions of events: no text for each byte.
    let mut id = String::with_capacity(64);
    for byte in sum.finalize() {
        id.push(DIGITS[usize::from(byte >> 4)].into());
        id.push(DIGITS[usize::from(byte & 15)].into());
    }
    id
}

/// What becomes of the row.
pub(crate) const fn op(row: &StreamRow) -> &'static str {
    if row.value.is_some() { "upsert" } else { "delete" }
}

impl StreamRow {
    /// The id of the event that it is.
    pub(super) fn event_id(&self, table: Table) -> String {
        event_id(table, &self.key, &self.run_id, &self.row_hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_sum_of_what_makes_the_change() {
        // printf 'songs\x1f["a"]\x1fR\x1f12' | sha256sum, and without the hash.
        let upsert = event_id(Table::Songs, "[\"a\"]", "R", "12");
        assert_eq!(upsert, "a97f9fb176f77e64c9a3196ba69121d823de9439fc42e334c8bf2f1002b293aa");
        let delete = event_id(Table::Songs, "[\"a\"]", "R", "");
        assert_eq!(delete, "cd47e007f66e3845725a8e7b609c9da86b3ce6a968fd384fe5fb898e51353ce1");
    }
}
