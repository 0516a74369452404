//! The child: answers one question and ends, at its time limit or with whoever asked at the latest.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};

use super::{Refusal, Told, limits};
use crate::warehouse::{self, Question};

/// Answers the question that stands on `input`: rows to `output`, what became of it to `told`.
///
/// # Errors
/// What cannot be read, written or limited; then nothing was asked.
pub(crate) fn answer(
    mut input: impl BufRead + Send + 'static,
    output: impl Write,
    told: impl Write + Send + 'static,
) -> io::Result<()> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let question: Question = serde_json::from_str(&line)?;
    drop(line);
    let clock = Arc::new(Clock::new(question.timeout));
    let report = Arc::new(Report(Mutex::new(Some(told))));
    let (gone, parent) = channel();
    std::thread::Builder::new().spawn(move || wait_for_end(input, &gone))?;
    let (its_clock, its_report) = (Arc::clone(&clock), Arc::clone(&report));
    std::thread::Builder::new().spawn(move || watch(&parent, &its_clock, &*its_report))?;
    limits::lower(warehouse::query_memory_bytes())?;
    let mut output = io::BufWriter::with_capacity(64 << 10, Untimed { output, clock });
    let told = match warehouse::answer(&question, &mut output) {
        Ok(answered) => Told::Answered(answered),
        Err(refusal) => Told::Refused(refusal),
    };
    report.tell(&told)
}

/// Reads until the parent closes the pipe, or is no more.
fn wait_for_end(mut input: impl Read, gone: &Sender<()>) {
    let _ = io::copy(&mut input, &mut io::sink());
    let _ = gone.send(());
}

/// Between two looks at a clock that stands still.
const TICK: Duration = Duration::from_millis(20);

/// Ends the process at the end of its time, or when nobody waits for it.
fn watch(parent: &Receiver<()>, clock: &Clock, report: &Report<impl Write>) {
    loop {
        match parent.recv_timeout(clock.left().max(TICK)) {
            Err(RecvTimeoutError::Timeout) if clock.left().is_zero() => {
                let _ = report.tell(&Told::Refused(Refusal::Time { limit: clock.limit }));
                break;
            }
            // The reader of the rows took his time.
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // Not by way of `exit`, which waits for what a query is in the midst of.
    let _ = kill_process(getpid(), Signal::KILL);
}

/// Where the last word goes, until it is said.
struct Report<W>(Mutex<Option<W>>);

impl<W: Write> Report<W> {
    fn tell(&self, told: &Told) -> io::Result<()> {
        let line = serde_json::to_string(told)?;
        // Held until it is said: who comes second ends the process.
        let mut once = held(&self.0);
        let Some(mut output) = once.take() else { return Ok(()) };
        // On a line of its own, whatever else wrote there.
        writeln!(output, "\n{line}")?;
        output.flush()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The query's time: the time in which a reader takes the rows is his.
struct Clock {
    limit: Duration,
    started: Instant,
    writing: Mutex<Writing>,
}

struct Writing {
    before: Duration,
    since: Option<Instant>,
}

impl Clock {
    fn new(limit: Duration) -> Self {
        let writing = Mutex::new(Writing { before: Duration::ZERO, since: None });
        Self { limit, started: Instant::now(), writing }
    }

    fn left(&self) -> Duration {
        let writing = held(&self.writing);
        let theirs =
            writing.before + writing.since.map(|since| since.elapsed()).unwrap_or_default();
        self.limit.saturating_sub(self.started.elapsed().saturating_sub(theirs))
    }

    fn stand_still(&self) {
        held(&self.writing).since = Some(Instant::now());
    }

    fn go_on(&self) {
        let mut writing = held(&self.writing);
        let since = writing.since.take();
        writing.before += since.map(|since| since.elapsed()).unwrap_or_default();
    }
}

/// A writer for which the clock stands still.
struct Untimed<W> {
    output: W,
    clock: Arc<Clock>,
}

impl<W: Write> Write for Untimed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.clock.stand_still();
        let written = self.output.write(bytes);
        self.clock.go_on();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_a_reader_takes_is_not_the_querys() {
        let clock = Clock::new(Duration::from_secs(5));
        assert!(Duration::from_secs(4) < clock.left());
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        let mut late = Clock::new(Duration::from_secs(5));
        late.started = long_ago;
        assert_eq!(late.left(), Duration::ZERO);
        held(&late.writing).since = Some(long_ago);
        assert!(Duration::from_secs(4) < late.left());
        late.go_on();
        assert!(Duration::from_secs(4) < late.left());
    }
}
