//! What the program says, on standard output and standard error: one place, so that every command that it names can be pasted.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::harmless::harmless;
use super::layout::{Canvas, Page};
use super::{Cli, Error, LogFormat};
use crate::shell::Flags;

/// The flags of this process, as commands carry them, and what its results are written on.
struct Given {
    flags: Flags,
    in_json: Flags,
    is_json: bool,
    canvas: Canvas,
}

static GIVEN: OnceLock<Given> = OnceLock::new();

/// Whether the result is on standard output, so that `--json` adds no second document.
static HAS_PRINTED: AtomicBool = AtomicBool::new(false);

/// From now on commands carry the flags of this one.
pub(super) fn as_given(cli: &Cli) {
    GIVEN.get_or_init(|| {
        let flags = Flags::new(cli.config.as_deref(), cli.data_dir.as_deref());
        let canvas = Canvas::of_stdout(crate::config::columns(), cli.color);
        Given { in_json: flags.in_json(), flags, is_json: cli.json, canvas }
    });
}

/// The flags that commands carry.
pub(super) fn flags() -> Flags {
    GIVEN.get().map(|given| given.flags.clone()).unwrap_or_default()
}

/// What results are written on.
pub(super) fn canvas() -> Canvas {
    GIVEN.get().map(|given| given.canvas).unwrap_or_default()
}

/// A text whose commands carry the flags.
pub(super) fn completed(text: &str) -> Cow<'_, str> {
    GIVEN.get().map_or(Cow::Borrowed(text), |given| given.flags.completed(text))
}

/// Where the log writes; a line comes whole.
pub(super) struct Log(pub(super) LogFormat);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().write_all(completed_in(&text, self.0).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The same of a text in one of the two forms.
fn completed_in(text: &str, format: LogFormat) -> Cow<'_, str> {
    let of = |given: &'static Given| match format {
        LogFormat::Human => &given.flags,
        LogFormat::Json => &given.in_json,
    };
    GIVEN.get().map_or(Cow::Borrowed(text), |given| of(given).completed(text))
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

/// A line that another program reads.
pub(super) fn tell_as_it_is(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
