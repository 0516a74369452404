//! The local side of a reconciliation: what `core` holds, in numbers that Snowflake can compute as well.
//!
//! Both sides hash the same text of a row (`staging.canonical_<table>` here, `sql/snowflake/canonical` there).

use std::collections::BTreeSet;

use serde_json::json;

use super::error::{Doing, Error};
use super::{Warehouse, sql_files};
use crate::ids::Table;

/// A whole table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableSum {
    /// Its rows.
    pub row_count: u64,
    /// The sum of their hashes; a decimal text, because it exceeds 64 bits.
    pub content_hash_sum: String,
}

/// One 256th of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketSum {
    /// The first byte of the keys' md5, as two hexadecimal digits.
    pub bucket: String,
    /// Its rows.
    pub row_count: u64,
    /// The sum of their hashes; a decimal text, because it exceeds 64 bits.
    pub content_hash_sum: String,
}

/// One row's key and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyHash {
    /// The key columns, joined with U+001F.
    pub row_key: String,
    /// The row's hash, a decimal text.
    pub content_hash: String,
}

/// One row in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CurrentRow {
    /// The key columns, joined with U+001F.
    pub row_key: String,
    /// The business columns in order, each as text.
    pub values: Vec<Option<String>>,
    /// The run that wrote it.
    pub run_id: String,
    /// That run's start.
    pub extracted_at: String,
    /// Whether no run has shipped it yet; `false` for a row of Snowflake's.
    pub is_unshipped: bool,
}

