//! The parent: starts a child for each question, takes what it writes, and ends it.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::{ARGUMENT, Answered, Column, Question, Refusal, Told};
use crate::warehouse;

/// Starts children.
#[derive(Debug)]
pub(crate) struct Guard {
    program: PathBuf,
}

/// Rows in memory.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<Column>,
    /// Objects, or lists of texts: the question's shape.
    pub(crate) rows: Vec<Value>,
    /// Whether the cap cut rows off.
    pub(crate) is_truncated: bool,
}

/// A child ends itself at its limit; so much later, it is ended.
const GRACE: Duration = Duration::from_millis(500);

/// A result up to here is written whole or not at all: most errors come before.
const HELD_BYTES: usize = 4 << 20;

/// What is read of a child's last words.
const MOST_TOLD_BYTES: u64 = 4 << 20;

impl Guard {
    /// Children are processes of this very binary, also where its file was replaced since.
    ///
    /// # Errors
    /// [`Refusal::NotStarted`] where the system does not say where that is.
    pub(crate) fn new() -> Result<Self, Refusal> {
        let own = Path::new("/proc/self/exe");
        let program = match own.exists() {
            true => own.to_owned(),
            false => std::env::current_exe().map_err(not_started)?,
        };
        Ok(Self { program })
    }

    /// The answer, in memory; dropped before it is there, it ends the child. Other questions may be asked meanwhile.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub(crate) async fn ask(&self, question: &Question) -> Result<Answer, Refusal> {
        let mut started = self.start(question)?;
        let mut output = started.output()?;
        let (give, given) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = output.read_to_end(&mut text).map(|_| text);
            let _ = give.send(read);
        });
        let text = match tokio::time::timeout(question.timeout + GRACE, given).await {
            Ok(read) => read.unwrap_or_else(|_| Ok(Vec::new())).map_err(unread)?,
            Err(_) => return Err(Refusal::Time { limit: question.timeout }),
        };
        let Answered { columns, is_truncated, .. } = started.end()?;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let rows = lines.map(|line| serde_json::from_slice(line).map_err(io::Error::from));
        let rows = rows.collect::<Result<_, _>>().map_err(unread)?;
        Ok(Answer { columns, rows, is_truncated })
    }

    /// Hands on what the child writes as it comes, and says what became of it.
    ///
    /// # Errors
    /// Of `output`; a closed one ends the child.
    pub(crate) fn relay(
        &self,
        question: &Question,
        output: &mut dyn Write,
    ) -> io::Result<Result<Answered, Refusal>> {
        let started = self.start(question).and_then(|mut it| Ok((it.output()?, it)));
        let (mut rows, mut started) = match started {
            Ok((rows, started)) => (rows, started),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (give, taken) = sync_channel(1);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = rows.read(&mut buffer) {
                if give.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut held = Some(Vec::new());
        loop {
            match taken.recv_timeout(question.timeout + GRACE) {
                Ok(bytes) => match held.as_mut() {
                    Some(text) if text.len() + bytes.len() <= HELD_BYTES => text.extend(bytes),
                    _ => {
                        output.write_all(&held.take().unwrap_or_default())?;
                        output.write_all(&bytes)?;
                    }
                },
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    return Ok(Err(Refusal::Time { limit: question.timeout }));
                }
            }
        }
        let ended = started.end();
        if ended.is_ok() {
            output.write_all(&held.unwrap_or_default())?;
            output.flush()?;
        }
        Ok(ended)
    }

    fn start(&self, question: &Question) -> Result<Started, Refusal> {
        let line = serde_json::to_string(question).map_err(|it| not_started(it.into()))?;
        let mut process = Command::new(&self.program)
            .arg0("snowtrack")
            .arg(ARGUMENT)
            // Each further arena of the allocator takes address space, which is what is limited.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(not_started)?;
        let input = process.stdin.take();
        let told = process.stderr.take().map(|told| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                // What was read before an error is as good.
                let _ = told.take(MOST_TOLD_BYTES).read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        let mut started = Started { process, input, told };
        if let Some(input) = &mut started.input {
            // A child that is gone has its last words read.
            let _ = writeln!(input, "{line}");
        }
        Ok(started)
    }
}

/// A child at work; dropped, it is ended and cleared away.
struct Started {
    process: Child,
    /// Open as long as the child is wanted.
    input: Option<ChildStdin>,
    told: Option<JoinHandle<String>>,
}

impl Started {
    fn output(&mut self) -> Result<ChildStdout, Refusal> {
        let output = self.process.stdout.take();
        output.ok_or_else(|| not_started(io::Error::other("it has no output")))
    }

    /// What became of a child whose rows have ended.
    fn end(&mut self) -> Result<Answered, Refusal> {
        let told = self.told.take().and_then(|told| told.join().ok()).unwrap_or_default();
        let last = told.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        match last {
            Some(Told::Answered(answered)) => Ok(answered),
            Some(Told::Refused(refusal)) => Err(refusal),
            None => {
                let status = self.process.wait().map_err(unread)?;
                Err(ended(status, &told))
            }
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a child died of that could not say it.
fn ended(status: ExitStatus, told: &str) -> Refusal {
    let is_memory = ["memory allocation of", "std::bad_alloc"].iter().any(|it| told.contains(it));
    if is_memory {
        return Refusal::Memory { limit_bytes: warehouse::query_memory_bytes() };
    }
    let how = match status.signal() {
        Some(6) => "abort, signal 6".to_owned(),
        Some(9) => "killed, signal 9, by the system or a person; where memory is short, the system does that".to_owned(),
        Some(11) => "a crash, signal 11".to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => {
            let cause = told.trim().lines().last().unwrap_or("it said nothing").to_owned();
            return Refusal::Unwritten { cause };
        }
    };
    Refusal::Ended { how }
}

fn not_started(cause: io::Error) -> Refusal {
    Refusal::NotStarted { cause: cause.to_string() }
}

fn unread(cause: io::Error) -> Refusal {
    Refusal::Unwritten { cause: cause.to_string() }
}

#[cfg(test)]
mod tests;
