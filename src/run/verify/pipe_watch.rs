//! The ways by which a table's files get in, and how each of them is.

use chrono::{DateTime, Utc};

use crate::ids::Table;
use crate::lake::ExportedFile;
use crate::ledger::Parcel;
use crate::run::account::Target;
use crate::run::error::Error;
use crate::run::job::Edge;
use crate::run::ship::query;
use crate::snowflake::{
    Answer, Health, IngestMode, PipeHealth, PipeState, PipeStatus, QualifiedName, Statement,
};

/// How some of a table's files get in.
pub(crate) struct Route {
    pub(crate) way: IngestMode,
    /// Whether Snowflake was told of them, or learns of them from the bucket.
    pub(crate) is_told: bool,
    pub(crate) pipe: Option<QualifiedName>,
    pub(crate) files: Vec<ExportedFile>,
    pub(crate) status: Option<PipeStatus>,
    health: Option<PipeHealth>,
}

/// A table's files by the way that each one went, and not the one that is configured now.
pub(crate) fn routes(target: &Target, table: Table, parcels: &[Parcel]) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for entry in parcels.iter().flat_map(|parcel| parcel.entries_of(table)) {
        let way = entry.way.unwrap_or(target.mode);
        let is_told = entry.is_told() || way == IngestMode::Auto && entry.is_announced();
        let pipe = target.names.pipe(table, entry.format().unwrap_or(target.format), way);
        let known =
            routes.iter_mut().find(|it| (it.way, it.is_told, &it.pipe) == (way, is_told, &pipe));
        match known {
            Some(route) => route.files.push(entry.file.clone()),
            None => {
                let files = vec![entry.file.clone()];
                routes.push(Route { way, is_told, pipe, files, status: None, health: None });
            }
        }
    }
    routes
}

impl Route {
    /// Whether the pipe stands until a person moves it.
    pub(crate) fn is_stuck(&self) -> bool {
        let is_paused = self.status.as_ref().is_some_and(|it| it.state() == PipeState::Paused);
        is_paused || self.health.as_ref().is_some_and(|pipe| pipe.health == Health::Fail)
    }

    /// How the pipe is; `None` where there is none.
    pub(crate) async fn ask_pipe(
        &mut self,
        edge: Edge<'_>,
        target: &Target,
        submitted_at: DateTime<Utc>,
    ) -> Result<Option<Answer<PipeHealth>>, Error> {
        let Some(pipe) = &self.pipe else { return Ok(None) };
        let statement = Statement::new(target.names.pipe_status(pipe));
        let rows = match query(edge, target, statement).await? {
            Answer::Given(rows) => rows,
            Answer::Unknown(why) => return Ok(Some(Answer::Unknown(why))),
        };
        let text = rows.only()?.cell("PIPE_STATUS")?.text()?.to_owned();
        let Some(status) = PipeStatus::parse(&text) else {
            return Ok(Some(Answer::Unknown(format!("pipe `{pipe}` answers `{text}`"))));
        };
        let before = self.status.replace(status.clone());
        let waiting_since = (self.way == IngestMode::Auto).then_some(submitted_at);
        let health = status.health(pipe, before.as_ref(), waiting_since, edge.now());
        self.health = Some(health.clone());
        Ok(Some(Answer::Given(health)))
    }
}
