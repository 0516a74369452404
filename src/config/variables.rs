//! The environment and what `.env` adds to it: the only reader of both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::said::Origin;
use super::{Error, MASK, dot_env, forms, names, settings, text};

/// Variables by name; the environment wins over `.env`.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, String>,
    from_dot_env: BTreeSet<String>,
}

/// Beginnings of names that are ours, or Snowflake's.
const PREFIXES: [&str; 5] = ["SPOTIFY_", "SNOWFLAKE_", "SNOWTRACK_", "S3_", "LAKE_"];

/// What Snowflake's own tools read; whoever sets these means them.
const OF_OTHER_TOOLS: [&str; 3] =
    ["SNOWFLAKE_HOME", "SNOWFLAKE_DEFAULT_CONNECTION_NAME", "SNOWFLAKE_CONNECTIONS_"];

impl Variables {
    /// Reads the environment and the `.env` of the working directory, and puts what is new into this process's environment, where
    /// the AWS SDK looks.
    pub(super) fn load() -> Result<Self, Error> {
        let added = match text::read_if_there(Path::new(".env"))? {
            Some(text) => dot_env::parse(&text)?,
            None => Vec::new(),
        };
        let own = environment()?;
        let variables = Self::of(own.clone(), added)?;
        let is_new = |(name, value): &(&str, &str)| own.get(*name).is_none_or(|it| it != value);
        let all = variables.values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        dot_env::export(all.filter(is_new));
        Ok(variables)
    }

    fn of(own: BTreeMap<String, String>, added: Vec<(String, String)>) -> Result<Self, Error> {
        let mut variables = Self { values: own, from_dot_env: BTreeSet::new() };
        for (name, value) in added {
            let is_new = variables.from_dot_env.contains(&name);
            if is_new || !variables.values.contains_key(&name) {
                variables.from_dot_env.insert(name.clone());
                variables.values.insert(name, value);
            }
        }
        for (name, value) in &mut variables.values {
            if name.starts_with("AWS_") || settings::of_variable(name).is_some() {
                *value = clean(name, value)?;
            }
        }
        Ok(variables)
    }

    /// A variable that is set. An empty one is how compose files and CI say "not set".
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Where the variable was set, for people.
    pub(super) fn origin(&self, name: &str) -> Origin {
        match self.from_dot_env.contains(name) {
            true => Origin::DotEnv(name.to_owned()),
            false => Origin::Variable(name.to_owned()),
        }
    }

    /// What a person should know of variables that are set and not read, or read otherwise than meant.
    pub(super) fn warnings(&self) -> Vec<String> {
        let set = self.values.keys().filter(|name| self.get(name).is_some());
        let unknown = set.filter(|name| {
            let is_ours = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            let is_others = OF_OTHER_TOOLS.iter().any(|other| name.starts_with(other));
            is_ours && !is_others && settings::of_variable(name).is_none()
        });
        let mut warnings: Vec<String> = unknown
            .filter_map(|name| {
                let meant = names::nearest(name, settings::all().map(|it| it.env[0]))?;
                Some(format!("`{name}` is set and not read; is `{meant}` meant?"))
            })
            .collect();
        if self.get(PASSPHRASE).is_some_and(forms::is_quoted) {
            warnings.push(format!(
                "`{PASSPHRASE}` begins and ends with quotes, which are taken as part of it"
            ));
        }
        warnings
    }
}

#[cfg(test)]
impl From<&[(&str, &str)]> for Variables {
    fn from(pairs: &[(&str, &str)]) -> Self {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self::of(pairs.collect(), Vec::new()).expect("a test sets what may be set")
    }
}

const PASSPHRASE: &str = "PRIVATE_KEY_PASSPHRASE";

/// The value as it was meant: what a shell, an editor or a secret store leaves at its ends is no part of it.
fn clean(name: &str, value: &str) -> Result<String, Error> {
    let setting = settings::of_variable(name);
    let value = match name {
        // Spaces can be part of one; a line break cannot be typed.
        PASSPHRASE => value.trim_end_matches(['\r', '\n']),
        _ => value.trim(),
    };
    let refusal = setting.map_or_else(|| forms::refusal(value), |it| it.refusal(value));
    let Some(wanted) = refusal else { return Ok(value.to_owned()) };
    // Of AWS's own, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    let is_secret = setting.map_or(name.starts_with("AWS_S"), |it| it.is_secret());
    let value = if is_secret { MASK } else { value };
    Err(Error::Value { name: name.to_owned(), value: value.to_owned(), wanted })
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment() -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => drop(found.insert(name, value)),
            Err(value) if settings::of_variable(&name).is_some() => {
                let is_secret = settings::of_variable(&name).is_some_and(|it| it.is_secret());
                let shown = value.to_string_lossy().into_owned();
                let value = if is_secret { MASK.to_owned() } else { shown };
                return Err(Error::Value { name, value, wanted: "text in UTF-8" });
            }
            Err(_) => {}
        }
    }
    Ok(found)
}

