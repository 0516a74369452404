//! The help: the command line's own description, ordered under headings, with examples, and only with the options that apply.
//!
//! What an option means stands beside it; where it is shown, and beside what, stands here.

use clap::{Arg, ArgAction, Command};

use super::examples::{Example, examples};

/// Headings, in the order in which a page has them, and the options below each. What is in none stands before them all.
const HEADINGS: [(&str, &[&str]); 5] = [
    (
        "Source",
        &[
            "demo",
            "playlist",
            "mine",
            "liked",
            "from_dir",
            "record",
            "refetch",
            "refetch_older_than",
            "enrich",
            "genres",
        ],
    ),
    ("Shipping", &["full", "archive", "no_ingest", "warn_only"]),
    ("Waiting", &["max_wait", "wait", "lease_wait", "state_single_writer"]),
    ("Output", &["json", "verbose", "quiet", "log_format", "color"]),
    ("Global", &["config", "data_dir"]),
];

/// The commands that read a source, and ship: the others' options of these names are their own.
const RUNS: [&str; 4] = ["run", "watch", "plan", "fetch"];

/// What is seldom wanted: only `--help` has it.
const RARE: [&str; 12] = [
    "record",
    "refetch",
    "refetch_older_than",
    "genres",
    "archive",
    "max_wait",
    "lease_wait",
    "state_single_writer",
    "log_format",
    "timeout",
    "is_allowed",
    "allow_remote_model",
];

/// Options that a command takes, because others like it do, and that change nothing there.
const IDLE: [(&str, &[&str]); 11] = [
    ("watch", &["full", "refetch"]),
    ("plan", &["record", "archive", "wait", "lease_wait", "state_single_writer"]),
    ("fetch", &["full", "archive", "no_ingest", "warn_only"]),
    ("transform", &["warn_only"]),
    ("upload", &["warn_only"]),
    ("ingest", &["warn_only"]),
    ("verify", &["warn_only"]),
    ("config init", &["data_dir"]),
    ("mcp", &["json"]),
    ("completions", &["config", "data_dir", "json"]),
    ("man", &["config", "data_dir"]),
];

/// The variable that says the same as an option.
const VARIABLES: [(&str, &str); 3] = [
    ("data_dir", "SNOWTRACK_DATA_DIR"),
    ("playlist", "SPOTIFY_PLAYLIST_IDS"),
    ("model", "SNOWTRACK_LLM_MODEL"),
];

/// The command line as its help shows it.
pub(super) fn ordered(command: Command) -> Command {
    let globals: Vec<Arg> =
        command.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    command.mut_subcommands(|it| page(it, "", &globals))
}

/// One command's page, and those below it.
fn page(command: Command, above: &str, globals: &[Arg]) -> Command {
    let name = format!("{above} {}", command.get_name()).trim().to_owned();
    let command = command.mut_args(|arg| placed(&name, arg));
    // Its own copies of the options that every command has, in the order of the headings: clap would put them in as they come.
    let place = |arg: &Arg| HEADINGS.iter().position(|it| it.1.contains(&arg.get_id().as_str()));
    let mut copies = globals.to_vec();
    copies.sort_by_key(|arg| place(arg).unwrap_or(HEADINGS.len()));
    let command = copies.into_iter().fold(command, |it, arg| it.arg(placed(&name, arg)));
    let command = with_examples(command, &name);
    with_help(command.mut_subcommands(|it| page(it, &name, globals)))
}

fn idle(command: &str) -> &'static [&'static str] {
    IDLE.iter().find(|(name, _)| *name == command).map_or(&[], |(_, options)| options)
}

/// An option of a command below its heading.
fn placed(command: &str, arg: Arg) -> Arg {
    if arg.is_positional() {
        return arg;
    }
    let id = arg.get_id().as_str().to_owned();
    let is_global = arg.is_global_set();
    let of_run = RUNS.contains(&command);
    let heading = HEADINGS.iter().find(|(_, options)| options.contains(&id.as_str()));
    let heading = heading.map(|(heading, _)| *heading);
    let heading = heading.filter(|it| of_run || !matches!(*it, "Source" | "Shipping"));
    let mut arg = match heading.or(is_global.then_some("Global")) {
        Some(heading) => arg.help_heading(heading),
        None => arg,
    };
    if idle(command).contains(&id.as_str()) {
        arg = arg.hide(true);
    }
    if RARE.contains(&id.as_str()) && !is_global {
        arg = arg.hide_short_help(true);
    }
    let variable = VARIABLES.iter().find(|(option, _)| *option == id);
    // `forget` and `recommend` take one list, whatever is configured.
    match variable.filter(|(option, _)| of_run || *option != "playlist") {
        Some((_, variable)) => {
            let help = format!("{} [env: {variable}]", arg.get_help().cloned().unwrap_or_default());
            arg.help(help)
        }
        None => arg,
    }
}

