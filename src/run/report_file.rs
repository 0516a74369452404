//! The short form of a run's report, put where whoever runs the command again looks for it: a scheduler that knows the exit code alone
//! cannot know until when it is to wait.
//!
//! In: a report and an address. Out: one small object, replaced by each run. It never changes how a run ended.

use std::time::Duration;

use super::error::Error;
use super::job::Settings;
use super::report::RunReport;
use crate::blocking::blocking;
use crate::causes::chain;
use crate::config::Config;
use crate::lake::{Condition, Location, Store};
use crate::retry::pause;
use crate::stop::{self, Stop};

/// How long a run that is over waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Puts it, within a time that holds nobody up; or says why not.
pub(super) async fn put(
    config: &Config,
    settings: &Settings,
    report: &RunReport,
    to: &Location,
    stop: &Stop,
) -> Result<(), String> {
    let over = async {
        let asked = async {
            stop.asked().await;
            pause(stop.left_of(stop::REPORT).min(stop::CALL)).await;
        };
        tokio::select! {
            () = pause(PATIENCE) => {}
            () = asked => {}
        }
    };
    tokio::select! {
        biased;
        done = try_put(config, settings, report, to) => done.map_err(|error| chain(&error)),
        () = over => Err("it took too long".to_owned()),
    }
}

async fn try_put(
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
