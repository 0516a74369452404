//! Where something of somebody's can be: this machine, the bucket, the account; and a file of the lake wherever it is.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::elsewhere::Elsewhere;
use super::error::Error;
use crate::config::Account;
use crate::lake::{Bucket, Format, Store};
use crate::run::{self, Job};
use crate::snowflake::{Rows, Statement};
use crate::warehouse::KeptFile;

/// The places, and who asks them.
pub(super) struct Places<'a> {
    pub(super) job: Job<'a>,
    pub(super) store: Store,
    pub(super) account: Option<Account>,
    pub(super) elsewhere: Elsewhere,
}

impl<'a> Places<'a> {
    pub(super) async fn open(job: Job<'a>) -> Result<Self, Error> {
        let Job { config, settings, .. } = job;
        let account = config
            .account(settings.shipping.snowflake, settings.clock)
            .map_err(run::Error::from)?;
        let store = Box::pin(Store::open(&config.store_settings(settings.shipping.store))).await?;
        let elsewhere = Elsewhere::open(config, settings.shipping.store).await?;
        Ok(Self { job, store, account, elsewhere })
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.job.settings.clock)()
    }

    pub(super) const fn bucket(&self) -> Option<&Bucket> {
        match &self.store {
            Store::S3(bucket) => Some(bucket),
            Store::Dir => None,
        }
    }

    pub(super) fn lake(&self) -> PathBuf {
        self.job.config.data_dir.lake()
    }

    /// Where what is looked into and not kept is put.
    pub(super) fn aside(&self) -> PathBuf {
        self.job.config.data_dir.temp().join("forget")
    }

    /// The folders of the lake, as prefixes of keys.
    pub(super) fn prefixes(&self) -> [String; 4] {
        let prefix = self.job.config.prefix();
        ["raw/", "manifests/", "documents/", PROCESSED].map(|folder| format!("{prefix}{folder}"))
    }

    /// Of these the one whose files are made of the published file.
    pub(super) fn processed(&self) -> String {
        format!("{}{PROCESSED}", self.job.config.prefix())
    }

    pub(super) fn check_stop(&self) -> Result<(), Error> {
        match self.job.stop.is_asked() {
            true => Err(run::Error::Interrupted.into()),
            false => Ok(()),
        }
    }

    /// An object of the lake as a file of this machine, fetched where it is not here; `None` where it is nowhere.
    pub(super) async fn found(&self, key: &str) -> Result<Option<PathBuf>, Error> {
        let local = self.lake().join(key);
        if local.exists() {
            return Ok(Some(local));
        }
        self.fetched(key, None).await
    }

    /// An object of the bucket as a file aside.
    pub(super) async fn fetched(
        &self,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Option<PathBuf>, Error> {
        self.check_stop()?;
        let Some(bucket) = self.bucket() else { return Ok(None) };
        let path = self.aside().join(key);
        Ok(bucket.download(key, version_id, &path).await?.then_some(path))
    }

    /// Runs a statement in the account.
    pub(super) async fn ask(
        &self,
        account: &Account,
        sql: String,
        bindings: Vec<String>,
    ) -> Result<Rows, crate::snowflake::Error> {
        let query_tag = Some("snowtrack forget".to_owned());
        let statement = Statement { query_tag, bindings, ..Statement::new(sql) };
        account.connection.run(&statement, self.job.stop).await
    }

    /// Takes away what was put aside.
    pub(super) fn tidy(&self) -> Result<(), Error> {
        remove_folder(&self.aside())
    }
}

/// What `export --marts` writes lies here.
const PROCESSED: &str = "processed/";

/// A file of a table, as it is read.
pub(super) fn kept_file(key: &str, path: PathBuf) -> KeptFile {
    KeptFile { path, format: Format::of_key(key).unwrap_or_default().name() }
}

/// Removes a file that may be there.
pub(super) fn remove_file(path: &Path) -> Result<(), Error> {
    removed(path, std::fs::remove_file(path))
}

/// Removes a folder that may be there.
pub(super) fn remove_folder(path: &Path) -> Result<(), Error> {
    removed(path, std::fs::remove_dir_all(path))
}

fn removed(path: &Path, result: std::io::Result<()>) -> Result<(), Error> {
    match result {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(run::Error::File { doing: "remove", path: path.to_owned(), source }.into())
        }
        _ => Ok(()),
    }
}