/// Columns of the terminal, as the user's shell says it.
#[expect(clippy::disallowed_methods, reason = "this room reads the environment")]
pub(crate) fn columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(own: &[(&str, &str)], added: &[(&str, &str)]) -> Result<Variables, Error> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Variables::of(own.iter().map(pair).collect(), added.iter().map(pair).collect())
    }

    #[test]
    fn the_environment_wins_over_the_file_and_each_says_where_it_is_from() {
        let found = of(
            &[("S3_BUCKET", "mine"), ("S3_PREFIX", "")],
            &[("S3_BUCKET", "its"), ("S3_PREFIX", "its/"), ("LAKE_FORMAT", "csv")],
        )
        .unwrap();
        assert_eq!(found.get("S3_BUCKET"), Some("mine"));
        assert_eq!(found.get("S3_PREFIX"), None, "set to nothing is how one says `not this time`");
        assert_eq!(found.origin("S3_BUCKET").to_string(), "environment `S3_BUCKET`");
        assert_eq!(found.origin("LAKE_FORMAT").to_string(), "`.env` `LAKE_FORMAT`");
    }

    #[test]
    fn what_a_tool_leaves_at_the_ends_of_a_value_is_no_part_of_it() {
        let names = [
            "AWS_ACCESS_KEY_ID",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "SPOTIFY_CLIENT_ID",
            "SPOTIFY_CLIENT_SECRET",
            "SPOTIFY_REFRESH_TOKEN",
            "SNOWFLAKE_USER",
        ];
        for name in names {
            for end in ["\n", "\r\n", "\r", "  ", "\t"] {
                let raw = format!("{end}value{end}");
                assert_eq!(of(&[(name, &raw)], &[]).unwrap().get(name), Some("value"), "{name}");
            }
            for raw in ["\"hunter2\"", "'hunter2'", "hun\nter2"] {
                let said = of(&[(name, raw)], &[]).unwrap_err().to_string();
                assert!(said.contains(name), "{said}");
                let is_secret = name.contains("SECRET") || name.contains("TOKEN");
                assert_eq!(said.contains("hun"), !is_secret, "{said}");
            }
        }
        for (raw, wanted) in [("a b \r\n", "a b "), (" 'x' ", " 'x' "), ("\"x\"", "\"x\"")] {
            assert_eq!(of(&[(PASSPHRASE, raw)], &[]).unwrap().get(PASSPHRASE), Some(wanted));
        }
        // What is not ours is nobody's to mend.
        assert_eq!(of(&[("OTHER", " x\n")], &[]).unwrap().get("OTHER"), Some(" x\n"));
    }

    #[test]
    fn a_variable_that_resembles_one_of_ours_is_named_with_it() {
        let warned = |name: &str| of(&[(name, "x")], &[]).unwrap().warnings();
        let likely = [
            ("SNOWFLAKE_ACOUNT", "SNOWFLAKE_ACCOUNT"),
            ("SNOWFLAKE_USERNAME", "SNOWFLAKE_USER"),
            ("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", "PRIVATE_KEY_PASSPHRASE"),
            ("SNOWFLAKE_PRIVATE_KEY_FILE", "SNOWFLAKE_PRIVATE_KEY"),
            ("SPOTIFY_CLIENTID", "SPOTIFY_CLIENT_ID"),
            ("SPOTIFY_PLAYLIST_ID", "SPOTIFY_PLAYLIST_IDS"),
            ("SPOTIFY_SECRET", "SPOTIFY_CLIENT_SECRET"),
            ("S3_BUCKET_NAME", "S3_BUCKET"),
            ("LAKE_FORMATS", "LAKE_FORMAT"),
            ("SNOWTRACK_DATADIR", "SNOWTRACK_DATA_DIR"),
        ];
        for (name, meant) in likely {
            assert_eq!(
                warned(name),
                [format!("`{name}` is set and not read; is `{meant}` meant?")]
            );
        }
        for name in [
            "SNOWFLAKE_PASSWORD",
            "SNOWFLAKE_HOME",
            "SNOWFLAKE_CONNECTIONS_DEV_ACCOUNT",
            "SPOTIFY_REDIRECT_URI",
            "S3_REGION",
            "LAKE_DISTRICT",
            "AWS_REGIO",
            "PATH",
        ] {
            assert!(warned(name).is_empty(), "{name}: {:?}", warned(name));
        }
    }
}
