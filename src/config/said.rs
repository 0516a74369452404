//! What was said of each setting, and where: text that is known to be a value, before anything is laid over anything.
//!
//! A flag stands over the environment, that over `.env`, that over the file; a connection of Snowflake's own tools fills what
//! nobody said. What was not said at all has its default once this becomes a [`Config`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::settings::{self, Setting};
use super::{Config, Resolved};
use crate::ids::DataDir;
use crate::lake::StaticKeys;

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// On the command line.
    Flag(&'static str),
    /// In the environment.
    Variable(String),
    /// In `.env`.
    DotEnv(String),
    /// In `snowtrack.toml`, or in the predecessor's file.
    File(PathBuf),
    /// In a file of Snowflake's own tools.
    Connection(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(out, "flag `{name}`"),
            Self::Variable(name) => write!(out, "environment `{name}`"),
            Self::DotEnv(name) => write!(out, "`.env` `{name}`"),
            Self::File(path) => write!(out, "`{}`", path.display()),
            Self::Connection(name) => write!(out, "connection `{name}`"),
        }
    }
}

/// One value as it was said. Whether it is a secret, its setting knows; here each of them is kept as one.
#[derive(Debug)]
struct Value {
    text: SecretString,
    origin: Origin,
}

/// Everything that was said.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// By key.
    values: BTreeMap<&'static str, Value>,
    /// Keys to AWS, which only the predecessor's file has.
    pub(super) aws_keys: Option<StaticKeys>,
    /// The bucket's region, which only the predecessor's file has.
    pub(super) aws_region: Option<String>,
}

impl Said {
    /// Lays a value over what was said before; the error says what would have been one.
    pub(super) fn say(
        &mut self,
        setting: &'static Setting,
        text: &str,
        origin: Origin,
    ) -> Result<(), &'static str> {
        setting.check(text)?;
        self.values.insert(setting.key, Value { text: text.into(), origin });
        Ok(())
    }

    /// The value said for a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|value| value.text.expose_secret())
    }

    /// What holds, with the default of whatever was not said. `home` is what `~` means.
    pub(super) fn resolve(&self, home: Option<&Path>) -> Config {
        let mut config = Config::default();
        for setting in settings::with_unlisted() {
            if let Some(text) = self.get(setting.key) {
                let taken = (setting.slot)(&mut config).take(text);
                taken.expect("`say` keeps only what its setting takes");
            }
        }
        config.data_dir = DataDir::new(below_home(config.data_dir.path(), home));
        if let Some(path) = &mut config.snowflake.private_key_path {
            *path = below_home(path, home);
        }
        config.lake.keys = self.aws_keys.clone();
        config.lake.region = self.aws_region.clone();
        config
    }

    /// Every listed setting with its value in `config`, which this became, and where that was said.
    pub(super) fn explain(&self, config: &Config) -> Vec<Resolved> {
        let mut config = config.clone();
        let one = |setting: &'static Setting| Resolved {
            env: setting.env[0],
            key: setting.key,
            value: (setting.slot)(&mut config).shown(),
            origin: match self.values.get(setting.key) {
                Some(value) => value.origin.to_string(),
                None if setting.default.is_empty() => "not set".to_owned(),
                None => "default".to_owned(),
            },
        };
        settings::all().map(one).collect()
    }
}

/// The path with `~` at its beginning replaced, which no shell did where it stands in a file.
pub(super) fn below_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
