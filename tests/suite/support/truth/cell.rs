//! Values as the warehouse shows them and as `row_hash` sees them.

use chrono::{NaiveDate, NaiveDateTime};
use md5::{Digest, Md5};

use crate::support::library::LONE_SURROGATE;

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Text(String),
    Time(NaiveDateTime),
}

impl Cell {
    /// As DuckDB casts it to text.
    pub(super) fn shown(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text.clone()),
            Self::Time(time) => Some(time.format("%Y-%m-%d %H:%M:%S").to_string()),
        }
    }

    fn canonical(&self) -> String {
        match self {
            Self::Null => "\\N".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Time(time) => time.format("%Y-%m-%dT%H:%M:%S").to_string(),
        }
    }
}

/// The first 64 bits, big endian, of md5 over the columns joined with U+001F.
pub(super) fn row_hash(row: &[Cell]) -> u64 {
    let joined = row.iter().map(Cell::canonical).collect::<Vec<_>>().join("\u{1f}");
    let digest = Md5::digest(joined);
    digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Half a surrogate pair is shown as browsers show it.
pub(super) fn text(text: &str) -> Cell {
    Cell::Text(text.replace(LONE_SURROGATE, "\u{fffd}"))
}

pub(super) fn number(value: usize) -> Cell {
    Cell::Text(value.to_string())
}

pub(super) fn url(kind: &str, id: &str) -> Cell {
    Cell::Text(format!("https://open.spotify.com/{kind}/{id}"))
}

/// The first day of a year, a month or a day; `0000` is unknown.
pub(super) fn first_day(partial: &str) -> Option<NaiveDate> {
    let mut parts = partial.split('-').map(str::parse::<u32>);
    let year = parts.next()?.ok().filter(|year| *year > 0)?;
    let month = parts.next().unwrap_or(Ok(1)).ok()?;
    let day = parts.next().unwrap_or(Ok(1)).ok()?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}
