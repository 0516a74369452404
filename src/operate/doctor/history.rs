//! The history: whether the ledger is the one that wrote what lies here and in the bucket.

use super::{Area, Finding, Findings, Health, Known};
use crate::config::Config;
use crate::ids::RunId;
use crate::observe::words;
use crate::run::provenance::{Stranger, in_bucket, in_local_lake};

/// Says what is there of runs that the ledger does not know; nothing where it could not be read, or lives between machines.
pub(crate) async fn history(config: &Config, known: &Known, findings: &mut Findings<'_>) {
    let Some(runs) = known.runs.as_ref().filter(|_| config.state.location.is_none()) else {
        return;
    };
    let is_known = |run: &RunId| runs.iter().any(|id| id == run.as_str());
    let mut stranger = in_local_lake(config, is_known);
    // One that knows files is asked about them by its own.
    if stranger.is_none() && !known.knows_files && is_bucket_reached(findings) {
        stranger = Box::pin(in_bucket(config, is_known)).await;
    }
    let ledger = config.data_dir.warehouse().display().to_string();
    let published = config.data_dir.published();
    let warn = |detail: String| Finding::new(Area::Ledger, "history", Health::Warn, detail);
    findings.push(match stranger {
        Some(Stranger { run, place, documents }) if !known.knows_files => warn(format!(
            "`{place}` has files of earlier runs (of {run}, for one), and the ledger `{ledger}` knows none: it is lost, or elsewhere, and the next run ships everything again"
        ))
        .fix(format!("{BACK}. {}", words::history(documents.as_deref()))),
        Some(Stranger { run, place, .. }) => warn(format!(
            "the ledger `{ledger}` does not know run {run}, whose files are in `{place}`: it is another pipeline's, or an older copy"
        ))
        .fix(format!("{BACK}; `snowtrack reconcile` compares, `snowtrack run --full` ships everything")),
        None if !known.knows_files && published.exists() => warn(format!(
            "`{}` lies there, and the ledger `{ledger}` that it was published from is gone or empty: the next run reads and ships everything again",
            published.display()
        ))
        .fix(BACK),
        None => return,
    });
}

/// What brings a ledger back that is not lost for good.
const BACK: &str =
    "name its folder with `--data-dir`, or bring the ledger back from a copy, before anything runs";

fn is_bucket_reached(findings: &Findings<'_>) -> bool {
    let is_it = |it: &Finding| it.area == Area::Lake && it.what == "bucket";
    findings.all.iter().any(|it| is_it(it) && it.health == Health::Ok)
}
