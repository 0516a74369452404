//! `snowtrack-doubles`: the doubles as a program, for whatever speaks HTTP.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that people and scripts start"
)]

mod program;

use std::process::ExitCode;

use clap::Parser;

use self::program::{Command, Doubles, TheEnd};

fn main() -> ExitCode {
    let command = Command::parse();
    let doubles = match Doubles::start(&command) {
        Ok(doubles) => doubles,
        Err(error) => {
            eprintln!("snowtrack-doubles: {error}");
            return ExitCode::from(2);
        }
    };
    // Whoever has read the line may end the program at once.
    let end = match TheEnd::listen() {
        Ok(end) => end,
        Err(error) => {
            eprintln!("snowtrack-doubles: cannot listen for signals: {error}");
            return ExitCode::from(2);
        }
    };
    println!("{}", doubles.addresses());
    end.wait();
    let violations = doubles.violations();
    for violation in &violations {
        eprintln!("{violation}");
    }
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
