//! The ways by which a table's files get in, and how each of them is.

use chrono::{DateTime, Utc};

use crate::ids::Table;
use crate::lake::ExportedFile;
use crate::ledger::Parcel;
use crate::run::Run;
use crate::run::account::{Target, query};
use crate::run::error::Error;
use crate::snowflake::{
    Answer, Health, IngestMode, PipeHealth, PipeState, PipeStatus, QualifiedName, Statement,
};

/// How some of a table's files get in.
pub(crate) struct Channel {
    pub(crate) way: IngestMode,
    /// Whether they were submitted, by us or by the bucket's events.
    pub(crate) is_submitted: bool,
    pub(crate) pipe: Option<QualifiedName>,
    pub(crate) files: Vec<ExportedFile>,
    pub(crate) status: Option<PipeStatus>,
    health: Option<PipeHealth>,
}

/// A table's files by the way that each one went, and not the one that is configured now.
pub(crate) fn channels(account: &Target, table: Table, parcels: &[Parcel]) -> Vec<Channel> {
    let mut channels: Vec<Channel> = Vec::new();
    for entry in parcels.iter().flat_map(|parcel| parcel.entries_of(table)) {
        let way = entry.way.unwrap_or(account.mode);
        let is_submitted = entry.is_told() || way == IngestMode::Auto && entry.is_announced();
        let pipe = account.names.pipe(table, entry.format().unwrap_or(account.format), way);
        let known = channels
            .iter_mut()
            .find(|it| (it.way, it.is_submitted, &it.pipe) == (way, is_submitted, &pipe));
        match known {
            Some(channel) => channel.files.push(entry.file.clone()),
            None => {
                let files = vec![entry.file.clone()];
                channels.push(Channel {
                    way,
                    is_submitted,
                    pipe,
                    files,
                    status: None,
                    health: None,
                });
            }
        }
    }
    channels
}

impl Channel {
    /// Whether the pipe stands until a person moves it.
    pub(crate) fn is_stuck(&self) -> bool {
        let is_paused = self.status.as_ref().is_some_and(|it| it.state() == PipeState::Paused);
        is_paused || self.health.as_ref().is_some_and(|pipe| pipe.health == Health::Fail)
    }

    /// How the pipe is; `None` where there is none.
    pub(crate) async fn ask_pipe(
        &mut self,
        run: &Run<'_>,
        account: &Target,
        submitted_at: DateTime<Utc>,
    ) -> Result<Option<Answer<PipeHealth>>, Error> {
        let Some(pipe) = &self.pipe else { return Ok(None) };
        let statement = Statement::new(account.names.pipe_status(pipe));
        let rows = match query(run, account, statement).await? {
            Answer::Given(rows) => rows,
            Answer::Unknown(why) => return Ok(Some(Answer::Unknown(why))),
        };
        let text = rows.only()?.cell("PIPE_STATUS")?.text()?.to_owned();
        let Some(status) = PipeStatus::parse(&text) else {
            return Ok(Some(Answer::Unknown(format!("pipe `{pipe}` answers `{text}`"))));
        };
        let before = self.status.replace(status.clone());
        let waiting_since = (self.way == IngestMode::Auto).then_some(submitted_at);
        let health = status.health(pipe, before.as_ref(), waiting_since, run.now());
        self.health = Some(health.clone());
        Ok(Some(Answer::Given(health)))
    }
}
