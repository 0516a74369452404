//! `run` and its stages one by one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::duration::duration;
use super::exit::{self, Error};
use super::named::named;
use super::progress::Progress;
use super::stages::{LongStages, tell_nothing_here};
use super::summary::{self, Done};
use super::told::{self, print_page, tell_as_it_is};
use super::{Cli, drawing, logs, now, print, runtime};
use crate::config::Config;
use crate::event::{Event, Sink, Stage};
use crate::http;
use crate::ids::{PlaylistId, RunId};
use crate::observe::{self, Outside};
use crate::run::{EndedRun, Kept, Settings, Shipping, Source, Wanted};
use crate::snowflake::IngestMode;
use crate::sources::SpotifyTiming;
use crate::state::Terms;
use crate::stop::Stop;
use crate::warehouse::CHECKS;

/// Of every command that takes the data directory.
#[derive(Debug, clap::Args)]
pub(super) struct WaitArgs {
    /// Wait so long for another run, or a program that has the warehouse open [default: not at all]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
    /// Wait so long for another task that holds the state (`SNOWTRACK_STATE`) [default: not at all]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    lease_wait: Option<Duration>,
    /// No other task ever writes the state, so its store need not know conditional writes
    #[arg(long)]
    state_single_writer: bool,
}

impl WaitArgs {
    pub(super) fn patience(&self) -> Duration {
        self.wait.unwrap_or_default()
    }

    pub(super) fn terms(&self) -> Terms {
        let wait = self.lease_wait.unwrap_or_default();
        Terms { wait, is_single_writer: self.state_single_writer }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
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
    #[arg(long, value_name = "DIR", conflicts_with_all = ["demo", "from_dir"])]
    record: Option<PathBuf>,
    /// Read playlists (with --enrich: artists and albums) again although they are known
    #[arg(long)]
    refetch: bool,
    /// Read playlists and liked songs again that were last read longer ago than this (12h, 7d), although they are unchanged
    #[arg(long, value_name = "AGE", value_parser = age)]
    refetch_older_than: Option<Duration>,
    /// Also ask for full artists and albums, which carry the genres; each once, then never again
    #[arg(long, conflicts_with_all = ["demo", "from_dir"])]
    enrich: bool,
    /// Genres from elsewhere, a CSV file with the header `artist_id,genre`; alone, or beside any source
    #[arg(long, value_name = "FILE.csv")]
    genres: Option<PathBuf>,
    /// Ship every row, not only what changed
    #[arg(long)]
    full: bool,
    /// Also keep the raw documents in the lake, for `--from-dir`
    #[arg(long)]
    archive: bool,
    /// Upload, and leave Snowflake alone
    #[arg(long)]
    no_ingest: bool,
    /// Let this check only warn (repeatable)
    #[arg(long, value_name = "CHECK", value_parser = check_name)]
    warn_only: Vec<String>,
    /// How long Spotify may put one call off, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 60)]
    max_wait: u64,
    #[command(flatten)]
    wait: WaitArgs,
}

impl RunArgs {
    pub(super) const fn wait(&self) -> &WaitArgs {
        &self.wait
    }

    /// The flag that makes a run do everything again, if it was given.
    pub(super) fn repeats(&self) -> Option<&'static str> {
        let flags = [(self.full, "--full"), (self.refetch, "--refetch")];
        flags.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct StageArgs {
    /// The run (an id, a unique beginning, `latest`) [default: the latest unfinished one]
    #[arg(long, value_name = "RUN_ID")]
    pub(super) run: Option<String>,
    /// Let this check only warn (repeatable)
    #[arg(long, value_name = "CHECK", value_parser = check_name)]
    pub(super) warn_only: Vec<String>,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct IngestArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// With `SNOWFLAKE_INGEST=auto`: tell the pipes of files that S3's events never announced, by `insertFiles`
    #[arg(long = "as", value_name = "WAY", value_enum)]
    way: Option<OtherWay>,
}

/// How files are submitted instead.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum OtherWay {
    // No help of its own: it would turn the page of this one command into clap's long form.
    Rest,
}

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// Ask about the files of this run (an id, a unique beginning, `latest`) [default: those of the latest run that sent any, and whatever else is not known to have arrived]
    #[arg(long, value_name = "RUN_ID")]
    run: Option<String>,
    /// Let this check only warn (repeatable)
    #[arg(long, value_name = "CHECK", value_parser = check_name)]
    warn_only: Vec<String>,
    #[command(flatten)]
    wait: WaitArgs,
    /// Ask about every file that was ever sent, but for those that newer ones replaced
    #[arg(long, conflicts_with = "run")]
    all: bool,
    /// Ask the stream instead (`SNOWTRACK_STREAM`): read back what it acknowledged, and compare it with what it was sent
    #[arg(long, conflicts_with_all = ["run", "all", "watch", "warn_only"])]
    stream: bool,
    /// Show each table while waiting: a live table on a terminal, a line per change elsewhere
    #[arg(long)]
    pub(super) watch: bool,
}