/// What a page ends with; where it ended with examples of its own already, only the long one does.
fn with_examples(command: Command, name: &str) -> Command {
    let own = command.get_after_help().cloned();
    match (own, examples(name)) {
        (None, None) => command,
        (Some(own), None) => command.after_help(None).after_long_help(own),
        (None, Some(examples)) => command.after_long_help(shown(examples)),
        (Some(own), Some(examples)) => {
            command.after_help(None).after_long_help(format!("{}\n\n{own}", shown(examples)))
        }
    }
}

/// Examples, what each does beside it or below it.
fn shown(examples: &[Example]) -> String {
    let width = examples.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
    let lines = examples.iter().map(|(line, what)| match width {
        0..=46 => format!("  {line:<width$}   {what}"),
        _ => format!("  {line}\n      {what}"),
    });
    let lines: Vec<String> = lines.collect();
    format!("Examples:\n{}", lines.join("\n"))
}

/// `-h` and `--help`, below the last heading.
fn with_help(command: Command) -> Command {
    let text = match command.get_after_long_help() {
        Some(_) => "Print help; `--help` has every option and examples",
        None => "Print help",
    };
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help(text);
    command.disable_help_flag(true).arg(help.help_heading("Global").display_order(900))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command_line;

    /// Every command that does something, by its whole name.
    fn leaves(command: &Command, above: &str, found: &mut Vec<(String, Command)>) {
        let is_one = |it: &&Command| it.get_name() != "help" && !it.is_hide_set();
        for it in command.get_subcommands().filter(is_one) {
            let name = format!("{above} {}", it.get_name()).trim().to_owned();
            match it.has_subcommands() {
                true => leaves(it, &name, found),
                false => found.push((name, it.clone())),
            }
        }
    }

    fn all_leaves() -> Vec<(String, Command)> {
        let mut command = command_line();
        command.build();
        let mut found = Vec::new();
        leaves(&command, "", &mut found);
        found
    }

    /// The words of a line as a shell would hand them on: what stands in quotes is one, and what is piped or redirected is not ours.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut quote, mut word) = (Vec::new(), None, String::new());
        for letter in line.chars().chain([' ']) {
            match (letter, quote) {
                ('\'' | '"', None) => quote = Some(letter),
                (letter, Some(open)) if letter == open => quote = None,
                ('|' | '>' | ')', None) => break,
                (' ', None) if !word.is_empty() => words.push(std::mem::take(&mut word)),
                (' ', None) => {}
                _ => word.push(letter),
            }
        }
        words.extend((!word.is_empty()).then_some(word));
        words
    }

    #[test]
    fn every_command_has_two_examples_and_each_is_understood_as_that_command() {
        let leaves = all_leaves();
        assert!(leaves.len() > 30, "the test finds no commands");
        for (name, mut command) in leaves {
            let help = command.render_long_help().to_string();
            let lines = help.lines().skip_while(|line| !line.starts_with("Examples:"));
            let lines = lines.filter(|line| line.starts_with("  ") && line.contains("snowtrack "));
            let lines: Vec<&str> = lines.collect();
            assert!(lines.len() >= 2, "{name}: {help}");
            for line in lines {
                let (_, line) = line.split_once("snowtrack ").unwrap();
                // What it does stands behind three spaces.
                let line = line.split("   ").next().unwrap();
                let words = [vec!["snowtrack".to_owned()], words(line)].concat();
                let parsed = command_line().try_get_matches_from(&words);
                let parsed = parsed.unwrap_or_else(|error| panic!("{name}: `{line}`: {error}"));
                let (mut path, mut at) = (Vec::new(), &parsed);
                while let Some((name, below)) = at.subcommand() {
                    path.push(name);
                    at = below;
                }
                assert_eq!(path.join(" "), name, "`{line}`");
            }
        }
    }

    #[test]
    fn every_option_that_is_placed_hidden_or_explained_exists() {
        let leaves = all_leaves();
        let has =
            |id: &str| leaves.iter().any(|(_, it)| it.get_arguments().any(|a| a.get_id() == id));
        // Set by a colleague's flag that need not be there.
        let placed = HEADINGS.iter().flat_map(|(_, ids)| ids.iter()).filter(|id| **id != "color");
        for id in placed.chain(&RARE).chain(VARIABLES.iter().map(|(id, _)| id)) {
            assert!(has(id), "no command has `{id}`");
        }
        for (name, ids) in &IDLE {
            let (_, command) = leaves.iter().find(|(leaf, _)| leaf == name).unwrap();
            for id in *ids {
                let arg = command.get_arguments().find(|arg| arg.get_id() == id);
                assert!(arg.is_some_and(Arg::is_hide_set), "{name} {id}");
            }
        }
    }
}
