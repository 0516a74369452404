//! `snowflake plan | apply | pipes | history | jwt`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use secrecy::ExposeSecret;
use serde_json::json;

use super::exit::Error;
use super::layout::{Cell, Column, Frame, Grid, Page, Tone};
use super::named::named;
use super::told::{print_page, print_pasted};
use super::{Cli, now, one_line, print, run, runtime};
use crate::config::{Account, Config};
use crate::ids::RunId;
use crate::operate::{Costs, PipeReport, SetupWishes, costs};
use crate::phrase::{counted, either};
use crate::snowflake::{
    Applied, AppliedItem, ConnectionTiming, Credential, Health, Kind, Plan, claims, sign,
};
use crate::stop::Stop;

/// What to do on the Snowflake side.
#[derive(Debug, Subcommand)]
pub(super) enum SnowflakeCommand {
    /// Show what is missing, what differs and what is fine, what it costs, and who can make it
    Plan(PlanArgs),
    /// Make what is missing; never replaces anything
    Apply(SetupArgs),
    /// How each pipe is, and what to do about it
    Pipes,
    /// What runs and pipes cost there, by Snowflake's own account of it, up to three hours late
    History(HistoryArgs),
    /// Print a signed token, for trying calls by hand; it is a secret for an hour
    Jwt,
}

/// What to look at.
#[derive(Debug, clap::Args)]
pub(super) struct HistoryArgs {
    /// One run (an id, a unique beginning, `latest`) [default: those of the last 30 days]
    #[arg(long, value_name = "RUN_ID")]
    run: Option<String>,
}

/// How to show a plan.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    setup: SetupArgs,
    /// Print the whole setup as a script, with how each object is
    #[arg(long)]
    sql: bool,
    /// Write what to set in AWS into this folder: policies, lifecycle rule, notification
    #[arg(long, value_name = "DIR")]
    aws: Option<PathBuf>,
}

/// What only a person knows.
#[derive(Debug, clap::Args)]
pub(super) struct SetupArgs {
    /// The AWS role that Snowflake assumes to read the bucket; only a new integration needs it
    #[arg(long, value_name = "ARN")]
    aws_role_arn: Option<String>,
    /// Look and make as this role, for example ACCOUNTADMIN [default: the configured one]
    #[arg(long, value_name = "ROLE")]
    as_role: Option<String>,
}

impl SetupArgs {
    fn wishes(&self) -> SetupWishes {
        SetupWishes { aws_role_arn: self.aws_role_arn.clone() }
    }

    /// The account seen by the role that makes the setup; what is made is for the configured one all the same.
    fn target(&self, config: &Config) -> Result<Account, Error> {
        let normal = target(config)?;
        let Some(role) = &self.as_role else { return Ok(normal) };
        let mut config = config.clone();
        config.snowflake.role = Some(role.clone());
        Ok(Account { names: normal.names, ..target(&config)? })
    }
}

fn target(config: &Config) -> Result<Account, Error> {
    let why = "there is no Snowflake account to talk to";
    let account = config.required_account(ConnectionTiming::default(), now, why);
    Ok(account.map_err(crate::run::Error::from)?)
}

/// Runs one of the subcommands.
pub(super) fn snowflake(
    cli: &Cli,
    command: &SnowflakeCommand,
    config: &Config,
) -> Result<(), Error> {
    let target = match command {
        SnowflakeCommand::Plan(arguments) => arguments.setup.target(config)?,
        SnowflakeCommand::Apply(arguments) => arguments.target(config)?,
        _ => target(config)?,
    };
    let stop = Arc::new(Stop::default());
    runtime()?.block_on(async {
        run::stop_on_signal(&stop);
        match command {
            SnowflakeCommand::Plan(arguments) => {
                let wishes = arguments.setup.wishes();
                let plan = crate::operate::plan(config, &target, &wishes, &stop).await?;
                show_plan(cli, arguments, &plan)
            }
            SnowflakeCommand::Apply(arguments) => {
                let wishes = arguments.wishes();
                let plan = crate::operate::plan(config, &target, &wishes, &stop).await?;
                let applied = crate::operate::apply_plan(&target, &plan, &stop).await?;
                // Looked at again: what Snowflake has now, not what we think we did.
                let plan = crate::operate::plan(config, &target, &wishes, &stop).await?;
                let follow = follows(&plan, &applied);
                let mut applied: Vec<String> = applied.iter().filter_map(became).collect();
                applied.extend(follow.into_iter().chain(left_out(&plan)));
                show_applied(cli, &plan, &applied)?;
                match plan.is_settled() {
                    true => Ok(()),
                    false if plan.is_only_in_conflict() => {
                        Err(Error::SetupInConflict { other_mode: plan.other_mode })
                    }
                    false => Err(Error::SetupIncomplete),
                }
            }
            SnowflakeCommand::Pipes => {
                let reports = crate::operate::pipes(&target, now, &stop).await?;
                if cli.json {
                    let text = serde_json::to_string(&reports).map_err(std::io::Error::from)?;
                    print(&text)?;
                } else {
                    print_page(pipe_page(&reports))?;
                }
                let is_well = reports.iter().all(|report| report.health != Health::Fail);
                if is_well { Ok(()) } else { Err(Error::PipeUnwell) }
            }
            SnowflakeCommand::History(arguments) => {
                let word = arguments.run.as_deref();
                let run = word.map(|word| named(&config.data_dir, word)).transpose()?;
                let costs = costs(config, &target, run.as_ref(), now(), &stop).await?;
                match cli.json {
                    true => print(&serde_json::to_string(&costs).map_err(std::io::Error::from)?),
                    false => print_page(cost_page(&costs, run.as_ref())),
                }
            }
            SnowflakeCommand::Jwt if cli.json => {
                print(&serde_json::json!({ "token": token(&target)? }).to_string())
            }
            SnowflakeCommand::Jwt => print(&token(&target)?),
        }
    })
}

