//! The Snowflake side of a run, from the configuration: who we are there and what everything is called.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::Run;
use super::error::Error;
use crate::config::{Config, SnowflakeConfig, decode};
use crate::lake::Format;
use crate::snowflake::{
    AccountId, Answer, Binding, Connection, Credential, Ident, IngestMode, InvalidKey, KeyPair,
    Login, Names, Rows, Session, Statement, Timing,
};

/// Where files are loaded and verified.
pub struct Target {
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

impl Target {
    /// Which tables these are, so that a proof is known to be about them.
    pub(crate) fn place(&self) -> String {
        let Names { database, schema, .. } = &self.names;
        format!("{}: {database}.{schema}", self.connection.login().account)
    }
}

/// A question whose answer may have to wait: what Snowflake cannot be asked now is unknown, not wrong.
pub(crate) async fn query(
    run: &Run<'_>,
    account: &Target,
    statement: Statement,
) -> Result<Answer<Rows>, Error> {
    // What Snowflake's query history shows beside our statements.
    let statement = Statement { query_tag: Some(run.id().to_string()), ..statement };
    match account.connection.run(&statement, run.stop).await {
        Ok(rows) => Ok(Answer::Given(rows)),
        Err(error) if error.is_transient() => Ok(Answer::Unknown(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// A statement with one bound text.
pub(crate) fn bound(sql: String, value: String) -> Statement {
    Statement { bindings: vec![Binding::Text(value)], ..Statement::new(sql) }
}

/// The configured account; `None` where none is configured.
///
/// # Errors
/// [`Error::NotConfigured`] names what is missing beside the account, [`Error::Snowflake`] what is there and unusable.
pub fn target(
    config: &Config,
    timing: Timing,
    clock: fn() -> DateTime<Utc>,
) -> Result<Option<Target>, Error> {
    let snowflake = &config.snowflake;
    let Some(account) = &snowflake.account else { return Ok(None) };
    let mode = snowflake.ingest.unwrap_or_default();
    let format = config.lake.format.unwrap_or_default();
    let names = names(snowflake)?;
    let credential = credential(snowflake)?;
    if mode == IngestMode::Rest && !credential.can_submit_files() {
        let text = "SNOWFLAKE_INGEST=auto or copy (Snowpipe's REST API takes no such token)";
        return Err(Error::NotConfigured {
            what: text,
            why: "the Snowflake token cannot submit files",
        });
    }
    let mut account: AccountId = account.parse().map_err(crate::snowflake::Error::from)?;
    if let Some(url) = &snowflake.url {
        account = account.with_url(url).map_err(crate::snowflake::Error::from)?;
    }
    if let Some(claim) = &snowflake.jwt_account {
        account = account.with_claim(claim).map_err(crate::snowflake::Error::from)?;
    }
    let is_key = matches!(credential, Credential::KeyPair(_));
    let user = match &snowflake.user {
        Some(user) => user.clone(),
        None if is_key => {
            return Err(Error::NotConfigured {
                what: "SNOWFLAKE_USER",
                why: "SNOWFLAKE_ACCOUNT is set and a key belongs to a user",
            });
        }
        None => String::new(),
    };
    let session = Session {
        role: ident(snowflake.role.as_deref())?,
        warehouse: ident(snowflake.warehouse.as_deref())?,
        database: Some(names.database.clone()),
        schema: Some(names.schema.clone()),
    };
    let login = Login { account, user, credential, session };
    let connection = Connection::new(login, timing, clock)?;
    let prefix = super::prefix(config);
    Ok(Some(Target { connection, names, mode, format, prefix }))
}

fn ident(text: Option<&str>) -> Result<Option<Ident>, Error> {
    Ok(text.map(str::parse).transpose()?)
}

fn names(config: &SnowflakeConfig) -> Result<Names, Error> {
    let default = Names::default();
    let or = |text: &Option<String>, default: Ident| {
        Ok::<_, Error>(ident(text.as_deref())?.unwrap_or(default))
    };
    Ok(Names {
        database: or(&config.database, default.database)?,
        schema: or(&config.schema, default.schema)?,
        stage: or(&config.stage, default.stage)?,
        integration: or(&config.storage_integration, default.integration)?,
        role: or(&config.role, default.role)?,
        warehouse: or(&config.warehouse, default.warehouse)?,
        // A LOGIN_NAME can be any text; only the setup needs a name, and it says so.
        user: config
            .user
            .as_ref()
            .and_then(|user| user.to_ascii_uppercase().parse().ok())
            .unwrap_or(default.user),
        ..default
    })
}

fn credential(config: &SnowflakeConfig) -> Result<Credential, Error> {
    let pem: Option<(SecretString, String)> = match (&config.private_key, &config.private_key_path)
    {
        (Some(pem), _) => Some((pem.clone(), "the key of `SNOWFLAKE_PRIVATE_KEY`".to_owned())),
        (None, Some(path)) => {
            let origin = format!("the key `{}`", path.display());
            let bytes = std::fs::read(path)
                .map_err(|source| Error::KeyFile { path: path.clone(), source })?;
            let bytes = SecretSlice::from(bytes);
            let bytes = bytes.expose_secret();
            // DER begins with a SEQUENCE whose length takes two bytes or more; no text does.
            if bytes.starts_with(&[0x30, 0x82]) {
                return Err(Error::Key { origin, source: InvalidKey::Der });
            }
            let text = decode(bytes).map_err(|reason| {
                let source = InvalidKey::Damaged { reason };
                Error::Key { origin: origin.clone(), source }
            })?;
            Some((text.into(), origin))
        }
        (None, None) => None,
    };
    if let Some((pem, origin)) = pem {
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
    Ok(Credential::token(kind, token).map_err(crate::snowflake::Error::from)?)
}
