//! Files that S3's events tell a pipe of: since when they should have, and what makes the pipe look for them itself. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::pipe_watch::Channel;
use crate::ids::Table;
use crate::ledger::{Entry, Parcel};
use crate::run::account::Target;
use crate::run::ingest::below_the_pipe;
use crate::snowflake::{IngestMode, literal};

/// S3's events come within seconds; what has not come after so long will not.
const EVENT_PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// `alter pipe … refresh` looks at files no older than this.
const REFRESH_REACH: TimeDelta = TimeDelta::days(7);

/// By key: since when a file should have been announced, and what refreshes its pipe.
pub(crate) type Announced = BTreeMap<String, (DateTime<Utc>, String)>;

/// The files that S3's events tell: since when, and what makes their pipe look for them.
pub(crate) fn announced(account: &Target, table: Table, parcels: &[Parcel]) -> Announced {
    let entries = parcels.iter().flat_map(|parcel| parcel.entries_of(table));
    let of_entry = |entry: &Entry| {
        let (way, key) = (entry.way.unwrap_or(account.mode), &entry.file.key);
        let format = entry.format().unwrap_or(account.format);
        let pipe = account.names.pipe(table, format, way).filter(|_| way == IngestMode::Auto)?;
        let path = below_the_pipe(&account.prefix, table, key)?;
        let refresh = format!("alter pipe {pipe} refresh prefix = {}", literal(&path));
        Some((key.clone(), (entry.told_since(), refresh)))
    };
    entries.filter_map(of_entry).collect()
}

/// What to do about the files that S3's events should have told by now, by key, where their pipe runs and has nothing in its queue.
pub(crate) fn unannounced(
    channels: &[Channel],
    announced: &Announced,
    now: DateTime<Utc>,
) -> BTreeMap<String, String> {
    let is_idle = |channel: &&Channel| {
        let status = channel.status.as_ref();
        channel.way == IngestMode::Auto
            && !channel.is_stuck()
            && status.is_some_and(|status| status.pending_file_count == 0)
    };
    let mut steps = BTreeMap::new();
    for channel in channels.iter().filter(is_idle) {
        for file in &channel.files {
            let Some((since, refresh)) = announced.get(&file.key) else { continue };
            let age = now - *since;
            if age < EVENT_PATIENCE {
                continue;
            }
            let by_rest = "`snowtrack ingest --as rest` tells the pipes of every such file";
            let next_step = match age < REFRESH_REACH {
                true => format!("run `{refresh}` in Snowflake, or {by_rest}"),
                false => format!("{by_rest} (a refresh looks at 7 days)"),
            };
            steps.insert(file.key.clone(), next_step);
        }
    }
    steps
}
