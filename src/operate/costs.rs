//! What runs and pipes cost in Snowflake, by its own account of it, beside what the ledger knows of the runs.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use crate::config::{Account, Config};
use crate::ids::{RunId, Table};
use crate::ledger::{Shipped, shipped_by_run};
use crate::run::{Error, Look, bound, look};
use crate::snowflake::{PipeUsage, Rows, Statement, TagUsage, UsageView, pipe_usage, tag_usage};
use crate::stop::Stop;

/// How far back is looked where no run is named.
const WINDOW: TimeDelta = TimeDelta::days(30);
/// Metering counts whole hours.
const BEFORE_A_RUN: TimeDelta = TimeDelta::hours(1);
/// What our own question is called there.
const TAG: &str = "snowtrack history";

/// What a run cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunCost {
    pub(crate) run_id: String,
    /// Its share of what the warehouse was billed.
    pub(crate) credits: f64,
    /// Whether some of it is not billed yet.
    pub(crate) is_incomplete: bool,
    pub(crate) statement_count: u64,
    pub(crate) execution_ms: u64,
    pub(crate) bytes_scanned: u64,
    /// What it shipped; `None` where the ledger does not say.
    pub(crate) file_count: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

/// What a pipe cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PipeCost {
    pub(crate) pipe: String,
    pub(crate) table: &'static str,
    pub(crate) credits: f64,
    pub(crate) bytes: u64,
    pub(crate) file_count: u64,
}

/// Everything that was billed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Costs {
    pub(crate) since: String,
    pub(crate) warehouse: String,
    /// Oldest first.
    pub(crate) runs: Vec<RunCost>,
    pub(crate) pipes: Vec<PipeCost>,
    /// What else the warehouse did: current tables that are renewed, reconciliations, others' questions.
    pub(crate) other_credits: f64,
    /// Everything together.
    pub(crate) credits: f64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CostError {
    /// Our role may not read the views.
    #[error(
        "role `{role}` may not read what Snowflake says of costs; an administrator runs: {grants}"
    )]
    NotGranted { role: String, grants: String, source: Box<crate::snowflake::Error> },
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

/// Asks what was billed since `run` began, or in the last month.
///
/// # Errors
/// [`CostError::NotGranted`] with the statements to ask for.
pub(crate) async fn costs(
    config: &Config,
    target: &Account,
    run: Option<&RunId>,
    now: DateTime<Utc>,
    stop: &Stop,
) -> Result<Costs, CostError> {
    let since = run.map_or(now - WINDOW, |run| run.began_at() - BEFORE_A_RUN);
    let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
    let queries = ask(target, UsageView::Queries, &since, stop).await?;
    let metering = ask(target, UsageView::Metering, &since, stop).await?;
    let pipes = ask(target, UsageView::Pipes, &since, stop).await?;
    let read = |error: crate::snowflake::Error| CostError::Other(error.into());
    let usage = tag_usage(&queries, &metering).map_err(read)?;
    let pipes = of_our_pipes(target, pipe_usage(&pipes).map_err(read)?);
    let (runs, other_credits) = of_runs(usage, &shipped(config)?, run);
    let of_runs: f64 = runs.iter().map(|run| run.credits).sum();
    let of_pipes: f64 = pipes.iter().map(|pipe| pipe.credits).sum();
    let warehouse = target.names.warehouse.to_string();
    let credits = of_runs + of_pipes + other_credits;
    Ok(Costs { since, warehouse, runs, pipes, other_credits, credits })
}

async fn ask(
    target: &Account,
    view: UsageView,
    since: &str,
    stop: &Stop,
) -> Result<Rows, CostError> {
    let sql = target.names.usage(view, since);
    let statement = match view {
        UsageView::Pipes => Statement::new(sql),
        _ => bound(sql, target.names.warehouse.as_str().to_owned()),
    };
    let statement = Statement { query_tag: Some(TAG.to_owned()), ..statement };
    target.connection.run(&statement, stop).await.map_err(|error| {
        if !error.is_missing_object() {
            return CostError::Other(error.into());
        }
        let role = &target.names.role;
        let grants = crate::snowflake::Names::usage_grants(role).map(|grant| format!("`{grant}`"));
        let (role, grants) = (role.to_string(), grants.join(" and "));
        CostError::NotGranted { role, grants, source: Box::new(error) }
    })
}

/// Pipes of ours, in every way and format, by the table that they load.
fn of_our_pipes(target: &Account, usage: Vec<PipeUsage>) -> Vec<PipeCost> {
    let ours =
        |name: &str| Table::ALL.into_iter().find(|table| target.names.is_pipe_of(name, *table));
    let ours = usage.into_iter().filter_map(|usage| {
        let PipeUsage { pipe, credits, bytes, file_count } = usage;
        let table = ours(&pipe)?.name();
        Some(PipeCost { pipe, table, credits, bytes, file_count })
    });
    ours.collect()
}

/// What each run used, and the credits of everything else.
fn of_runs(
    usage: BTreeMap<String, TagUsage>,
    shipped: &BTreeMap<String, Shipped>,
    only: Option<&RunId>,
) -> (Vec<RunCost>, f64) {
    let (mut runs, mut other_credits) = (Vec::new(), 0.0);
    for (tag, usage) in usage {
        let is_run = tag.parse::<RunId>().is_ok();
        if !is_run || only.is_some_and(|run| run.as_str() != tag) {
            other_credits += usage.credits;
            continue;
        }
        let of_ledger = shipped.get(&tag);
        runs.push(RunCost {
            file_count: of_ledger.map(|it| it.file_count),
            bytes: of_ledger.map(|it| it.size_bytes),
            run_id: tag,
            credits: usage.credits,
            is_incomplete: usage.is_incomplete,
            statement_count: usage.statement_count,
            execution_ms: usage.execution_ms,
            bytes_scanned: usage.bytes_scanned,
        });
    }
    (runs, other_credits)
}

/// What the ledger knows; nothing where there is none here, or a run holds it.
fn shipped(config: &Config) -> Result<BTreeMap<String, Shipped>, Error> {
    if !config.data_dir.warehouse().exists() {
        return Ok(BTreeMap::new());
    }
    match look(&config.data_dir)? {
        Look::Free(warehouse) => Ok(shipped_by_run(&warehouse)?),
        Look::Held { .. } => Ok(BTreeMap::new()),
    }
}
