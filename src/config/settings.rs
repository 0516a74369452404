//! Every setting once: its variable, its key in the file, its default, what it is for. Loading, `config check`, `config init`
//! and `.env.example` all read this list.

use secrecy::{ExposeSecret, SecretString};

use super::{Config, forms};
use crate::lake::Format;
use crate::snowflake::{IngestMode, TokenType};

/// One setting that the environment can give.
pub(super) struct Setting {
    /// The variable; further names are read too, where it is not set.
    pub(super) env: &'static [&'static str],
    /// Where it stands in `snowtrack.toml`.
    pub(super) key: &'static str,
    /// What it is without being set, or empty.
    pub(super) default: &'static str,
    /// What it is for.
    pub(super) what: &'static str,
    /// Whether only its presence may be shown.
    pub(super) is_secret: bool,
    /// Takes the value; the error says what would have been one.
    pub(super) set: fn(&mut Config, String) -> Result<(), &'static str>,
    /// The value as text.
    pub(super) get: fn(&Config) -> Option<String>,
}

fn text(value: &Option<SecretString>) -> Option<String> {
    value.as_ref().map(|secret| secret.expose_secret().to_owned())
}

/// In the order in which they are shown.
pub(super) fn all() -> impl Iterator<Item = &'static Setting> {
    SPOTIFY.iter().chain(LAKE).chain(SNOWFLAKE)
}

const SPOTIFY: &[Setting] = &[
    Setting {
        env: &["SPOTIFY_CLIENT_ID"],
        key: "spotify.client_id",
        default: "",
        what: "the app's id, from Spotify's developer dashboard",
        is_secret: false,
        set: |config, value| {
            config.spotify.client_id = Some(value);
            Ok(())
        },
        get: |config| config.spotify.client_id.clone(),
    },
    Setting {
        env: &["SPOTIFY_CLIENT_SECRET"],
        key: "spotify.client_secret",
        default: "",
        what: "the app's secret; `snowtrack login` needs none",
        is_secret: true,
        set: |config, value| {
            config.spotify.client_secret = Some(value.into());
            Ok(())
        },
        get: |config| text(&config.spotify.client_secret),
    },
    Setting {
        env: &["SPOTIFY_REFRESH_TOKEN"],
        key: "spotify.refresh_token",
        default: "",
        what: "a user's refresh token, instead of `snowtrack login`",
        is_secret: true,
        set: |config, value| {
            config.spotify.refresh_token = Some(value.into());
            Ok(())
        },
        get: |config| text(&config.spotify.refresh_token),
    },
    Setting {
        env: &["SPOTIFY_PLAYLIST_IDS", "PLAYLIST_ID"],
        key: "spotify.playlist_ids",
        default: "",
        what: "playlists of a run that names none: ids, URIs or URLs, comma separated",
        is_secret: false,
        set: |config, value| {
            let ids = value.split(',').map(str::trim).filter(|id| !id.is_empty());
            config.spotify.playlist_ids = ids.map(str::to_owned).collect();
            Ok(())
        },
        get: |config| {
            let ids = &config.spotify.playlist_ids;
            (!ids.is_empty()).then(|| ids.join(","))
        },
    },
    Setting {
        env: &["SPOTIFY_API_URL"],
        key: "spotify.api_url",
        default: "https://api.spotify.com/v1",
        what: "base URL of the Web API",
        is_secret: false,
        set: |config, value| {
            config.spotify.api_url = Some(value);
            Ok(())
        },
        get: |config| config.spotify.api_url.clone(),
    },
    Setting {
        env: &["SPOTIFY_ACCOUNTS_URL"],
        key: "spotify.accounts_url",
        default: "https://accounts.spotify.com/",
        what: "base URL of the accounts service",
        is_secret: false,
        set: |config, value| {
            config.spotify.accounts_url = Some(value);
            Ok(())
        },
        get: |config| config.spotify.accounts_url.clone(),
    },
];

