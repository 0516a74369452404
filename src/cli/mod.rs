//! The command line: the only user of clap, standard output and indicatif, and the only reader of the clock.
//!
//! Results go to standard output, everything else to standard error.

mod exit;
mod progress;
mod summary;

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

pub use exit::Error;

use crate::config::Config;
use crate::event::Stage;
use crate::ids::{PlaylistId, RunId};
use crate::pipeline::{self, Settings, Source};
use crate::spotify::Timing;
use crate::warehouse::{QueryFormat, Warehouse, query};

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
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done · 1 bug · 2 usage or configuration · 3 Spotify · 4 quality gate refused · 5 disk or S3 · 8 try later, the same command continues · 130 stopped, state saved";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Human,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole job: fetch, transform, check, publish, export
    Run(RunArgs),
    /// Only ask the source and land its documents
    Fetch(RunArgs),
    /// Only shape what is landed into tables
    Transform(StageArgs),
    /// Only run the quality checks
    Check(StageArgs),
    /// Check, then renew the analysts' file
    Publish(StageArgs),
    /// Check, then write the files of what changed
    Export(StageArgs),
    /// Log in to Spotify in the browser and keep the login
    Login {
        /// Print the address and read the pasted redirect, where there is no browser
        #[arg(long)]
        no_browser: bool,
    },
    /// The latest runs and their states
    Status,
    /// Read-only SQL on the published file
    Query {
        /// One query, for example "from marts.playlist_overview"
        sql: String,
        /// How the result is written
        #[arg(long, value_enum, default_value_t = Output::Table)]
        format: Output,
    },
    /// Shell completions on standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page on standard output (roff)
    #[command(hide = true)]
    Man,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Csv,
    Json,
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// The data set inside the binary; needs no account and no network
    #[arg(long, conflicts_with_all = ["playlist", "mine", "liked", "from_dir"])]
    demo: bool,
    /// A playlist: id, URI or URL (repeatable)
    #[arg(long, value_name = "ID|URI|URL")]
    playlist: Vec<PlaylistId>,
    /// All own and collaborative playlists
    #[arg(long)]
    mine: bool,
    /// The liked songs
    #[arg(long)]
    liked: bool,
    /// Documents recorded earlier
    #[arg(long, value_name = "DIR", conflicts_with_all = ["playlist", "mine", "liked"])]
    from_dir: Option<PathBuf>,
    /// Also write each received document into this folder
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Read playlists again although they did not change
    #[arg(long)]
    refetch: bool,
    /// Ship every row, not only what changed
    #[arg(long)]
    full: bool,
    /// Let this check only warn (repeatable)
    #[arg(long, value_name = "CHECK")]
    warn_only: Vec<String>,
    /// The longest pause that Spotify may ask for, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 60)]
    max_wait: u64,
}

#[derive(Debug, clap::Args)]
struct StageArgs {
    /// The run, as `run` and `status` print it [default: the latest unfinished one]
    #[arg(long, value_name = "RUN_ID")]
    run: Option<RunId>,
    /// Let this check only warn (repeatable)
    #[arg(long, value_name = "CHECK")]
    warn_only: Vec<String>,
}

/// Parses, runs, prints and returns the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    init_tracing(&cli);
    match dispatch(&cli) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            show(&error);
            ExitCode::from(error.code())
        }
    }
}

/// The error and its causes, on standard error.
#[expect(clippy::print_stderr, reason = "the one place that tells a person what went wrong")]
fn show(error: &Error) {
    eprintln!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        // DuckDB's binding repeats every failure as a bare number.
        if !text.starts_with("Error code") {
            eprintln!("  caused by: {text}");
        }
        cause = inner.source();
    }
}

fn init_tracing(cli: &Cli) {
    let level = match (cli.quiet, cli.verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "info",
        (_, 2) => "debug",
        _ => "trace",
    };
    // Only our own events, at any verbosity: rspotify and the HTTP stack log headers and bodies with secrets in them.
    let filter = tracing_subscriber::EnvFilter::new(format!("off,snowtrack={level}"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match cli.log_format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Human => {
            builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).init();
        }
    }
}

fn dispatch(cli: &Cli) -> Result<(), Error> {
    let config = Config::load(cli.config.as_deref())?;
    let data_dir =
        cli.data_dir.clone().or_else(|| config.data_dir.clone()).unwrap_or_else(|| "data".into());
    match &cli.command {
        Command::Run(arguments) => run(cli, arguments, &config, (data_dir, Stage::Export)),
        Command::Fetch(arguments) => run(cli, arguments, &config, (data_dir, Stage::Fetch)),
        Command::Transform(arguments) => {
            one_stage(cli, arguments, &config, (data_dir, Stage::Transform))
        }
        Command::Check(arguments) => one_stage(cli, arguments, &config, (data_dir, Stage::Check)),
        Command::Publish(arguments) => {
            one_stage(cli, arguments, &config, (data_dir, Stage::Publish))
        }
        Command::Export(arguments) => one_stage(cli, arguments, &config, (data_dir, Stage::Export)),
        Command::Login { no_browser } => login(&config, &data_dir, *no_browser),
        Command::Status => status(cli, &data_dir),
        Command::Query { sql, format } => {
            let format = match format {
                _ if cli.json => QueryFormat::Json,
                Output::Table => QueryFormat::Table,
                Output::Csv => QueryFormat::Csv,
                Output::Json => QueryFormat::Json,
            };
            print(&query(&data_dir.join("spotify.duckdb"), sql, format)?)
        }
        Command::Completions { shell } => {
            clap_complete::generate(
                *shell,
                &mut Cli::command(),
                "snowtrack",
                &mut std::io::stdout(),
            );
            Ok(())
        }
        Command::Man => Ok(clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?),
    }
}

