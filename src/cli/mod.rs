//! The command line: the only user of clap, standard output and indicatif, and the only reader of the clock.
//!
//! Results go to standard output, everything else to standard error.

mod ask;
mod bug;
mod check;
mod complete;
mod config;
mod doctor;
mod drawing;
mod duration;
mod examples;
mod exit;
mod export;
mod features;
mod forget;
mod guarded;
mod harmless;
mod help;
mod layout;
mod login;
mod logout;
mod logs;
mod man;
mod mcp;
mod named;
mod plan;
mod playlist;
mod progress;
mod prune;
mod query;
mod questions;
mod recommend;
mod reconcile;
mod report;
mod rounds;
mod run;
mod snowflake;
mod stages;
mod state;
mod status;
mod stream;
mod summary;
mod told;
mod topics;
mod traced;
mod watch;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use exit::Error;

use harmless::{harmless, one_line};
use layout::ColorWish;
use told::{print, tell};

use crate::config::{Config, Loaded};
use crate::event::Stage;
use crate::ids::DataDir;
use crate::run::RunReport;
use crate::status::RunStatus;

/// Moves Spotify playlists into a warehouse and proves that they arrived.
#[derive(Debug, Parser)]
#[command(name = "snowtrack", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// Configuration file [default: snowtrack.toml, where it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the warehouse, the published file and the local lake live [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print one JSON document on standard output and nothing else
    #[arg(long, global = true)]
    json: bool,
    /// More log lines (repeatable)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Only errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// How log lines are written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Human)]
    log_format: LogFormat,
    /// When there are colours; `auto`: on a terminal, as `NO_COLOR` and `CLICOLOR_FORCE` say
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorWish::Auto)]
    color: ColorWish,
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// Whether progress is drawn: on a terminal, where nobody asked for quiet or JSON.
    fn draws(&self) -> bool {
        std::io::stderr().is_terminal() && !self.quiet && !self.json
    }
}

const EXIT_CODES: &str = "`snowtrack COMMAND --help` has the options and examples of a command; `snowtrack help environment`, `help exit-codes` and `help settings` have lists.

Exit codes: 0 done · 1 bug · 2 usage or configuration · 3 Spotify · 4 quality gate refused · 5 disk or S3 · 6 Snowflake · 7 what arrived differs, or was refused · 8 try later, the same command continues · 130 stopped, state saved";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Human,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole job: fetch, transform, check, publish, export, upload, ingest, verify
    Run(run::RunArgs),
    /// Run again and again, cheaply, until told to stop; one line a round on standard error
    Watch(rounds::WatchArgs),
    /// What a run with the same arguments would do and cost; writes nothing
    Plan(plan::PlanArgs),
    /// Only ask the source and land its documents
    Fetch(run::RunArgs),
    /// Only shape what is landed into tables
    Transform(run::StageArgs),
    /// Only run the quality checks
    Check(check::CheckArgs),
    /// Check, then renew the analysts' file
    Publish(run::StageArgs),
    /// Check, then write the files of what changed
    Export(export::ExportArgs),
    /// Bring exported files into the bucket
    Upload(run::StageArgs),
    /// Tell Snowflake of the files in the bucket
    Ingest(run::IngestArgs),
    /// Prove that the files arrived in Snowflake, row by row
    Verify(run::VerifyArgs),
    /// Send the row changes that the stream lacks (`SNOWTRACK_STREAM`: Kafka or Kinesis)
    Stream(stream::StreamArgs),
    /// Log in to Spotify in the browser and keep the login
    Login(login::LoginArgs),
    /// Remove the stored login
    Logout,
    /// The latest runs and their states; with `--run`, the files of one
    #[command(visible_alias = "runs")]
    Status(status::StatusArgs),
    /// Compare whole tables, DuckDB against Snowflake
    Reconcile(reconcile::ReconcileArgs),
    /// The Snowflake side: what is set up, and how the pipes are
    #[command(subcommand)]
    Snowflake(snowflake::SnowflakeCommand),
    /// The ledger that lives in a bucket between machines
    #[command(subcommand)]
    State(state::StateCommand),
    /// Erase what is held of someone, everywhere, and prove that nothing is left; without `--yes`, only show it
    Forget(forget::ForgetArgs),
    /// Delete local history that nothing needs any more; without `--yes`, only show it
    Prune(prune::PruneArgs),
    /// Check configuration, disk, login and reachability, and say what to fix
    Doctor,
    /// Show the configuration as resolved, or write a commented template
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Read-only SQL on the published file, or one of the ready questions
    Query(query::QueryArgs),
    /// The published file as one HTML page: what changed, trends, playlists, quality, proof
    Report(report::ReportArgs),
    /// Tables that a model can learn from, in the published file and as Parquet; each publish makes them again
    Features(features::FeaturesArgs),
    /// Songs that stand in the same lists as a list's songs, each with its reason
    Recommend(recommend::RecommendArgs),
    /// Make a playlist at Spotify: a new one, never a change of one that is there
    #[command(subcommand)]
    Playlist(playlist::PlaylistCommand),
    /// A question in plain words, answered through a model on this machine that never sees a row
    Ask(ask::AskArgs),
    /// Serve programs with a model in them (MCP) on standard input and output, read-only
    Mcp(mcp::McpArgs),
    /// Shell completions on standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page of a command on standard output (roff), or all of them into a folder
    Man(man::ManArgs),
}

