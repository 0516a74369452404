//! Files that S3's events tell a pipe of: since when they should have, and what makes the pipe look for them itself. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::ingest::below_the_pipe;
use super::parcels::{Entry, Parcel};
use super::target::Target;
use crate::ids::Table;
use crate::snowflake::{IngestMode, literal};

/// The files that S3's events tell: since when, and what makes their pipe look for them.
pub(super) fn announced(
    target: &Target,
    table: Table,
    parcels: &[Parcel],
) -> BTreeMap<String, (DateTime<Utc>, String)> {
    let entries = parcels.iter().flat_map(|parcel| parcel.entries_of(table));
    let of_entry = |entry: &Entry| {
        let (way, key) = (entry.way.unwrap_or(target.mode), &entry.file.key);
        let format = entry.format().unwrap_or(target.format);
        let pipe = target.names.pipe(table, format, way).filter(|_| way == IngestMode::Auto)?;
        let path = below_the_pipe(&target.prefix, table, key)?;
        let refresh = format!("alter pipe {pipe} refresh prefix = {}", literal(&path));
        Some((key.clone(), (entry.told_since(), refresh)))
    };
    entries.filter_map(of_entry).collect()
}
