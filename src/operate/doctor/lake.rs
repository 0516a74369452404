//! The bucket: whether it answers, whether we may write into it, and whether what we brought to it is still there.

use std::collections::BTreeSet;

use super::{Area, Finding, Findings, Health, Known, SentFile};
use crate::causes::chain;
use crate::config::Config;
use crate::lake::{Bucket, Store, StoreTiming};
use crate::ledger::written::Companion;
use crate::phrase::{counted, either, every};
use crate::shell::word;
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
    companions(&store, config, known, findings).await;
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
        let detail = format!(
            "{} that {} brought there {} there",
            every(total as u64, "file"),
            either(total as u64, "was", "were"),
            either(total as u64, "is", "are")
        );
        return findings.push(Finding::new(Area::Lake, "files", Health::Ok, detail));
    };
    let mut detail = match count == total {
        true => format!(
            "nothing of the {} that {} brought to `s3://{bucket}/{prefix}` is there: it was emptied, or `S3_BUCKET` or `S3_PREFIX` names another place",
            counted(total as u64, "file"),
            either(total as u64, "was", "were")
        ),
        false => format!(
            "{count} of {} that {} brought there {} gone, the first is `{}`",
            counted(total as u64, "file"),
            either(total as u64, "was", "were"),
            either(count as u64, "is", "are"),
            first.key
        ),
    };
    let waiting = gone.iter().filter(|file| file.state != FileState::Verified).count();
    findings.push(if 0 < waiting {
        detail.push_str(&format!(
            "; {waiting} of them {} not known to be in Snowflake",
            either(waiting as u64, "is", "are")
        ));
        Finding::new(Area::Lake, "files", Health::Fail, detail)
            .fix("`snowtrack run --full` ships every row again, in new files")
    } else {
        detail.push_str("; Snowflake was proven to hold their rows");
        Finding::new(Area::Lake, "files", Health::Warn, detail).fix(
            "find out who removes objects there (a lifecycle rule?); a file must stay for 14 days, and only loading it anew needs it later",
        )
    });
}

/// Whether the manifests and archives are there that vouch for the files and hold their documents. No row depends on them.
async fn companions(store: &Bucket, config: &Config, known: &Known, findings: &mut Findings<'_>) {
    let prefix = config.prefix();
    let mut keys = BTreeSet::new();
    for (what, folder) in [("manifest", "manifests/"), ("archive", "documents/")] {
        if known.companions.iter().all(|it| it.what != what) {
            continue;
        }
        match store.keys(&format!("{prefix}{folder}")).await {
            Ok(found) => keys.extend(found),
            Err(error) => {
                let detail = chain(&error);
                return findings.push(Finding::new(Area::Lake, "manifests", Health::Fail, detail));
            }
        }
    }
    let gone: Vec<&Companion> =
        known.companions.iter().filter(|it| !keys.contains(&it.key)).collect();
    let Some(first) = gone.first() else { return };
    let health = match gone.iter().any(|it| it.is_awaited) {
        true => Health::Fail,
        false => Health::Warn,
    };
    let mut detail = format!(
        "of {1} that {2} brought there beside the files, {0} {3} gone, the first is the {4} of run {5}, `{6}`",
        gone.len(),
        counted(known.companions.len() as u64, "object"),
        either(known.companions.len() as u64, "was", "were"),
        either(gone.len() as u64, "is", "are"),
        first.what,
        first.run,
        first.key
    );
    if health == Health::Warn {
        detail.push_str("; Snowflake was proven to hold the rows of their files");
    }
    let (lake, bucket) =
        (config.data_dir.lake(), config.lake.bucket.as_deref().unwrap_or_default());
    let here: Vec<String> = gone
        .iter()
        .filter(|it| lake.join(&it.key).exists())
        .map(|it| {
            let from = word(&lake.join(&it.key).to_string_lossy());
            let to = word(&format!("s3://{bucket}/{}", it.key));
            format!("aws s3 cp {from} {to}")
        })
        .collect();
    let fix = match here.is_empty() {
        true => {
            "find out who removes objects there (a lifecycle rule?); they are no longer here either"
                .to_owned()
        }
        false => format!(
            "find out who removes objects there (a lifecycle rule?); what is still here is brought back by:\n{}",
            here.join("\n")
        ),
    };
    findings.push(Finding::new(Area::Lake, "manifests", health, detail).fix(fix));
}
