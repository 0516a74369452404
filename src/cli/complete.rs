//! What Tab offers: commands and options by their own description; for checks, tables, questions, runs and playlists, those that
//! there are.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use serde_json::Value;

use super::{command_line, exit, runtime};
use crate::answers::Desk;
use crate::config::Config;
use crate::definitions::ready_questions;
use crate::ids::Table;
use crate::warehouse::CHECKS;

/// The variable with which a shell asks; whoever types sets none.
const VARIABLE: &str = "SNOWTRACK_COMPLETE";
/// Nobody waits longer for a name.
const PATIENCE: Duration = Duration::from_secs(2);
const NAME: &str = "snowtrack";

/// The files that the line names before the word that is completed.
static NAMED: OnceLock<Named> = OnceLock::new();

#[derive(Debug, Default, PartialEq)]
struct Named {
    config: Option<PathBuf>,
    data_dir: Option<PathBuf>,
}

/// Answers a shell that asks for what may come next; `None` where none asks.
pub(super) fn answered() -> Option<ExitCode> {
    let words: Vec<OsString> = std::env::args_os().collect();
    NAMED.get_or_init(|| named(&words));
    let asked = CompleteEnv::with_factory(command_line).var(VARIABLE).bin(NAME).completer(NAME);
    match asked.try_complete(words, std::env::current_dir().ok().as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitCode::from(exit::DONE)),
        // A shell shows no errors of whom it asks.
        Err(_) => Some(ExitCode::from(exit::USAGE)),
    }
}

/// What makes a shell ask.
pub(super) fn script(shell: clap_complete::Shell) -> String {
    let shells = Shells::builtins();
    let asks = shells.completer(&shell.to_string()).expect("both lists have the same five shells");
    let mut text = Vec::new();
    asks.write_registration(VARIABLE, NAME, NAME, NAME, &mut text)
        .expect("nothing fails in memory");
    let mut text = String::from_utf8_lossy(&text).trim().to_owned();
    if shell == clap_complete::Shell::Zsh {
        // From a file of its `fpath`, zsh reads this when somebody presses Tab for the first time, and expects an answer.
        text +=
            "\n[[ $funcstack[1] == _snowtrack ]] && _clap_dynamic_completer_snowtrack \"$@\"\ntrue";
    }
    text
}

/// The command line, with the names that its options take.
pub(super) fn with_names(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command.mut_args(|arg| with_candidates(&name, arg)).mut_subcommands(with_names)
}

fn with_candidates(command: &str, arg: Arg) -> Arg {
    let names: fn() -> Vec<CompletionCandidate> = match (command, arg.get_id().as_str()) {
        (_, "warn_only") => checks,
        ("query", "sql") => questions,
        ("query", "parameters") => parameters,
        ("reconcile", "tables") | ("stream", "table") => tables,
        ("run" | "watch" | "plan" | "fetch" | "recommend" | "forget", "playlist")
        | ("create", "recommend_for")
        | ("restore", "list") => playlists,
        ("man", "command") => commands,
        (_, "run") => runs,
        _ => return arg,
    };
    arg.add(ArgValueCandidates::new(names))
}

fn checks() -> Vec<CompletionCandidate> {
    CHECKS.iter().map(|check| check.name.into()).collect()
}

fn tables() -> Vec<CompletionCandidate> {
    Table::ALL.into_iter().map(|table| table.name().into()).collect()
}

fn questions() -> Vec<CompletionCandidate> {
    let told = |text: &str| Some(text.to_owned().into());
    let all = ready_questions().iter();
    all.map(|it| CompletionCandidate::new(&it.name).help(told(&it.description))).collect()
}

fn parameters() -> Vec<CompletionCandidate> {
    let all = ready_questions().iter().flat_map(|it| &it.parameters);
    let names: BTreeSet<&str> = all.map(|it| it.name.as_str()).collect();
    names.into_iter().map(|name| format!("{name}=").into()).collect()
}

