//! The bucket: whether it answers, whether we may write into it, and whether what we brought to it is still there.

use std::collections::BTreeSet;

use super::{Area, Finding, Findings, Health, Known, SentFile};
use crate::causes::chain;
use crate::config::Config;
use crate::lake::{Bucket, Store, StoreTiming};
use crate::status::FileState;

/// Looks at the bucket, where one is configured.
pub(crate) async fn lake(config: &Config, known: &Known, findings: &mut Findings<'_>) {
    let Some(bucket) = &config.lake.bucket else {
        let detail = "no S3_BUCKET is set; files stay in the data directory";
        findings.push(Finding::new(Area::Lake, "bucket", Health::Skipped, detail));
        return;
    };
    let settings = config.store_settings(StoreTiming::default());
    let prefix = config.prefix();
    let fail = |what, error: &crate::lake::Error| {
        Finding::new(Area::Lake, what, Health::Fail, chain(error))
    };
    let store = match Store::open(&settings).await {
        Ok(Store::S3(store)) => store,
        Ok(Store::Dir) => return,
        Err(error) => return findings.push(fail("bucket", &error)),
    };
    match store.reach(&prefix).await {
        Ok(()) => {
            let detail = format!("`{bucket}` answers");
            findings.push(Finding::new(Area::Lake, "bucket", Health::Ok, detail));
        }
        Err(error) => return findings.push(fail("bucket", &error)),
    }
    findings.push(match store.may_write(&prefix).await {
        Ok(()) => {
            let detail = format!(
                "files may be written below `s3://{bucket}/{prefix}` (an upload was begun and given up)"
            );
            Finding::new(Area::Lake, "writing", Health::Ok, detail)
        }
        Err(error) => fail("writing", &error),
    });
    files(&store, bucket, &prefix, known, findings).await;
}

/// Whether everything that was brought to the bucket is there.
async fn files(
    store: &Bucket,
    bucket: &str,
    prefix: &str,
    known: &Known,
    findings: &mut Findings<'_>,
) {
    if known.sent.is_empty() {
        return;
    }
    let keys: BTreeSet<String> = match store.keys(&format!("{prefix}raw/")).await {
        Ok(keys) => keys.into_iter().collect(),
        Err(error) => {
            let detail = chain(&error);
            return findings.push(Finding::new(Area::Lake, "files", Health::Fail, detail));
        }
    };
    let gone: Vec<&SentFile> = known.sent.iter().filter(|file| !keys.contains(&file.key)).collect();
    let (count, total) = (gone.len(), known.sent.len());
    let Some(first) = gone.first() else {
        let detail = match total {
            1 => "the one file that was brought there is there".to_owned(),
            _ => format!("all {total} files that were brought there are there"),
        };
        return findings.push(Finding::new(Area::Lake, "files", Health::Ok, detail));
    };
    let mut detail = match count == total {
        true => format!(
            "nothing of the {total} files that were brought to `s3://{bucket}/{prefix}` is there: it was emptied, or `S3_BUCKET` or `S3_PREFIX` names another place"
        ),
        false => format!(
            "{count} of {total} files that were brought there are gone, the first is `{}`",
            first.key
        ),
    };
    let waiting = gone.iter().filter(|file| file.state != FileState::Verified).count();
    findings.push(if 0 < waiting {
        detail.push_str(&format!("; {waiting} of them are not known to be in Snowflake"));
        Finding::new(Area::Lake, "files", Health::Fail, detail)
            .fix("`snowtrack run --full` ships every row again, in new files")
    } else {
        detail.push_str("; Snowflake was proven to hold their rows");
        Finding::new(Area::Lake, "files", Health::Warn, detail).fix(
            "find out who removes objects there (a lifecycle rule?); a file must stay for 14 days, and only loading it anew needs it later",
        )
    });
}