impl Command {
    /// Whether it needs what there is, and begins no ledger.
    const fn only_reads(&self) -> bool {
        match self {
            Self::Status(_)
            | Self::Verify(_)
            | Self::Reconcile(_)
            | Self::Query(_)
            | Self::Report(_)
            | Self::Recommend(_)
            | Self::Features(_)
            | Self::Playlist(_)
            | Self::Ask(_)
            | Self::Mcp(_)
            | Self::Plan(_) => true,
            Self::Check(arguments) => arguments.looks(),
            Self::Forget(arguments) => arguments.only_shows(),
            Self::Prune(arguments) => arguments.only_shows(),
            _ => false,
        }
    }

    /// Whether its result is a run's report.
    const fn reports(&self) -> bool {
        matches!(
            self,
            Self::Run(_)
                | Self::Fetch(_)
                | Self::Transform(_)
                | Self::Check(_)
                | Self::Publish(_)
                | Self::Export(_)
                | Self::Upload(_)
                | Self::Ingest(_)
                | Self::Verify(_)
        )
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Csv,
    Json,
}

/// Parses, runs, prints and returns the exit code.
pub fn main() -> ExitCode {
    if guarded::is_child() {
        return guarded::answer();
    }
    if let Some(code) = complete::answered() {
        return code;
    }
    let cli = match parsed() {
        Ok(cli) => cli,
        Err(error) => {
            // What is asked for and wrong is told by a document like everything else; help is not wrong.
            if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
                let document = failure(exit::USAGE, &error.to_string(), false);
                let _ = told::print_as_it_is(&document.to_string());
            }
            error.exit()
        }
    };
    told::as_given(&cli);
    logs::begin(&cli);
    let format = cli.log_format;
    bug::told_by(move |text| tell_causes(&[text.to_owned()], exit::BUG, format, one_line));
    let (code, text) = match bug::caught(|| dispatch(&cli)) {
        Ok(Ok(())) => return ExitCode::from(exit::DONE),
        Ok(Err(error)) => (error.code(), show(&error, format)),
        Err(panic) => (exit::BUG, panic),
    };
    if cli.json && !told::has_printed() {
        let _ = print(&failure(code, &text, cli.command.reports()).to_string());
    }
    ExitCode::from(code)
}

/// The command line, as it is parsed, shown and completed.
fn command_line() -> clap::Command {
    complete::with_names(topics::with_topics(help::ordered(Cli::command())))
}

