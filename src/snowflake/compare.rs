//! A whole table compared: counts, then checksums by bucket, then the keys that differ, then their rows in words.
//!
//! In: the same numbers from DuckDB ([`crate::warehouse`]) and from Snowflake (`sql/snowflake/compare`). Out: what to ask next,
//! and in the end a [`Difference`] per key with what to do about it. Pure: who asks is the run's.
//!
//! A table that is the same costs one query; one that differs costs what differs: of a million rows, a changed one leads to one
//! bucket of four thousand keys and to one row.

use std::collections::{BTreeMap, BTreeSet};

use super::api::{Error, Row, Rows};
use super::proof::evidence::{number, text};
use super::sql::value_name;
use crate::ids::Table;
use crate::phrase::either;
use crate::warehouse::{BucketSum, CurrentRow, KeyHash, TableSum};

/// A table on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableComparison {
    /// The table.
    pub table: Table,
    /// DuckDB.
    pub local: TableSum,
    /// Snowflake.
    pub remote: TableSum,
    /// The keys that differ; empty where nothing does.
    pub differences: Vec<Difference>,
}

/// A key that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The key columns' values in order.
    pub key: Vec<String>,
    /// The same joined into one text, as the row is asked for.
    pub row_key: String,
    /// DuckDB's row.
    pub local: Option<Side>,
    /// Snowflake's row.
    pub remote: Option<Side>,
    /// What differs. Empty where a side has no row.
    pub changes: Vec<Change>,
    /// What it is, and so what mends it.
    pub kind: Kind,
    /// Whether a row that only Snowflake has goes when its group is shipped again.
    pub goes_with_group: bool,
    /// What to do.
    pub next_step: String,
}

/// A value that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Its column.
    pub column: String,
    /// DuckDB's value; `None` is NULL.
    pub local: Option<String>,
    /// Snowflake's value.
    pub remote: Option<String>,
}

/// What a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// DuckDB's row is not shipped yet.
    Unshipped,
    /// Only DuckDB has the row.
    OnlyHere,
    /// Snowflake has an older version of it.
    OlderThere,
    /// Both have the same version, with other contents.
    Changed,
    /// Snowflake has a newer version of it.
    NewerThere,
    /// Snowflake has a version of a time that is still to come.
    AheadThere,
    /// Only Snowflake has the row.
    OnlyThere,
}

impl Kind {
    fn of(local: Option<&Side>, remote: Option<&Side>, now: &str) -> Self {
        match (local, remote) {
            (Some(_), Some(remote)) if now < remote.extracted_at.as_str() => Self::AheadThere,
            (Some(local), _) if local.is_unshipped => Self::Unshipped,
            (Some(_), None) => Self::OnlyHere,
            (None, _) => Self::OnlyThere,
            (Some(local), Some(remote)) => match remote.extracted_at.cmp(&local.extracted_at) {
                std::cmp::Ordering::Less => Self::OlderThere,
                std::cmp::Ordering::Equal => Self::Changed,
                std::cmp::Ordering::Greater => Self::NewerThere,
            },
        }
    }

    /// Every kind.
    pub(crate) const ALL: [Self; 7] = [
        Self::Unshipped,
        Self::OnlyHere,
        Self::OlderThere,
        Self::Changed,
        Self::NewerThere,
        Self::AheadThere,
        Self::OnlyThere,
    ];

