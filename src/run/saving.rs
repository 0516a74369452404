//! The ledger between machines, as a run sees it: taken before the ledger is opened, saved before anything leaves, given back at the end.

use super::Run;
use super::error::Error;
use super::features;
use super::job::Job;
use crate::blocking::blocking;
use crate::event::{Stage, Warning};
use crate::lake::{Location, Store};
use crate::ledger;
use crate::state::{self, State, Task};
use crate::status::RunStatus;
use crate::warehouse::{self, NextVersion};

/// The address that has the published file as it is.
const PUBLISHED_TO: &str = "published_to";

/// Takes the state, where there is one and the run writes.
pub(crate) async fn hold(job: &Job<'_>) -> Result<Option<State>, Error> {
    let Job { config, settings, events, stop } = *job;
    let Some(place) = config
        .state_settings(settings.shipping.store)
        .filter(|_| !settings.is_only_about_the_past())
    else {
        return Ok(None);
    };
    let task = Task {
        data_dir: &config.data_dir,
        goes_to_bucket: config.lake.bucket.is_some(),
        terms: settings.state,
        clock: settings.clock,
        events,
        stop,
    };
    Ok(Some(Box::pin(State::hold(&place, &task)).await?))
}

/// Gives it back, if it was taken.
pub(crate) async fn give_back(state: Option<State>) {
    if let Some(state) = state {
        state.give_back().await;
    }
}

/// Saves the ledger before the files of it leave the machine: whoever dies now loses nothing that anybody knows of.
pub(crate) async fn before_files_leave(run: &mut Run<'_>) -> Result<(), Error> {
    let mut files = run.findings.shipments.iter().flat_map(|shipment| &shipment.files);
    let leaves = files.any(|shipped| shipped.is_unsubmitted(run.submits_announced()));
    match &mut run.state {
        Some(state) if leaves => Ok(Box::pin(state.save(&mut run.warehouse)).await?),
        _ => Ok(()),
    }
}

/// Nobody took the state from us.
pub(crate) async fn confirm(run: &Run<'_>) -> Result<(), Error> {
    match &run.state {
        Some(state) => Ok(Box::pin(state.confirm()).await?),
        None => Ok(()),
    }
}

/// The same between two calls that tell somebody something.
pub(crate) async fn confirm_again(run: &Run<'_>) -> Result<(), Error> {
    match &run.state {
        Some(state) => Ok(Box::pin(state.confirm_again()).await?),
        None => Ok(()),
    }
}

/// Saves what was submitted. The ledger before it says enough, should that not be possible now.
pub(crate) async fn after_ingest(run: &mut Run<'_>) -> Result<(), Error> {
    let Some(state) = &mut run.state else { return Ok(()) };
    match Box::pin(state.save(&mut run.warehouse)).await {
        Ok(()) => Ok(()),
        Err(error @ state::Error::Fenced { .. }) => Err(error.into()),
        Err(error) => {
            run.warn(Warning::StateNotSaved { error: crate::causes::chain(&error) });
            Ok(())
        }
    }
}

/// Saves a run that ends, however it does, and gives the state back. Where another follows, it takes the state as it is, and what found
/// nothing new need not be saved: the ledger here is the same generation's, and goes on.
pub(crate) async fn leave(run: &mut Run<'_>, has_news: bool) -> Result<(), Error> {
    let Some(mut state) = run.state.take() else { return Ok(()) };
    let is_saved = has_news || !run.is_followed;
    let saved = match state.is_fenced() {
        Some(error) => Err(error),
        None if !is_saved && state.generation().is_some() => Ok(()),
        None => Box::pin(state.save(&mut run.warehouse)).await,
    };
    let generation = state.generation();
    match run.is_followed && saved.is_ok() {
        true => run.state = Some(state),
        false => state.give_back().await,
    }
    match saved {
        Err(state::Error::NoTime) => {
            run.warn(Warning::StateLeftBehind { generation });
            Ok(())
        }
        saved => Ok(saved?),
    }
}

/// Where rounds follow each other, the ledger does not grow by those without news.
pub(crate) fn merge_rounds(run: &mut Run<'_>, state: RunStatus) -> Result<(), warehouse::Error> {
    let now = run.now();
    match run.is_followed && state == RunStatus::Unchanged {
        true => ledger::rounds::merge_all(&mut run.warehouse, now),
        false => Ok(()),
    }
}

/// Makes the analysts' file of a run that was exported on a machine that is gone.
pub(crate) fn renew_published(run: &mut Run<'_>) -> Result<(), Error> {
    let data_dir = &run.config.data_dir;
    if run.state.is_some() && run.does(Stage::Publish) && !data_dir.published().exists() {
        state::publish(&mut run.warehouse, data_dir)?;
    }
    Ok(())
}

/// Notes, for whoever brings it or what is made of it elsewhere, whether the published file is about to be another.
pub(crate) fn note_news(run: &mut Run<'_>) -> Result<(), Error> {
    let has_features = run.warehouse.feature_wish()?.is_some();
    let is_followed = has_features || run.config.state.publish_to.is_some();
    if !is_followed || !NextVersion::has_news(&run.warehouse)? {
        return Ok(());
    }
    if run.config.state.publish_to.is_some() {
        ledger::settings::set_setting(&mut run.warehouse, PUBLISHED_TO, "")?;
    }
    Ok(ledger::features::lack_files(&mut run.warehouse)?)
}

/// Puts the published file, and the files of features that were made of it, where they are wanted, unless they are there.
pub(crate) async fn put_published(run: &mut Run<'_>) -> Result<(), Error> {
    put_file(run).await?;
    put_features(run).await
}

async fn put_features(run: &mut Run<'_>) -> Result<(), Error> {
    if !run.does(Stage::Publish) || features::are_there(&run.warehouse, run.config)? {
        return Ok(());
    }
    confirm(run).await?;
    let job = run.job();
    features::bring(&job, &mut run.warehouse).await
}

/// Puts the published file where the analysts find it when this machine is gone.
async fn put_file(run: &mut Run<'_>) -> Result<(), Error> {
    let Some(to) = &run.config.state.publish_to else { return Ok(()) };
    let (file, address) = (run.config.data_dir.published(), to.to_string());
    let known = ledger::settings::setting(&run.warehouse, PUBLISHED_TO)?;
    if !run.does(Stage::Publish) || known.as_ref() == Some(&address) || !file.exists() {
        return Ok(());
    }
    confirm(run).await?;
    match to {
        Location::S3 { path, .. } => {
            let settings = run.config.settings_of(to, run.settings.shipping.store);
            let sent = Box::pin(async {
                if let Store::S3(bucket) = Store::open(&settings).await? {
                    bucket.overwriting().send(&file, path).await?;
                }
                Ok::<_, crate::lake::Error>(())
            });
            run.stop.or(sent).await.ok_or(Error::Interrupted)??;
        }
        Location::File(target) => blocking(|| {
            let part = target.with_extension("part");
            let copied = target.parent().map_or(Ok(()), std::fs::create_dir_all);
            copied
                .and_then(|()| std::fs::copy(&file, &part))
                .and_then(|_| std::fs::rename(&part, target))
                .map_err(|source| Error::File { doing: "publish", path: target.clone(), source })
        })?,
    }
    Ok(ledger::settings::set_setting(&mut run.warehouse, PUBLISHED_TO, &address)?)
}
