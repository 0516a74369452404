//! Which pipes there are: asked once a run, without a warehouse, and only where files depend on it. How they are: one statement for
//! all of them, which may need a warehouse (nothing says that `SYSTEM$PIPE_STATUS` needs none), by `ingest` alone before it submits, and
//! by `verify` where files were never submitted, or with `--all`.
//!
//! Out: a refusal before anything is shipped, where no pipe of the configured way exists; else which tables' files wait for a pipe that
//! does not, so that the others go without them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Run;
use super::account::query;
use super::error::Error;
use super::findings::Findings;
use crate::config::Account;
use crate::event::Stage;
use crate::ids::Table;
use crate::lake::Format;
use crate::ledger::ShippedFile;
use crate::snowflake::{
    Answer, Health, IngestMode, PipeHealth, PipeStatus, QualifiedName, Row, Rows, Statement,
};

/// The formats of files, and so of pipes.
/// How far the times of two clocks may be apart that are said to agree: Snowflake tells its own to the second.
const CLOCK_SLACK: TimeDelta = TimeDelta::seconds(2);

pub(crate) const FORMATS: [Format; 2] = [Format::Parquet, Format::Csv];

/// How files go in: by the pipe of their table for their format, or by a copy of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) table: Table,
    pub(crate) format: Format,
    pub(crate) mode: IngestMode,
}

impl Way {
    /// How a file goes in, or is to go.
    pub(crate) fn of(account: &Account, shipped: &ShippedFile) -> Self {
        Self {
            table: shipped.file.table,
            format: shipped.format().unwrap_or(account.format),
            mode: shipped.mode.unwrap_or(account.mode),
        }
    }

    /// Its pipe; a copy has none.
    pub(crate) fn pipe(self, account: &Account) -> Option<QualifiedName> {
        account.names.pipe(self.table, self.format, self.mode)
    }
}

impl Findings {
    /// Whether a pipe is known not to exist.
    pub(crate) fn lacks(&self, pipe: &QualifiedName) -> bool {
        matches!(&self.pipes, Some(Answer::Given(pipes)) if !pipes.contains_key(pipe.name.as_str()))
    }

    /// Whether a pipe is known to have been made after this time: what was submitted before, another one of its name was told.
    pub(crate) fn is_made_after(&self, pipe: &QualifiedName, time: DateTime<Utc>) -> bool {
        let Some(Answer::Given(pipes)) = &self.pipes else { return false };
        let made_at = pipes.get(pipe.name.as_str()).copied().flatten();
        made_at.is_some_and(|made_at| time + CLOCK_SLACK < made_at)
    }

    /// What is said of a pipe that was asked, and loads nothing before a person mends it.
    pub(crate) fn stopped(&self, pipe: &QualifiedName) -> Option<&PipeHealth> {
        let name = pipe.to_string();
        self.stopped_pipes.iter().find(|it| it.pipe == name)
    }
}

/// Refuses to ship where no pipe of the configured way exists, of any table.
///
/// # Errors
/// [`Error::NoPipes`]; [`Error::Snowflake`] where it is certain already that nothing else would be answered either.
pub(crate) async fn require_any(run: &mut Run<'_>) -> Result<(), Error> {
    let Some(account) = run.account.filter(|_| run.does(Stage::Ingest)) else { return Ok(()) };
    let again = run.submits_announced();
    let files = run.findings.shipments.iter().flat_map(|shipment| &shipment.files);
    let to_go = files.filter(|file| file.is_unsubmitted(again));
    let ways: Vec<Way> = to_go
        .map(|file| Way::of(account, file))
        .filter(|way| way.mode != IngestMode::Copy)
        .collect();
    if ways.is_empty() {
        return Ok(());
    }
    ask_once(run, account).await?;
    let mode = account.mode;
    let is_used = |format: &Format| ways.iter().any(|it| (it.mode, it.format) == (mode, *format));
    // What no event can bring goes to the pipes of `rest`, where somebody asks for that.
    let is_redirected = again && mode == IngestMode::Auto;
    let modes = [Some(mode), is_redirected.then_some(IngestMode::Rest)];
    let of_format = |format| {
        let ways = modes.into_iter().flatten().flat_map(move |mode| {
            Table::ALL.into_iter().map(move |table| Way { table, format, mode })
        });
        ways.filter_map(|way| way.pipe(account))
    };
    let formats = FORMATS.into_iter().filter(is_used);
    let pipes: Vec<QualifiedName> = formats.flat_map(of_format).collect();
    match pipes.first() {
        Some(first) if pipes.iter().all(|pipe| run.findings.lacks(pipe)) => {
            let why = match (&run.findings.no_setup, OtherWay::of(account, &run.findings)) {
                (Some(why), _) => format!(": {why}"),
                (None, Some(other)) => format!("; {}", other.next_step(account)),
                (None, None) => String::new(),
            };
            Err(Error::NoPipes { pipe: first.to_string(), mode: account.mode.name(), why })
        }
        _ => Ok(()),
    }
}