    /// The kind as `--json` writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unshipped => "unshipped",
            Self::OnlyHere => "only_in_duckdb",
            Self::OlderThere => "older_in_snowflake",
            Self::Changed => "changed",
            Self::NewerThere => "newer_in_snowflake",
            Self::AheadThere => "ahead_in_snowflake",
            Self::OnlyThere => "only_in_snowflake",
        }
    }

    /// The kind behind a row.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Unshipped => "not shipped yet",
            Self::OnlyHere => "only in DuckDB",
            Self::OlderThere => "older in Snowflake",
            Self::Changed => "changed in Snowflake",
            Self::NewerThere => "newer in Snowflake",
            Self::AheadThere => "from the future in Snowflake",
            Self::OnlyThere => "only in Snowflake",
        }
    }

    /// What it means and what to do about it, once for all rows of the kind.
    pub(crate) fn next_step(self, count: usize) -> String {
        match (self, self.repair(count)) {
            (_, None) => self.meaning(count),
            (Self::OnlyHere, Some(repair)) => format!("{}: {repair}", self.meaning(count)),
            (_, Some(repair)) => format!("{}; {repair}", self.meaning(count)),
        }
    }

    /// What it means, of so many rows; for those that no `--repair` ships, also what to do.
    pub(crate) fn meaning(self, count: usize) -> String {
        let (it, is) = (it(count), either(count, "it is", "they are"));
        match self {
            Self::Unshipped => {
                format!("nothing: not shipped yet, the next `snowtrack run` does {it}")
            }
            Self::OnlyHere => {
                format!("never arrived, or {} deleted in Snowflake", either(count, "was", "were"))
            }
            Self::OlderThere => {
                let (has, newer) = (
                    either(count, "an older version", "older versions"),
                    either(count, "one never arrived, or was", "ones never arrived, or were"),
                );
                format!("Snowflake has {has}: the newer {newer} deleted")
            }
            Self::Changed => format!(
                "the same version with other contents: somebody changed {it} in Snowflake, or {} loaded wrong",
                either(count, "it was", "they were")
            ),
            Self::NewerThere => format!(
                "Snowflake has {}, from another warehouse file that ships to the same tables: let only one do it; `--repair --force` writes this one's over {it}",
                either(count, "a newer version", "newer versions")
            ),
            Self::AheadThere => format!(
                "Snowflake has {} of a time that is still to come: somebody changed {it}, or a clock was wrong; no shipment is newer, so {} to be deleted there first",
                either(count, "a version", "versions"),
                either(count, "it has", "they have")
            ),
            Self::OnlyThere => format!(
                "DuckDB does not know {it}: {is} gone here, or came from another warehouse file; no shipment takes a row away"
            ),
        }
    }

    /// What mends so many rows by another shipment, where that does.
    fn repair(self, count: usize) -> Option<String> {
        self.is_mended_by_repair().then(|| format!("`--repair` ships {} again", it(count)))
    }

    /// Whether another shipment makes Snowflake's current rows right, over nothing that is newer.
    pub(crate) const fn is_mended_by_repair(self) -> bool {
        matches!(self, Self::OnlyHere | Self::OlderThere | Self::Changed)
    }
}

fn it(count: usize) -> &'static str {
    either(count, "it", "them")
}

/// One side's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Side {
    /// The business columns' values in order; `None` is NULL.
    pub values: Vec<Option<String>>,
    /// The run that wrote it.
    pub run_id: String,
    /// That run's start.
    pub extracted_at: String,
    /// Whether no run has shipped it yet.
    pub is_unshipped: bool,
}

/// The buckets whose rows differ.
pub(crate) fn differing_buckets(local: &[BucketSum], remote: &[BucketSum]) -> BTreeSet<String> {
    let sums = |buckets: &[BucketSum]| -> BTreeMap<String, (u64, String)> {
        let entry =
            |sum: &BucketSum| (sum.bucket.clone(), (sum.row_count, sum.content_hash_sum.clone()));
        buckets.iter().map(entry).collect()
    };
    differing(&sums(local), &sums(remote))
}

/// The keys whose rows differ.
pub(crate) fn differing_keys(local: &[KeyHash], remote: &[KeyHash]) -> BTreeSet<String> {
    let hashes = |keys: &[KeyHash]| -> BTreeMap<String, String> {
        keys.iter().map(|key| (key.row_key.clone(), key.content_hash.clone())).collect()
    };
    differing(&hashes(local), &hashes(remote))
}

