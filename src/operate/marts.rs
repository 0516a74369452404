//! `export --marts`: each mart as one Parquet file, which takes the place of the one before.
//!
//! In: the published file, whose rows the quality gate let pass. Out: files in the lake's folder, then the same in the bucket where there
//! is one. Nothing else of the lake is ever overwritten, so nothing here has a run's name, and no pipe watches these keys.

use serde::Serialize;

use crate::blocking::blocking;
use crate::config::Config;
use crate::lake::{Store, StoreTiming, WrittenFile, mart_key, replace};
use crate::run::Error;
use crate::stop::Stop;
use crate::warehouse::PublishedMarts;

/// A mart as it was written.
#[derive(Debug, Serialize)]
pub(crate) struct ExportedMart {
    /// The mart's name.
    pub(crate) mart: &'static str,
    /// Where it lies, in the lake and in the bucket.
    pub(crate) key: String,
    /// Its rows.
    pub(crate) row_count: usize,
    /// Bytes of the file.
    pub(crate) size_bytes: u64,
    /// Of the bytes, as hexadecimal text.
    pub(crate) sha256: String,
}

/// Writes all marts, and sends them to the bucket when all are written.
///
/// # Errors
/// [`crate::warehouse::Error::NotPublished`] before the first run, what the disk or the bucket says, [`Error::Interrupted`].
pub(crate) async fn export_marts(config: &Config, stop: &Stop) -> Result<Vec<ExportedMart>, Error> {
    let (lake, prefix) = (config.data_dir.lake(), config.prefix());
    let exported = blocking(|| {
        let published = PublishedMarts::open(&config.data_dir.published())?;
        let write = |mart| {
            if stop.is_asked() {
                return Err(Error::Interrupted);
            }
            let key = mart_key(&prefix, mart);
            let mut row_count = 0;
            replace(&lake.join(&key), |path| {
                row_count = published.write(mart, path)?;
                Ok::<_, Error>(())
            })?;
            let WrittenFile { key, size_bytes, sha256 } = WrittenFile::of(&lake, &key)?;
            Ok(ExportedMart { mart, key, row_count, size_bytes, sha256 })
        };
        PublishedMarts::names().into_iter().map(write).collect::<Result<Vec<_>, Error>>()
    })?;
    let settings = config.store_settings(StoreTiming::default());
    let sent = Box::pin(async {
        if let Store::S3(bucket) = Store::open(&settings).await? {
            let bucket = bucket.overwriting();
            for mart in &exported {
                bucket.send(&lake.join(&mart.key), &mart.key).await?;
            }
        }
        Ok::<_, crate::lake::Error>(())
    });
    stop.or(sent).await.ok_or(Error::Interrupted)??;
    Ok(exported)
}