impl Warehouse {
    /// Rows and checksum of a table.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn table_sum(&self, table: Table) -> Result<TableSum, Error> {
        let sql = sql_files::for_table(sql_files::RECONCILE_COUNTS, table);
        let read = |row: &duckdb::Row<'_>| {
            Ok(TableSum { row_count: row.get(0)?, content_hash_sum: row.get(1)? })
        };
        self.connection.query_row(&sql, [], read).doing(&format!("sum up `{table}`"))
    }

    /// Whether any row of a table, current or not, has one of these texts.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn holds_text(&self, table: Table, texts: &[String]) -> Result<bool, Error> {
        let sql = sql_files::for_table(sql_files::ledger::HOLDS_TEXT, table);
        let texts = json!(texts).to_string();
        let doing = format!("look for texts in `{table}`");
        self.connection.query_row(&sql, [texts], |row| row.get(0)).doing(&doing)
    }

    /// Rows and checksum of each bucket that has rows.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn bucket_sums(&self, table: Table) -> Result<Vec<BucketSum>, Error> {
        let sql = sql_files::for_table(sql_files::RECONCILE_BUCKETS, table);
        self.rows(&sql, &format!("sum up the buckets of `{table}`"), |row| {
            Ok(BucketSum {
                bucket: row.get(0)?,
                row_count: row.get(1)?,
                content_hash_sum: row.get(2)?,
            })
        })
    }

    /// Keys and hashes of the rows of some buckets.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn bucket_keys(
        &self,
        table: Table,
        buckets: &BTreeSet<String>,
    ) -> Result<Vec<KeyHash>, Error> {
        self.rows_among(sql_files::RECONCILE_KEYS, table, buckets, |row| {
            Ok(KeyHash { row_key: row.get(0)?, content_hash: row.get(1)? })
        })
    }

    /// The rows of some keys.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn current_rows(
        &self,
        table: Table,
        keys: &BTreeSet<String>,
    ) -> Result<Vec<CurrentRow>, Error> {
        let columns = 4..4 + table.columns().len();
        self.rows_among(sql_files::RECONCILE_ROWS, table, keys, |row| {
            Ok(CurrentRow {
                row_key: row.get(0)?,
                run_id: row.get(1)?,
                extracted_at: row.get(2)?,
                is_unshipped: row.get(3)?,
                values: columns.clone().map(|at| row.get(at)).collect::<Result<_, _>>()?,
            })
        })
    }

    /// Makes the rows of some keys this run's, so that they are shipped again; with a row goes its whole group.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn reship(&mut self, table: Table, keys: &BTreeSet<String>) -> Result<(), Error> {
        let group_of = |key: &String| match key.split_once('\u{1f}') {
            Some((group, _)) if table.group() != table.key() => group.to_owned(),
            _ => key.clone(),
        };
        let groups: BTreeSet<String> = keys.iter().map(group_of).collect();
        let doing = format!("ship rows of `{table}` again");
        let sql = sql_files::for_table(sql_files::RESHIP, table);
        self.transaction(|warehouse| {
            warehouse.connection.execute(&sql, [json!(groups).to_string()]).doing(&doing)?;
            warehouse.note_change(&doing)
        })
    }

    /// Those of some groups that have rows.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn held_groups(
        &self,
        table: Table,
        groups: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, Error> {
        let groups = self.rows_among(sql_files::HELD_GROUPS, table, groups, |row| row.get(0))?;
        Ok(groups.into_iter().collect())
    }

    fn rows_among<T>(
        &self,
        template: &str,
        table: Table,
        wanted: &BTreeSet<String>,
        read: impl FnMut(&duckdb::Row<'_>) -> duckdb::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let doing = format!("read rows of `{table}`");
        let mut statement =
            self.connection.prepare(&sql_files::for_table(template, table)).doing(&doing)?;
        let rows = statement.query_map([json!(wanted).to_string()], read).doing(&doing)?;
        rows.collect::<Result<_, _>>().doing(&doing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One table's row in two warehouses, so that a test can make them differ.
    fn warehouse(rows: &str) -> (tempfile::TempDir, Warehouse) {
        let (folder, warehouse) = Warehouse::scratch();
        let sql = format!(
            "insert into core.song_artists select *, 'R', timestamp '2026-01-05 06:07:08', 0 \
                from (values {rows})"
        );
        warehouse.connection().execute_batch(&sql).unwrap();
        (folder, warehouse)
    }

    /// First 8 bytes of md5, big endian, computed without DuckDB.
    fn hash(text: &str) -> u64 {
        use md5::Digest;
        u64::from_be_bytes(md5::Md5::digest(text.as_bytes())[..8].try_into().unwrap())
    }

    #[test]
    fn sums_buckets_keys_and_rows_are_those_of_the_rows_texts() {
        let (_folder, warehouse) = warehouse("('s1', 0, 'a1'), ('s1', 1, null), ('it''s', 0, 'ä')");
        let texts = ["s1\u{1f}0\u{1f}a1", "s1\u{1f}1\u{1f}\\N", "it's\u{1f}0\u{1f}ä"];
        let keys = ["s1\u{1f}0", "s1\u{1f}1", "it's\u{1f}0"];
        let total: u128 = texts.iter().map(|text| u128::from(hash(text))).sum();
        assert_eq!(
            warehouse.table_sum(Table::SongArtists).unwrap(),
            TableSum { row_count: 3, content_hash_sum: total.to_string() }
        );
        let bucket = |key: &str| format!("{:016x}", hash(key))[..2].to_owned();
        let sums = warehouse.bucket_sums(Table::SongArtists).unwrap();
        assert_eq!(
            sums.iter().map(|sum| sum.bucket.clone()).collect::<BTreeSet<_>>(),
            keys.iter().map(|key| bucket(key)).collect()
        );
        let found = warehouse.bucket_keys(Table::SongArtists, &[bucket(keys[2])].into()).unwrap();
        let content_hash = hash(texts[2]).to_string();
        assert_eq!(found, [KeyHash { row_key: keys[2].to_owned(), content_hash }]);
        let rows = warehouse.current_rows(Table::SongArtists, &[keys[1].to_owned()].into());
        let rows = rows.unwrap();
        assert_eq!(rows[0].values, [Some("s1"), Some("1"), None].map(|it| it.map(str::to_owned)));
        assert_eq!(rows[0].extracted_at, "2026-01-05T06:07:08.000000");
        assert!(!rows[0].is_unshipped);
    }

    #[test]
    fn an_empty_table_sums_to_nothing_and_has_no_buckets() {
        let (_folder, warehouse) = warehouse("('s', 0, 'a')");
        for table in Table::ALL.into_iter().filter(|table| *table != Table::SongArtists) {
            let nothing = TableSum { row_count: 0, content_hash_sum: "0".to_owned() };
            assert_eq!(warehouse.table_sum(table).unwrap(), nothing, "{table}");
            assert_eq!(warehouse.bucket_sums(table).unwrap(), [], "{table}");
            assert_eq!(warehouse.bucket_keys(table, &["00".to_owned()].into()).unwrap(), []);
            assert_eq!(warehouse.current_rows(table, &["x".to_owned()].into()).unwrap(), []);
        }
    }
}
