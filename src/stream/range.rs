//! Where events lie in a stream, and what is read there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::Table;

/// The first and the last place of a batch in one partition, or shard. Places are numbers as texts: Kinesis' have more than 64 bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StreamRange {
    /// The partition, or shard.
    pub(crate) partition: String,
    /// The first offset, or sequence number.
    pub(crate) first: String,
    /// The last one.
    pub(crate) last: String,
}

/// A range of a batch.
#[derive(Debug, Clone)]
pub(crate) struct PlacedRange {
    /// The batch.
    pub(crate) batch: i64,
    /// The table of its rows.
    pub(crate) table: Table,
    /// Since when they are there.
    pub(crate) acknowledged_at: DateTime<Utc>,
    /// Where.
    pub(crate) range: StreamRange,
}

/// An event as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadEvent {
    /// The batch in whose range it lies.
    pub(crate) batch: i64,
    /// The table that it is of.
    pub(crate) table: Table,
    /// Its key.
    pub(crate) key: String,
    /// Its value; `None`: it is a tombstone.
    pub(crate) value: Option<String>,
    /// The id that it says.
    pub(crate) event_id: String,
    /// The run that it says.
    pub(crate) run_id: String,
}

/// A place in a partition: a number of any size. The shorter one is the smaller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    digit_count: usize,
    digits: String,
}

impl Spot {
    pub(super) fn new(number: &str) -> Self {
        let digits = number.trim_start_matches('0').to_owned();
        Self { digit_count: digits.len(), digits }
    }

    /// As a stream says it.
    pub(super) fn as_str(&self) -> &str {
        if self.digits.is_empty() { "0" } else { &self.digits }
    }
}

/// A part of a partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) first: Spot,
    pub(super) last: Spot,
    pub(super) batch: i64,
    pub(super) table: Table,
}

impl PlacedRange {
    /// The part of its partition that it is.
    pub(super) fn part(&self) -> Part {
        let (first, last) = (Spot::new(&self.range.first), Spot::new(&self.range.last));
        Part { first, last, batch: self.batch, table: self.table }
    }
}

/// Whose part of a partition, in order, a place lies in.
pub(super) fn part_at<'a>(parts: &'a [Part], place: &Spot) -> Option<&'a Part> {
    let at = parts.partition_point(|part| part.first <= *place).checked_sub(1)?;
    Some(&parts[at]).filter(|part| *place <= part.last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_the_part_that_it_lies_in_or_to_none() {
        let part = |first, last| Part {
            first: Spot::new(first),
            last: Spot::new(last),
            batch: 1,
            table: Table::Songs,
        };
        let parts = [part("2", "4"), part("7", "7"), part("98", "101")];
        let found = ["0", "1", "2", "4", "5", "7", "8", "97", "99", "101", "102"]
            .map(|at| part_at(&parts, &Spot::new(at)).map(|it| it.first.as_str().to_owned()));
        let found: Vec<&str> = found.iter().map(|it| it.as_deref().unwrap_or("-")).collect();
        assert_eq!(found, ["-", "-", "2", "2", "-", "7", "-", "-", "98", "98", "-"]);
        assert_eq!(Spot::new("0").as_str(), "0");
    }
}
