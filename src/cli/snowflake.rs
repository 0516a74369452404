//! `snowflake plan | apply | pipes | jwt`.

use std::sync::Arc;

use clap::Subcommand;
use secrecy::ExposeSecret;

use super::{Cli, Error, now, print, run, runtime};
use crate::config::Config;
use crate::pipeline::{self, PipeReport, SetupWishes, Target};
use crate::retry::Stop;
use crate::snowflake::{Applied, Credential, Plan, Timing, claims, sign};

/// What to do on the Snowflake side.
#[derive(Debug, Subcommand)]
pub(super) enum SnowflakeCommand {
    /// Show what exists, what is missing and what differs, with the statements and the AWS side
    Plan(PlanArgs),
    /// Make what is missing; never replaces anything
    Apply(PlanArgs),
    /// How each pipe is, and what to do about it
    Pipes,
    /// Print a signed token, for trying calls by hand; it is a secret for an hour
    Jwt,
}

/// What only a person knows.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    /// The AWS role that Snowflake shall assume to read the bucket; only a new integration needs it
    #[arg(long, value_name = "ARN")]
    aws_role_arn: Option<String>,
    /// Look and make as this role, for example ACCOUNTADMIN [default: the configured one]
    #[arg(long, value_name = "ROLE")]
    as_role: Option<String>,
}

impl PlanArgs {
    fn wishes(&self) -> SetupWishes {
        SetupWishes { aws_role_arn: self.aws_role_arn.clone() }
    }

    /// The account seen by the role that makes the setup; what is made is for the configured one all the same.
    fn target(&self, config: &Config) -> Result<Target, Error> {
        let normal = target(config)?;
        let Some(role) = &self.as_role else { return Ok(normal) };
        let mut config = config.clone();
        config.snowflake.role = Some(role.clone());
        Ok(Target { names: normal.names, ..target(&config)? })
    }
}

fn target(config: &Config) -> Result<Target, Error> {
    let target = pipeline::target(config, Timing::default(), now)?;
    let why = "there is no Snowflake account to talk to";
    Ok(target.ok_or(pipeline::Error::NotConfigured { what: "SNOWFLAKE_ACCOUNT", why })?)
}

/// Runs one of the subcommands.
pub(super) fn snowflake(
    cli: &Cli,
    command: &SnowflakeCommand,
    config: &Config,
) -> Result<(), Error> {
    let target = match command {
        SnowflakeCommand::Plan(arguments) | SnowflakeCommand::Apply(arguments) => {
            arguments.target(config)?
        }
        _ => target(config)?,
    };
    let stop = Arc::new(Stop::default());
    runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        match command {
            SnowflakeCommand::Plan(arguments) => {
                let wishes = arguments.wishes();
                let plan = pipeline::plan(config, &target, &wishes, &stop).await?;
                show_plan(cli, &plan, &[])
            }
            SnowflakeCommand::Apply(arguments) => {
                let wishes = arguments.wishes();
                let plan = pipeline::plan(config, &target, &wishes, &stop).await?;
                let applied = pipeline::apply_plan(&target, &plan, &stop).await?;
                let applied: Vec<String> = applied.iter().map(became).collect();
                // Looked at again: what Snowflake has now, not what we think we did.
                let plan = pipeline::plan(config, &target, &wishes, &stop).await?;
                show_plan(cli, &plan, &applied)?;
                if plan.is_settled() { Ok(()) } else { Err(Error::SetupIncomplete) }
            }
            SnowflakeCommand::Pipes => {
                let reports = pipeline::pipes(&target, now, &stop).await?;
                if cli.json {
                    let text = serde_json::to_string(&reports).map_err(std::io::Error::from)?;
                    print(&text)?;
                } else {
                    print(&pipe_table(&reports))?;
                }
                let is_well = reports.iter().all(|report| report.health != "fail");
                if is_well { Ok(()) } else { Err(Error::PipeUnwell) }
            }
            SnowflakeCommand::Jwt if cli.json => {
                print(&serde_json::json!({ "token": token(&target)? }).to_string())
            }
            SnowflakeCommand::Jwt => print(&token(&target)?),
        }
    })
}

fn token(target: &Target) -> Result<String, Error> {
    let login = target.connection.login();
    match &login.credential {
        Credential::KeyPair(pair) => {
            let claims = claims(&login.account, &login.user, pair.fingerprint(), now());
            let signed = sign(&claims, pair).map_err(crate::snowflake::Error::from);
            Ok(signed.map_err(pipeline::Error::from)?.expose_secret().to_owned())
        }
        Credential::Token(..) => {
            Err(Error::Usage("a token is configured, and only a key pair signs one".to_owned()))
        }
    }
}

fn became((name, became): &(String, Applied)) -> String {
    match became {
        Applied::Made => format!("-- made: {name}"),
        Applied::AskAdmin { reason } => format!("-- ask an admin: {name}: {reason}"),
        Applied::Waits { reason } => format!("-- not made: {name}: {reason}"),
    }
}

/// What was made, what is left to do in Snowflake, and what to do on AWS's side.
fn show_plan(cli: &Cli, plan: &Plan, applied: &[String]) -> Result<(), Error> {
    if cli.json {
        let document = serde_json::json!({
            "is_settled": plan.is_settled(),
            "applied": applied,
            "plan": plan.to_string(),
            "aws": plan.aws.to_string(),
        });
        return print(&document.to_string());
    }
    let lines = applied.iter().map(|line| format!("{line}\n")).collect::<String>();
    print(format!("{lines}{plan}\n{}", plan.aws).trim_end())
}

fn pipe_table(reports: &[PipeReport]) -> String {
    if reports.is_empty() {
        return "`SNOWFLAKE_INGEST=copy` uses no pipe".to_owned();
    }
    let width = reports.iter().map(|report| report.pipe.len()).max().unwrap_or(0);
    let mut lines = vec![format!("{:<5} {:<width$} {:>7}  state", "", "pipe", "waiting")];
    for report in reports {
        let PipeReport { health, pipe, pending_file_count, reason, remedy, .. } = report;
        lines.push(format!("{health:<5} {pipe:<width$} {pending_file_count:>7}  {reason}"));
        if !remedy.is_empty() {
            lines.push(format!("      → {remedy}"));
        }
    }
    lines.join("\n")
}