/// Asks which there are, unless it was asked. Whoever may not ask knows nothing.
pub(crate) async fn look(run: &mut Run<'_>, account: &Account) -> Result<(), Error> {
    match ask_once(run, account).await {
        Err(error) if error.is_interruption() => Err(error),
        Err(error) => {
            run.findings.pipes = Some(Answer::Unknown(error.to_string()));
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// Notes as well why none can be seen, where that is because not even their schema can.
async fn ask_once(run: &mut Run<'_>, account: &Account) -> Result<(), Error> {
    if run.findings.pipes.is_some() {
        return Ok(());
    }
    let pipes = match query(run, account, Statement::new(account.names.pipes())).await {
        Ok(Answer::Given(rows)) => {
            let skew = account.connection.clock_skew().unwrap_or_default();
            pipes_in(&rows, skew).map_or_else(unknown, Answer::Given)
        }
        Ok(Answer::Unknown(why)) => Answer::Unknown(why),
        // Where there is no schema, or no role to look with, there is no pipe.
        Err(Error::Snowflake(error)) if error.is_without_setup() => {
            run.findings.no_setup = Some(error.to_string());
            Answer::Given(BTreeMap::new())
        }
        Err(Error::Snowflake(error)) if !is_final(&error) => unknown(*error),
        Err(error) => return Err(error),
    };
    run.findings.pipes = Some(pipes);
    Ok(())
}

/// The pipes that are there where none of the configured way is: no other is made beside them.
pub(crate) struct OtherWay {
    mode: IngestMode,
    pipes: Vec<QualifiedName>,
}

impl OtherWay {
    /// Those of the other mode, where not one of the configured one is there.
    pub(crate) fn of(account: &Account, findings: &Findings) -> Option<Self> {
        let mode = match account.mode {
            IngestMode::Rest => IngestMode::Auto,
            IngestMode::Auto => IngestMode::Rest,
            IngestMode::Copy => return None,
        };
        let there = |mode| {
            let pipes = Table::ALL.into_iter();
            let pipes = pipes.filter_map(|table| account.names.pipe(table, account.format, mode));
            pipes.filter(|pipe| !findings.lacks(pipe)).collect::<Vec<_>>()
        };
        let is_known = matches!(&findings.pipes, Some(Answer::Given(_)));
        let pipes = there(mode);
        (is_known && there(account.mode).is_empty() && !pipes.is_empty())
            .then_some(Self { mode, pipes })
    }

    /// The two ways out.
    pub(crate) fn next_step(&self, account: &Account) -> String {
        let (other, mode) = (self.mode.name(), account.mode.name());
        let drops: Vec<String> =
            self.pipes.iter().map(|pipe| format!("drop pipe {pipe}")).collect();
        format!(
            "those of `{other}` are there: set `SNOWFLAKE_INGEST={other}` back, or have them dropped by hand once their queues are empty (`{}`), and `snowtrack snowflake plan` says who can make those of `{mode}`",
            drops.join("; ")
        )
    }
}

fn unknown<T>(error: crate::snowflake::Error) -> Answer<T> {
    Answer::Unknown(error.to_string())
}

/// Whether nothing that follows would be answered, and asking another way, or later, would not help either.
pub(crate) const fn is_final(error: &crate::snowflake::Error) -> bool {
    error.is_stopped()
        || error.is_config()
        || matches!(error, crate::snowflake::Error::Unauthorized(_))
}

/// Names, and when each was made by this machine's clock, which is so much ahead of Snowflake's.
fn pipes_in(
    rows: &Rows,
    skew: TimeDelta,
) -> Result<BTreeMap<String, Option<DateTime<Utc>>>, crate::snowflake::Error> {
    let pipe = |row: Row<'_>| Ok((row.cell("name")?.text()?.to_owned(), made_at(row, skew)));
    rows.iter().map(pipe).collect()
}

fn made_at(row: Row<'_>, skew: TimeDelta) -> Option<DateTime<Utc>> {
    // As seconds since 1970, which is how the API writes every time.
    let text = row.cell("created_on").ok()?.text().ok()?;
    let seconds = text.split('.').next()?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0)?.checked_add_signed(skew)
}

/// What is said of files whose pipe does not exist, and whether this is `ingest --as rest`.
pub(crate) fn absent(
    account: &Account,
    findings: &Findings,
    pipe: &QualifiedName,
    way: Way,
    submits_announced: bool,
) -> PipeHealth {
    let Way { format, mode, .. } = way;
    let mut settings = String::new();
    if mode != account.mode {
        settings += &format!("SNOWFLAKE_INGEST={} ", mode.name());
    }
    if format != account.format {
        settings += &format!("LAKE_FORMAT={} ", format.name());
    }
    let plan = format!("`{settings}snowtrack snowflake plan` says who can make it");
    let by_rest = "`snowtrack ingest --as rest` submits its files";
    let of = |mode| Way { mode, ..way }.pipe(account);
    let is_there = |pipe: &QualifiedName| findings.pipes.is_some() && !findings.lacks(pipe);
    // Beside a pipe that reads the same files, none is made.
    let other = match mode {
        IngestMode::Auto => of(IngestMode::Rest).filter(is_there),
        IngestMode::Rest => of(IngestMode::Auto).filter(is_there),
        IngestMode::Copy => None,
    };
    let or_drop = format!(
        "or have the pipes of the other way dropped by hand once their queues are empty; then {plan}"
    );
    let remedy = match (mode, &other) {
        (IngestMode::Auto, Some(_)) if mode == account.mode => format!(
            "{by_rest} to the pipe of `rest`, which is there; set `SNOWFLAKE_INGEST=rest`, {or_drop}"
        ),
        (IngestMode::Auto, None) if mode == account.mode => format!("{plan}, then {by_rest}"),
        (IngestMode::Auto, None) => {
            format!(
                "`SNOWFLAKE_INGEST=rest snowtrack snowflake plan` says who can make another, then {by_rest} to it"
            )
        }
        (IngestMode::Auto, Some(_)) => format!("{by_rest} to another"),
        (IngestMode::Rest, Some(_)) if mode == account.mode && !submits_announced => {
            format!("set `SNOWFLAKE_INGEST=auto`, {or_drop}")
        }
        // What was announced to another pipe, no run submits by itself.
        (IngestMode::Rest, _) if submits_announced => format!("{plan}, then {by_rest}"),
        _ => format!("{plan}, then `snowtrack ingest` submits its files"),
    };
    let is_in_the_way = mode == account.mode && !submits_announced;
    let drops = other.filter(|_| is_in_the_way).map(|other| format!("drop pipe {other}"));
    PipeHealth {
        pipe: pipe.to_string(),
        health: Health::Fail,
        reason: "not there, or hidden from this role".to_owned(),
        remedy,
        statements: drops.into_iter().collect(),
    }
}

/// The pipes of the configured way that are there, one a table.
fn configured(run: &Run<'_>, account: &Account) -> Vec<QualifiedName> {
    let pipe = |table| account.names.pipe(table, account.format, account.mode);
    let pipes = Table::ALL.into_iter().filter_map(pipe);
    pipes.filter(|pipe| !run.findings.lacks(pipe)).collect()
}

/// Asks how the pipes are that files wait for which nobody submitted; with `--all` all others, too.
pub(crate) async fn look_at_waiting(run: &mut Run<'_>, account: &Account) -> Result<(), Error> {
    let asks_all = run.settings.shipping.asks_all && account.mode != IngestMode::Copy;
    let files = run.findings.shipments.iter().flat_map(|shipment| &shipment.files);
    let waiting = files.filter(|file| !file.state.is_submitted());
    let mut asked: Vec<QualifiedName> =
        waiting.filter_map(|file| Way::of(account, file).pipe(account)).collect();
    if asked.is_empty() && !asks_all {
        return Ok(());
    }
    look(run, account).await?;
    if asks_all {
        asked.extend(configured(run, account));
    }
    ask_states(run, account, asked).await
}

/// Asks how the pipes are that files are to go in by.
pub(crate) async fn look_before(
    run: &mut Run<'_>,
    account: &Account,
    ways: impl Iterator<Item = Way>,
) -> Result<(), Error> {
    let asked = ways.filter_map(|way| way.pipe(account)).collect();
    ask_states(run, account, asked).await
}

/// Asks those of them that are there. Whoever may not ask knows nothing.
async fn ask_states(
    run: &mut Run<'_>,
    account: &Account,
    mut asked: Vec<QualifiedName>,
) -> Result<(), Error> {
    asked.sort_by_key(ToString::to_string);
    asked.dedup();
    asked.retain(|pipe| !run.findings.lacks(pipe));
    if asked.is_empty() {
        return Ok(());
    }
    let statement = Statement::new(account.names.pipe_statuses(&asked));
    let rows = match query(run, account, statement).await {
        Ok(Answer::Given(rows)) => rows,
        Err(error) if error.is_interruption() => return Err(error),
        Ok(Answer::Unknown(_)) | Err(_) => return Ok(()),
    };
    let now = run.now();
    let health = |(at, pipe): (usize, &QualifiedName)| {
        let status = rows.only().ok()?.cell(&format!("STATUS_{at}")).ok()?.text().ok()?;
        Some(PipeStatus::parse(status)?.health(pipe, None, None, now))
    };
    let stopped = asked.iter().enumerate().filter_map(health);
    run.findings.stopped_pipes = stopped.filter(|it| it.health == Health::Fail).collect();
    Ok(())
}

/// Pipes that load nothing, each remedy once.
pub(crate) fn stopped(how_far: &'static str, pipes: &[PipeHealth]) -> Error {
    let mut names: Vec<String> = pipes.iter().map(|it| it.pipe.clone()).collect();
    names.dedup();
    let mut reasons: Vec<&str> = pipes.iter().map(|it| it.reason.as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    Error::PipesStopped {
        how_far,
        pipes: names,
        reason: reasons.join(", "),
        next_step: PipeHealth::next_steps(pipes),
    }
}
