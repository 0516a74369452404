//! What belongs to no command: `help exit-codes`, `help environment`, `help settings`.

use clap::Command;

use super::exit;
use crate::config::{self, Told};

/// The command line with their pages: no commands, so that `help` finds them and no list of commands shows them.
pub(super) fn with_topics(command: Command) -> Command {
    let texts =
        [("environment", environment()), ("exit-codes", exit_codes()), ("settings", settings())];
    command.subcommands(texts.map(|(name, text)| {
        Command::new(name).hide(true).long_about(text).help_template("{about}\n")
    }))
}

/// Each exit code, and what it means: README has the same words.
const EXIT_CODES: [(u8, &str); 10] = [
    (
        exit::DONE,
        "done, and verified where Snowflake is configured; or nothing to send and nothing outstanding",
    ),
    (exit::BUG, "a bug of ours"),
    (exit::USAGE, "usage or configuration"),
    (exit::SOURCE, "Spotify"),
    (exit::QUALITY, "the quality gate refused"),
    (exit::LAKE, "S3 or disk"),
    (exit::SNOWFLAKE, "Snowflake: unreachable, refused us, or a pipe that a person must mend"),
    (
        exit::MISMATCH,
        "what arrived differs from what was sent, or Snowflake refused a file, of this run or of an earlier one (the message says whose)",
    ),
    (
        exit::LATER,
        "try later (rate limit, paused pipe, verification still pending, the data directory or the state held by another run; `--wait 10m` and `--lease-wait 10m` wait for that): the same command continues",
    ),
    (exit::INTERRUPTED, "stopped by Ctrl-C or SIGTERM, state saved"),
];

fn exit_codes() -> String {
    let codes = EXIT_CODES.map(|(code, meaning)| format!("  {code}\n      {meaning}"));
    format!("What the exit code of every command means.\n\n{}", codes.join("\n"))
}

fn environment() -> String {
    let variables = config::told().map(|it| {
        let Told { variables, default, what, .. } = &it;
        let default = default.map(|it| format!("   [default: {it}]")).unwrap_or_default();
        format!("  {}{default}\n      {what}", variables.join(", "))
    });
    format!(
        "The variables that are read. A flag wins over a variable, a variable over `.env` of the working directory, that over `snowtrack.toml`, that over the default; `snowtrack config check` shows what holds, and from where.\n\n{}\n\n{OTHERS}",
        variables.collect::<Vec<_>>().join("\n")
    )
}

fn settings() -> String {
    let settings = config::told().map(|it| {
        let (table, key) = it.key.split_once('.').unwrap_or(("", it.key));
        let table = if table.is_empty() { String::new() } else { format!("[{table}] ") };
        format!("  {table}{key} = {}\n      {} ({})", it.value, it.what, it.variables[0])
    });
    format!(
        "The settings of `snowtrack.toml`, or of the file of `--config`, each with its default and its variable, which wins over it. `snowtrack config init` writes such a file.\n\n{}",
        settings.collect::<Vec<_>>().join("\n")
    )
}

/// What is read of others' variables.
const OTHERS: &str = "Read by what is built in:\n  AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, …\n      the AWS SDK's own, for S3, SNS and Kinesis\n  OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME, …\n      OpenTelemetry's own; an endpoint switches traces on\n  SNOWFLAKE_HOME\n      where Snowflake's tools keep connections.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_says_of_each_exit_code_what_the_help_says() {
        let readme = include_str!("../../README.md");
        let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| ")).collect();
        for (code, meaning) in EXIT_CODES {
            let row = format!("| {code} | {meaning} |");
            assert!(rows.contains(&row.as_str()), "README lacks {row}");
        }
    }

    #[test]
    fn each_topic_has_every_line_and_none_is_longer_than_a_page_is_wide() {
        let mut all = crate::cli::command_line();
        all.build();
        let mut page = |name| {
            let page = all.find_subcommand_mut(name).unwrap().render_long_help().to_string();
            assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
            assert!(!page.starts_with('\n') && page.lines().count() > 20, "{page}");
            page
        };
        page("exit-codes");
        let (environment, settings) = (page("environment"), page("settings"));
        for it in config::told() {
            assert!(environment.contains(it.variables[0]), "{}", it.key);
            let key = it.key.rsplit('.').next().unwrap();
            assert!(settings.contains(&format!("{key} = ")), "{}", it.key);
        }
    }
}
