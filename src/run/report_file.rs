//! The short form of a run's report, put where whoever runs the command again looks for it: a scheduler that knows the exit code alone
//! cannot know until when it is to wait.
//!
//! In: a report and an address. Out: one small object, replaced by each run. It never changes how a run ended.

use super::error::Error;
use super::job::Settings;
use super::report::RunReport;
use crate::blocking::blocking;
use crate::config::Config;
use crate::lake::{Condition, Location, Store};

/// Puts it.
pub(super) async fn put(
    config: &Config,
    settings: &Settings,
    report: &RunReport,
    to: &Location,
) -> Result<(), Error> {
    let text = serde_json::Value::Object(report.short()).to_string();
    match to {
        Location::S3 { path, .. } => {
            let store = config.settings_of(to, settings.shipping.store);
            if let Store::S3(bucket) = Box::pin(Store::open(&store)).await? {
                Box::pin(bucket.write(path, text.as_bytes(), Condition::Any)).await?;
            }
        }
        Location::File(target) => blocking(|| {
            // By rename: who reads it meanwhile reads the one before.
            let part = target.with_extension("part");
            let folder = target.parent().map_or(Ok(()), std::fs::create_dir_all);
            folder
                .and_then(|()| std::fs::write(&part, &text))
                .and_then(|()| std::fs::rename(&part, target))
                .map_err(|source| Error::File { doing: "write", path: target.clone(), source })
        })?,
    }
    Ok(())
}
