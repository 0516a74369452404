//! Access tokens: which grant is possible, and the refresh token carried forward from one refresh to the next.
//!
//! `rspotify` makes the token requests and nothing else: its own refresh drops the refresh token (PKCE) or ignores a new one
//! (authorization code), and its cache file is world readable. The token file here is written 0600, by rename.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use rspotify::http::HttpError;
use rspotify::prelude::BaseClient;
use rspotify::{
    AuthCodePkceSpotify, ClientError, Config, Credentials as AppCredentials, OAuth, Token,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::Error;
use super::client::with_causes;

/// Spotify ends a login six months after the user gave it; refreshing does not extend it.
///
/// <https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration>
const WARN_AFTER: TimeDelta = TimeDelta::days(150);

/// Who we are to Spotify.
#[derive(Debug)]
pub struct Credentials {
    /// The app.
    pub client_id: String,
    /// The app's secret, where it has one.
    pub client_secret: Option<SecretString>,
    /// A refresh token from the configuration.
    pub refresh_token: Option<SecretString>,
    /// Where a login is stored.
    pub token_file: TokenFile,
    /// Base URL of the accounts service, ending with `/`.
    pub accounts_url: String,
}

/// The file that holds a login.
#[derive(Debug, Clone)]
pub struct TokenFile(pub PathBuf);

/// A login as stored.
#[derive(Serialize, Deserialize)]
pub struct StoredToken {
    /// The app that the login belongs to.
    pub client_id: String,
    /// What new access tokens are asked with.
    pub refresh_token: String,
    /// What the user agreed to.
    pub scopes: Vec<String>,
    /// When the user agreed; the six months count from here.
    pub authorized_at: Option<DateTime<Utc>>,
    /// The configured refresh token that this one descends from.
    #[serde(default)]
    pub descends_from: Option<String>,
}

/// An access token and whether a user stands behind it.
pub(super) struct Access {
    pub(super) token: SecretString,
    pub(super) is_user: bool,
    pub(super) warning: Option<String>,
}

impl TokenFile {
    /// The stored login, if there is one.
    pub fn load(&self) -> Result<Option<StoredToken>, Error> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.failed("read the login in", source)),
        };
        // A broken file is as good as none: logging in again replaces it.
        Ok(serde_json::from_str(&text).ok())
    }

    /// Replaces the stored login; a crash leaves either the old or the new one.
    pub fn store(&self, token: &StoredToken) -> Result<(), Error> {
        let doing = "store the login in";
        let text =
            serde_json::to_vec_pretty(token).map_err(|source| self.failed(doing, source.into()))?;
        let directory = self.0.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(directory).map_err(|source| self.failed(doing, source))?;
        let temporary = self.0.with_extension("json.new");
        let mut options = std::fs::OpenOptions::new();
        // A leftover would keep its own permissions.
        let _ = std::fs::remove_file(&temporary);
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        options
            .open(&temporary)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&temporary, &self.0))
            .map_err(|source| self.failed(doing, source))
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> Error {
        Error::File { doing, path: self.0.display().to_string(), source }
    }
}

impl Credentials {
    /// Asks for a new access token with the best grant there is: a user's login, else the app's own secret.
    pub(super) async fn access(&self, now: DateTime<Utc>) -> Result<Access, Error> {
        let stored = self.token_file.load()?.filter(|stored| stored.client_id == self.client_id);
        let configured = self.refresh_token.as_ref().map(|token| token.expose_secret().to_owned());
        let login = match (stored, configured) {
            // Spotify may have replaced the configured token since; what descends from it is newer.
            (Some(stored), Some(token))
                if stored.descends_from.as_ref() == Some(&fingerprint(&token)) =>
            {
                Some(stored)
            }
            (_, Some(token)) => Some(StoredToken {
                client_id: self.client_id.clone(),
                descends_from: Some(fingerprint(&token)),
                refresh_token: token,
                scopes: Vec::new(),
                authorized_at: None,
            }),
            (stored, None) => stored,
        };
        match (login, &self.client_secret) {
            (Some(login), _) => self.refresh(login, now).await,
            (None, Some(_)) => {
                let token = self.request(&[("grant_type", "client_credentials")]).await?;
                Ok(Access { token: token.access_token.into(), is_user: false, warning: None })
            }
            (None, None) => Err(Error::NotLoggedIn),
        }
    }

    async fn refresh(&self, login: StoredToken, now: DateTime<Utc>) -> Result<Access, Error> {
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", login.refresh_token.as_str())];
        let token = self.request(&form).await?;
        let warning = login.authorized_at.filter(|at| *at + WARN_AFTER < now).map(|at| {
            format!(
                "the Spotify login of {} ends six months after that day: run `snowtrack login` soon",
                at.format("%Y-%m-%d")
            )
        });
        // Where the answer brings no refresh token, the one we have stays good.
        if let Some(replaced) = token.refresh_token.filter(|new| *new != login.refresh_token) {
            self.token_file.store(&StoredToken { refresh_token: replaced, ..login })?;
        }
        Ok(Access { token: token.access_token.into(), is_user: true, warning })
    }

    /// Exchanges the code of a login and stores what it gives.
    pub(super) async fn redeem(
        &self,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        let token = self.request(&form).await?;
        let refresh_token = token
            .refresh_token
            .ok_or_else(|| Error::Login { reason: "Spotify gave no refresh token".to_owned() })?;
        let mut scopes: Vec<String> = token.scopes.into_iter().collect();
        scopes.sort();
        self.token_file.store(&StoredToken {
            client_id: self.client_id.clone(),
            refresh_token,
            scopes,
            authorized_at: Some(now),
            descends_from: None,
        })
    }

    async fn request(&self, form: &[(&str, &str)]) -> Result<Token, Error> {
        let secret = self.client_secret.as_ref().map(|secret| secret.expose_secret());
        let app = match secret {
            Some(secret) => AppCredentials::new(&self.client_id, secret),
            None => AppCredentials::new_pkce(&self.client_id),
        };
        let mut form: HashMap<&str, &str> = form.iter().copied().collect();
        let headers = app.auth_headers();
        if headers.is_none() {
            form.insert("client_id", &self.client_id);
        }
        let config = Config {
            auth_base_url: self.accounts_url.clone(),
            token_cached: false,
            token_refreshing: false,
            ..Config::default()
        };
        let accounts = AuthCodePkceSpotify::with_config(app, OAuth::default(), config);
        match accounts.fetch_access_token(&form, headers.as_ref()).await {
            Ok(token) => Ok(token),
            Err(error) => Err(self.explain(error).await),
        }
    }

    async fn explain(&self, error: ClientError) -> Error {
        let url = format!("{}api/token", self.accounts_url);
        let unreachable =
            |reason: String| Error::Unreachable { url: url.clone(), tries: 1, reason };
        let ClientError::Http(http) = error else { return unreachable(error.to_string()) };
        match *http {
            HttpError::Client(error) => unreachable(with_causes(&error.without_url())),
            HttpError::StatusCode(response) => {
                let status = response.status();
                let body: TokenError = response.json().await.unwrap_or_default();
                match body.error.as_deref() {
                    Some("invalid_grant") => Error::LoginExpired,
                    Some(reason) if status.is_client_error() && status.as_u16() != 429 => {
                        Error::AppRefused {
                            client_id: self.client_id.clone(),
                            reason: reason.to_owned(),
                        }
                    }
                    _ => unreachable(format!("status {status}")),
                }
            }
        }
    }
}

#[derive(Default, Deserialize)]
struct TokenError {
    error: Option<String>,
}

fn fingerprint(token: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(token.as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