const LAKE: &[Setting] = &[
    Setting {
        env: &["SNOWTRACK_DATA_DIR"],
        key: "data_dir",
        default: "data",
        what: "where the warehouse, the published file, the login and the local lake live",
        is_secret: false,
        set: |config, value| {
            config.data_dir = Some(value.into());
            Ok(())
        },
        get: |config| config.data_dir.as_ref().map(|path| path.display().to_string()),
    },
    Setting {
        env: &["S3_BUCKET"],
        key: "lake.bucket",
        default: "",
        what: "the S3 bucket; without one the lake is the folder `lake` of the data directory",
        is_secret: false,
        set: |config, value| {
            forms::bucket(&value)?;
            config.lake.bucket = Some(value);
            Ok(())
        },
        get: |config| config.lake.bucket.clone(),
    },
    Setting {
        env: &["S3_PREFIX"],
        key: "lake.prefix",
        default: "spotify-data/",
        what: "what every key begins with",
        is_secret: false,
        set: |config, value| {
            forms::prefix(&value)?;
            config.lake.prefix = Some(value);
            Ok(())
        },
        get: |config| config.lake.prefix.clone(),
    },
    Setting {
        env: &["LAKE_FORMAT"],
        key: "lake.format",
        default: "parquet",
        what: "parquet (zstd) or csv (gzip)",
        is_secret: false,
        set: |config, value| {
            let format = match value.as_str() {
                "parquet" => Format::Parquet,
                "csv" => Format::Csv,
                _ => return Err("`parquet` or `csv`"),
            };
            config.lake.format = Some(format);
            Ok(())
        },
        get: |config| config.lake.format.map(|format| format.name().to_owned()),
    },
    Setting {
        env: &["LAKE_MAX_FILE_MIB"],
        key: "lake.max_file_mib",
        default: "200",
        what: "where a file is split, in MiB",
        is_secret: false,
        set: |config, value| {
            let parsed = value.parse().ok().filter(|mib| (1..=5_000).contains(mib));
            config.lake.max_file_mib = Some(parsed.ok_or("a whole number from 1 to 5000")?);
            Ok(())
        },
        get: |config| config.lake.max_file_mib.map(|mib| mib.to_string()),
    },
];