fn token(target: &Account) -> Result<String, Error> {
    let login = target.connection.login();
    match &login.credential {
        Credential::KeyPair(pair) => {
            let claims = claims(&login.account, &login.user, pair.fingerprint(), now());
            let signed = sign(&claims, pair).map_err(crate::snowflake::Error::from);
            Ok(signed.map_err(crate::run::Error::from)?.expose_secret().to_owned())
        }
        Credential::Token(..) => {
            Err(Error::Usage("a token is configured, and only a key pair signs one".to_owned()))
        }
    }
}

fn became(AppliedItem { name, became }: &AppliedItem) -> Option<String> {
    match became {
        Applied::Made => Some(format!("made: {name}")),
        // Snowflake's messages have lines of their own.
        Applied::AskAdmin { reason } => Some(format!("ask an admin: {name}: {}", one_line(reason))),
        Applied::Waits { reason } => Some(format!("not made: {name}: {}", one_line(reason))),
        Applied::Held | Applied::Follows => None,
    }
}

/// What lies in, or is a right on, what is not there: counted, and who makes all of it.
fn follows(plan: &Plan, applied: &[AppliedItem]) -> Option<String> {
    let count = applied.iter().filter(|it| it.became == Applied::Follows).count() as u64;
    let is_denied = applied.iter().any(|it| matches!(it.became, Applied::AskAdmin { .. }));
    let who = if is_denied { format!("; {}", plan.who_makes_all()) } else { String::new() };
    (0 < count).then(|| {
        let others = counted(count, "other");
        format!(
            "not made: {others} that {} or {} these{who}",
            either(count, "lies in", "lie in"),
            either(count, "is a right on", "are rights on"),
        )
    })
}

/// What is not made while other pipes are there, said once, with what to do about these.
fn left_out(plan: &Plan) -> Option<String> {
    let held = plan.items.iter().filter(|item| item.kind == Kind::Pipe && item.is_held());
    let count = held.count() as u64;
    let by_hand: Vec<String> = plan.by_hand().iter().map(ToString::to_string).collect();
    (0 < count).then(|| {
        format!(
            "not made: {}, because others read {}, and every file would be loaded twice; {}",
            counted(count, "pipe"),
            either(count, "its folder", "their folders"),
            by_hand.join("; ")
        )
    })
}

fn show_plan(cli: &Cli, arguments: &PlanArgs, plan: &Plan) -> Result<(), Error> {
    let written = match &arguments.aws {
        Some(folder) => write_aws(folder, plan)?,
        None => Vec::new(),
    };
    if cli.json {
        return print(&plan_json(plan).to_string());
    }
    if arguments.sql {
        return print_pasted(plan.script().trim_end());
    }
    if arguments.aws.is_some() {
        let lines = written.iter().map(|path| format!("wrote {}", path.display()));
        return print_pasted(&lines.collect::<Vec<_>>().join("\n"));
    }
    print(plan.to_string().trim_end())
}

/// Writes each document that is known and returns their paths.
fn write_aws(folder: &Path, plan: &Plan) -> Result<Vec<PathBuf>, Error> {
    let failed = |path: &Path, source| {
        Error::from(crate::run::Error::File { doing: "write", path: path.to_owned(), source })
    };
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    let mut written = Vec::new();
    for document in plan.aws.documents() {
        let Some(json) = document.json else { continue };
        let path = folder.join(document.file_name);
        std::fs::write(&path, format!("{json:#}\n")).map_err(|source| failed(&path, source))?;
        written.push(path);
    }
    Ok(written)
}