impl VerifyArgs {
    /// How long to wait, where the stream is asked.
    pub(super) fn of_stream(&self) -> Option<&WaitArgs> {
        self.stream.then_some(&self.wait)
    }
}

/// The whole job, or its first stage.
pub(super) fn run(
    cli: &Cli,
    arguments: &RunArgs,
    config: &Config,
    last: Stage,
) -> Result<(), Error> {
    go(cli, config, &settings(arguments, config, last)?)
}

/// What the arguments tell a run.
pub(super) fn settings(
    arguments: &RunArgs,
    config: &Config,
    last: Stage,
) -> Result<Settings, Error> {
    let min_gap = config.spotify.min_gap;
    let max_wait = Duration::from_secs(arguments.max_wait);
    Ok(Settings {
        wait: arguments.wait.patience(),
        state: arguments.wait.terms(),
        stages: Stage::Fetch..=last,
        full: arguments.full,
        archive: arguments.archive,
        record: arguments.record.clone(),
        refetch: arguments.refetch,
        refetch_older_than: arguments.refetch_older_than,
        enrich: arguments.enrich,
        genres: arguments.genres.clone(),
        warn_only: arguments.warn_only.iter().cloned().collect(),
        timing: SpotifyTiming {
            min_gap,
            call: http::CallTiming { max_wait, ..SpotifyTiming::default().call },
        },
        shipping: Shipping { no_ingest: arguments.no_ingest, ..Shipping::default() },
        ..Settings::new(source(arguments, config)?, now)
    })
}

impl StageArgs {
    pub(super) fn settings(&self, config: &Config, stage: Stage) -> Result<Settings, Error> {
        Ok(Settings {
            wait: self.wait.patience(),
            state: self.wait.terms(),
            run: meant(self.run.as_ref(), config)?,
            warn_only: self.warn_only.iter().cloned().collect(),
            ..Settings::of_stage(stage, now)
        })
    }
}

/// The run that was named. An id need not be looked up: what it names is seen when the ledger is open.
fn meant(word: Option<&String>, config: &Config) -> Result<Option<RunId>, Error> {
    let run = |word: &String| word.parse().or_else(|_| named(&config.data_dir, word));
    word.map(run).transpose()
}

/// One stage on what is landed already.
pub(super) fn one_stage(
    cli: &Cli,
    arguments: &StageArgs,
    config: &Config,
    stage: Stage,
) -> Result<(), Error> {
    go(cli, config, &arguments.settings(config, stage)?)
}

/// Tells Snowflake of the files in the bucket.
pub(super) fn ingest(cli: &Cli, arguments: &IngestArgs, config: &Config) -> Result<(), Error> {
    let mut settings = arguments.stage.settings(config, Stage::Ingest)?;
    settings.shipping.ingest_as = arguments.way.map(|OtherWay::Rest| IngestMode::Rest);
    go(cli, config, &settings)
}

/// The proof.
pub(super) fn verify(cli: &Cli, arguments: &VerifyArgs, config: &Config) -> Result<(), Error> {
    let mut settings = Settings {
        wait: arguments.wait.patience(),
        state: arguments.wait.terms(),
        run: meant(arguments.run.as_ref(), config)?,
        warn_only: arguments.warn_only.iter().cloned().collect(),
        ..Settings::of_stage(Stage::Verify, now)
    };
    settings.shipping.asks_all = arguments.all;
    go(cli, config, &settings)
}

/// A run whose report is somebody else's to print.
pub(super) fn go_quietly(cli: &Cli, config: &Config, settings: &Settings) -> Result<(), Error> {
    let EndedRun { error, .. } = work(cli, config, settings)?;
    error.map_or(Ok(()), |error| Err(error.into()))
}

/// Lets a signal ask for the end, and a second one make it.
pub(super) fn stop_on_signal(stop: &Arc<Stop>) {
    let asked = Arc::clone(stop);
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        asked.ask();
        signals.next().await;
        drawing::clear();
        drawing::end();
        tracing::error!(
            "asked to stop a second time: ended at once. What was saved last stays, and a lease on the state expires by itself"
        );
        end_at_once();
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "somebody asked twice; as after a kill, the next run goes on from what is on the disk"
)]
fn end_at_once() -> ! {
    std::process::exit(i32::from(exit::INTERRUPTED))
}

