//! Configuration: what was said, what holds, and what that connects to.
//!
//! `said` collects text and origin of each setting: flag over environment over `.env` over the file, filled up from a connection
//! of Snowflake's own tools. `holds` is that resolved and typed, with the defaults: [`Config`]. `connect` turns it into
//! clients, credentials and settings in the words of each room. A setting is one row of `settings`; every value goes through
//! the checks of its row, wherever it stands. The only module that reads the environment; unknown keys of the file are errors
//! that name file and key.

mod connect;
mod connections;
mod dot_env;
mod exposure;
mod file;
mod forms;
mod holds;
mod ini;
mod model;
mod names;
mod observe;
mod said;
mod settings;
mod slot;
mod template;
mod text;
mod variables;

use std::path::{Path, PathBuf};

use crate::ids::DataDir;
use crate::lake::is_address;

pub use connect::Error as ConnectError;
pub(crate) use connect::{Account, StateSettings};
pub use holds::{Config, LakeConfig, SnowflakeConfig, SpotifyConfig, StateConfig, StreamConfig};
pub use model::ModelConfig;
pub use observe::{Metrics, ObserveConfig, Traces};

pub(crate) use exposure::{login_exposure, snowflake_exposure, spotify_exposures};
pub(crate) use template::{Told, template, told};
use text::decode;

use said::{Origin, Said};
use variables::Variables;
pub(crate) use variables::columns;

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
    /// The `.env` file has a line that is no setting.
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
    /// What looks like a mistake and stops nothing.
    pub warnings: Vec<String>,
}

impl Config {
    /// Loads `file` (or `snowtrack.toml` where it exists), lays the environment and the `data_dir` of the command line over it and
    /// says where each value came from.
    ///
    /// # Errors
    /// [`Error`] names the file and key, or the variable and value.
    pub fn load(file: Option<&Path>, data_dir: Option<&Path>) -> Result<Loaded, Error> {
        let variables = Variables::load()?;
        let default = Path::new(DEFAULT_FILE);
        let mut said = match file {
            Some(path) if is_ini(path) => ini::from_ini(&text::read(path)?, path)?,
            Some(path) => file::from_toml(&text::read(path)?, path)?,
            None => match text::read_if_there(default)? {
                Some(text) => file::from_toml(&text, default)?,
                None => Said::default(),
            },
        };
        lay_over(&mut said, data_dir, &variables)?;
        let mut config = said.resolve(home(&variables));
        if let Some(folder) = data_dir {
            // A path need not be text, and what its `~` means was for the shell to say.
            config.data_dir = DataDir::new(folder);
        }
        let (traces, warning) = observe::traces(&|name| variables.get(name));
        config.observe.traces = traces;
        let settings = said.explain(&config);
        let mut warnings = variables.warnings();
        warnings.extend(warning);
        Ok(Loaded { config, settings, warnings })
    }
}

/// The file that is read where none is named.
pub(crate) const DEFAULT_FILE: &str = "snowtrack.toml";

/// Whether a file is read in the predecessor's format.
pub(crate) fn is_ini(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "ini")
}

/// Lays variables and flag over what the file said, and fills the rest from a named connection.
fn lay_over(said: &mut Said, data_dir: Option<&Path>, variables: &Variables) -> Result<(), Error> {
    for setting in settings::all() {
        let found = setting.env.iter().find_map(|name| Some((*name, variables.get(name)?)));
        let Some((name, value)) = found else { continue };
        said.say(setting, value, variables.origin(name)).map_err(|wanted| {
            let value = if setting.is_secret() { MASK } else { value };
            Error::Value { name: name.to_owned(), value: value.to_owned(), wanted }
        })?;
    }
    if let Some(folder) = data_dir {
        let setting = settings::of_key("data_dir").expect("it is a setting");
        let folder = folder.display().to_string();
        let origin = Origin::Flag("--data-dir");
        said.say(setting, &folder, origin).expect("every text can be a folder's name");
    }
    if said.get("lake.bucket").is_some() {
        for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
            if let Some(value) = variables.get(name).filter(|value| !is_address(value)) {
                let (name, value) = (name.to_owned(), value.to_owned());
                return Err(Error::Value { name, value, wanted: forms::ENDPOINT });
            }
        }
    }
    ini::yield_to_environment(said, variables);
    connections::fill(said, &connection_folders(variables), home(variables))
}

fn home(variables: &Variables) -> Option<&Path> {
    variables.get("HOME").map(Path::new)
}

/// What stands where a secret would.
const MASK: &str = "********";

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

#[cfg(test)]
mod tests {
    use super::slot::Kind;
    use super::*;
    use crate::lake::Format;

    #[test]
    fn what_nobody_said_has_the_default_of_its_row_and_says_so() {
        let (_, settings) = resolved("", &[]).unwrap();
        for (shown, setting) in settings.iter().zip(settings::all()) {
            let is_set = !setting.default.is_empty();
            assert_eq!(shown.value.as_deref(), is_set.then_some(setting.default), "{}", shown.key);
            let origin = if is_set { "default" } else { "not set" };
            assert_eq!(shown.origin, origin, "{}", shown.key);
        }
        assert_eq!(Config::default().spotify.min_gap, std::time::Duration::from_millis(100));
        // What a type is without being told is the same.
        let (config, blank) = (Config::default(), Config::blank());
        assert_eq!(config.lake.format, blank.lake.format);
        assert_eq!(config.snowflake.ingest, blank.snowflake.ingest);
        assert_eq!(config.snowflake.target_lag, blank.snowflake.target_lag);
    }

