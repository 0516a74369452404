//! The lines of the terminal that are redrawn where they are, and what else is written beside them.
//!
//! In: lines, and texts that come while lines are drawn. Out: standard error, on which the texts stand above the lines, and which is
//! left without the lines however the process ends that drew them.

use std::io::stderr;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// What is drawn now.
static DRAWN: Mutex<Option<Drawn>> = Mutex::new(None);

struct Drawn {
    lines: MultiProgress,
    /// The terminal as it was.
    before: Option<Termios>,
}

/// Lines that are drawn from now on.
pub(super) fn begin() -> MultiProgress {
    let lines = MultiProgress::new();
    let drawn = Drawn { lines: lines.clone(), before: without_echo() };
    *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(drawn);
    lines
}

/// Takes away what is drawn.
pub(super) fn clear() {
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    // A terminal that is gone has no lines either.
    let _ = drawn.as_ref().map(|it| it.lines.clear());
}

/// Nothing is drawn from now on, and the terminal is as it was.
pub(super) fn end() {
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Drawn { lines, before }) = drawn else { return };
    lines.set_draw_target(ProgressDrawTarget::hidden());
    if let Some(before) = before.filter(|_| is_ours()) {
        let _ = tcsetattr(stderr(), OptionalActions::Now, &before);
    }
}

/// Writes something else on standard error, above the lines.
pub(super) fn beside<T>(write: impl FnOnce() -> T) -> T {
    let lines =
        DRAWN.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|it| it.lines.clone());
    match lines {
        Some(lines) => lines.suspend(write),
        None => write(),
    }
}

/// Lets the terminal not show Ctrl-C as `^C`: the cursor stands at the end of a line that is as long as the screen is wide, so that
/// those two letters would begin another one, and the line would no longer be where it is looked for.
fn without_echo() -> Option<Termios> {
    let before = tcgetattr(stderr()).ok().filter(|_| is_ours())?;
    let mut without = before.clone();
    without.local_modes.remove(LocalModes::ECHOCTL);
    tcsetattr(stderr(), OptionalActions::Now, &without).ok()?;
    Some(before)
}

/// Whether the terminal is ours: whoever sets it up from the background is stopped.
fn is_ours() -> bool {
    tcgetpgrp(stderr()).is_ok_and(|group| group == getpgrp())
}