const SNOWFLAKE: &[Setting] = &[
    Setting {
        env: &["SNOWFLAKE_CONNECTION"],
        key: "snowflake.connection",
        default: "",
        what: "a connection in Snowflake's own connections.toml or config.toml",
        is_secret: false,
        set: |config, value| {
            config.snowflake.connection = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.connection.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_ACCOUNT"],
        key: "snowflake.account",
        default: "",
        what: "the account, for example myorg-myaccount; without one nothing is ingested",
        is_secret: false,
        set: |config, value| {
            config.snowflake.account = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.account.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_USER"],
        key: "snowflake.user",
        default: "",
        what: "the user's LOGIN_NAME",
        is_secret: false,
        set: |config, value| {
            config.snowflake.user = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.user.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_PRIVATE_KEY_PATH"],
        key: "snowflake.private_key_path",
        default: "",
        what: "the user's private key, a PKCS#8 PEM file",
        is_secret: false,
        set: |config, value| {
            config.snowflake.private_key_path = Some(value.into());
            Ok(())
        },
        get: |config| {
            config.snowflake.private_key_path.as_ref().map(|path| path.display().to_string())
        },
    },
    Setting {
        env: &["SNOWFLAKE_PRIVATE_KEY"],
        key: "snowflake.private_key",
        default: "",
        what: "the private key itself, as PEM text",
        is_secret: true,
        set: |config, value| {
            config.snowflake.private_key = Some(value.into());
            Ok(())
        },
        get: |config| text(&config.snowflake.private_key),
    },
    Setting {
        env: &["PRIVATE_KEY_PASSPHRASE"],
        key: "snowflake.private_key_passphrase",
        default: "",
        what: "the passphrase of an encrypted private key",
        is_secret: true,
        set: |config, value| {
            config.snowflake.private_key_passphrase = Some(value.into());
            Ok(())
        },
        get: |config| text(&config.snowflake.private_key_passphrase),
    },
    Setting {
        env: &["SNOWFLAKE_TOKEN"],
        key: "snowflake.token",
        default: "",
        what: "a token instead of a key",
        is_secret: true,
        set: |config, value| {
            config.snowflake.token = Some(value.into());
            Ok(())
        },
        get: |config| text(&config.snowflake.token),
    },
    Setting {
        env: &["SNOWFLAKE_TOKEN_TYPE"],
        key: "snowflake.token_type",
        default: "",
        what: "what the token is: PAT, OAuth or WIF",
        is_secret: false,
        set: |config, value| {
            let kind = value.parse().map_err(|_| "`PAT`, `OAuth` or `WIF`")?;
            config.snowflake.token_type = Some(kind);
            Ok(())
        },
        get: |config| {
            let name = |kind| match kind {
                TokenType::Pat => "PAT",
                TokenType::OAuth => "OAuth",
                TokenType::Wif => "WIF",
            };
            config.snowflake.token_type.map(|kind| name(kind).to_owned())
        },
    },
    Setting {
        env: &["SNOWFLAKE_URL"],
        key: "snowflake.url",
        default: "",
        what: "base URL, where it does not follow from the account",
        is_secret: false,
        set: |config, value| {
            config.snowflake.url = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.url.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_JWT_ACCOUNT"],
        key: "snowflake.jwt_account",
        default: "",
        what: "the account in the token's claims, where it does not follow from the account",
        is_secret: false,
        set: |config, value| {
            config.snowflake.jwt_account = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.jwt_account.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_DATABASE"],
        key: "snowflake.database",
        default: "SPOTIFY",
        what: "the database; all names exactly as SHOW prints them",
        is_secret: false,
        set: |config, value| {
            config.snowflake.database = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.database.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_SCHEMA"],
        key: "snowflake.schema",
        default: "RAW",
        what: "the schema of the landing tables",
        is_secret: false,
        set: |config, value| {
            config.snowflake.schema = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.schema.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_ROLE"],
        key: "snowflake.role",
        default: "",
        what: "the role of statements [default: the user's]; Snowpipe always uses the user's",
        is_secret: false,
        set: |config, value| {
            config.snowflake.role = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.role.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_WAREHOUSE"],
        key: "snowflake.warehouse",
        default: "",
        what: "the warehouse of verification [default: the user's]",
        is_secret: false,
        set: |config, value| {
            config.snowflake.warehouse = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.warehouse.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_STORAGE_INTEGRATION"],
        key: "snowflake.storage_integration",
        default: "SPOTIFY_S3",
        what: "the storage integration",
        is_secret: false,
        set: |config, value| {
            config.snowflake.storage_integration = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.storage_integration.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_STAGE"],
        key: "snowflake.stage",
        default: "SPOTIFY_S3_STAGE",
        what: "the stage",
        is_secret: false,
        set: |config, value| {
            config.snowflake.stage = Some(value);
            Ok(())
        },
        get: |config| config.snowflake.stage.clone(),
    },
    Setting {
        env: &["SNOWFLAKE_INGEST"],
        key: "snowflake.ingest",
        default: "rest",
        what: "rest (insertFiles), auto (S3 events) or copy (COPY INTO)",
        is_secret: false,
        set: |config, value| {
            let mut modes = [IngestMode::Rest, IngestMode::Auto, IngestMode::Copy].into_iter();
            let found = modes.find(|mode| mode.name() == value);
            config.snowflake.ingest = Some(found.ok_or("`rest`, `auto` or `copy`")?);
            Ok(())
        },
        get: |config| config.snowflake.ingest.map(|ingest| ingest.name().to_owned()),
    },
    Setting {
        env: &["SNOWFLAKE_TARGET_LAG"],
        key: "snowflake.target_lag",
        default: "1 hour",
        what: "how old the current rows in CORE may be; shorter costs more (`snowflake plan` says how much)",
        is_secret: false,
        set: |config, value| {
            let wanted = "minutes, hours or days such as `1 hour`, at least `1 minute`";
            config.snowflake.target_lag = Some(value.parse().map_err(|_| wanted)?);
            Ok(())
        },
        get: |config| config.snowflake.target_lag.as_ref().map(ToString::to_string),
    },
    Setting {
        env: &["SNOWFLAKE_VERIFY_TIMEOUT_SECS"],
        key: "snowflake.verify_timeout_secs",
        default: "1800",
        what: "how long `verify` waits for Snowpipe",
        is_secret: false,
        set: |config, value| {
            let parsed = value.parse().ok().filter(|secs| *secs <= 86_400);
            let wanted = "a whole number of seconds up to 86400";
            config.snowflake.verify_timeout_secs = Some(parsed.ok_or(wanted)?);
            Ok(())
        },
        get: |config| config.snowflake.verify_timeout_secs.map(|secs| secs.to_string()),
    },
];
