//! What the program says, on standard output and standard error: one place, so that every command that it names can be pasted.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::drawing;
use super::harmless::harmless;
use super::layout::{Canvas, Page, columns_of_stderr, sentence};
use super::{Cli, Error, LogFormat};
use crate::config::Config;
use crate::event::Stage;
use crate::ids::DataDir;
use crate::ledger::StatusFile;
use crate::run::Source;
use crate::run::command::{self, Usual};
use crate::shell::{Flags, RunSource};

/// The flags of this process, as commands carry them, and what its results are written on.
struct Given {
    flags: Flags,
    is_json: bool,
    canvas: Canvas,
}

static GIVEN: OnceLock<Given> = OnceLock::new();

/// What is configured: where the ledger is, and what runs read without a word.
struct Configured {
    data_dir: DataDir,
    usual: Usual,
}

static CONFIGURED: OnceLock<Configured> = OnceLock::new();

/// What a run of this process reads.
static SOURCE: OnceLock<RunSource> = OnceLock::new();

/// Whether the result is on standard output, so that `--json` adds no second document.
static HAS_PRINTED: AtomicBool = AtomicBool::new(false);

/// From now on commands carry the flags of this one.
pub(super) fn as_given(cli: &Cli) {
    GIVEN.get_or_init(|| {
        let flags = Flags::new(cli.config.as_deref(), cli.data_dir.as_deref());
        let canvas = Canvas::of_stdout(crate::config::columns(), cli.color);
        Given { flags, is_json: cli.json, canvas }
    });
}

/// From now on runs are told with the source that the ledger there knows, or that is configured.
pub(super) fn as_configured(config: &Config) {
    CONFIGURED
        .get_or_init(|| Configured { data_dir: config.data_dir.clone(), usual: Usual::of(config) });
}

/// From now on runs are told with this source.
pub(super) fn as_read(source: &Source) {
    SOURCE.get_or_init(|| command::named(source));
}

/// What runs read: those of this process, else the last one that the ledger tells of, which need not be held for that.
fn source() -> RunSource {
    let known = |configured: &Configured| {
        let status_file = StatusFile::read(&configured.data_dir);
        let runs = || status_file.iter().flat_map(|it| &it.runs);
        // One that came no further than that may have been asked for what is not there.
        let read = runs().filter(|run| run.stage.as_deref() != Some(Stage::Fetch.name()));
        configured.usual.source(read.chain(runs()).map(|run| run.source.as_str()))
    };
    let of_this = SOURCE.get().cloned();
    of_this.or_else(|| CONFIGURED.get().map(known)).unwrap_or_default()
}

/// What commands carry.
pub(super) fn flags() -> Flags {
    GIVEN.get().map(|given| given.flags.of_source(source())).unwrap_or_default()
}

/// What results are written on.
pub(super) fn canvas() -> Canvas {
    GIVEN.get().map(|given| given.canvas).unwrap_or_default()
}

/// A text whose commands carry the flags.
pub(super) fn completed(text: &str) -> Cow<'_, str> {
    completed_in(text, LogFormat::Human)
}

/// Where the log writes; a line comes whole.
pub(super) struct Log(pub(super) LogFormat);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let text = completed_in(&text, self.0);
        drawing::beside(|| io::stderr().write_all(text.as_bytes()))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The same of a text in one of the two forms.
fn completed_in(text: &str, format: LogFormat) -> Cow<'_, str> {
    let Some(given) = GIVEN.get() else { return Cow::Borrowed(text) };
    // Looked up only where it is to be told.
    let source = if Flags::may_lack_source(text) { source() } else { RunSource::default() };
    let flags = given.flags.of_source(source);
    match format {
        LogFormat::Human => flags.completed(text),
        LogFormat::Json => flags.in_json().completed(text),
    }
}

/// A result, on standard output: a document, or sentences, one a line.
pub(super) fn print(text: &str) -> Result<(), Error> {
    match GIVEN.get().is_some_and(|given| given.is_json) {
        true => print_as_it_is(&completed_in(text, LogFormat::Json)),
        false => print_page(Page::of_words(text)),
    }
}

/// A result for a person.
pub(super) fn print_page(page: Page) -> Result<(), Error> {
    write(&page.drawn(&canvas(), completed))
}

/// A result that is pasted, and whose commands carry the flags: no line of it is broken.
pub(super) fn print_pasted(text: &str) -> Result<(), Error> {
    print_as_it_is(&completed(text))
}

/// A result whose words are not ours: rows, a template, a page, a script.
pub(super) fn print_as_it_is(text: &str) -> Result<(), Error> {
    match std::io::stdout().is_terminal() {
        true => write(&harmless(text)),
        false => write(text),
    }
}

fn write(text: &str) -> Result<(), Error> {
    HAS_PRINTED.store(true, Ordering::Relaxed);
    let mut output = std::io::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        // The reader has seen enough (`| head`).
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A result begins, on standard output, that is written by another than [`print()`].
pub(super) fn has_begun_to_print() {
    HAS_PRINTED.store(true, Ordering::Relaxed);
}

/// Whether there is a result.
pub(super) fn has_printed() -> bool {
    HAS_PRINTED.load(Ordering::Relaxed)
}

/// A text on standard error; that nobody reads it is no reason to fail.
pub(super) fn tell(text: &str) {
    tell_as_it_is(&completed(text));
}

/// Sentences on standard error: on a terminal they are broken between words, elsewhere a line stays one.
pub(super) fn tell_sentences(text: &str) {
    let text = completed(text);
    if !io::stderr().is_terminal() {
        return tell_as_it_is(&text);
    }
    let room = columns_of_stderr();
    // What points at a place in a text above it stays below that.
    let broken = text.lines().map(|line| match line.starts_with("  | ") {
        true => line.to_owned(),
        false => sentence(line, room),
    });
    tell_as_it_is(&broken.collect::<Vec<_>>().join("\n"));
}

/// A line that another program reads.
pub(super) fn tell_as_it_is(text: &str) {
    let _ = drawing::beside(|| writeln!(io::stderr(), "{text}"));
}
