//! Configuration: flag over environment over `snowtrack.toml` over default.
//!
//! In: a file, the environment (and `.env`). Out: [`Config`], with secrets in a secret type. The only module that reads the
//! environment; unknown keys of the file are errors that name file and key. Every value goes through the checks of its setting,
//! wherever it stands.

mod connections;
mod dot_env;
mod file;
mod forms;
mod ini;
mod keys;
mod names;
mod settings;
mod text;
mod variables;

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::lake::{Format, is_address};
use crate::snowflake::{IngestMode, TargetLag, TokenType};
use crate::sources::SpotifyConfig;

pub(crate) use text::decode;

use keys::Kind;
use variables::Variables;

/// The whole configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where the warehouse, the published file, the login and the local lake live [default: `data`].
    pub data_dir: Option<PathBuf>,
    /// The source.
    pub spotify: SpotifyConfig,
    /// The files.
    pub lake: LakeConfig,
    /// The destination.
    pub snowflake: SnowflakeConfig,
}

/// Where and how files are written.
#[derive(Debug, Clone, Default)]
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
#[derive(Debug, Clone, Default)]
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
    /// How old the current rows may be [default: 1 hour].
    pub target_lag: Option<TargetLag>,
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
    /// The file is in no form that can be read.
    #[error("`{path}` is no text in UTF-8: {why}; save it as UTF-8")]
    NotText { path: PathBuf, why: String },
    /// Something else has the file's name.
    #[error("`{path}` is {kind}, wanted a file; take it away, or put a file there")]
    NotAFile { path: PathBuf, kind: &'static str },
    /// A variable has a value that it cannot have.
    #[error("`{name}` is `{value}`, wanted {wanted}")]
    Value { name: String, value: String, wanted: &'static str },
    /// The `.env` file has a line that is none.
    #[error("`.env` cannot be read: line {line} {why}")]
    DotEnv { line: usize, why: &'static str },
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

/// A configuration as it was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// Every setting, for `config check`.
    pub settings: Vec<Resolved>,
    /// What looks like a mistake and is none that stops anything.
    pub warnings: Vec<String>,
}

impl Config {
    /// Loads `file` (or `snowtrack.toml` where it exists), lays the environment over it and says where each value came from.
    ///
    /// # Errors
    /// [`Error`] names the file and key, or the variable and value.
    pub fn load(file: Option<&Path>) -> Result<Loaded, Error> {
        let variables = Variables::load()?;
        let default = Path::new("snowtrack.toml");
        let (config, path) = match file {
            Some(path) if path.extension().is_some_and(|ending| ending == "ini") => {
                (ini::from_ini(&text::read(path)?, path)?, path)
            }
            Some(path) => (file::from_toml(&text::read(path)?, path)?, path),
            None => match text::read_if_there(default)? {
                Some(text) => (file::from_toml(&text, default)?, default),
                None => (Self::default(), default),
            },
        };
        let (config, settings) = config.resolve(path, &variables)?;
        Ok(Loaded { config, settings, warnings: variables.warnings() })
    }

    /// Lays variables, then a named connection over what `path` said.
    fn resolve(
        mut self,
        path: &Path,
        variables: &Variables,
    ) -> Result<(Self, Vec<Resolved>), Error> {
        let mut origins: Vec<Option<String>> = Vec::new();
        for setting in settings::all() {
            let in_file = (setting.get)(&self).is_some();
            let found = setting.env.iter().find_map(|name| Some((*name, variables.get(name)?)));
            origins.push(match &found {
                Some((name, _)) => Some(variables.origin(name)),
                None if in_file => Some(format!("`{}`", path.display())),
                None => None,
            });
            let Some((name, value)) = found else { continue };
            (setting.set)(&mut self, value.to_owned()).map_err(|wanted| {
                let value = if setting.is_secret { MASK } else { value };
                Error::Value { name: name.to_owned(), value: value.to_owned(), wanted }
            })?;
        }
        if self.lake.bucket.is_some() {
            for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
                if let Some(value) = variables.get(name).filter(|value| !is_address(value)) {
                    let (name, value) = (name.to_owned(), value.to_owned());
                    return Err(Error::Value { name, value, wanted: forms::ENDPOINT });
                }
            }
        }
        ini::yield_to_environment(&mut self.lake.aws, variables);
        let home = variables.get("HOME").map(Path::new);
        connections::fill(&mut self.snowflake, (&connection_folders(variables), home))?;
        for path in [&mut self.data_dir, &mut self.snowflake.private_key_path].into_iter().flatten()
        {
            *path = below_home(path, home);
        }
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
        let value = match setting.kind() {
            Kind::List => "[]".to_owned(),
            Kind::Number => setting.default.to_owned(),
            Kind::Text => format!("\"{}\"", setting.default),
        };
        text.push_str(&format!("# {} ({})\n#{key} = {value}\n", setting.what, setting.env[0]));
    }
    text
}

/// Where Snowflake's tools look, in their order.
fn connection_folders(variables: &Variables) -> Vec<PathBuf> {
    let folder = |name| variables.get(name).map(PathBuf::from);
    let home = folder("HOME");
    let under_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let folders = [
        folder("SNOWFLAKE_HOME"),
        under_home(".snowflake"),
        folder("XDG_CONFIG_HOME")
            .map(|path| path.join("snowflake"))
            .or_else(|| under_home(".config/snowflake")),
        under_home("Library/Application Support/snowflake"),
    ];
    folders.into_iter().flatten().collect()
}

/// The path with `~` at its beginning replaced, which no shell did where it stands in a file.
fn below_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, variables: &[(&str, &str)]) -> Result<(Config, Vec<Resolved>), Error> {
        let path = Path::new("x.toml");
        file::from_toml(text, path)?.resolve(path, &variables.into())
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
    fn no_secret_is_shown_not_even_by_the_error_about_its_line() {
        let text = "[snowflake]\nprivate_key_passphrase = \"hunter2";
        let error = resolved(text, &[]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let secrets = ["SPOTIFY_CLIENT_SECRET", "SPOTIFY_REFRESH_TOKEN", "SNOWFLAKE_TOKEN"];
        let variables = secrets.map(|name| (name, "hunter2"));
        let (config, settings) = resolved("", &variables[..]).unwrap();
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
        let (config, _) = resolved(&uncommented, &[]).unwrap();
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
                "snowflake.target_lag" => "2 hours",
                "snowflake.token_type" => "PAT",
                "lake.bucket" => "my-bucket",
                _ if setting.kind() == Kind::Number => "7",
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
    fn a_home_is_found_wherever_a_path_stands() {
        let variables = [("HOME", "/home/me"), ("SNOWFLAKE_PRIVATE_KEY_PATH", "~/keys/k.p8")];
        let (config, settings) = resolved("data_dir = '~/data'", &variables).unwrap();
        assert_eq!(config.data_dir.as_deref(), Some(Path::new("/home/me/data")));
        let key = Path::new("/home/me/keys/k.p8");
        assert_eq!(config.snowflake.private_key_path.as_deref(), Some(key));
        let shown = settings.iter().find(|it| it.key == "snowflake.private_key_path").unwrap();
        assert_eq!(shown.value.as_deref(), Some("/home/me/keys/k.p8"));
        for path in ["~other/x", "a/~/x", "~x"] {
            let (config, _) = resolved(&format!("data_dir = '{path}'"), &variables).unwrap();
            assert_eq!(config.data_dir.as_deref(), Some(Path::new(path)));
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
