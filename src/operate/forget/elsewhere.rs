//! Where the ledger's generations and the analysts' file are when no machine runs, as the configuration says.

use std::path::PathBuf;

use super::error::Error;
use crate::config::Config;
use crate::lake::{Bucket, Location, Store, StoreTiming};

/// Where analysts find the published file when no machine runs.
pub(super) enum Published {
    Object { bucket: Bucket, key: String },
    File(PathBuf),
}

/// Both, as far as they are configured.
pub(super) struct Elsewhere {
    pub(super) published: Option<Published>,
    /// The bucket of the state, and what its keys begin with.
    state: Option<(Bucket, String)>,
}

impl Elsewhere {
    pub(super) async fn open(config: &Config, timing: StoreTiming) -> Result<Self, Error> {
        let state = config.state_settings(timing).map(|settings| settings.location);
        let published = match &config.state.publish_to {
            Some(Location::File(path)) => Some(Published::File(path.clone())),
            Some(to) => object(config, to, timing)
                .await?
                .map(|(bucket, key)| Published::Object { bucket: bucket.overwriting(), key }),
            None => None,
        };
        let state = match &state {
            Some(location) => object(config, location, timing).await?,
            None => None,
        };
        Ok(Self { published, state })
    }

    /// The buckets in which something may have to be deleted, and what its keys begin with.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (&Bucket, &str)> {
        let published = self.published.as_ref().and_then(|published| match published {
            Published::Object { bucket, key } => Some((bucket, key.as_str())),
            Published::File(_) => None,
        });
        let state = self.state.as_ref().map(|(bucket, prefix)| (bucket, prefix.as_str()));
        published.into_iter().chain(state)
    }
}

async fn object(
    config: &Config,
    location: &Location,
    timing: StoreTiming,
) -> Result<Option<(Bucket, String)>, Error> {
    let Location::S3 { path, .. } = location else { return Ok(None) };
    match Box::pin(Store::open(&config.settings_of(location, timing))).await? {
        Store::S3(bucket) => Ok(Some((bucket, path.clone()))),
        Store::Dir => Ok(None),
    }
}
