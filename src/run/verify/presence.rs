//! What somebody removed since it was sent: pipes in Snowflake, files and whole folders in the bucket. Only told, never mended.
//!
//! In: files that were sent. Out: the names of what is gone. What cannot be looked at is told as that, and is no finding.

use futures_util::future::join_all;

use crate::config::Account;
use crate::event::Warning;
use crate::ids::Table;
use crate::lake::Store;
use crate::ledger::ShippedFile;
use crate::ledger::written::{self, Companion};
use crate::run::Run;
use crate::run::error::Error;
use crate::run::pipes::{self, OtherWay};
use crate::snowflake::{Outcome, QualifiedName};
use crate::status::FileState;

/// Looks that are under way at once.
const LOOKS: usize = 16;
/// Files that are named one by one.
const SHOWN: usize = 10;

/// Names everything that is gone, and says so.
pub(crate) async fn missing(run: &mut Run<'_>, account: &Account) -> Result<Vec<String>, Error> {
    let mut missing = missing_pipes(run, account).await?;
    let of_pipes = missing.len();
    let settings = run.config.store_settings(run.settings.shipping.store);
    match Store::open(&settings).await {
        Ok(store) => {
            missing.extend(Box::pin(missing_files(run, account, &store)).await?);
            missing.extend(Box::pin(missing_companions(run, &store)).await?);
        }
        Err(error) => run.warn(Warning::BucketNotRead { error: error.to_string() }),
    }
    if of_pipes < missing.len() {
        let outcome = run.findings.verification.as_ref().map(|it| it.outcome);
        run.findings.notes.push(advice(outcome).to_owned());
    }
    for name in &missing {
        run.warn(Warning::Gone { name: name.clone() });
    }
    Ok(missing)
}

/// What to do about what is gone from the bucket.
const fn advice(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Verified) => {
            "what is gone from the bucket is needed for no row that was asked about, all of which are in Snowflake: find out who removes objects there (a lifecycle rule?); `snowtrack doctor` names the commands that bring back what is still here"
        }
        _ => {
            "what is gone from the bucket Snowflake may not have loaded yet: find out who removes objects there (a lifecycle rule?); `snowtrack run --full` ships every row again, in new files, and `snowtrack doctor` names the commands that bring back what is still here"
        }
    }
}

async fn missing_pipes(run: &mut Run<'_>, account: &Account) -> Result<Vec<String>, Error> {
    // Those that the next run needs, of every table: a way that is configured no longer needs none.
    let pipe = |table| account.names.pipe(table, account.format, account.mode);
    let wanted: Vec<QualifiedName> = Table::ALL.into_iter().filter_map(pipe).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    pipes::look(run, account).await?;
    if run.findings.no_setup.is_some() {
        return Ok(Vec::new());
    }
    if let Some(other) = OtherWay::of(account, &run.findings) {
        let (mode, next_step) = (account.mode.name(), other.next_step(account));
        run.findings.pipe_trouble = Some(Error::PipesOfAnotherWay { mode, next_step });
        return Ok(Vec::new());
    }
    let gone = wanted.into_iter().filter(|pipe| run.findings.lacks(pipe));
    let gone: Vec<String> = gone.map(|pipe| pipe.to_string()).collect();
    let stopped = &run.findings.stopped_pipes;
    run.findings.pipe_trouble = match (gone.is_empty(), stopped.is_empty()) {
        (false, _) => Some(Error::PipesGone { pipes: gone.clone() }),
        (true, false) => Some(pipes::stopped("every row is in", stopped)),
        (true, true) => None,
    };
    Ok(gone.into_iter().map(|pipe| format!("pipe `{pipe}`")).collect())
}

/// Manifests and archives of the runs that are asked about. No row depends on them, so they are told and fail nothing.
async fn missing_companions(run: &Run<'_>, store: &Store) -> Result<Vec<String>, Error> {
    let is_asked = |companion: &Companion| {
        run.findings.shipments.iter().any(|shipment| shipment.run.id == companion.run)
    };
    let mut sent = written::companions(&run.warehouse)?;
    sent.retain(is_asked);
    let mut missing = Vec::new();
    for some in sent.chunks(LOOKS) {
        run.check_stop()?;
        let found = join_all(some.iter().map(|companion| store.lacks(&companion.key))).await;
        let absent = some.iter().zip(found).filter(|(_, is_absent)| matches!(is_absent, Ok(true)));
        missing.extend(
            absent.map(|(it, _)| format!("the {} of run {}, `{}`,", it.what, it.run, it.key)),
        );
    }
    Ok(missing)
}

async fn missing_files(
    run: &Run<'_>,
    account: &Account,
    store: &Store,
) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for table in Table::ALL {
        let files = run.findings.shipments.iter().flat_map(|shipment| shipment.files_of(table));
        let sent: Vec<&ShippedFile> = files.filter(|it| it.state != FileState::Exported).collect();
        let mut absent = Vec::new();
        for some in sent.chunks(LOOKS) {
            run.check_stop()?;
            let looks = some.iter().map(|shipped| store.lacks(&shipped.file.key));
            let found = join_all(looks).await;
            absent.extend(some.iter().zip(found).filter_map(|(shipped, is_absent)| {
                is_absent.unwrap_or(false).then_some(shipped.file.key.as_str())
            }));
        }
        missing.extend(named(&format!("{}raw/{table}/", account.prefix), sent.len(), &absent));
    }
    Ok(missing)
}

/// The names of a folder's absent files; where none is left, that of the folder.
fn named(folder: &str, sent_count: usize, absent: &[&str]) -> Vec<String> {
    let names: Vec<String> = absent.iter().take(SHOWN).map(|key| format!("`{key}`")).collect();
    let more = absent.len() - names.len();
    let names =
        names.join(", ") + &if 0 < more { format!(" and {more} more") } else { String::new() };
    match absent.len() {
        0 => Vec::new(),
        count if count == sent_count => {
            vec![format!("everything that was sent below `{folder}` ({names})")]
        }
        _ => vec![format!("of what was sent below `{folder}`, {names}")],
    }
}
