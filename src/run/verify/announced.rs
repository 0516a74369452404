//! Files that S3's events announce to a pipe: which they should have by now, and what makes the pipe look for them itself. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::pipe_watch::Channel;
use crate::config::Account;
use crate::ledger::ShippedFile;
use crate::run::ingest::below_the_pipe;
use crate::snowflake::{IngestMode, literal};

/// S3's events come within seconds; what has not come after so long will not.
const EVENT_PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// `alter pipe … refresh` looks at files no older than this.
const REFRESH_REACH: TimeDelta = TimeDelta::days(7);

/// What to do about the files that S3's events should have announced by now, by key, where their pipe runs and has nothing in its queue.
pub(crate) fn unannounced(
    account: &Account,
    channels: &[Channel<'_>],
    now: DateTime<Utc>,
) -> BTreeMap<String, String> {
    let is_idle = |channel: &&Channel<'_>| {
        let status = channel.status.as_ref();
        channel.mode == IngestMode::Auto
            && !channel.is_stuck()
            && status.is_some_and(|status| status.pending_file_count == 0)
    };
    let idle = channels.iter().filter(is_idle);
    let files = idle.flat_map(|channel| channel.files.iter().map(move |file| (channel, *file)));
    let steps = files.filter_map(|(channel, shipped)| {
        let next_step = next_step(account, channel, shipped, now)?;
        Some((shipped.file.key.clone(), next_step))
    });
    steps.collect()
}

/// What brings a file to its pipe that should have been announced; `None` where there is time left.
fn next_step(
    account: &Account,
    channel: &Channel<'_>,
    shipped: &ShippedFile,
    now: DateTime<Utc>,
) -> Option<String> {
    let age = now - shipped.submitted_since();
    if age < EVENT_PATIENCE {
        return None;
    }
    let pipe = channel.pipe.as_ref()?;
    let path = below_the_pipe(&account.prefix, shipped.file.table, &shipped.file.key)?;
    let by_rest = "`snowtrack ingest --as rest` tells the pipes of every such file";
    Some(match age < REFRESH_REACH {
        true => {
            let prefix = literal(&path);
            format!("run `alter pipe {pipe} refresh prefix = {prefix}` in Snowflake, or {by_rest}")
        }
        false => format!("{by_rest} (a refresh looks at 7 days)"),
    })
}