fn commands() -> Vec<CompletionCandidate> {
    let all = command_line();
    let shown = all.get_subcommands().filter(|it| !it.is_hide_set());
    shown.map(|it| CompletionCandidate::new(it.get_name()).help(it.get_about().cloned())).collect()
}

/// The latest runs, with how each ended.
fn runs() -> Vec<CompletionCandidate> {
    let Some(desk) = desk() else { return Vec::new() };
    let Some(Ok(found)) = runtime().ok().map(|it| it.block_on(desk.runs())) else {
        return Vec::new();
    };
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let candidate = |row: &Value| {
        let help = format!("{}, {}", text(row, "status"), text(row, "started_at"));
        CompletionCandidate::new(text(row, "run_id")).help(Some(help.into()))
    };
    std::iter::once("latest".into()).chain(found.rows.iter().map(candidate)).collect()
}

/// The playlists of the published file, each with its name.
fn playlists() -> Vec<CompletionCandidate> {
    let Some(desk) = desk() else { return Vec::new() };
    let asked = runtime().ok().map(|it| it.block_on(desk.query(PLAYLISTS.to_owned())));
    let Some(Ok(found)) = asked else { return Vec::new() };
    let candidate = |row: &Value| {
        let id = row["id"].as_str()?;
        let name = row["name"].as_str().map(|name| super::one_line(name).into());
        Some(CompletionCandidate::new(id).help(name))
    };
    found.rows.iter().filter_map(candidate).collect()
}

const PLAYLISTS: &str = "select id, name from core.playlists order by name, id";

/// Who answers of the data directory that the line, or the configuration, names.
fn desk() -> Option<Desk> {
    let named = NAMED.get()?;
    let loaded = Config::load(named.config.as_deref(), named.data_dir.as_deref()).ok()?;
    Desk::new(&loaded.config.data_dir, PATIENCE).ok()
}

fn named(words: &[OsString]) -> Named {
    let value = |option: &str| {
        let mut words = words.iter().filter_map(|word| word.to_str()).skip_while(|it| *it != "--");
        let (mut found, with_value) = (None, format!("{option}="));
        while let Some(word) = words.next() {
            match word.strip_prefix(&with_value) {
                Some(value) => found = Some(value.into()),
                None if word == option => found = words.next().map(PathBuf::from),
                None => {}
            }
        }
        found
    };
    Named { config: value("--config"), data_dir: value("--data-dir") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_files_of_the_line_are_those_of_the_answer() {
        let of = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            named(&words)
        };
        let found = of("snowtrack -- snowtrack --data-dir a status --config=b.toml --run");
        assert_eq!(found, Named { config: Some("b.toml".into()), data_dir: Some("a".into()) });
        assert_eq!(of("snowtrack --data-dir a -- snowtrack --data-dir"), Named::default());
    }

    #[test]
    fn every_option_that_takes_a_name_offers_names() {
        fn named(command: &Command, found: &mut BTreeMap<String, BTreeSet<String>>) {
            for arg in command.get_arguments() {
                if arg.get::<ArgValueCandidates>().is_some() {
                    let commands = found.entry(arg.get_id().to_string()).or_default();
                    commands.insert(command.get_name().to_owned());
                }
            }
            command.get_subcommands().for_each(|it| named(it, found));
        }
        let mut found = BTreeMap::new();
        named(&command_line(), &mut found);
        let lines = found.into_iter().map(|(option, commands)| {
            format!("{option}: {}", commands.into_iter().collect::<Vec<_>>().join(" "))
        });
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
        command: man
        list: restore
        parameters: query
        playlist: fetch forget plan recommend run watch
        recommend_for: create
        run: check export history ingest publish status transform upload verify
        sql: query
        table: stream
        tables: reconcile
        warn_only: check export fetch ingest plan publish run transform upload verify watch
        ");
    }
}
