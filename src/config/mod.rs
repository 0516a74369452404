//! Configuration: flag over environment over `snowtrack.toml` over default.
//!
//! In: a file, the environment (and `.env`). Out: [`Config`], with secrets in a secret type. The only module that reads the
//! environment; unknown keys of the file are errors that name file and key.

mod connections;
mod forms;
mod ini;
mod settings;

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use crate::lake::{Format, is_address};
use crate::snowflake::{IngestMode, TokenType};
use crate::spotify::SpotifyConfig;

/// The whole configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the warehouse, the published file, the login and the local lake live [default: `data`].
    pub data_dir: Option<PathBuf>,
    /// The source.
    #[serde(default)]
    pub spotify: SpotifyConfig,
    /// The files.
    #[serde(default)]
    pub lake: LakeConfig,
    /// The destination.
    #[serde(default)]
    pub snowflake: SnowflakeConfig,
}

/// Where and how files are written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LakeConfig {
    /// The S3 bucket; without one the lake is `DATA_DIR/lake`.
    pub bucket: Option<String>,
    /// What every key begins with [default: `spotify-data/`].
    pub prefix: Option<String>,
    /// `parquet` (zstd) or `csv` (gzip) [default: `parquet`].
    pub format: Option<Format>,
    /// Where a file is split, in MiB [default: 200].
    pub max_file_mib: Option<u64>,
    /// Keys from the predecessor's file, where the environment names none; otherwise the AWS SDK finds its own.
    #[serde(skip)]
    pub aws: Option<AwsKeys>,
}

/// AWS keys as the predecessor's file carries them.
#[derive(Debug, Clone, Default)]
pub struct AwsKeys {
    /// `aws_access_key_id`.
    pub access_key_id: String,
    /// `aws_secret_access_key`.
    pub secret_access_key: SecretString,
    /// `region_name`.
    pub region: Option<String>,
}

/// How to reach Snowflake and where the tables are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnowflakeConfig {
    /// A connection in Snowflake's own `connections.toml`; fills what is not set here.
    pub connection: Option<String>,
    /// The account; without one nothing is ingested or verified.
    pub account: Option<String>,
    /// The user's LOGIN_NAME.
    pub user: Option<String>,
    /// A PKCS#8 PEM file.
    pub private_key_path: Option<PathBuf>,
    /// The key itself.
    pub private_key: Option<SecretString>,
    /// Of an encrypted key.
    pub private_key_passphrase: Option<SecretString>,
    /// A token instead of a key.
    pub token: Option<SecretString>,
    /// What the token is.
    pub token_type: Option<TokenType>,
    /// Base URL [default: from the account].
    pub url: Option<String>,
    /// The account in the token's claims [default: from the account].
    pub jwt_account: Option<String>,
    /// The database [default: SPOTIFY].
    pub database: Option<String>,
    /// The schema of the landing tables [default: RAW].
    pub schema: Option<String>,
    /// The role of statements [default: the user's].
    pub role: Option<String>,
    /// The warehouse of verification [default: the user's].
    pub warehouse: Option<String>,
    /// The storage integration [default: `SPOTIFY_S3`].
    pub storage_integration: Option<String>,
    /// The stage [default: `SPOTIFY_S3_STAGE`].
    pub stage: Option<String>,
    /// How files are loaded [default: rest].
    pub ingest: Option<IngestMode>,
    /// How long `verify` waits for Snowpipe, in seconds [default: 1800].
    pub verify_timeout_secs: Option<u64>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// The file is not there or not readable.
    #[error("could not read the configuration `{path}`")]
    File { path: PathBuf, source: std::io::Error },
    /// The file is not what it should be.
    #[error("`{path}` is not a valid configuration: {message}")]
    Syntax { path: PathBuf, message: String },
    /// A variable has a value that it cannot have.
    #[error("`{name}` is `{value}`, wanted {wanted}")]
    Value { name: &'static str, value: String, wanted: &'static str },
    /// The `.env` file has a line that is none.
    #[error("`.env` cannot be read: line {line} is no `NAME=value`")]
    DotEnv { line: usize },
    /// No file has the connection.
    #[error("there is no connection `{name}` in {}; name another with `SNOWFLAKE_CONNECTION`", looked_in.join(", "))]
    UnknownConnection { name: String, looked_in: Vec<String> },
}