    #[test]
    fn the_command_line_wins_over_everything() {
        let variables: Variables = [("SNOWTRACK_DATA_DIR", "b")].as_slice().into();
        let mut said = file::from_toml("data_dir = 'a'", Path::new("x.toml")).unwrap();
        lay_over(&mut said, Some(Path::new("c")), &variables).unwrap();
        let config = said.resolve(None);
        assert_eq!(config.data_dir, DataDir::new("c"));
        let settings = said.explain(&config);
        let shown = settings.iter().find(|it| it.key == "data_dir").unwrap();
        assert_eq!(
            (shown.value.as_deref(), shown.origin.as_str()),
            (Some("c"), "flag `--data-dir`")
        );
    }

    fn resolved(text: &str, variables: &[(&str, &str)]) -> Result<(Config, Vec<Resolved>), Error> {
        let mut said = file::from_toml(text, Path::new("x.toml"))?;
        let variables = variables.into();
        lay_over(&mut said, None, &variables)?;
        let config = said.resolve(home(&variables));
        let settings = said.explain(&config);
        Ok((config, settings))
    }

    #[test]
    fn the_environment_wins_over_the_file_and_each_value_says_where_it_came_from() {
        let text = "data_dir = 'a'\n[lake]\nprefix = 'p/'\nformat = 'csv'";
        let (config, settings) = resolved(text, &[("S3_PREFIX", "q/")]).unwrap();
        assert_eq!(config.lake.prefix, "q/");
        assert_eq!(config.lake.format, Format::Csv);
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
        let secrets = [
            "SPOTIFY_CLIENT_SECRET",
            "SPOTIFY_REFRESH_TOKEN",
            "SNOWFLAKE_TOKEN",
            "SNOWTRACK_KAFKA_PROPERTIES",
        ];
        let variables = secrets.map(|name| (name, "hunter2"));
        let (config, settings) = resolved("", &variables[..]).unwrap();
        assert!(!format!("{config:?}{settings:?}").contains("hunter2"));
    }

    #[test]
    fn every_setting_is_read_back_as_it_was_set() {
        let usual = Said::default().explain(&Config::default());
        for setting in settings::all() {
            let value = match setting.key {
                "lake.format" => "csv",
                "snowflake.ingest" => "auto",
                "snowflake.target_lag" => "2 hours",
                "snowflake.token_type" => "PAT",
                "lake.bucket" => "my-bucket",
                "state.location" => "s3://my-bucket/state/",
                "state.publish_to" => "file:///a/spotify.duckdb",
                "state.report_to" => "file:///a/report.json",
                "prune_after" => "90d",
                "stream.address" => "kafka://a:9092,b:9092",
                "stream.prefix" => "ours.",
                "observe.metrics" => "prometheus:/a/b.prom",
                "observe.metrics_namespace" => "ours",
                "observe.alert_url" => "https://hooks.example/x",
                "observe.alert_sns_topic" => "arn:aws:sns:eu-west-1:123456789012:t",
                _ if setting.kind() == Kind::Number => "7",
                _ => "x/y",
            };
            let mut said = Said::default();
            said.say(setting, value, Origin::Flag("--test")).unwrap();
            let shown = said.explain(&said.resolve(None));
            let changed: Vec<(&str, Option<&str>)> = shown
                .iter()
                .zip(&usual)
                .filter(|(now, usual)| now.value != usual.value)
                .map(|(now, _)| (now.key, now.value.as_deref()))
                .collect();
            let wanted = if setting.is_secret() { MASK } else { value };
            assert_eq!(changed, [(setting.key, Some(wanted))]);
        }
    }

    #[test]
    fn a_home_is_found_wherever_a_path_stands() {
        let variables = [("HOME", "/home/me"), ("SNOWFLAKE_PRIVATE_KEY_PATH", "~/keys/k.p8")];
        let (config, settings) = resolved("data_dir = '~/data'", &variables).unwrap();
        assert_eq!(config.data_dir, DataDir::new("/home/me/data"));
        let key = Path::new("/home/me/keys/k.p8");
        assert_eq!(config.snowflake.private_key_path.as_deref(), Some(key));
        let shown = settings.iter().find(|it| it.key == "snowflake.private_key_path").unwrap();
        assert_eq!(shown.value.as_deref(), Some("/home/me/keys/k.p8"));
        for path in ["~other/x", "a/~/x", "~x"] {
            let (config, _) = resolved(&format!("data_dir = '{path}'"), &variables).unwrap();
            assert_eq!(config.data_dir, DataDir::new(path));
        }
    }

    #[test]
    fn a_wrong_value_names_the_variable_the_value_and_the_choice() {
        let refused = |name, value| resolved("", &[(name, value)]).unwrap_err().to_string();
        insta::assert_snapshot!(refused("LAKE_FORMAT", "avro"), @"`LAKE_FORMAT` is `avro`, wanted `parquet` or `csv`");
        insta::assert_snapshot!(refused("LAKE_MAX_FILE_MIB", "0"), @"`LAKE_MAX_FILE_MIB` is `0`, wanted a whole number from 1 to 5000");
        insta::assert_snapshot!(refused("SNOWFLAKE_INGEST", "kafka"), @"`SNOWFLAKE_INGEST` is `kafka`, wanted `rest`, `auto` or `copy`");
    }
}
