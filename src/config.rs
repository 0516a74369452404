//! Configuration: flag over environment over `snowtrack.toml` over default.
//!
//! In: a file, the environment (and `.env`). Out: [`Config`], with secrets in a secret type. The only module that reads the
//! environment; unknown keys of the file are errors that name file and key.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use crate::lake::Format;
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
    Toml { path: PathBuf, message: String },
    /// A variable has a value that it cannot have.
    #[error("`{name}` is `{value}`, wanted {wanted}")]
    Value { name: &'static str, value: String, wanted: &'static str },
}

impl Config {
    /// Loads `file` (or `snowtrack.toml` where it exists) and lays the environment over it.
    ///
    /// # Errors
    /// [`Error`] names the file and key, or the variable and value.
    pub fn load(file: Option<&Path>) -> Result<Self, Error> {
        // A `.env` that is missing is normal, and what the environment says wins over it.
        let _ = dotenvy::dotenv();
        let mut config = match file {
            Some(path) if path.extension().is_some_and(|ending| ending == "ini") => {
                from_ini(&read(path)?, path)?
            }
            Some(path) => from_toml(&read(path)?, path)?,
            None => match std::fs::read_to_string("snowtrack.toml") {
                Ok(text) => from_toml(&text, Path::new("snowtrack.toml"))?,
                Err(_) => Self::default(),
            },
        };
        config.apply(&variable)?;
        Ok(config)
    }

    /// Lays variables over the configuration.
    fn apply(&mut self, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), Error> {
        let set = |target: &mut Option<String>, name: &str| {
            if let Some(value) = variable(name) {
                *target = Some(value);
            }
        };
        let secret = |target: &mut Option<SecretString>, name: &str| {
            if let Some(value) = variable(name) {
                *target = Some(value.into());
            }
        };
        let spotify = &mut self.spotify;
        set(&mut spotify.client_id, "SPOTIFY_CLIENT_ID");
        secret(&mut spotify.client_secret, "SPOTIFY_CLIENT_SECRET");
        secret(&mut spotify.refresh_token, "SPOTIFY_REFRESH_TOKEN");
        set(&mut spotify.api_url, "SPOTIFY_API_URL");
        set(&mut spotify.accounts_url, "SPOTIFY_ACCOUNTS_URL");
        if let Some(ids) = variable("SPOTIFY_PLAYLIST_IDS").or_else(|| variable("PLAYLIST_ID")) {
            spotify.playlist_ids = ids
                .split(',')
                .map(str::trim)
                .filter(|id| !id.is_empty())
                .map(str::to_owned)
                .collect();
        }
        if let Some(path) = variable("SNOWTRACK_DATA_DIR") {
            self.data_dir = Some(path.into());
        }
        set(&mut self.lake.bucket, "S3_BUCKET");
        set(&mut self.lake.prefix, "S3_PREFIX");
        if let Some(value) = variable("LAKE_FORMAT") {
            self.lake.format = Some(match value.as_str() {
                "parquet" => Format::Parquet,
                "csv" => Format::Csv,
                _ => {
                    return Err(Error::Value {
                        name: "LAKE_FORMAT",
                        value,
                        wanted: "`parquet` or `csv`",
                    });
                }
            });
        }
        if let Some(value) = variable("LAKE_MAX_FILE_MIB") {
            let parsed = value.parse().ok().filter(|mib| (1..=5_000).contains(mib));
            let wanted = "a whole number from 1 to 5000";
            self.lake.max_file_mib =
                Some(parsed.ok_or(Error::Value { name: "LAKE_MAX_FILE_MIB", value, wanted })?);
        }
        Ok(())
    }
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
    let config: Config = toml::from_str(text).map_err(|error| Error::Toml {
        path: path.to_owned(),
        message: error.to_string().trim().to_owned(),
    })?;
    Ok(config)
}

/// The predecessor's format: sections and `KEY = value`.
fn from_ini(text: &str, path: &Path) -> Result<Config, Error> {
    let mut config = Config::default();
    let mut section = String::new();
    for line in
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
    {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.trim().to_ascii_lowercase();
            continue;
        }
        let invalid = |message: String| Error::Toml { path: path.to_owned(), message };
        let (key, value) = line
            .split_once(['=', ':'])
            .ok_or_else(|| invalid(format!("`{line}` is no `key = value`")))?;
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim().to_owned());
        match (section.as_str(), key.as_str()) {
            ("spotify-auth", "client_id") => config.spotify.client_id = Some(value),
            ("spotify-auth", "client_secret_key") => {
                config.spotify.client_secret = Some(value.into());
            }
            ("playlist-id", "playlist_id") => config.spotify.playlist_ids = vec![value],
            ("s3-config" | "aws-bucket", "bucket_name") => config.lake.bucket = Some(value),
            // The AWS SDK reads its own variables; these are taken over by the upload.
            ("aws-auth", "aws_access_key_id" | "aws_secret_access_key" | "region_name") => {}
            _ => return Err(invalid(format!("unknown key `{key}` in section `[{section}]`"))),
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_over_the_file() {
        let mut config =
            from_toml("data_dir = 'a'\n[lake]\nprefix = 'p/'\nformat = 'csv'", Path::new("x.toml"))
                .unwrap();
        config.apply(&|name| (name == "S3_PREFIX").then(|| "q/".to_owned())).unwrap();
        assert_eq!(config.lake.prefix.as_deref(), Some("q/"));
        assert_eq!(config.lake.format, Some(Format::Csv));
    }

    #[test]
    fn an_unknown_key_is_refused_by_file_and_key() {
        let error =
            from_toml("[spotify]\nclint_id = 'x'", Path::new("my.toml")).unwrap_err().to_string();
        assert!(error.contains("my.toml") && error.contains("clint_id"), "{error}");
    }

    #[test]
    fn the_example_names_every_variable_that_is_read_and_no_other() {
        let read = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let note = |name: &str| {
            read.borrow_mut().insert(name.to_owned());
            None
        };
        Config::default().apply(&note).unwrap();
        read.borrow_mut().remove("PLAYLIST_ID"); // The predecessor's name.
        let example =
            include_str!("../.env.example").lines().filter_map(|line| line.split_once('='));
        let named = example.map(|(name, _)| name.trim_start_matches('#').to_owned()).collect();
        assert_eq!(*read.borrow(), named);
    }

    #[test]
    fn the_predecessors_ini_is_read() {
        let text = "[spotify-auth]\nCLIENT_ID = abc\nCLIENT_SECRET_KEY = s3cret\n[playlist-id]\nPLAYLIST_ID = xyz\n[aws-bucket]\nbucket_name = b\n";
        let config = from_ini(text, Path::new("c.ini")).unwrap();
        assert_eq!(config.spotify.client_id.as_deref(), Some("abc"));
        assert_eq!(config.spotify.playlist_ids, ["xyz"]);
        assert_eq!(config.lake.bucket.as_deref(), Some("b"));
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn a_wrong_value_names_the_variable_the_value_and_the_choice() {
        let error = Config::default()
            .apply(&|name| (name == "LAKE_FORMAT").then(|| "avro".to_owned()))
            .unwrap_err();
        insta::assert_snapshot!(error, @"`LAKE_FORMAT` is `avro`, wanted `parquet` or `csv`");
    }
}