/// One setting as it is after everything was laid over everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Its variable.
    pub env: &'static str,
    /// Its key in `snowtrack.toml`.
    pub key: &'static str,
    /// Its value, masked where it is a secret; `None` = not set and without default.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: String,
}

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Loads `file` (or `snowtrack.toml` where it exists), lays the environment over it and says where each value came from.
    ///
    /// # Errors
    /// [`Error`] names the file and key, or the variable and value.
    pub fn load(file: Option<&Path>) -> Result<(Self, Vec<Resolved>), Error> {
        load_dot_env()?;
        let default = Path::new("snowtrack.toml");
        let (config, path) = match file {
            Some(path) if path.extension().is_some_and(|ending| ending == "ini") => {
                (ini::from_ini(&read(path)?, path)?, path)
            }
            Some(path) => (from_toml(&read(path)?, path)?, path),
            None if default.exists() => (from_toml(&read(default)?, default)?, default),
            None => (Self::default(), default),
        };
        config.resolve(path, &variable)
    }

    /// Lays variables, then a named connection over what `path` said.
    fn resolve(
        mut self,
        path: &Path,
        variable: Variable<'_>,
    ) -> Result<(Self, Vec<Resolved>), Error> {
        let mut origins: Vec<Option<String>> = Vec::new();
        for setting in settings::all() {
            let in_file = (setting.get)(&self).is_some();
            let found = setting.env.iter().find_map(|name| Some((*name, variable(name)?)));
            origins.push(match &found {
                Some((name, _)) => Some(format!("environment `{name}`")),
                None if in_file => Some(format!("`{}`", path.display())),
                None => None,
            });
            let Some((name, value)) = found else { continue };
            (setting.set)(&mut self, value.clone()).map_err(|wanted| {
                let value = if setting.is_secret { MASK.to_owned() } else { value };
                Error::Value { name, value, wanted }
            })?;
        }
        if let Some(bucket) = &self.lake.bucket {
            // Whichever file it stands in.
            forms::bucket(bucket).map_err(|wanted| {
                let (name, value) = ("S3_BUCKET", bucket.clone());
                Error::Value { name, value, wanted }
            })?;
            for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
                if let Some(value) = variable(name).filter(|value| !is_address(value)) {
                    return Err(Error::Value { name, value, wanted: forms::ENDPOINT });
                }
            }
        }
        ini::yield_to_environment(&mut self.lake.aws, variable);
        connections::fill(&mut self.snowflake, &connection_folders(variable))?;
        let resolved = settings::all().zip(origins).map(|(setting, origin)| {
            let value = (setting.get)(&self);
            let connection = self.snowflake.connection.as_deref().unwrap_or_default();
            let origin = match (&value, origin) {
                (_, Some(origin)) => origin,
                (Some(_), None) => format!("connection `{connection}`"),
                (None, None) if setting.default.is_empty() => "not set".to_owned(),
                (None, None) => "default".to_owned(),
            };
            let masked = |value: String| if setting.is_secret { MASK.to_owned() } else { value };
            let default = (!setting.default.is_empty()).then(|| setting.default.to_owned());
            let value = value.map(masked).or(default);
            Resolved { env: setting.env[0], key: setting.key, value, origin }
        });
        let resolved = resolved.collect();
        Ok((self, resolved))
    }
}

/// What stands where a secret would.
const MASK: &str = "********";

