//! Faults on command: which call goes wrong, how often, and how.

use super::{Op, State};

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The connection closes; nothing was done.
    Reset,
    /// The call is done, then the connection closes without a word.
    LostAnswer,
    /// The call is done; half of the answer, then the connection closes.
    CutAnswer,
    /// No answer until the client leaves; nothing was done.
    Hang,
    /// The call is done, and no answer comes until the client leaves.
    HangAfter,
    /// A bit flips on the way to the server.
    Damage,
    /// The call is answered as if it were done, and is not, or not so.
    Lie(Lie),
    /// The list of unfinished uploads goes on for ever: with the same marker, or with a new one each time.
    EndlessList { moves_on: bool },
    /// An error in S3's own words.
    Answer {
        status: u16,
        code: &'static str,
        message: &'static str,
        headers: Vec<(&'static str, &'static str)>,
    },
}

impl Fault {
    pub fn answer(status: u16, code: &'static str, message: &'static str) -> Self {
        Self::Answer { status, code, message, headers: Vec::new() }
    }

    pub fn slow_down() -> Self {
        Self::answer(503, "SlowDown", "Please reduce your request rate.")
    }
}

/// What a store really keeps of what it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    All,
    Half,
    /// As many bytes, others.
    Other,
    Nothing,
}

/// What it says of the checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    NoChecksum,
    /// A checksum of another kind.
    Crc32,
    /// The right checksum, whatever it keeps.
    Ours,
    AnotherChecksum,
    /// Of parts, without their number.
    NoPartCount,
}

/// An answer that is not true, or not whole.
#[derive(Debug, Clone, Copy)]
pub struct Lie {
    pub keeps: Keeps,
    pub says: Says,
    pub status: u16,
}

/// A fault that waits for its calls.
pub(super) struct Script {
    pub(super) op: Op,
    pub(super) nth: usize,
    pub(super) times: usize,
    pub(super) fault: Fault,
}

impl State {
    /// The first script that fits the `nth` call of a kind, one time used up.
    pub(super) fn next_fault(&mut self, op: Op, nth: usize) -> Option<Fault> {
        let fits = |script: &&mut Script| script.times > 0 && script.op == op && script.nth <= nth;
        let script = self.scripts.iter_mut().find(fits)?;
        script.times -= 1;
        Some(script.fault.clone())
    }
}