fn parsed() -> Result<Cli, clap::Error> {
    let mut command = command_line();
    let mut given: Vec<_> = std::env::args_os().collect();
    // `help` has no page of its own: what it takes stands on the page of all commands.
    if matches!(&given[..], [_, help, flag] if help == "help" && (flag == "-h" || flag == "--help"))
    {
        given.remove(1);
    }
    let matches = command.try_get_matches_from_mut(given)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// What `--json` prints where nothing else came of the command; with `is_run`, in the form of a run's report.
fn failure(code: u8, error: &str, is_run: bool) -> serde_json::Value {
    let mut document = match is_run {
        false => serde_json::Map::from_iter([("status".to_owned(), "failed".into())]),
        true => {
            let is_later = code == exit::LATER;
            let status = if is_later { RunStatus::Pending } else { RunStatus::Failed };
            RunReport::of_no_run(status, "the command ended before there was a run")
        }
    };
    document.insert("exit_code".to_owned(), code.into());
    document.insert("error".to_owned(), error.into());
    document.into()
}

/// Tells the error and its causes on standard error and returns them as one text.
fn show(error: &Error, format: LogFormat) -> String {
    let texts = crate::causes::causes(error);
    let shown: fn(&str) -> String = match error {
        // DuckDB points at the place in the query; whatever else has lines of its own has made them up.
        Error::Guard(crate::guard::Refusal::Query { .. }) => harmless::marked_lines,
        // Its lines are our own: what can be the matter, one by one.
        Error::Run(crate::run::Error::Snowflake(source)) if source.is_refused_login() => {
            |text| harmless(text).into_owned()
        }
        _ => one_line,
    };
    tell_causes(&texts, error.code(), format, shown);
    texts.join(": ")
}

/// Tells what went wrong, and what caused it, in the form of the log.
fn tell_causes(texts: &[String], exit_code: u8, format: LogFormat, shown: fn(&str) -> String) {
    match format {
        LogFormat::Human => {
            let lines: Vec<String> = texts.iter().map(|text| shown(text)).collect();
            told::tell_sentences(&format!("error: {}", lines.join("\n  caused by: ")));
        }
        LogFormat::Json => tracing::error!(exit_code, "{}", texts.join(": ")),
    }
}

fn dispatch(cli: &Cli) -> Result<(), Error> {
    match &cli.command {
        // Before loading: a configuration that cannot be loaded is a reason to ask for a template.
        Command::Config(config::ConfigCommand::Init { print }) => return config::init(cli, *print),
        Command::Completions { shell } => return man::completions(*shell),
        Command::Man(arguments) => return man::man(cli, arguments),
        _ => {}
    }
    let Loaded { config, settings, warnings } =
        Config::load(cli.config.as_deref(), cli.data_dir.as_deref())?;
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    told::as_configured(&config);
    let data_dir = &config.data_dir;
    if cli.command.only_reads() {
        state::read(&config)?;
    }
    let one_stage = |arguments, stage| run::one_stage(cli, arguments, &config, stage);
    match &cli.command {
        Command::Run(arguments) => {
            run::run(cli, arguments, &config, Stage::Verify)?;
            prune::after_run(cli, &config, arguments.wait());
            Ok(())
        }
        Command::Watch(arguments) => rounds::watch(cli, arguments, &config),
        Command::Plan(arguments) => plan::plan(cli, arguments, &config),
        Command::Fetch(arguments) => run::run(cli, arguments, &config, Stage::Fetch),
        Command::Transform(arguments) => one_stage(arguments, Stage::Transform),
        Command::Check(arguments) => check::check(cli, arguments, &config),
        Command::Publish(arguments) => one_stage(arguments, Stage::Publish),
        Command::Export(arguments) => export::export(cli, arguments, &config),
        Command::Upload(arguments) => one_stage(arguments, Stage::Upload),
        Command::Ingest(arguments) => run::ingest(cli, arguments, &config),
        Command::Verify(arguments) => match arguments.of_stream() {
            Some(wait) => stream::verify(cli, wait, &config),
            None => run::verify(cli, arguments, &config),
        },
        Command::Stream(arguments) => stream::stream(cli, arguments, &config),
        Command::Login(arguments) => login::login(cli, arguments, &config),
        Command::Logout => logout::logout(cli, &config),
        Command::Snowflake(command) => snowflake::snowflake(cli, command, &config),
        Command::Reconcile(arguments) => reconcile::reconcile(cli, arguments, &config),
        Command::Prune(arguments) => prune::prune(cli, arguments, &config),
        Command::Forget(arguments) => forget::forget(cli, arguments, &config),
        Command::Status(arguments) => status::status(cli, arguments, &config),
        Command::State(command) => state::state(cli, command, &config),
        Command::Doctor => doctor::doctor(cli, &config),
        Command::Config(_) => config::check(cli, &settings),
        Command::Query(arguments) => query::run_query(cli, arguments, data_dir),
        Command::Report(arguments) => report::report(cli, arguments, data_dir),
        Command::Playlist(command) => playlist::playlist(cli, command, &config),
        Command::Features(arguments) => features::features(cli, arguments, &config),
        Command::Recommend(arguments) => recommend::recommend(cli, arguments, &config),
        Command::Ask(arguments) => ask::ask(cli, arguments, &config),
        Command::Mcp(arguments) => mcp::mcp(arguments, data_dir),
        Command::Completions { .. } | Command::Man(_) => Ok(()),
    }
}

/// Whether `file` of the data directory is there. A folder that may not be looked into has none either, and says so.
fn is_there(data_dir: &DataDir, file: &Path) -> Result<bool, Error> {
    let unreadable =
        |source| crate::run::Error::DataDirUnreadable { path: data_dir.path().to_owned(), source };
    Ok(file.try_exists().map_err(unreadable)?)
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command_line().debug_assert();
    }
}