/// A commented `snowtrack.toml` with every setting at its default.
pub fn template() -> String {
    let mut text =
        "# Settings of snowtrack; every line is optional. The environment wins over this file.\n\
                    # Secrets are better kept in the environment.\n"
            .to_owned();
    let mut tables: Vec<&str> = Vec::new();
    // A key outside of any table must stand before the first one.
    let (top, nested): (Vec<_>, Vec<_>) = settings::all().partition(|it| !it.key.contains('.'));
    for setting in top.into_iter().chain(nested) {
        let (table, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if !table.is_empty() && tables.last() != Some(&table) {
            tables.push(table);
            text.push_str(&format!("\n[{table}]\n"));
        }
        let value = match setting.key {
            "spotify.playlist_ids" => "[]".to_owned(),
            "lake.max_file_mib" | "snowflake.verify_timeout_secs" => setting.default.to_owned(),
            _ => format!("\"{}\"", setting.default),
        };
        text.push_str(&format!("# {} ({})\n#{key} = {value}\n", setting.what, setting.env[0]));
    }
    text
}

/// A `.env` that is missing is normal, one that cannot be read is an error; what the environment says wins over it.
fn load_dot_env() -> Result<(), Error> {
    match dotenvy::dotenv() {
        Err(dotenvy::Error::LineParse(content, _)) => {
            // Only the line's number: the line itself may be a secret.
            let text = std::fs::read_to_string(".env").unwrap_or_default();
            let line = text.lines().position(|line| line.trim() == content.trim());
            Err(Error::DotEnv { line: line.map_or(0, |line| line + 1) })
        }
        _ => Ok(()),
    }
}

/// Where Snowflake's tools look, in their order.
fn connection_folders(variable: Variable<'_>) -> Vec<PathBuf> {
    let home = variable("HOME").map(PathBuf::from);
    let under_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let xdg = variable("XDG_CONFIG_HOME").map(|path| PathBuf::from(path).join("snowflake"));
    let folders = [
        variable("SNOWFLAKE_HOME").map(PathBuf::from),
        under_home(".snowflake"),
        xdg.or_else(|| under_home(".config/snowflake")),
        under_home("Library/Application Support/snowflake"),
    ];
    folders.into_iter().flatten().collect()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    // An empty variable is how compose files and CI say "not set".
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn from_toml(text: &str, path: &Path) -> Result<Config, Error> {
    toml::from_str(text).map_err(|error| {
        // The parser's own rendering quotes the line, which may hold a secret; its place and message do.
        let before = error.span().map_or(text, |span| text.get(..span.start).unwrap_or(text));
        let line = before.matches('\n').count() + 1;
        Error::Syntax {
            path: path.to_owned(),
            message: format!("line {line}: {}", error.message()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, variables: &[(&str, &str)]) -> Result<(Config, Vec<Resolved>), Error> {
        let variable = |name: &str| {
            variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        };
        from_toml(text, Path::new("x.toml"))?.resolve(Path::new("x.toml"), &variable)
    }

    #[test]
    fn the_environment_wins_over_the_file_and_each_value_says_where_it_came_from() {
        let text = "data_dir = 'a'\n[lake]\nprefix = 'p/'\nformat = 'csv'";
        let (config, settings) = resolved(text, &[("S3_PREFIX", "q/")]).unwrap();
        assert_eq!(config.lake.prefix.as_deref(), Some("q/"));
        assert_eq!(config.lake.format, Some(Format::Csv));
        let of = |key| settings.iter().find(|setting| setting.key == key).unwrap();
        assert_eq!(of("lake.prefix").origin, "environment `S3_PREFIX`");
        assert_eq!(of("lake.format").origin, "`x.toml`");
        assert_eq!(of("snowflake.schema").value.as_deref(), Some("RAW"));
        assert_eq!(of("snowflake.schema").origin, "default");
        assert_eq!(of("snowflake.account").origin, "not set");
    }

    #[test]
    fn an_unknown_key_is_refused_by_file_and_key() {
        let error =
            from_toml("[spotify]\nclint_id = 'x'", Path::new("my.toml")).unwrap_err().to_string();
        assert!(error.contains("my.toml") && error.contains("clint_id"), "{error}");
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn no_secret_is_shown_not_even_by_the_error_about_its_line() {
        let text = "[snowflake]\nprivate_key_passphrase = \"hunter2";
        let error = from_toml(text, Path::new("my.toml")).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let secrets = ["SPOTIFY_CLIENT_SECRET", "SPOTIFY_REFRESH_TOKEN", "SNOWFLAKE_TOKEN"];
        let variables = secrets.map(|name| (name, "hunter2"));
        let (config, settings) = resolved("", &variables).unwrap();
        assert!(!format!("{config:?}{settings:?}").contains("hunter2"));
    }

    #[test]
    fn the_template_is_a_configuration_and_names_every_setting() {
        let uncommented: String = template()
            .lines()
            .map(|line| line.strip_prefix('#').filter(|it| !it.starts_with(' ')).unwrap_or(line))
            .filter(|line| !line.starts_with("# ") && !line.contains("= \"\""))
            .map(|line| format!("{line}\n"))
            .collect();
        let config = from_toml(&uncommented, Path::new("template.toml")).unwrap();
        assert_eq!(config.lake.prefix.as_deref(), Some("spotify-data/"));
        for setting in settings::all() {
            let key = setting.key.rsplit('.').next().unwrap();
            assert!(template().contains(&format!("\n#{key} = ")), "{key}");
        }
    }

    #[test]
    fn every_setting_is_read_back_as_it_was_set() {
        for setting in settings::all() {
            let value = match setting.key {
                "lake.format" => "csv",
                "snowflake.ingest" => "auto",
                "snowflake.token_type" => "PAT",
                "lake.bucket" => "my-bucket",
                "lake.max_file_mib" | "snowflake.verify_timeout_secs" => "7",
                _ => "x/y",
            };
            let mut config = Config::default();
            (setting.set)(&mut config, value.to_owned()).unwrap();
            assert_eq!((setting.get)(&config).as_deref(), Some(value), "{}", setting.key);
            let set = settings::all().filter(|other| (other.get)(&config).is_some()).count();
            assert_eq!(set, 1, "{} sets another one", setting.key);
        }
    }

    #[test]
    fn the_example_names_every_variable_that_is_read_and_no_other() {
        let example =
            include_str!("../../.env.example").lines().filter_map(|line| line.split_once('='));
        let named: Vec<String> =
            example.map(|(name, _)| name.trim_start_matches('#').to_owned()).collect();
        let read: Vec<&str> = settings::all().map(|setting| setting.env[0]).collect();
        assert_eq!(named, read);
    }

    #[test]
    fn a_wrong_value_names_the_variable_the_value_and_the_choice() {
        let refused = |name, value| resolved("", &[(name, value)]).unwrap_err().to_string();
        insta::assert_snapshot!(refused("LAKE_FORMAT", "avro"), @"`LAKE_FORMAT` is `avro`, wanted `parquet` or `csv`");
        insta::assert_snapshot!(refused("LAKE_MAX_FILE_MIB", "0"), @"`LAKE_MAX_FILE_MIB` is `0`, wanted a whole number from 1 to 5000");
        insta::assert_snapshot!(refused("SNOWFLAKE_INGEST", "kafka"), @"`SNOWFLAKE_INGEST` is `kafka`, wanted `rest`, `auto` or `copy`");
    }
}
