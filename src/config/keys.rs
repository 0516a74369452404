//! The settings as `snowtrack.toml` knows them: by table and key, each with its way of being written.

use std::collections::BTreeSet;

use super::settings::{Setting, all};

/// How a value is written in `snowtrack.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In quotes.
    Text,
    /// A whole number.
    Number,
    /// Texts between brackets.
    List,
}

impl Setting {
    pub(super) fn kind(&self) -> Kind {
        match self.key {
            "spotify.playlist_ids" => Kind::List,
            _ if self.default.parse::<u64>().is_ok() => Kind::Number,
            _ => Kind::Text,
        }
    }

    /// What would have been a value, where `text` is none whatever it is for.
    pub(super) fn refusal(&self, text: &str) -> Option<&'static str> {
        // A passphrase can be anything, and of a key its reader takes what stands between its own marks.
        let is_free = self.key.starts_with("snowflake.private_key") && self.is_secret;
        if is_free { None } else { refusal(text) }
    }
}

/// What would have been a value in one line, where `text` is none.
pub(super) fn refusal(text: &str) -> Option<&'static str> {
    if is_quoted(text) {
        Some(
            "it without the quotes, which are part of the value here (docker's `--env-file`, for example, takes none away)",
        )
    } else if text.contains(char::is_control) {
        Some("it in one line, without control characters")
    } else {
        None
    }
}

/// Whether a text has the same quote at both ends.
pub(super) fn is_quoted(text: &str) -> bool {
    let has = |quote: char| 1 < text.len() && text.starts_with(quote) && text.ends_with(quote);
    has('"') || has('\'')
}

/// Only in the file, and in no list: what only a test has reason to change.
const UNLISTED: &[Setting] = &[Setting {
    env: &[],
    key: "spotify.min_gap_ms",
    default: "100",
    what: "least time between two calls to Spotify, in milliseconds",
    is_secret: false,
    set: |config, value| {
        let parsed = value.parse().map_err(|_| "a whole number of milliseconds")?;
        config.spotify.min_gap_ms = Some(parsed);
        Ok(())
    },
    get: |config| config.spotify.min_gap_ms.map(|ms| ms.to_string()),
}];

/// The setting of a key, `table.key`.
pub(super) fn of_key(key: &str) -> Option<&'static Setting> {
    all().chain(UNLISTED).find(|setting| setting.key == key)
}

/// The setting that a variable gives.
pub(super) fn of_variable(variable: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.env.contains(&variable))
}

/// The tables of the file, each once.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    let tables = all().filter_map(|setting| Some(setting.key.split_once('.')?.0));
    tables.collect::<BTreeSet<_>>().into_iter()
}