fn differing<T: PartialEq>(
    one: &BTreeMap<String, T>,
    other: &BTreeMap<String, T>,
) -> BTreeSet<String> {
    let names = one.keys().chain(other.keys());
    names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

/// What differs under each key, and what to do; `now` is a time as rows have it. Column by column: what joins them into the text that
/// is hashed may stand in a name as well.
pub(crate) fn differences(
    table: Table,
    local: &[CurrentRow],
    remote: &[CurrentRow],
    now: &str,
) -> Vec<Difference> {
    let by_key = |rows: &[CurrentRow]| -> BTreeMap<String, Side> {
        rows.iter().map(|row| (row.row_key.clone(), Side::of(row))).collect()
    };
    let (mut local, mut remote) = (by_key(local), by_key(remote));
    let keys: BTreeSet<String> = local.keys().chain(remote.keys()).cloned().collect();
    let explain = |key: String| {
        let (local, remote) = (local.remove(&key), remote.remove(&key));
        let changes = match (&local, &remote) {
            (Some(local), Some(remote)) => changes(table, local, remote),
            _ => Vec::new(),
        };
        let side = local.as_ref().or(remote.as_ref());
        let kind = Kind::of(local.as_ref(), remote.as_ref(), now);
        let next_step = next_step(kind, remote.as_ref());
        Difference {
            key: side.map(|side| side.key(table)).unwrap_or_default(),
            row_key: key,
            local,
            remote,
            changes,
            kind,
            goes_with_group: false,
            next_step,
        }
    };
    // The same contents under both: it arrived while we were asking.
    keys.into_iter().map(explain).filter(|it| !it.is_settled()).collect()
}

fn changes(table: Table, local: &Side, remote: &Side) -> Vec<Change> {
    let values = local.values.iter().zip(&remote.values);
    let named = table.columns().into_iter().zip(values);
    named
        .filter(|(_, (local, remote))| local != remote)
        .map(|(column, (local, remote))| Change {
            column,
            local: local.clone(),
            remote: remote.clone(),
        })
        .collect()
}

/// The kind's, with the run that Snowflake's row came from where that matters.
fn next_step(kind: Kind, remote: Option<&Side>) -> String {
    let step = kind.next_step(1);
    match (kind, remote) {
        (Kind::NewerThere | Kind::AheadThere | Kind::OnlyThere, Some(remote)) => {
            format!("{step} (its run is {})", remote.run_id)
        }
        _ => step,
    }
}

impl Difference {
    /// What takes so many rows away that only Snowflake has, where DuckDB has others of their groups.
    pub(crate) fn group_step(count: usize) -> String {
        format!(
            "{}; `--repair` ships the rest of {} again, which takes {} away",
            Self::group_meaning(count),
            either(count, "its group", "their groups"),
            it(count)
        )
    }

    /// What such rows are.
    pub(crate) fn group_meaning(count: usize) -> String {
        format!(
            "DuckDB does not know {}: {} gone here, or came from another warehouse file",
            it(count),
            either(count, "it is", "they are")
        )
    }

    /// Notes that the row goes when its group is shipped again.
    pub(crate) fn go_with_group(&mut self) {
        self.goes_with_group = true;
        self.next_step = Self::group_step(1);
    }

    fn is_settled(&self) -> bool {
        let values = |side: &Option<Side>| side.as_ref().map(|side| side.values.clone());
        values(&self.local) == values(&self.remote)
    }
}

impl Side {
    fn of(row: &CurrentRow) -> Self {
        Self {
            values: row.values.clone(),
            run_id: row.run_id.clone(),
            extracted_at: row.extracted_at.clone(),
            is_unshipped: row.is_unshipped,
        }
    }

    /// The values of the key columns, which are never NULL.
    fn key(&self, table: Table) -> Vec<String> {
        let named = table.shape().columns.iter().zip(&self.values);
        let keys = named.filter(|(column, _)| column.is_key);
        keys.map(|(_, value)| value.clone().unwrap_or_default()).collect()
    }
}

/// Reads the answer to [`CompareQuery::Counts`](crate::snowflake::sql::CompareQuery::Counts).
///
/// # Errors
/// Where the result has other columns than the query.
pub(crate) fn table_sum(rows: &Rows) -> Result<TableSum, Error> {
    let row = rows.only()?;
    let content_hash_sum = row.cell("CONTENT_HASH_SUM")?.decimal()?;
    Ok(TableSum { row_count: row.cell("ROW_COUNT")?.u64()?, content_hash_sum })
}

/// Reads the answer to [`CompareQuery::Buckets`](crate::snowflake::sql::CompareQuery::Buckets).
///
/// # Errors
/// Where the result has other columns than the query.
pub(crate) fn bucket_sums(rows: &Rows) -> Result<Vec<BucketSum>, Error> {
    let read = |row: Row<'_>| {
        Ok(BucketSum {
            bucket: row.cell("BUCKET")?.text()?.to_owned(),
            row_count: number(row, "ROW_COUNT")?.unwrap_or_default(),
            content_hash_sum: row.cell("CONTENT_HASH_SUM")?.decimal()?,
        })
    };
    rows.iter().map(read).collect()
}

