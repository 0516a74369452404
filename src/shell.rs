//! Commands as text: what a person pastes into a shell reaches the same data directory and the same configuration as what printed it.
//!
//! In: the global flags that were given, what runs read, and texts that name `snowtrack …` between backticks. Out: the same texts with
//! the flags in, and with its source where a run needs one. What stands in the environment, or in the usual `snowtrack.toml`, is there for the next command as well, and is not repeated.

use std::borrow::Cow;
use std::path::Path;

const PROGRAM: &str = "snowtrack ";

/// A word as a POSIX shell takes it.
pub(crate) fn word(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:=@%+,-".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What runs read, as a command of ours names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum RunSource {
    /// The configuration names it.
    #[default]
    Configured,
    /// These arguments do.
    Named(String),
    /// Nobody knows.
    Unknown,
}

/// Commands that end with nothing done where neither they nor the configuration name a source.
const READING: [&str; 2] = ["run", "fetch"];
/// What names it.
const SOURCES: [&str; 6] = ["--demo", "--from-dir", "--playlist", "--mine", "--liked", "--genres"];
/// What is said behind a command that lacks it, where it is not known.
const YOURS: &str = " with your source";

/// What commands carry: the flags that were given before this one, and the source that a run of theirs needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    given: String,
    source: RunSource,
}

impl Flags {
    /// Those of a command line.
    pub(crate) fn new(config: Option<&Path>, data_dir: Option<&Path>) -> Self {
        let given = [("--config", config), ("--data-dir", data_dir)];
        let given = given.into_iter().filter_map(|(flag, path)| Some((flag, path?)));
        let given = given.map(|(flag, path)| format!("{flag} {} ", word(&path.to_string_lossy())));
        Self { given: given.collect(), source: RunSource::default() }
    }

    /// The same where runs read this.
    pub(crate) fn of_source(&self, source: RunSource) -> Self {
        Self { given: self.given.clone(), source }
    }

    /// The same as they stand in a text of JSON.
    pub(crate) fn in_json(&self) -> Self {
        // Not by its quotes: a path may end in one, which is written with a backslash.
        let within = |text: &str| {
            let text = serde_json::Value::from(text).to_string();
            text[1..text.len() - 1].to_owned()
        };
        let source = match &self.source {
            RunSource::Named(words) => RunSource::Named(within(words)),
            other => other.clone(),
        };
        Self { given: within(&self.given), source }
    }

    /// A command of ours, from its name on, as a shell takes it.
    pub(crate) fn command(&self, rest: &str) -> String {
        format!("{PROGRAM}{}{rest}", self.given)
    }

    /// Whether a text can name a command that needs a source.
    pub(crate) fn may_lack_source(text: &str) -> bool {
        let is_named = |command: &&str| text.contains(&format!(" {command}"));
        text.contains(PROGRAM) && READING.iter().any(is_named)
    }

    /// A text whose commands carry the flags, and whose runs their source. A command is what stands between backticks and begins with
    /// the program, or with settings and then the program; one that has the flags, or a source, keeps them as they are.
    pub(crate) fn completed<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let adds_nothing = self.given.is_empty() && self.source == RunSource::Configured;
        if adds_nothing || !text.contains(PROGRAM) {
            return Cow::Borrowed(text);
        }
        let mut parts = text.split('`');
        let mut completed = parts.next().unwrap_or_default().to_owned();
        let mut is_unknown = false;
        for part in parts {
            completed.push('`');
            if is_unknown && ![YOURS, " again with"].iter().any(|said| part.starts_with(said)) {
                completed.push_str(YOURS);
            }
            is_unknown = false;
            let Some(rest) = command_in(part) else {
                completed.push_str(part);
                continue;
            };
            completed.push_str(&part[..part.len() - rest.len()]);
            completed.push_str(&self.given);
            let arguments = rest.strip_prefix(&self.given).unwrap_or(rest);
            match (without_source(arguments), &self.source) {
                (Some(name), RunSource::Named(source)) => {
                    completed.push_str(&format!("{name} {source}{}", &arguments[name.len()..]));
                }
                (found, source) => {
                    is_unknown = found.is_some() && *source == RunSource::Unknown;
                    completed.push_str(arguments);
                }
            }
        }
        Cow::Owned(completed)
    }
}

/// The name of a command that needs a source and has none.
fn without_source(arguments: &str) -> Option<&str> {
    let mut words = arguments.split(' ');
    let name = words.next().filter(|name| READING.contains(name))?;
    (!words.any(|word| SOURCES.contains(&word))).then_some(name)
}

