//! The child process that runs others' SQL: no command of the command line.

use std::io::{BufReader, Write};
use std::process::ExitCode;

use super::exit;
use crate::guard;

/// Whether the process was started as such a child.
pub(super) fn is_child() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == guard::ARGUMENT)
}

/// Answers the one question.
pub(super) fn answer() -> ExitCode {
    let input = BufReader::new(std::io::stdin());
    match guard::answer(input, std::io::stdout(), std::io::stderr()) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(exit::USAGE)
        }
    }
}
