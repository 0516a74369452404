//! Commands as text: what a person pastes into a shell reaches the same data directory and the same configuration as what printed it.
//!
//! In: the global flags that were given, and texts that name `snowtrack …` between backticks. Out: the same texts with the flags in.
//! What stands in the environment, or in the usual `snowtrack.toml`, is there for the next command as well, and is not repeated.

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

/// The flags before a command, as they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags(String);

impl Flags {
    /// Those of a command line.
    pub(crate) fn new(config: Option<&Path>, data_dir: Option<&Path>) -> Self {
        let given = [("--config", config), ("--data-dir", data_dir)];
        let given = given.into_iter().filter_map(|(flag, path)| Some((flag, path?)));
        Self(
            given
                .map(|(flag, path)| format!("{flag} {} ", word(&path.to_string_lossy())))
                .collect(),
        )
    }

    /// The same as they stand in a text of JSON.
    pub(crate) fn in_json(&self) -> Self {
        let text = serde_json::Value::from(self.0.as_str()).to_string();
        Self(text.trim_matches('"').to_owned())
    }

    /// A command of ours, from its name on, as a shell takes it.
    pub(crate) fn command(&self, rest: &str) -> String {
        format!("{PROGRAM}{}{rest}", self.0)
    }

    /// A text whose commands carry the flags. A command is what stands between backticks and begins with the program, or with
    /// settings and then the program; one that has the flags keeps them once.
    pub(crate) fn completed<'text>(&self, text: &'text str) -> Cow<'text, str> {
        if self.0.is_empty() || !text.contains(PROGRAM) {
            return Cow::Borrowed(text);
        }
        let mut parts = text.split('`');
        let mut completed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            completed.push('`');
            match command_in(part).filter(|rest| !rest.starts_with(&self.0)) {
                None => completed.push_str(part),
                Some(rest) => {
                    completed.push_str(&part[..part.len() - rest.len()]);
                    completed.push_str(&self.0);
                    completed.push_str(rest);
                }
            }
        }
        Cow::Owned(completed)
    }
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
    fn a_command_in_json_stays_json() {
        let flags = Flags::new(None, Some(Path::new(r#"a "b" \c"#)));
        let document = serde_json::json!({"error": "run `snowtrack login`"});
        let completed = flags.in_json().completed(&document.to_string()).into_owned();
        let read: serde_json::Value = serde_json::from_str(&completed).unwrap();
        assert_eq!(read["error"], flags.completed("run `snowtrack login`").as_ref());
    }
}