fn run(
    cli: &Cli,
    arguments: &RunArgs,
    config: &Config,
    (data_dir, last): (PathBuf, Stage),
) -> Result<(), Error> {
    let min_gap =
        config.spotify.min_gap_ms.map_or(Timing::default().min_gap, Duration::from_millis);
    let max_wait = Duration::from_secs(arguments.max_wait);
    let settings = Settings {
        source: Some(source(arguments, config)?),
        run: None,
        stages: Stage::Fetch..=last,
        full: arguments.full,
        record: arguments.record.clone(),
        refetch: arguments.refetch,
        warn_only: arguments.warn_only.iter().cloned().collect(),
        timing: Timing { max_wait, min_gap, ..Timing::default() },
        clock: now,
        data_dir,
    };
    go(cli, config, &settings)
}

/// One stage on what is landed already.
fn one_stage(
    cli: &Cli,
    arguments: &StageArgs,
    config: &Config,
    (data_dir, stage): (PathBuf, Stage),
) -> Result<(), Error> {
    let settings = Settings {
        source: None,
        run: arguments.run.clone(),
        stages: stage..=stage,
        full: false,
        record: None,
        refetch: false,
        warn_only: arguments.warn_only.iter().cloned().collect(),
        timing: Timing::default(),
        clock: now,
        data_dir,
    };
    go(cli, config, &settings)
}

fn go(cli: &Cli, config: &Config, settings: &Settings) -> Result<(), Error> {
    let is_drawn = std::io::stderr().is_terminal() && !cli.quiet && !cli.json;
    let progress = progress::Progress::new(is_drawn);
    let stop = Arc::new(AtomicBool::new(false));
    let ended = runtime()?.block_on(async {
        let asked = Arc::clone(&stop);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                asked.store(true, Ordering::Relaxed);
            }
        });
        pipeline::run(config, settings, &|event| progress.show(event), &stop).await
    });
    progress.finish();
    let (report, error) = ended?;
    if cli.json {
        print(&serde_json::to_string(&report).map_err(std::io::Error::from)?)?;
    } else if !cli.quiet {
        print(summary::summary(&report, &settings.data_dir).trim_end())?;
    }
    error.map_or(Ok(()), |error| Err(error.into()))
}

fn source(arguments: &RunArgs, config: &Config) -> Result<Source, Error> {
    if arguments.demo {
        return Ok(Source::Demo);
    }
    if let Some(folder) = &arguments.from_dir {
        return Ok(Source::FromDir(folder.clone()));
    }
    let (mine, liked) = (arguments.mine, arguments.liked);
    let mut playlists = arguments.playlist.clone();
    if playlists.is_empty() && !mine && !liked {
        let configured = config.spotify.playlist_ids.iter().map(|id| id.parse());
        playlists = configured.collect::<Result<_, _>>().map_err(pipeline::Error::Playlist)?;
        if playlists.is_empty() {
            return Err(pipeline::Error::NoSource.into());
        }
    }
    let mut seen = BTreeSet::new();
    playlists.retain(|id| seen.insert(id.clone()));
    Ok(Source::Spotify { playlists, mine, liked })
}

fn login(config: &Config, data_dir: &Path, no_browser: bool) -> Result<(), Error> {
    let credentials = pipeline::credentials(config, data_dir)?;
    let show_url = |url: &str| {
        let _ = print(&format!("open this address in a browser and agree:\n\n{url}\n"));
        if no_browser {
            let _ = print(
                "then paste the address of the page that the browser ends at (it may show an error):",
            );
        }
    };
    runtime()?.block_on(crate::spotify::login(&credentials, no_browser, now(), &show_url))?;
    print(&format!("logged in; the login is kept in {}", credentials.token_file.0.display()))
}

fn status(cli: &Cli, data_dir: &Path) -> Result<(), Error> {
    let path = data_dir.join("snowtrack.duckdb");
    if !path.exists() {
        return print(if cli.json { "[]" } else { "no run yet: try `snowtrack run --demo`" });
    }
    let _lock = pipeline::Lock::take(data_dir, "status")?;
    let warehouse = Warehouse::open(&path, &data_dir.join("tmp"))?;
    let runs = pipeline::latest_runs(&warehouse, 20)?;
    if cli.json {
        return print(&serde_json::to_string(&runs).map_err(std::io::Error::from)?);
    }
    let mut lines = vec![format!(
        "{:<28} {:<20} {:<11} {:<10} source",
        "run", "started (UTC)", "status", "stage"
    )];
    for run in runs {
        let started = run.started_at.format("%Y-%m-%d %H:%M:%S");
        let stage = run.stage.unwrap_or_default();
        lines.push(format!(
            "{:<28} {started:<20} {:<11} {stage:<10} {}",
            run.run_id, run.status, run.source
        ));
    }
    print(&lines.join("\n"))
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// A result, on standard output.
fn print(text: &str) -> Result<(), Error> {
    let mut output = std::io::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        // The reader has seen enough (`| head`).
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
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
        Cli::command().debug_assert();
    }
}
