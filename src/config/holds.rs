//! What holds: every setting resolved and typed. An `Option` here means that there is nothing, never that nobody has looked.
//!
//! These structs stand here and not beside the code that reads them, because nothing below reads them: each room is given what
//! it needs in its own words (`Credentials`, `StoreSettings`, `Login`), and `connect` translates. So no room
//! knows what a setting is called.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::model::ModelConfig;
use super::observe::ObserveConfig;
use crate::ids::DataDir;
use crate::lake::{Format, Location, StaticKeys};
use crate::snowflake::{IngestMode, TargetLag, TokenType};
use crate::stream::StreamAddress;

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the warehouse, the published file, the login and the local lake live.
    pub data_dir: DataDir,
    /// How old local history must be that is pruned at the end of a run; none is, where nothing is said.
    pub prune_after: Option<Duration>,
    /// The source.
    pub spotify: SpotifyConfig,
    /// The files.
    pub lake: LakeConfig,
    /// The ledger between machines.
    pub state: StateConfig,
    /// The destination.
    pub snowflake: SnowflakeConfig,
    /// Where row changes go, too.
    pub stream: StreamConfig,
    /// What is told of runs.
    pub observe: ObserveConfig,
    /// Who answers `ask`.
    pub model: ModelConfig,
}

/// How to reach Spotify and as whom.
#[derive(Debug, Clone)]
pub struct SpotifyConfig {
    /// The app's client id, from Spotify's developer dashboard.
    pub client_id: Option<String>,
    /// The app's secret; not needed after `login` with PKCE.
    pub client_secret: Option<SecretString>,
    /// A user's refresh token, where no `login` is possible.
    pub refresh_token: Option<SecretString>,
    /// Playlists of a run that names no source: ids, URIs or URLs.
    pub playlist_ids: Vec<String>,
    /// Base URL of the Web API.
    pub api_url: String,
    /// Base URL of the accounts service.
    pub accounts_url: String,
    /// Least time between two calls.
    pub min_gap: Duration,
}

/// Where and how files are written.
#[derive(Debug, Clone)]
pub struct LakeConfig {
    /// The S3 bucket; without one the lake is the local folder.
    pub bucket: Option<String>,
    /// What every key begins with, as it was said.
    pub prefix: String,
    /// How files are written.
    pub format: Format,
    /// Where a file is split, in MiB.
    pub max_file_mib: u64,
    /// Keys from the predecessor's file, where the environment names none; otherwise the AWS SDK finds its own.
    pub keys: Option<StaticKeys>,
    /// The bucket's region from the predecessor's file, where the environment names none.
    pub region: Option<String>,
}

/// Where the ledger lives between runs.
#[derive(Debug, Clone)]
pub struct StateConfig {
    /// The folder; without one the ledger stays in the data directory.
    pub location: Option<Location>,
    /// How long a lease lasts that nobody renews.
    pub lease: Duration,
    /// How much of a fetch may be lost with its machine.
    pub save_every: Duration,
    /// Where the published file is put, too.
    pub publish_to: Option<Location>,
    /// Where each run puts the short form of its report.
    pub report_to: Option<Location>,
}

/// How to reach Snowflake and where the tables are.
#[derive(Debug, Clone)]
pub struct SnowflakeConfig {
    /// The connection in Snowflake's own `connections.toml` that filled what was not said elsewhere.
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
    /// Base URL, where it does not follow from the account.
    pub url: Option<String>,
    /// The account in the token's claims, where it does not follow from the account.
    pub jwt_account: Option<String>,
    /// The database.
    pub database: String,
    /// The schema of the landing tables.
    pub schema: String,
    /// The role of statements, where it is not the user's own.
    pub role: Option<String>,
    /// The warehouse of verification, where it is not the user's own.
    pub warehouse: Option<String>,
    /// The storage integration.
    pub storage_integration: String,
    /// The stage.
    pub stage: String,
    /// How files are loaded.
    pub ingest: IngestMode,
    /// How old the current rows may be.
    pub target_lag: TargetLag,
    /// How long `verify` waits for Snowpipe.
    pub verify_timeout: Duration,
}

/// Where row changes go beside the lake.
#[derive(Debug, Clone)]
pub struct StreamConfig {
    /// The cluster or stream; without one nothing is streamed.
    pub address: Option<StreamAddress>,
    /// What every topic begins with.
    pub prefix: String,
    /// librdkafka's own settings, passwords among them.
    pub kafka_properties: Option<SecretString>,
    /// How long a stage waits for an acknowledgement.
    pub timeout: Duration,
}

impl Config {
    /// A place for every value; no default stands here, because each stands in the row of its setting.
    pub(super) fn blank() -> Self {
        Self {
            data_dir: DataDir::new(""),
            prune_after: None,
            spotify: SpotifyConfig {
                client_id: None,
                client_secret: None,
                refresh_token: None,
                playlist_ids: Vec::new(),
                api_url: String::new(),
                accounts_url: String::new(),
                min_gap: Duration::ZERO,
            },
            lake: LakeConfig {
                bucket: None,
                prefix: String::new(),
                format: Format::default(),
                max_file_mib: 0,
                keys: None,
                region: None,
            },
            state: StateConfig {
                location: None,
                lease: Duration::ZERO,
                save_every: Duration::ZERO,
                publish_to: None,
                report_to: None,
            },
            snowflake: SnowflakeConfig {
                connection: None,
                account: None,
                user: None,
                private_key_path: None,
                private_key: None,
                private_key_passphrase: None,
                token: None,
                token_type: None,
                url: None,
                jwt_account: None,
                database: String::new(),
                schema: String::new(),
                role: None,
                warehouse: None,
                storage_integration: String::new(),
                stage: String::new(),
                ingest: IngestMode::default(),
                target_lag: TargetLag::default(),
                verify_timeout: Duration::ZERO,
            },
            stream: StreamConfig {
                address: None,
                prefix: String::new(),
                kafka_properties: None,
                timeout: Duration::ZERO,
            },
            observe: ObserveConfig {
                metrics: None,
                metrics_namespace: String::new(),
                alert_url: None,
                alert_sns_topic: None,
                traces: None,
            },
            model: ModelConfig { url: String::new(), name: None },
        }
    }
}
