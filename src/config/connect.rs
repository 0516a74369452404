//! From what holds to what the rooms work with: who we are to Spotify, which bucket, which account, how files are written.
//!
//! Reads the file of the private key and nothing else; asks nobody. What is missing or unusable is said here, with the setting to
//! change.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::text::other_kind;
use super::{Config, SnowflakeConfig, decode};
use crate::ids::{InvalidId, PlaylistId};
use crate::lake::{ExportSettings, Format, Location, StoreSettings, StoreTiming};
use crate::retry::RetryPolicy;
use crate::snowflake::{
    self, AccountId, Connection, ConnectionTiming, Credential, Ident, IngestMode, InvalidIdent,
    InvalidKey, KeyPair, Login, Names, Session,
};
use crate::sources::{self, Credentials, TokenFile};
use crate::stream::StreamSettings;

/// Why something cannot be reached as it is configured.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// Something is missing beside what is configured.
    #[error("{why}: set {what}")]
    NotConfigured { what: &'static str, why: &'static str },
    /// A configured playlist is none.
    #[error("the configuration names a playlist by something that is no id, URI or link")]
    Playlist(#[from] InvalidId),
    /// A name in Snowflake is none.
    #[error("the configuration gives something in Snowflake an impossible name")]
    Ident(#[from] InvalidIdent),
    /// The file with the private key cannot be read.
    #[error("could not read the private key `{path}`; correct `SNOWFLAKE_PRIVATE_KEY_PATH`")]
    KeyFile { path: PathBuf, source: std::io::Error },
    /// What should be the file with the private key is something else.
    #[error(
        "the private key `{path}` is {kind}, which is not waited for (a pipe on the standard input and `<(…)` are such); write the key into a file that only you may read, and correct `SNOWFLAKE_PRIVATE_KEY_PATH`"
    )]
    KeyNotAFile { path: PathBuf, kind: &'static str },
    /// What was read as a private key is no usable one.
    #[error("{origin} cannot be used")]
    Key { origin: String, source: InvalidKey },
    /// The account, its address or its token cannot be.
    #[error("{}", if .0.is_config() { "the Snowflake account cannot be used as it is configured" } else { "Snowflake failed" })]
    Snowflake(#[source] Box<snowflake::Error>),
}

impl From<snowflake::Error> for Error {
    fn from(error: snowflake::Error) -> Self {
        Self::Snowflake(Box::new(error))
    }
}

/// An account in Snowflake, ready to be asked: where files are loaded and verified.
pub(crate) struct Account {
    /// The account.
    pub connection: Connection,
    /// What everything is called there.
    pub names: Names,
    /// How files get in.
    pub mode: IngestMode,
    /// Of the files.
    pub format: Format,
    /// What every key begins with.
    pub prefix: String,
}

/// Where the ledger lives between runs, and who we are there.
pub(crate) struct StateSettings {
    /// The folder.
    pub(crate) location: Location,
    /// Who we are to its store.
    pub(crate) store: StoreSettings,
    /// How long a lease lasts that nobody renews.
    pub(crate) lease: Duration,
    /// How much of a fetch may be lost.
    pub(crate) save_every: Duration,
}

impl Account {
    /// Which tables these are, so that a proof is known to be about them.
    pub(crate) fn place(&self) -> String {
        let Names { database, schema, .. } = &self.names;
        format!("{}: {database}.{schema}", self.connection.login().account)
    }
}

impl Config {
    /// Who we are to Spotify.
    ///
    /// # Errors
    /// [`sources::Error::NoCredentials`] where no app is configured, [`sources::Error::BadUrl`].
    pub(crate) fn credentials(&self) -> Result<Credentials, sources::Error> {
        let spotify = &self.spotify;
        let mut accounts_url = spotify.accounts_url.clone();
        sources::base_url("SPOTIFY_ACCOUNTS_URL", &accounts_url)?;
        if !accounts_url.ends_with('/') {
            accounts_url.push('/');
        }
        Ok(Credentials {
            client_id: spotify.client_id.clone().ok_or(sources::Error::NoCredentials)?,
            client_secret: spotify.client_secret.clone(),
            refresh_token: spotify.refresh_token.clone(),
            token_file: TokenFile(self.data_dir.token()),
            accounts_url,
        })
    }

    /// The playlists of a run that names none.
    ///
    /// # Errors
    /// [`Error::Playlist`].
    pub(crate) fn playlists(&self) -> Result<Vec<PlaylistId>, Error> {
        let ids = self.spotify.playlist_ids.iter().map(|id| id.parse());
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// What every key of the lake begins with.
    pub(crate) fn prefix(&self) -> String {
        let mut prefix = self.lake.prefix.clone();
        // A stage's location is a prefix: without the slash it would take in every sibling folder that begins the same.
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        prefix
    }

    /// Where and how a run's files are written.
    pub(crate) fn export_settings(&self) -> ExportSettings {
        ExportSettings {
            lake: self.data_dir.lake(),
            prefix: self.prefix(),
            format: self.lake.format,
            max_file_bytes: self.lake.max_file_mib << 20,
        }
    }

    /// Which bucket, and who we are there.
    pub(crate) fn store_settings(&self, timing: StoreTiming) -> StoreSettings {
        StoreSettings {
            bucket: self.lake.bucket.clone(),
            region: self.lake.region.clone(),
            keys: self.lake.keys.clone(),
            endpoint: None,
            timing,
        }
    }

    /// Where the ledger lives between runs, if it does.
    pub(crate) fn state_settings(&self, timing: StoreTiming) -> Option<StateSettings> {
        let location = self.state.location.clone()?.into_folder();
        let store = self.settings_of(&location, timing);
        let (lease, save_every) = (self.state.lease, self.state.save_every);
        Some(StateSettings { location, store, lease, save_every })
    }

    /// Who we are to the store of an address.
    pub(crate) fn settings_of(&self, location: &Location, timing: StoreTiming) -> StoreSettings {
        let bucket = match location {
            Location::S3 { bucket, .. } => Some(bucket.clone()),
            Location::File(_) => None,
        };
        StoreSettings { bucket, ..self.store_settings(timing) }
    }

    /// The stream that row changes go to, if there is one.
    pub(crate) fn stream_settings(&self) -> Option<StreamSettings> {
        let address = self.stream.address.clone()?;
        // How long it may take in all is the stage's to say.
        let retry = RetryPolicy {
            max_retries: 1,
            first_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(1),
        };
        let call = self.stream.timeout.min(Duration::from_secs(10));
        let timing = StoreTiming { retry, connect: call, answer: call };
        Some(StreamSettings {
            address,
            prefix: self.stream.prefix.clone(),
            properties: self.stream.kafka_properties.clone(),
            timeout: self.stream.timeout,
            aws: self.store_settings(timing),
        })
    }

    /// The bucket, for what cannot be done without one.
    ///
    /// # Errors
    /// [`Error::NotConfigured`] says `why` it is needed.
    pub(crate) fn bucket(&self, why: &'static str) -> Result<String, Error> {
        self.lake.bucket.clone().ok_or(Error::NotConfigured { what: "S3_BUCKET", why })
    }

    /// Whether Snowflake learns of files from the bucket's events, whatever a command does.
    pub(crate) fn loads_by_event(&self) -> bool {
        self.snowflake.account.is_some() && self.snowflake.ingest == IngestMode::Auto
    }

    /// The configured account; `None` where none is configured.
    ///
    /// # Errors
    /// [`Error::NotConfigured`] names what is missing beside the account; the others, what is there and unusable.
    pub(crate) fn account(
        &self,
        timing: ConnectionTiming,
        clock: fn() -> DateTime<Utc>,
    ) -> Result<Option<Account>, Error> {
        let config = &self.snowflake;
        let Some(account) = &config.account else { return Ok(None) };
        let names = names(config)?;
        let credential = credential(config)?;
        if config.ingest == IngestMode::Rest && !credential.can_submit_files() {
            let what = "SNOWFLAKE_INGEST=auto or copy (Snowpipe's REST API takes no such token)";
            let why = "the Snowflake token cannot submit files";
            return Err(Error::NotConfigured { what, why });
        }
        let mut account: AccountId = account.parse().map_err(snowflake::Error::from)?;
        if let Some(url) = &config.url {
            account = account.with_url(url).map_err(snowflake::Error::from)?;
        }
        if let Some(claim) = &config.jwt_account {
            account = account.with_claim(claim).map_err(snowflake::Error::from)?;
        }
        let session = Session {
            role: ident(config.role.as_deref())?,
            warehouse: ident(config.warehouse.as_deref())?,
            database: Some(names.database.clone()),
            schema: Some(names.schema.clone()),
        };
        let login = Login { account, user: user(config, &credential)?, credential, session };
        let connection = Connection::new(login, timing, clock)?;
        let (mode, format, prefix) = (config.ingest, self.lake.format, self.prefix());
        Ok(Some(Account { connection, names, mode, format, prefix }))
    }

    /// The configured account, for what cannot be done without one.
    ///
    /// # Errors
    /// As [`account`](Self::account), and [`Error::NotConfigured`] that says `why` it is needed.
    pub(crate) fn required_account(
        &self,
        timing: ConnectionTiming,
        clock: fn() -> DateTime<Utc>,
        why: &'static str,
    ) -> Result<Account, Error> {
        let account = self.account(timing, clock)?;
        account.ok_or(Error::NotConfigured { what: "SNOWFLAKE_ACCOUNT", why })
    }
}

fn ident(text: Option<&str>) -> Result<Option<Ident>, InvalidIdent> {
    text.map(str::parse).transpose()
}

/// What everything is called in Snowflake. A role and a warehouse that nobody named are the user's own in a session, and those of
/// our setup in its scripts.
fn names(config: &SnowflakeConfig) -> Result<Names, InvalidIdent> {
    let of_setup = Names::default();
    Ok(Names {
        database: config.database.parse()?,
        schema: config.schema.parse()?,
        stage: config.stage.parse()?,
        integration: config.storage_integration.parse()?,
        role: ident(config.role.as_deref())?.unwrap_or(of_setup.role),
        warehouse: ident(config.warehouse.as_deref())?.unwrap_or(of_setup.warehouse),
        // A LOGIN_NAME can be any text; only the setup needs a name, and it says so.
        user: config
            .user
            .as_ref()
            .and_then(|user| user.to_ascii_uppercase().parse().ok())
            .unwrap_or(of_setup.user),
        ..of_setup
    })
}

/// The user of the login; a token says itself who its user is.
fn user(config: &SnowflakeConfig, credential: &Credential) -> Result<String, Error> {
    match (&config.user, credential) {
        (Some(user), _) => Ok(user.clone()),
        (None, Credential::KeyPair(_)) => Err(Error::NotConfigured {
            what: "SNOWFLAKE_USER",
            why: "SNOWFLAKE_ACCOUNT is set and a key belongs to a user",
        }),
        (None, Credential::Token(..)) => Ok(String::new()),
    }
}

fn credential(config: &SnowflakeConfig) -> Result<Credential, Error> {
    if let Some((pem, origin)) = pem(config)? {
        let pair = KeyPair::from_pem(&pem, config.private_key_passphrase.as_ref());
        return Ok(Credential::KeyPair(pair.map_err(|source| Error::Key { origin, source })?));
    }
    let why = "SNOWFLAKE_ACCOUNT is set, but nothing proves who we are";
    let Some(token) = &config.token else {
        let what = "SNOWFLAKE_PRIVATE_KEY_PATH (or SNOWFLAKE_PRIVATE_KEY, or SNOWFLAKE_TOKEN)";
        return Err(Error::NotConfigured { what, why });
    };
    let Some(kind) = config.token_type else {
        let what = "SNOWFLAKE_TOKEN_TYPE (PAT, OAuth or WIF)";
        return Err(Error::NotConfigured { what, why: "SNOWFLAKE_TOKEN is set" });
    };
    Ok(Credential::token(kind, token).map_err(snowflake::Error::from)?)
}

/// The private key as text, and what an error calls it.
fn pem(config: &SnowflakeConfig) -> Result<Option<(SecretString, String)>, Error> {
    let path = match (&config.private_key, &config.private_key_path) {
        (Some(pem), _) => {
            return Ok(Some((pem.clone(), "the key of `SNOWFLAKE_PRIVATE_KEY`".to_owned())));
        }
        (None, Some(path)) => path,
        (None, None) => return Ok(None),
    };
    let origin = format!("the key `{}`", path.display());
    let unreadable = |source| Error::KeyFile { path: path.clone(), source };
    if let Some(kind) = other_kind(path).map_err(unreadable)? {
        return Err(Error::KeyNotAFile { path: path.clone(), kind });
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let bytes = SecretSlice::from(bytes);
    let bytes = bytes.expose_secret();
    // DER begins with a SEQUENCE whose length takes two bytes or more; no text does.
    if bytes.starts_with(&[0x30, 0x82]) {
        return Err(Error::Key { origin, source: InvalidKey::Der });
    }
    match decode(bytes) {
        Ok(text) => Ok(Some((text.into(), origin))),
        Err(reason) => Err(Error::Key { origin, source: InvalidKey::Damaged { reason } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_said_is_the_setups_own() {
        assert_eq!(names(&Config::default().snowflake).unwrap(), Names::default());
    }

    #[test]
    fn a_prefix_ends_where_a_folder_does() {
        let of = |prefix: &str| {
            let mut config = Config::default();
            prefix.clone_into(&mut config.lake.prefix);
            config.prefix()
        };
        assert_eq!([of(""), of("p"), of("p/q/")], ["", "p/", "p/q/"].map(str::to_owned));
    }

    #[test]
    fn what_is_missing_beside_the_account_is_named() {
        let now = || DateTime::UNIX_EPOCH;
        let said = |change: fn(&mut SnowflakeConfig)| {
            let mut config = Config::default();
            config.snowflake.account = Some("myorg-myaccount".to_owned());
            change(&mut config.snowflake);
            match config.account(ConnectionTiming::default(), now) {
                Ok(_) => "nothing".to_owned(),
                Err(error) => error.to_string(),
            }
        };
        insta::assert_snapshot!(said(|_| {}), @"SNOWFLAKE_ACCOUNT is set, but nothing proves who we are: set SNOWFLAKE_PRIVATE_KEY_PATH (or SNOWFLAKE_PRIVATE_KEY, or SNOWFLAKE_TOKEN)");
        insta::assert_snapshot!(said(|it| it.token = Some("x".into())), @"SNOWFLAKE_TOKEN is set: set SNOWFLAKE_TOKEN_TYPE (PAT, OAuth or WIF)");
        insta::assert_snapshot!(said(|it| it.database = "a b".to_owned()), @"the configuration gives something in Snowflake an impossible name");
        insta::assert_snapshot!(said(|it| it.private_key_path = Some("/none.p8".into())), @"could not read the private key `/none.p8`; correct `SNOWFLAKE_PRIVATE_KEY_PATH`");
        let none = Config::default().account(ConnectionTiming::default(), now);
        assert!(none.is_ok_and(|account| account.is_none()));
    }
}
