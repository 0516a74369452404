//! `playlist`: a new list at Spotify, of recommended songs, of a query's or a file's, or of what a list once was.
//!
//! ```text
//! plan ─▶ ask for the list ─▶ add songs, 100 a call ─▶ read back ─▶ end
//!  in the    known by a mark     at the place where      compared
//!  ledger    in its description  the list ends
//! ```
//! A list that is there is never touched. What was sent without an answer is looked for before it is sent again; so the same command
//! goes on wherever it was cut off.

mod list;
mod songs;

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::Error;
use super::origin::ApiContent;
use crate::blocking::blocking;
use crate::config::Config;
use crate::event::{Sink, Teller};
use crate::ids::RunId;
use crate::ledger::lockouts;
use crate::ledger::new_lists::{self, NewListPlan};
use crate::run::{self, HeldLedger, Job, Settings, give_back, hold_to_read, hold_with_state};
use crate::state::State;
use crate::stop::Stop;
use crate::warehouse::Warehouse;

pub(crate) use crate::ledger::new_lists::LeftOut;
pub(crate) use songs::{ListSource, names};

/// A list that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct ListRequest {
    /// `None`: that of the list that is restored, with the day.
    pub(crate) name: Option<String>,
    pub(crate) is_public: bool,
    pub(crate) source: ListSource,
    pub(crate) content: ApiContent,
}

/// A list that is planned, or made.
#[derive(Debug, Clone)]
pub(crate) struct NewPlaylist {
    pub(crate) name: String,
    pub(crate) songs: Vec<String>,
    pub(crate) left_out: Vec<LeftOut>,
    /// `None`: only planned.
    pub(crate) playlist_id: Option<String>,
}

impl NewPlaylist {
    fn of(plan: NewListPlan) -> Self {
        let NewListPlan { name, songs, left_out, playlist_id, .. } = plan;
        Self { name, songs, left_out, playlist_id }
    }
}

/// What the list would be. Spotify is not asked, and nothing is noted.
///
/// # Errors
/// [`Error`] says what the source lacks.
pub(crate) async fn foresee(
    config: &Config,
    settings: &Settings,
    request: &ListRequest,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<NewPlaylist, Error> {
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    let rows = songs::rows(&config.data_dir, &request.source).await?;
    if !request.source.is_in_ledger() {
        return blocking(|| plan(&job, request, &rows, None)).map(NewPlaylist::of);
    }
    let HeldLedger { lock: _lock, warehouse } = hold_to_read(&job, "playlist").await?;
    blocking(|| plan(&job, request, &rows, Some(&warehouse))).map(NewPlaylist::of)
}

/// Makes the list, or goes on with it.
///
/// # Errors
/// [`Error`] says what to do next; the same command goes on.
pub(crate) async fn make(
    config: &Config,
    settings: &Settings,
    request: &ListRequest,
    sink: Sink<'_>,
    stop: &Arc<Stop>,
) -> Result<NewPlaylist, Error> {
    let teller = Teller::new(sink, settings.clock);
    let events = |what| teller.tell(what);
    let job = Job { config, settings, events: &events, stop };
    may_write(config)?;
    let mut state = None;
    let made = match hold_with_state(&job, "playlist", &mut state).await {
        Ok(HeldLedger { lock: _lock, warehouse }) => {
            Box::pin(make_planned(&job, request, warehouse, &mut state)).await
        }
        Err(error) => Err(error.into()),
    };
    // It was the one who took the state from us who asked us to stop.
    let fenced = state.as_ref().and_then(State::is_fenced);
    give_back(state).await;
    fenced.map_or(made, |error| Err(run::Error::from(error).into()))
}

/// A login that is known to lack the scope ends here, before anything is planned.
fn may_write(config: &Config) -> Result<(), Error> {
    let credentials = config.credentials()?;
    match credentials.may_write()? {
        true => Ok(()),
        false => Err(crate::sources::Error::may_not_write("/me/playlists").into()),
    }
}

async fn make_planned(
    job: &Job<'_>,
    request: &ListRequest,
    mut warehouse: Warehouse,
    state: &mut Option<State>,
) -> Result<NewPlaylist, Error> {
    let command = fingerprint(request);
    let plan = match blocking(|| new_lists::begun(&warehouse, &command))? {
        Some(mut begun) => {
            // The state may have been saved before Spotify was asked, by a machine that is gone.
            begun.is_asked_for |= state.is_some();
            begun
        }
        None => {
            let rows = songs::rows(&job.config.data_dir, &request.source).await?;
            let plan = blocking(|| plan(job, request, &rows, Some(&warehouse)))?;
            blocking(|| new_lists::note(&mut warehouse, &command, &plan))?;
            plan
        }
    };
    // Whoever goes on elsewhere knows what was planned.
    save(state, &mut warehouse).await?;
    let mut client = job.client(&warehouse)?;
    let account = job.config.credentials()?.client_id;
    let made = {
        let mut making = list::Making {
            client: &mut client,
            warehouse: &mut warehouse,
            events: job.events,
            command: &command,
            plan,
        };
        Box::pin(making.finish()).await.map(|()| making.plan)
    };
    client.keep_login(job.events);
    let lockouts = blocking(|| lockouts::save(&mut warehouse, &account, client.lockouts()));
    let saved = save(state, &mut warehouse).await;
    let plan = made?;
    match (lockouts.map_err(Error::from).and(saved), &plan.playlist_id) {
        (Err(source), Some(id)) => {
            Err(Error::ListUnnoted { id: id.clone(), source: Box::new(source) })
        }
        (noted, _) => noted.map(|()| NewPlaylist::of(plan)),
    }
}

async fn save(state: &mut Option<State>, warehouse: &mut Warehouse) -> Result<(), Error> {
    if let Some(state) = state {
        Box::pin(state.save(warehouse)).await.map_err(run::Error::from)?;
    }
    Ok(())
}

/// What the list is to be.
fn plan(
    job: &Job<'_>,
    request: &ListRequest,
    rows: &[Value],
    warehouse: Option<&Warehouse>,
) -> Result<NewListPlan, Error> {
    let found = songs::find(&job.config.data_dir, request, rows, warehouse)?;
    let now = (job.settings.clock)();
    Ok(NewListPlan {
        mark: format!("snowtrack {}", RunId::new(now, fastrand::u128(..))),
        name: request.name.clone().unwrap_or(found.name),
        is_public: request.is_public,
        songs: found.songs,
        left_out: found.left_out,
        is_asked_for: false,
        playlist_id: None,
        refused: Vec::new(),
    })
}

/// By which the same command is known.
fn fingerprint(request: &ListRequest) -> String {
    let ListRequest { name, is_public, source, .. } = request;
    let text = format!("{name:?} {is_public} {}", source.words());
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
