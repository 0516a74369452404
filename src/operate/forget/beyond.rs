//! What outlives this machine beside lake and account: the ledger's generations (`SNOWTRACK_STATE`), the analysts' file
//! (`SNOWTRACK_PUBLISH_TO`) and the last report (`SNOWTRACK_REPORT_TO`), each in every version that its bucket keeps.

use super::elsewhere::Put;
use super::error::Error;
use super::places::{Places, remove_file};
use crate::blocking::blocking;
use crate::config::Config;
use crate::lake::holds_any;
use crate::state::State;
use crate::warehouse::{Theirs, Warehouse};

/// Replaces the analysts' file by one without them, and erases its older versions. What is there is what counts: this machine may have
/// none, or another.
pub(super) async fn published(
    warehouse: &Warehouse,
    places: &Places<'_>,
    theirs: &Theirs,
) -> Result<(), Error> {
    let Some(published) = &places.elsewhere.published else { return Ok(()) };
    warehouse.whose(theirs)?;
    let (bucket, key) = match published {
        Put::File(path) => {
            warehouse.purge_published(path)?;
            return Ok(());
        }
        Put::Object { bucket, key } => (bucket, key),
    };
    places.check_stop()?;
    let aside = places.aside().join("published.duckdb");
    if bucket.download(key, None, &aside).await? {
        blocking(|| warehouse.purge_published(&aside))?;
        // The new one first: analysts always find one.
        Box::pin(bucket.send(&aside, key)).await?;
    }
    for version in bucket.versions(key).await? {
        if version.key == *key && !version.is_latest {
            bucket.delete_version(key, &version.version_id).await?;
        }
    }
    Ok(())
}

/// Erases the analysts' file.
pub(super) async fn erase_published(places: &Places<'_>) -> Result<(), Error> {
    erase(places.elsewhere.published.as_ref()).await
}

/// Erases the last report: the next run puts another.
pub(super) async fn erase_report(places: &Places<'_>) -> Result<(), Error> {
    if let Some(Put::File(path)) = &places.elsewhere.report {
        remove_file(&path.with_extension("part"))?;
    }
    erase(places.elsewhere.report.as_ref()).await
}

async fn erase(put: Option<&Put>) -> Result<(), Error> {
    match put {
        Some(Put::File(path)) => remove_file(path),
        Some(Put::Object { bucket, key }) => Ok(bucket.erase(key).await?),
        None => Ok(()),
    }
}

/// What of the report is still there, in words.
pub(super) async fn left_of_report(places: &Places<'_>) -> Result<Vec<String>, Error> {
    Ok(match &places.elsewhere.report {
        Some(Put::File(path)) if path.exists() => vec![format!("`{}`", path.display())],
        Some(Put::Object { bucket, key }) => {
            let versions = bucket.versions(key).await?.into_iter().filter(|it| it.key == *key);
            versions.map(|it| format!("object `{key}`, version `{}`", it.version_id)).collect()
        }
        Some(Put::File(_)) | None => Vec::new(),
    })
}

/// Whether anything of theirs is in it, or any version but the newest is left, in words.
pub(super) async fn left_in_published(
    places: &Places<'_>,
    theirs: &Theirs,
) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    match &places.elsewhere.published {
        Some(Put::File(path)) if path.exists() => {
            let is_theirs = holds_any(path, theirs)?;
            left.extend(is_theirs.then(|| format!("`{}`", path.display())));
        }
        Some(Put::Object { bucket, key }) => {
            let versions = bucket.versions(key).await?.into_iter();
            let older = versions.filter(|it| it.key == *key && !it.is_latest && !it.is_marker);
            left.extend(older.map(|it| format!("object `{key}`, version `{}`", it.version_id)));
            let aside = places.aside().join("published.duckdb");
            if bucket.download(key, None, &aside).await? && holds_any(&aside, theirs)? {
                left.push(format!("object `{key}`"));
            }
        }
        Some(Put::File(_)) | None => {}
    }
    Ok(left)
}

/// Saves the ledger that knows them no more as the only generation of the state, and says what is left there.
pub(super) async fn alone_in_state(
    state: &mut State,
    warehouse: &mut Warehouse,
    theirs: &Theirs,
) -> Result<Vec<String>, Error> {
    Box::pin(state.save_alone(warehouse)).await?;
    let is_theirs = |path: &std::path::Path| Ok::<_, Error>(holds_any(path, theirs)?);
    Box::pin(state.left(&is_theirs)).await
}

/// What no search reaches where several machines have had the ledger, in words.
pub(super) fn other_machines(config: &Config) -> Option<String> {
    let location = config.state.location.as_ref()?;
    Some(format!(
        "data directories of other machines that ran with the state `{location}`: delete them; a run there takes the new generation, and leaves the files of its local lake"
    ))
}

/// What runs told outside of every place that is configured, in words.
pub(super) fn told_elsewhere() -> String {
    "what runs told elsewhere, which may name lists: logs (of the terminal, a file, cron, the journal or CloudWatch) until their retention ends, alerts in the webhook's channel and with the topic's subscribers, traces where they are collected, and reports that were put to another address than today's (`SNOWTRACK_REPORT_TO`): delete them there".to_owned()
}