/// Reads the answer to [`CompareQuery::Keys`](crate::snowflake::sql::CompareQuery::Keys).
///
/// # Errors
/// Where the result has other columns than the query.
pub(crate) fn key_hashes(rows: &Rows) -> Result<Vec<KeyHash>, Error> {
    let read = |row: Row<'_>| {
        Ok(KeyHash {
            row_key: row.cell("ROW_KEY")?.text()?.to_owned(),
            content_hash: row.cell("CONTENT_HASH")?.decimal()?,
        })
    };
    rows.iter().map(read).collect()
}

/// Reads the answer to [`CompareQuery::Rows`](crate::snowflake::sql::CompareQuery::Rows).
///
/// # Errors
/// Where the result has other columns than the query.
pub(crate) fn current_rows(rows: &Rows, table: Table) -> Result<Vec<CurrentRow>, Error> {
    let columns = &table.shape().columns;
    let names: Vec<String> = columns.iter().map(|it| value_name(it).to_ascii_uppercase()).collect();
    let read = |row: Row<'_>| {
        Ok(CurrentRow {
            row_key: row.cell("ROW_KEY")?.text()?.to_owned(),
            values: names.iter().map(|name| text(row, name)).collect::<Result<_, _>>()?,
            run_id: text(row, "RUN_ID")?.unwrap_or_default(),
            extracted_at: text(row, "EXTRACTED_AT")?.unwrap_or_default(),
            is_unshipped: false,
        })
    };
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of `song_artists`; the values of a row are told by `|`, and NULL by its name.
    fn row(row: &str, run: &str, extracted_at: &str) -> CurrentRow {
        let values = row.split('|').map(|value| (value != "NULL").then(|| value.to_owned()));
        let values: Vec<Option<String>> = values.collect();
        let key: Vec<String> = values.iter().take(2).flatten().cloned().collect();
        CurrentRow {
            row_key: key.join("\u{1f}"),
            values,
            run_id: run.to_owned(),
            extracted_at: extracted_at.to_owned(),
            is_unshipped: false,
        }
    }

    fn bucket(bucket: &str, row_count: u64, sum: &str) -> BucketSum {
        BucketSum { bucket: bucket.to_owned(), row_count, content_hash_sum: sum.to_owned() }
    }

    fn key(row_key: &str, content_hash: &str) -> KeyHash {
        KeyHash { row_key: row_key.to_owned(), content_hash: content_hash.to_owned() }
    }

    #[test]
    fn only_what_differs_is_asked_for_next() {
        let local = [bucket("00", 2, "10"), bucket("01", 1, "5"), bucket("02", 1, "7")];
        let remote = [bucket("00", 2, "10"), bucket("01", 2, "5"), bucket("ff", 1, "7")];
        let expected = ["01", "02", "ff"].map(str::to_owned).into();
        assert_eq!(differing_buckets(&local, &remote), expected);
        assert_eq!(differing_buckets(&local, &local), BTreeSet::new());
        let (local, remote) = ([key("a", "1"), key("b", "2")], [key("b", "3"), key("c", "4")]);
        assert_eq!(differing_keys(&local, &remote), ["a", "b", "c"].map(str::to_owned).into());
    }

    #[test]
    fn each_difference_says_what_to_do() {
        let mut waiting = row("n|0|x", "R9", "3");
        waiting.is_unshipped = true;
        let local = [
            row("a|0|x", "R2", "2"),
            row("b|0|x", "R1", "1"),
            row("c|1|x", "R2", "2"),
            row("d|1|x", "R1", "1"),
            row("e|1|x", "R1", "1"),
            row("f|1|x", "R1", "1"),
            row("same|0|x", "R1", "1"),
            waiting,
        ];
        let remote = [
            row("c|1|y", "R1", "1"),
            row("d|1|y", "R2", "2"),
            row("e|1|NULL", "R1", "1"),
            row("f|1|y", "R2", "9"),
            row("g|0|y", "R1", "1"),
            row("same|0|x", "R1", "1"),
        ];
        let found = differences(Table::SongArtists, &local, &remote, "8");
        let expected = [
            ("a", Kind::OnlyHere, "never arrived, or was deleted"),
            ("b", Kind::OnlyHere, "never arrived, or was deleted"),
            ("c", Kind::OlderThere, "older version"),
            ("d", Kind::NewerThere, "`--repair --force` writes this one's over it (its run is R2)"),
            ("e", Kind::Changed, "changed it in Snowflake"),
            ("f", Kind::AheadThere, "deleted there first (its run is R2)"),
            ("g", Kind::OnlyThere, "no shipment takes a row away (its run is R1)"),
            ("n", Kind::Unshipped, "not shipped yet"),
        ];
        assert_eq!(found.len(), expected.len());
        for (difference, (key, kind, said)) in found.iter().zip(expected) {
            assert_eq!((difference.key[0].as_str(), difference.kind), (key, kind));
            assert!(difference.next_step.contains(said), "{key}: {}", difference.next_step);
        }
        assert_eq!(found[0].key, ["a", "0"]);
        assert_eq!(found[2].changes, [change("artist_id", Some("x"), Some("y"))]);
        assert_eq!(found[4].changes, [change("artist_id", Some("x"), None)]);
    }

    fn change(column: &str, local: Option<&str>, remote: Option<&str>) -> Change {
        let value = |value: Option<&str>| value.map(str::to_owned);
        Change { column: column.to_owned(), local: value(local), remote: value(remote) }
    }

    /// What joins the columns into one text may stand in a value, and what NULL is in that text may be one.
    #[test]
    fn a_value_is_told_under_its_own_column_whatever_stands_in_it() {
        let found = |local, remote| {
            differences(Table::SongArtists, &[row(local, "R", "1")], &[row(remote, "R", "1")], "8")
        };
        let one = found("a\u{1f}0|1|x\u{1f}y", "a\u{1f}0|1|z");
        assert_eq!(one[0].changes, [change("artist_id", Some("x\u{1f}y"), Some("z"))]);
        assert_eq!(
            (one[0].key.as_slice(), one[0].row_key.as_str()),
            (["a\u{1f}0".to_owned(), "1".to_owned()].as_slice(), "a\u{1f}0\u{1f}1")
        );
        let null = found("a|1|NULL", "a|1|\\N");
        assert_eq!(null[0].changes, [change("artist_id", None, Some("\\N"))]);
        assert_eq!(found("a|1|NULL", "a|1|NULL"), []);
    }
}