fn work(cli: &Cli, config: &Config, settings: &Settings) -> Result<EndedRun, Error> {
    let (progress, stages) = (Progress::new(cli.draws()), LongStages::new(logs::tells_stages(cli)));
    let also = |event: &Event| {
        progress.show(event);
        stages.hear(event);
    };
    let stop = Arc::new(Stop::default());
    let ended = runtime()?.block_on(async {
        stop_on_signal(&stop);
        once(config, settings, &also, &stop, &mut Kept::default()).await
    });
    progress.finish(stop.is_asked());
    Ok(ended?)
}

/// One run with the sinks that are configured, and one more.
pub(super) async fn once(
    config: &Config,
    settings: &Settings,
    also: Sink<'_>,
    stop: &Arc<Stop>,
    kept: &mut Kept,
) -> Result<EndedRun, crate::run::Error> {
    settings.source.iter().for_each(told::as_read);
    let runtime = tokio::runtime::Handle::current();
    // Beside the log, so that standard output stays the report's; a container's log driver takes both.
    let (write_line, flags) = (&|line: &str| tell_as_it_is(line), told::flags());
    let outside = Outside { clock: now, write_line, runtime, flags };
    let sinks = observe::of_run(config, outside).with(also);
    crate::run::run_keeping(config, settings, &|event| sinks.tell(event), stop, kept).await
}

fn go(cli: &Cli, config: &Config, settings: &Settings) -> Result<(), Error> {
    let began = Instant::now();
    let EndedRun { report, error } = match work(cli, config, settings) {
        Err(Error::Run(error @ crate::run::Error::NothingHere { .. })) => {
            return tell_nothing_here(cli, &error);
        }
        worked => worked?,
    };
    if cli.json {
        print(&serde_json::to_string(&report).map_err(std::io::Error::from)?)?;
    } else if !cli.quiet {
        let done = Done { last: *settings.stages.end(), took: began.elapsed() };
        print_page(summary::summary(&report, done, config))?;
    }
    error.map_or(Ok(()), |error| Err(error.into()))
}

/// Ctrl-C, or the SIGTERM with which schedulers and containers ask. Listened for from here on, not only once it is awaited: whoever
/// is told what a run waits for may end it at once.
#[cfg(unix)]
struct Signals(Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let both = signal(SignalKind::interrupt()).and_then(|interrupt| {
            let terminate = signal(SignalKind::terminate())?;
            Ok((interrupt, terminate))
        });
        Self(both.ok())
    }

    async fn next(&mut self) {
        let Some((interrupt, terminate)) = &mut self.0 else {
            // Then a signal ends the process, as it does by itself.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// `90s`, `15m`, `12h`, `7d`.
fn age(raw: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let found = units.into_iter().find_map(|(unit, seconds)| {
        let count: u64 = raw.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(count.checked_mul(seconds)?))
    });
    found.ok_or_else(|| {
        format!("`{raw}` is no age; wanted a number with its unit, as `12h` or `7d`")
    })
}

/// The name of a check; a misspelt one would accept nothing, and nobody would be told.
fn check_name(raw: &str) -> Result<String, String> {
    if CHECKS.iter().any(|check| check.name == raw) {
        return Ok(raw.to_owned());
    }
    let alike =
        |name: &str| name.bytes().zip(raw.bytes()).take_while(|(one, other)| one == other).count();
    let most = CHECKS.iter().map(|check| alike(check.name)).max().unwrap_or(0);
    let nearest = CHECKS.iter().filter(|check| alike(check.name) == most);
    let mut names: Vec<_> = nearest.map(|check| format!("`{}`", check.name)).collect();
    // A few letters in common are chance.
    if most < 4 {
        return Err(format!("`{raw}` is no check; `snowtrack check --list` names them all"));
    }
    if names.len() > SHOWN_NAMES {
        names.truncate(SHOWN_NAMES);
        names.push("…".to_owned());
    }
    Err(format!("`{raw}` is no check; names that begin alike: {}", names.join(", ")))
}

/// Names that an error suggests.
const SHOWN_NAMES: usize = 4;

fn source(arguments: &RunArgs, config: &Config) -> Result<Source, Error> {
    if arguments.demo {
        return Ok(Source::Demo);
    }
    if let Some(folder) = &arguments.from_dir {
        return Ok(Source::FromDir(folder.clone()));
    }
    let (mine, liked) = (arguments.mine, arguments.liked);
    let mut playlists = arguments.playlist.clone();
    let is_usual = playlists.is_empty() && !mine && !liked;
    if is_usual {
        playlists = config.playlists().map_err(crate::run::Error::from)?;
        if playlists.is_empty() && arguments.genres.is_some() {
            return Ok(Source::Nobody);
        }
        if playlists.is_empty() {
            return Err(crate::run::Error::NoSource.into());
        }
    }
    let mut seen = BTreeSet::new();
    playlists.retain(|id| seen.insert(id.clone()));
    Ok(Source::Spotify(Wanted { playlists, is_usual, mine, liked }))
}