fn plan_json(plan: &Plan) -> serde_json::Value {
    let counts = plan.counts();
    let items = plan.items.iter().map(|item| {
        json!({
            "kind": item.kind.name(), "name": item.name, "state": item.state.name(),
            "by": item.audience.name(), "detail": item.to_string(), "statement": item.statement,
        })
    });
    let aws = plan.aws.documents().into_iter();
    let aws =
        aws.filter_map(|document| Some((document.file_name.to_owned(), document.json?.clone())));
    json!({
        "is_settled": plan.is_settled(), "owners": plan.owners,
        "missing_count": counts.missing, "differing_count": counts.differing,
        "fine_count": counts.fine, "unseen_count": counts.unseen,
        "cost": {
            "target_lag": plan.cost.target_lag.to_string(),
            "credits_a_month_at_most": plan.cost.at_most(),
            "credits_a_month_with_daily_runs": plan.cost.with_daily_runs(),
        },
        "objects": items.collect::<Vec<_>>(),
        "aws": aws.collect::<serde_json::Map<_, _>>(),
    })
}

/// What was made, and how much is left; not the plan again.
fn show_applied(cli: &Cli, plan: &Plan, applied: &[String]) -> Result<(), Error> {
    if cli.json {
        let mut document = plan_json(plan);
        document["applied"] = json!(applied);
        return print(&document.to_string());
    }
    let lines = applied.iter().map(|line| format!("{line}\n")).collect::<String>();
    let left = match plan.is_settled() || plan.is_only_in_conflict() {
        true => String::new(),
        false => "; `snowtrack snowflake plan` shows what is left, with `--sql` as statements to hand over"
            .to_owned(),
    };
    print(&format!("{lines}{}{left}", plan.counts()))
}

fn cost_page(costs: &Costs, run: Option<&RunId>) -> Page {
    let mut page = Page::default();
    let mut runs = Grid::new(
        Frame::Open { indent: 0 },
        vec![
            Column::word("run"),
            Column::number("credits").major(),
            Column::number("statements").minor(),
            Column::number("seconds"),
            Column::number("bytes"),
            Column::number("files"),
        ],
    );
    let known = |count: Option<u64>| count.map_or_else(|| Cell::from("?"), Cell::number);
    for run in &costs.runs {
        runs.row(vec![
            run.run_id.as_str().into(),
            Cell::number(format!("{:.6}", run.credits)),
            Cell::number(run.statement_count),
            Cell::number(run.execution_ms.div_ceil(1_000)),
            known(run.bytes),
            known(run.file_count),
        ]);
        if run.is_incomplete {
            runs.note("not all of it is billed yet", Tone::Plain);
        }
    }
    page.table(runs);
    if costs.runs.is_empty() {
        let whose = run.map_or_else(|| "any run".to_owned(), |run| format!("run {run}"));
        page.say(format!(
            "nothing of {whose} is there yet: Snowflake tells of queries up to 45 minutes later, of credits up to 3 hours"
        ));
    }
    let mut pipes = Grid::new(
        Frame::Open { indent: 0 },
        vec![
            Column::word("pipe"),
            Column::number("credits").major(),
            Column::number("bytes"),
            Column::number("files"),
        ],
    );
    for pipe in &costs.pipes {
        pipes.row(vec![
            pipe.pipe.as_str().into(),
            Cell::number(format!("{:.6}", pipe.credits)),
            Cell::number(pipe.bytes),
            Cell::number(pipe.file_count),
        ]);
    }
    page.gap();
    page.table(pipes);
    page.gap();
    page.say(format!(
        "{:.6} credits since {}, {:.6} of them for what else warehouse {} did (renewing the current tables, reconciling, others)",
        costs.credits, costs.since, costs.other_credits, costs.warehouse
    ));
    page
}

fn pipe_page(reports: &[PipeReport]) -> Page {
    let mut page = Page::default();
    if reports.is_empty() {
        page.say("`SNOWFLAKE_INGEST=copy` uses no pipe");
        return page;
    }
    let columns = vec![
        Column::word(""),
        Column::word("pipe"),
        Column::number("waiting"),
        Column::name("state").major(),
    ];
    let mut table = Grid::new(Frame::Open { indent: 0 }, columns);
    for PipeReport { health, pipe, pending_file_count, reason, .. } in reports {
        table.row(vec![
            Cell::toned(health.name(), *health),
            pipe.as_str().into(),
            Cell::number(pending_file_count),
            reason.as_str().into(),
        ]);
    }
    page.table(table);
    for remedy in crate::operate::remedies(reports) {
        page.gap();
        page.say(format!("→ {}: {}", remedy.pipes.join(", "), remedy.text));
        remedy.script.iter().for_each(|statement| page.paste(format!("  {statement}")));
    }
    page
}
