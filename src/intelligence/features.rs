//! `features`: tables that a model can learn from, in the published file and as Parquet, with what each column means.
//!
//! Once made they are made again with each version of the published file, so that they never say what it does not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::Error;
use super::origin::{self, ApiContent};
use crate::blocking::blocking;
use crate::config::Config;
use crate::event::{Sink, Teller};
use crate::ledger;
use crate::run::{self, HeldLedger, Job, Settings, features, give_back, hold_with_state};
use crate::state::State;
use crate::stop::Stop;
use crate::warehouse::{FeatureTable, Listening, Warehouse};

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct FeatureRequest {
    pub(crate) content: ApiContent,
    /// Where the files go; `None`: into the lake.
    pub(crate) out: Option<PathBuf>,
}

/// Features that were made.
pub(crate) struct MadeFeatures {
    pub(crate) tables: Vec<FeatureTable>,
    /// The folder of the bucket that has the same files, where they are the lake's.
    pub(crate) address: Option<String>,
}

/// Makes the features.
///
/// # Errors
/// [`Error::ApiContent`], [`Error::Warehouse`], [`Error::Run`].
pub(crate) async fn features(
    config: &Config,
    settings: &Settings,
    request: &FeatureRequest,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<MadeFeatures, Error> {
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    // Before anything is locked or written.
    blocking(|| check(config, request.content))?;
    let mut state = None;
    let made = match hold_with_state(&job, "features", &mut state).await {
        Ok(HeldLedger { lock: _lock, warehouse }) => {
            Box::pin(make(&job, request, warehouse, &mut state)).await
        }
        Err(error) => Err(error.into()),
    };
    // It was the one who took the state from us who asked us to stop.
    let fenced = state.as_ref().and_then(State::is_fenced);
    give_back(state).await;
    fenced.map_or(made, |error| Err(run::Error::from(error).into()))
}

fn check(config: &Config, content: ApiContent) -> Result<(), Error> {
    let file = Listening::open(&config.data_dir.published(), &config.data_dir.temp())?;
    origin::check(&file, content, "features")
}

async fn make(
    job: &Job<'_>,
    request: &FeatureRequest,
    mut warehouse: Warehouse,
    state: &mut Option<State>,
) -> Result<MadeFeatures, Error> {
    let tables = blocking(|| write(job.config, request, &mut warehouse))?;
    if let Some(state) = state {
        Box::pin(state.confirm()).await.map_err(run::Error::from)?;
    }
    let sent = Box::pin(features::bring(job, &mut warehouse)).await;
    if let Some(state) = state {
        // The next machine makes them again.
        Box::pin(state.save(&mut warehouse)).await.map_err(run::Error::from)?;
    }
    sent?;
    let address = features::address(job.config).filter(|_| request.out.is_none());
    Ok(MadeFeatures { tables, address })
}

fn write(
    config: &Config,
    request: &FeatureRequest,
    warehouse: &mut Warehouse,
) -> Result<Vec<FeatureTable>, Error> {
    let published = config.data_dir.published();
    let absolute = |folder: &PathBuf| {
        let path = std::path::absolute(folder);
        path.unwrap_or_else(|_| folder.clone()).to_string_lossy().into_owned()
    };
    let folder = request.out.as_ref().map(absolute).unwrap_or_default();
    let mut wish = warehouse.feature_wish()?.unwrap_or_default();
    wish.api_content = request.content == ApiContent::Allowed;
    if !wish.folders.contains(&folder) {
        wish.folders.push(folder.clone());
    }
    let file = warehouse.make_features(&published, &wish)?;
    ledger::features::made(warehouse, &wish, file.as_ref())?;
    let folder = match folder.is_empty() {
        true => features::usual_folder(config),
        false => Path::new(&folder).to_owned(),
    };
    let tables = warehouse.export_features(&published, &folder)?;
    // Also where they were written before: all say the same.
    features::renew(warehouse, config, Some(&folder))?;
    Ok(tables)
}
