//! `forget`: erases what is held of someone, everywhere, and looks for what is left.
//!
//! ```text
//! plan ─▶ rights ─▶ rewrite ─▶ ship ─▶ erase ─▶ search ─▶ end
//!  who,     may      files      the     old       all       the ledger without them,
//!  where    all go   without    usual   files,    places    the state's only generation
//!                    them       way     rows
//! ```
//! Nothing is deleted before the rights are known and what stays has arrived. Each step is noted in the ledger or can be done again, and
//! each invocation looks anew: killed anywhere, the same command ends it.

mod beyond;
mod elsewhere;
mod erase;
mod error;
mod everything;
mod places;
mod plan;
mod rewrite;
mod rights;
mod search;
mod stream;

use std::sync::Arc;

use crate::event::{Sink, Stage, Teller};
use crate::ids::PlaylistId;
use crate::ledger::{self, forgets};
use crate::run::{self, HeldLedger, Job, Settings, hold_to_read, hold_with_state};
use crate::state::State;
use crate::status::FileState;
use crate::stop::Stop;
use crate::warehouse::Warehouse;

pub(crate) use error::Error;
pub(crate) use plan::Plan;

use crate::config::Config;
use places::Places;

/// What is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One playlist, and what no other needs.
    Playlist(PlaylistId),
    /// The logged-in user: login, liked songs, own playlists.
    User,
    /// Everything.
    Everything,
}

impl Scope {
    /// As the ledger and the command line write it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Playlist(_) => "playlist",
            Self::User => "user",
            Self::Everything => "everything",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ForgetRequest {
    /// What is to be forgotten.
    pub(crate) scope: Scope,
    /// Whether anything is to happen.
    pub(crate) wish: Wish,
}

/// Whether anything is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Only say what would go.
    Show,
    /// Do it.
    Erase,
}

/// What goes or went, and what is left.
pub(crate) struct Forgotten {
    /// What goes.
    pub(crate) plan: Plan,
    /// Whether it did.
    pub(crate) is_done: bool,
    /// What the search found, in words.
    pub(crate) left: Vec<String>,
    /// What it cannot reach, in words.
    pub(crate) beyond_reach: Vec<String>,
}

