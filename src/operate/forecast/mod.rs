//! What a run is going to do and cost, before it does it.
//!
//! In: what a run would be asked for. Out: a [`Forecast`]: calls to Spotify exactly, files and warehouse statements at most, credits at most.
//! Nothing is written: the run is rehearsed on a copy of the ledger.

mod bounds;
mod prices;
mod scratch;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Account, Config};
use crate::event::{Sink, Teller};
use crate::run::{Error, Job, News, Rehearsal, Settings, Source, rehearse};
use crate::snowflake::{Cost, Plan};
use crate::stop::Stop;
use bounds::Bounds;
pub(crate) use prices::AS_OF;
use scratch::Scratch;

use super::setup::{self, SetupWishes};

/// How long a call to Spotify takes where nobody was asked.
const USUAL_CALL: Duration = Duration::from_millis(300);

/// A run before it begins.
pub(crate) struct Forecast {
    /// What it asks and reads.
    pub(crate) rehearsal: Rehearsal,
    /// How many calls to Spotify it makes.
    pub(crate) call_count: u64,
    /// How long they take.
    pub(crate) duration: Duration,
    /// Files that it ships, at most.
    pub(crate) file_count: u64,
    /// Statements that use a warehouse, at most.
    pub(crate) statement_count: u64,
    /// What it costs in Snowflake, at most.
    pub(crate) credits: f64,
    /// What it costs altogether, at most.
    pub(crate) dollars: f64,
    /// What Snowflake still lacks; `None` where it was not asked.
    pub(crate) setup: Option<Plan>,
    /// Whether it goes as far as Snowflake.
    pub(crate) goes_to_snowflake: bool,
    /// Whether it is about lists of which nothing is known here, and nobody was asked: then files, credits and dollars are without theirs.
    pub(crate) lacks_lists: bool,
}

/// Foresees the run that `settings` would begin or continue; with `is_offline` from the ledger alone.
///
/// # Errors
/// What would end the run before it began, and what keeps Spotify or Snowflake from answering.
pub(crate) async fn forecast(
    config: &Config,
    settings: &Settings,
    is_offline: bool,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<Forecast, Error> {
    let account = crate::run::account(config, settings)?;
    let setup = match &account {
        Some(account) if !is_offline => {
            Some(setup::plan(config, account, &SetupWishes::default(), stop).await?)
        }
        _ => None,
    };
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let had_data_dir = config.data_dir.path().exists();
    let rehearsed = rehearsed(job, account.as_ref(), is_offline).await;
    if !had_data_dir {
        // Room was made there for a new login, which did not come.
        let _ = std::fs::remove_dir(config.data_dir.path());
    }
    let rehearsal = rehearsed?;
    let lacks_lists = is_offline && lacks_lists(settings, &rehearsal);
    Ok(weighed(config, account.as_ref(), rehearsal, setup, lacks_lists))
}

/// Whether a run asks Spotify for lists that were never read.
fn lacks_lists(settings: &Settings, rehearsal: &Rehearsal) -> bool {
    let playlists = &rehearsal.playlists;
    matches!(settings.source, Some(Source::Spotify(_)))
        && (playlists.is_empty() && rehearsal.continued.is_none()
            || playlists.iter().any(|it| it.news == News::New))
}

async fn rehearsed(
    job: Job<'_>,
    account: Option<&Account>,
    is_offline: bool,
) -> Result<Rehearsal, Error> {
    let Job { config, stop, .. } = job;
    let scratch = Scratch::new(&config.data_dir)?;
    let mut warehouse = scratch.warehouse(&config.data_dir)?;
    let (asked, work) = (Arc::clone(stop), warehouse.interrupt());
    let interrupter = tokio::spawn(async move {
        asked.asked().await;
        work.interrupt();
    });
    let rehearsed = rehearse(job, account, &mut warehouse, is_offline).await;
    interrupter.abort();
    // Closed before its folder goes.
    drop(warehouse);
    rehearsed.map_err(|error| if stop.is_asked() { Error::Interrupted } else { error })
}

fn weighed(
    config: &Config,
    account: Option<&Account>,
    rehearsal: Rehearsal,
    setup: Option<Plan>,
    lacks_lists: bool,
) -> Forecast {
    let call_count = rehearsal.foreseen.questions.iter().map(|(_, count)| count).sum();
    let per_call = rehearsal.foreseen.per_call.unwrap_or(USUAL_CALL).max(config.spotify.min_gap);
    let duration = per_call.saturating_mul(u32::try_from(call_count).unwrap_or(u32::MAX));
    let bounds = Bounds::of(config, &rehearsal);
    let mode = account.map(|account| account.mode);
    let statement_count = mode.map_or(0, |mode| bounds.statement_count(mode));
    let usual = || Cost::usual(config.snowflake.target_lag.clone());
    let cost = setup.as_ref().map_or_else(usual, |plan| plan.cost.clone());
    let credits = mode.map_or(0.0, |mode| {
        let timeout = config.snowflake.verify_timeout;
        bounds.credits(mode, statement_count, &cost, timeout)
    });
    let put_count = if config.lake.bucket.is_some() { bounds.put_count() } else { 0 };
    let dollars = bounds::dollars(credits, put_count);
    Forecast {
        call_count,
        duration,
        file_count: bounds.file_count(),
        statement_count,
        credits,
        dollars,
        setup,
        goes_to_snowflake: account.is_some(),
        lacks_lists,
        rehearsal,
    }
}
