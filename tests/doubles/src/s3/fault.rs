//! Faults on command: which call goes wrong, how often, and how.

use super::{Call, Op, State};

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

/// What a store makes of `If-None-Match` and `If-Match`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Conditions {
    /// What S3 makes of them.
    #[default]
    Kept,
    /// It has never heard of them, and does not say so.
    Ignored,
    /// The same, of `If-Match` alone.
    MatchIgnored,
    /// It says that it does not know them.
    Refused,
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

/// Which calls a fault waits for.
pub(super) enum Which {
    Op(Op),
    /// Those about keys that begin so, whatever they are.
    Under(String),
}

/// A fault that waits for its calls.
pub(super) struct Script {
    pub(super) which: Which,
    pub(super) nth: usize,
    pub(super) times: usize,
    pub(super) fault: Fault,
}

impl State {
    /// The first script that fits the call at this place of the log, one time used up.
    pub(super) fn next_fault(&mut self, at: usize) -> Option<Fault> {
        let calls = self.calls.get(..=at)?;
        let call = calls.last()?;
        let fits = |script: &&mut Script| {
            let is_one = |it: &Call| match &script.which {
                Which::Op(op) => it.op == *op,
                Which::Under(prefix) => it.key.starts_with(prefix.as_str()),
            };
            let nth = || calls.iter().filter(|it| is_one(it)).count();
            script.times > 0 && is_one(call) && script.nth <= nth()
        };
        let script = self.scripts.iter_mut().find(fits)?;
        script.times -= 1;
        Some(script.fault.clone())
    }
}