/// What follows the program's name, where a text is a command of ours.
fn command_in(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        if let Some(arguments) = rest.strip_prefix(PROGRAM) {
            let is_command = |letter: u8| letter.is_ascii_lowercase() || letter == b'-';
            return arguments.bytes().next().is_some_and(is_command).then_some(arguments);
        }
        let (setting, after) = rest.split_once(' ')?;
        let (name, _) = setting.split_once('=')?;
        let is_variable =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_variable) {
            return None;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_needs_it() {
        let words = [
            ("data", "data"),
            ("/a/b.c", "/a/b.c"),
            ("", "''"),
            ("my data", "'my data'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("~", "'~'"),
        ];
        for (given, wanted) in words {
            assert_eq!(word(given), wanted);
        }
    }

    #[test]
    fn every_command_of_a_text_carries_the_flags_that_were_given() {
        let flags = Flags::new(Some(Path::new("a.toml")), Some(Path::new("my data")));
        let given = "--config a.toml --data-dir 'my data'";
        let completed = |text: &str| flags.completed(text).into_owned();
        assert_eq!(
            completed("`snowtrack run --full` or `snowtrack verify`, see `verify`"),
            format!("`snowtrack {given} run --full` or `snowtrack {given} verify`, see `verify`")
        );
        assert_eq!(
            completed("`SNOWFLAKE_INGEST=rest LAKE_FORMAT=csv snowtrack snowflake plan`"),
            format!("`SNOWFLAKE_INGEST=rest LAKE_FORMAT=csv snowtrack {given} snowflake plan`")
        );
        assert_eq!(flags.command("status"), format!("snowtrack {given} status"));
        // Once is enough.
        let once = completed("run `snowtrack login`");
        assert_eq!(completed(&once), once);
        // No command of ours, or none at all.
        for text in
            ["`snowtrack.toml`", "snowtrack follows none", "`a snowtrack run`", "`x=1 y`", "`"]
        {
            assert_eq!(completed(text), text);
        }
    }

    #[test]
    fn what_no_flag_gave_is_not_repeated() {
        let text = "`snowtrack run`";
        assert!(matches!(Flags::default().completed(text), Cow::Borrowed(_)));
        assert_eq!(
            Flags::new(None, Some(Path::new("d"))).completed(text),
            "`snowtrack --data-dir d run`"
        );
    }

    #[test]
    fn a_run_carries_the_source_that_is_known_or_it_is_said_that_one_is_needed() {
        let flags = Flags::new(None, Some(Path::new("d")));
        let text = "the next `snowtrack run` sends it, `snowtrack run --full` everything, \
            `snowtrack run --demo` and `snowtrack verify` nothing (`snowtrack fetch`)";
        let known = flags.of_source(RunSource::Named("--playlist a --liked".to_owned()));
        let wanted = "the next `snowtrack --data-dir d run --playlist a --liked` sends it, \
            `snowtrack --data-dir d run --playlist a --liked --full` everything, \
            `snowtrack --data-dir d run --demo` and `snowtrack --data-dir d verify` nothing \
            (`snowtrack --data-dir d fetch --playlist a --liked`)";
        assert_eq!(known.completed(text), wanted);
        let unknown = Flags::default().of_source(RunSource::Unknown);
        let wanted = "the next `snowtrack run` with your source sends it, \
            `snowtrack run --full` with your source everything, \
            `snowtrack run --demo` and `snowtrack verify` nothing (`snowtrack fetch` with your source)";
        assert_eq!(unknown.completed(text), wanted);
        for flags in [known, unknown] {
            let once = flags.completed(text);
            assert_eq!(flags.completed(&once), once);
        }
        let again = "`snowtrack run` again with the same source";
        assert_eq!(Flags::default().of_source(RunSource::Unknown).completed(again), again);
    }

    #[test]
    fn a_command_in_json_stays_json() {
        let flags = Flags::new(None, Some(Path::new(r#"a "b" \c"#)));
        let source = RunSource::Named(r#"--from-dir 'the "old" ones'"#.to_owned());
        for flags in [flags.of_source(source), flags] {
            for text in ["run `snowtrack login`", "`snowtrack run` again"] {
                let document = serde_json::json!({"error": text});
                let completed = flags.in_json().completed(&document.to_string()).into_owned();
                let read: serde_json::Value = serde_json::from_str(&completed).unwrap();
                assert_eq!(read["error"], flags.completed(text).as_ref());
            }
        }
    }
}