/// Forgets what is asked for, or says what would go.
///
/// # Errors
/// [`Error`] says what to do next; the same command goes on.
pub(crate) async fn forget(
    config: &Config,
    settings: &Settings,
    request: &ForgetRequest,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<Forgotten, Error> {
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let places = Places::open(job).await?;
    let scope = &request.scope;
    if request.wish == Wish::Show {
        let HeldLedger { lock: _lock, warehouse } = hold_to_read(&job, "forget").await?;
        let plan = look(&warehouse, &places, scope).await?;
        let beyond_reach = search::beyond_reach(&warehouse, &places, scope, &plan.theirs).await?;
        places.tidy()?;
        return Ok(Forgotten { plan, is_done: false, left: Vec::new(), beyond_reach });
    }
    let mut state = None;
    let done = Box::pin(erase_all(&places, scope, sink, &mut state)).await;
    // It was the one who took the state from us who asked us to stop.
    let fenced = state.as_ref().and_then(State::is_fenced);
    run::give_back(state).await;
    fenced.map_or(done, |error| Err(error.into()))
}

/// What goes.
async fn look(warehouse: &Warehouse, places: &Places<'_>, scope: &Scope) -> Result<Plan, Error> {
    let seeds = plan::seeds(warehouse, places.job, scope).await?;
    match scope {
        Scope::Everything => everything::plan(warehouse, places).await,
        Scope::User => plan::plan(warehouse, places, &seeds).await,
        Scope::Playlist(id) => {
            let mut names = warehouse.names_of_playlists(&[id.to_string()].into())?;
            let name = names.remove(id.as_str());
            Ok(Plan { name, ..plan::plan(warehouse, places, &seeds).await? })
        }
    }
}

/// Forgets `scope`. Whoever is given `state` gives it back.
async fn erase_all(
    places: &Places<'_>,
    scope: &Scope,
    sink: Sink<'_>,
    state: &mut Option<State>,
) -> Result<Forgotten, Error> {
    let events = places.job.events;
    let HeldLedger { lock, mut warehouse } = hold_with_state(&places.job, "forget", state).await?;
    let plan = look(&warehouse, places, scope).await?;
    if !plan.missing.is_empty() {
        return Err(Error::Rights(plan.missing));
    }
    stream::catch_up(&mut warehouse, places).await?;
    if *scope == Scope::Everything {
        return everything::erase(warehouse, state.as_mut(), places, plan).await;
    }
    rewrite::rewrite(&mut warehouse, places, scope, &plan, events)?;
    // Whoever goes on elsewhere knows what is to go, and finds what takes its place.
    if let Some(state) = state.as_mut() {
        Box::pin(state.save(&mut warehouse)).await?;
    }
    let held = ship(places, HeldLedger { warehouse, lock }, sink, state).await?;
    let HeldLedger { lock, mut warehouse } = held;
    confirm(state.as_ref()).await?;
    stream::tell(&mut warehouse, places).await?;
    erase::files(&mut warehouse, places, events).await?;
    confirm(state.as_ref()).await?;
    erase::archives(&warehouse, places, &plan.theirs, events).await?;
    confirm(state.as_ref()).await?;
    beyond::published(&warehouse, places, &plan.theirs).await?;
    beyond::erase_report(places).await?;
    erase::processed(places).await?;
    // Beside the marts, and made of the published file, which knows them no more.
    if let Some(told) = run::features::bring_without_forgotten(&places.job, &mut warehouse).await? {
        tracing::warn!("{told}");
    }
    erase::rest_of_this_machine(places, scope)?;
    end(places, HeldLedger { warehouse, lock }, scope, plan, state.as_mut()).await
}

/// Nobody took the state from us.
async fn confirm(state: Option<&State>) -> Result<(), Error> {
    match state {
        Some(state) => Ok(Box::pin(state.confirm_again()).await?),
        None => Ok(()),
    }
}

/// Brings the files that take others' places where those were, as any run's, and proves them.
async fn ship(
    places: &Places<'_>,
    held: HeldLedger,
    sink: Sink<'_>,
    state: &mut Option<State>,
) -> Result<HeldLedger, Error> {
    use FileState::{Accepted, Exported, Submitting, Superseded, Uploaded, Verified};
    let arrived: &[FileState] = match (places.bucket(), &places.account) {
        (_, Some(_)) => &[Verified, Superseded],
        (Some(_), None) => &[Uploaded, Submitting, Accepted, Verified, Superseded],
        (None, None) => &[Exported, Uploaded, Submitting, Accepted, Verified, Superseded],
    };
    let unproven = forgets::unproven(&held.warehouse, arrived)?;
    if unproven.is_empty() {
        return Ok(held);
    }
    // A run takes the directory itself, and the state as it was just saved.
    run::give_back(state.take()).await;
    drop(held);
    let (config, stop) = (places.job.config, places.job.stop);
    for run in unproven {
        let settings = Settings {
            wait: places.job.settings.wait,
            run: Some(run),
            stages: Stage::Upload..=Stage::Verify,
            shipping: places.job.settings.shipping,
            state: places.job.settings.state,
            ..Settings::of_stage(Stage::Upload, places.job.settings.clock)
        };
        Box::pin(run::run(config, &settings, sink, stop)).await?.completed()?;
    }
    Ok(hold_with_state(&places.job, "forget", state).await?)
}

/// Looks for what is left; where nothing is, the ledger is written anew without whose rows they were, which ends it.
async fn end(
    places: &Places<'_>,
    HeldLedger { lock, mut warehouse }: HeldLedger,
    scope: &Scope,
    plan: Plan,
    state: Option<&mut State>,
) -> Result<Forgotten, Error> {
    let data_dir = &places.job.config.data_dir;
    let (path, now) = (data_dir.warehouse(), places.now());
    // What became of the files stands there, too. Nothing of theirs was in it since it was written anew.
    if let Some(file) = warehouse.renew_operations(&data_dir.published())? {
        ledger::consumers::renewed(&mut warehouse, &file)?;
    }
    let beyond_reach = search::beyond_reach(&warehouse, places, scope, &plan.theirs).await?;
    ledger::incidents::lose_commands(&mut warehouse)?;
    let fresh = warehouse.copied_afresh(&path, &data_dir.temp(), &["forgotten"], |warehouse| {
        forgets::end_in_fresh_file(warehouse, now)
    })?;
    let pages = [fresh.next.clone(), data_dir.published(), path.with_extension("pages")];
    let left = search::left(&warehouse, places, &plan.theirs, &pages).await?;
    places.tidy()?;
    if !left.is_empty() {
        places::remove_file(&fresh.next)?;
        return Ok(Forgotten { plan, is_done: false, left, beyond_reach });
    }
    warehouse.give_way(&fresh, &path)?;
    let mut warehouse = Warehouse::open(&path, &data_dir.temp())?;
    ledger::status_file::write(data_dir, &warehouse, None, now);
    let left = match state {
        Some(state) => beyond::alone_in_state(state, &mut warehouse, &plan.theirs).await?,
        None => left,
    };
    drop(warehouse);
    drop(lock);
    Ok(Forgotten { plan, is_done: left.is_empty(), left, beyond_reach })
}
