//! Where the ledger's generations, the analysts' file and the last run's report are when no machine runs, as the configuration says.

use std::path::PathBuf;

use super::error::Error;
use crate::config::Config;
use crate::lake::{Bucket, Location, Store, StoreTiming};

/// Where a file is put that others read when no machine runs.
pub(super) enum Put {
    Object { bucket: Bucket, key: String },
    File(PathBuf),
}

/// All of them, as far as they are configured.
pub(super) struct Elsewhere {
    /// The analysts' file.
    pub(super) published: Option<Put>,
    /// The report of the last run, whose error may name a list.
    pub(super) report: Option<Put>,
    /// Where the state is.
    state: Option<Place>,
}

/// A place in a bucket.
struct Place {
    bucket: Bucket,
    /// A key, or what the keys there begin with.
    key: String,
}

impl Elsewhere {
    pub(super) async fn open(config: &Config, timing: StoreTiming) -> Result<Self, Error> {
        let state = config.state_settings(timing).map(|settings| settings.location);
        let published = put(config, config.state.publish_to.as_ref(), timing).await?;
        let report = put(config, config.state.report_to.as_ref(), timing).await?;
        let state = match &state {
            Some(location) => object(config, location, timing).await?,
            None => None,
        };
        Ok(Self { published, report, state })
    }

    /// The buckets in which something may have to be deleted, and what its keys begin with.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (&Bucket, &str)> {
        let put = [&self.published, &self.report].into_iter().filter_map(|put| match put {
            Some(Put::Object { bucket, key }) => Some((bucket, key.as_str())),
            Some(Put::File(_)) | None => None,
        });
        let state = self.state.as_ref().map(|it| (&it.bucket, it.key.as_str()));
        put.chain(state)
    }
}

async fn put(
    config: &Config,
    to: Option<&Location>,
    timing: StoreTiming,
) -> Result<Option<Put>, Error> {
    Ok(match to {
        Some(Location::File(path)) => Some(Put::File(path.clone())),
        Some(to) => object(config, to, timing)
            .await?
            .map(|Place { bucket, key }| Put::Object { bucket: bucket.overwriting(), key }),
        None => None,
    })
}

async fn object(
    config: &Config,
    location: &Location,
    timing: StoreTiming,
) -> Result<Option<Place>, Error> {
    let Location::S3 { path, .. } = location else { return Ok(None) };
    match Box::pin(Store::open(&config.settings_of(location, timing))).await? {
        Store::S3(bucket) => Ok(Some(Place { bucket, key: path.clone() })),
        Store::Dir => Ok(None),
    }
}
