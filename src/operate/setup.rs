//! The Snowflake side looked at and set up: what is there, what is missing, how the pipes are.

use serde::Serialize;

use crate::config::{Account, Config};
use crate::ids::Table;
use crate::run::Error;
use crate::snowflake::{
    self, AppliedItem, Credential, PipeHealth, PipeStatus, Plan, Statement, apply, observe,
};
use crate::stop::Stop;

/// What only a person knows of the setup.
#[derive(Debug, Clone, Default)]
pub(crate) struct SetupWishes {
    /// The AWS role that Snowflake assumes.
    pub aws_role_arn: Option<String>,
}

/// How one table's pipe is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PipeReport {
    /// The shipped table.
    pub table: &'static str,
    /// The pipe's full name.
    pub pipe: String,
    /// The state as Snowflake calls it; `None` where it could not be asked.
    pub state: Option<String>,
    /// Files that wait.
    pub pending_file_count: u64,
    /// When a file was last loaded.
    pub last_ingested_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Whether a person must act.
    pub health: snowflake::Health,
    /// Why, in words.
    pub reason: String,
    /// What to do, the same for every pipe in this state; empty where nothing is.
    pub remedy: String,
    /// What to run for it, about this pipe.
    pub statements: Vec<String>,
}

/// What to do about some pipes, said once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PipeRemedy {
    /// In words.
    pub text: String,
    /// Their names.
    pub pipes: Vec<String>,
    /// One script for all of them; empty where there is nothing to run.
    pub script: Vec<String>,
}

/// What to do about pipes, each remedy once and in the order of its first pipe.
pub(crate) fn remedies(reports: &[PipeReport]) -> Vec<PipeRemedy> {
    let mut remedies: Vec<PipeRemedy> = Vec::new();
    for report in reports.iter().filter(|report| !report.remedy.is_empty()) {
        let statements = report.statements.iter().map(|statement| format!("{statement};"));
        match remedies.iter_mut().find(|remedy| remedy.text == report.remedy) {
            Some(remedy) => {
                remedy.pipes.push(report.pipe.clone());
                remedy.script.extend(statements);
            }
            None => remedies.push(PipeRemedy {
                text: report.remedy.clone(),
                pipes: vec![report.pipe.clone()],
                script: statements.collect(),
            }),
        }
    }
    remedies
}

fn blueprint(
    config: &Config,
    target: &Account,
    wishes: &SetupWishes,
) -> Result<snowflake::Blueprint, Error> {
    let bucket = config.bucket("the stage points to the lake's bucket")?;
    let public_key = match &target.connection.login().credential {
        Credential::KeyPair(pair) => Some(pair.public_key().to_owned()),
        Credential::Token(..) => None,
    };
    Ok(snowflake::Blueprint {
        names: target.names.clone(),
        bucket,
        prefix: target.prefix.clone(),
        format: target.format,
        mode: target.mode,
        target_lag: config.snowflake.target_lag.clone(),
        aws_role_arn: wishes.aws_role_arn.clone(),
        public_key,
    })
}

/// Compares what is there with what should be there.
///
/// # Errors
/// [`Error::Connect`] without a bucket, [`Error::Snowflake`].
pub(crate) async fn plan(
    config: &Config,
    target: &Account,
    wishes: &SetupWishes,
    stop: &Stop,
) -> Result<Plan, Error> {
    let blueprint = blueprint(config, target, wishes)?;
    let observed = observe(&target.connection, &blueprint, stop).await?;
    Ok(Plan::new(&blueprint, &observed))
}

/// Makes what a plan misses and says of each what became of it.
///
/// # Errors
/// [`Error::Snowflake`].
pub(crate) async fn apply_plan(
    target: &Account,
    plan: &Plan,
    stop: &Stop,
) -> Result<Vec<AppliedItem>, Error> {
    Ok(apply(&target.connection, plan, stop).await?)
}

/// Asks every pipe how it is.
///
/// # Errors
/// [`Error::Snowflake`] where Snowflake cannot be asked at all; a pipe that is missing is a finding.
pub(crate) async fn pipes(
    target: &Account,
    clock: fn() -> chrono::DateTime<chrono::Utc>,
    stop: &Stop,
) -> Result<Vec<PipeReport>, Error> {
    let mut reports = Vec::new();
    for table in Table::ALL {
        let Some(pipe) = target.names.pipe(table, target.format, target.mode) else { continue };
        let statement = Statement::new(target.names.pipe_status(&pipe));
        let mut report = PipeReport {
            table: table.name(),
            pipe: pipe.to_string(),
            state: None,
            pending_file_count: 0,
            last_ingested_at: None,
            health: snowflake::Health::Fail,
            reason: String::new(),
            remedy: String::new(),
            statements: Vec::new(),
        };
        match target.connection.run(&statement, stop).await {
            Ok(rows) => {
                let text = rows.only()?.cell("PIPE_STATUS")?.text()?.to_owned();
                match PipeStatus::parse(&text) {
                    Some(status) => {
                        describe(&mut report, status.health(&pipe, None, None, clock()), &status);
                    }
                    None => report.reason = format!("it answers `{text}`"),
                }
            }
            Err(error) if error.is_missing_object() => {
                "gone, or hidden from this role".clone_into(&mut report.reason);
                "it is not there, or this role may not see it: `snowtrack snowflake plan` says who can make it, then `snowtrack ingest` submits what waits (a new pipe knows nothing of what the old one loaded: submit nothing else)"
                    .clone_into(&mut report.remedy);
            }
            Err(error) => return Err(error.into()),
        }
        reports.push(report);
    }
    Ok(reports)
}

fn describe(report: &mut PipeReport, judged: PipeHealth, status: &PipeStatus) {
    let PipeHealth { health, reason, remedy, statements, .. } = judged;
    report.state = Some(status.execution_state.clone());
    report.pending_file_count = status.pending_file_count;
    report.last_ingested_at = status.last_ingested_timestamp;
    report.health = health;
    (report.reason, report.remedy, report.statements) = (reason, remedy, statements);
}
