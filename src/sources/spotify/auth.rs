//! Access tokens: which grant is possible, and the refresh token carried forward from one refresh to the next.
//!
//! `rspotify` says how an app proves who it is, and builds the address of a login; the token requests are sent by our own
//! client. `rspotify`'s follows redirects (with the refresh token in the body), reads bodies without end, drops the refresh
//! token (PKCE) or ignores a new one (authorization code), and keeps its cache in a file that the world may read.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use rspotify::Credentials as AppCredentials;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::token_file::{StoredToken, TokenFile};
use crate::http::{self, Fault};
use crate::sources::error::Error;
use crate::sources::scopes;

/// Spotify's tokens have some hundred letters.
const MAX_TOKEN_BYTES: usize = 16 << 10;
/// How long a request may take. Nothing ends it earlier, not even who asks the run to stop: a new login may be on its way.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Spotify's access tokens are valid for an hour; what claims to be for years is not one of them.
const LONGEST_VALIDITY_SECS: f64 = 366.0 * 86_400.0;

/// Who we are to Spotify.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The app.
    pub(crate) client_id: String,
    /// The app's secret, where it has one.
    pub(crate) client_secret: Option<SecretString>,
    /// A refresh token from the configuration.
    pub(crate) refresh_token: Option<SecretString>,
    /// Where a login is stored.
    pub(crate) token_file: TokenFile,
    /// Base URL of the accounts service, ending with `/`.
    pub(crate) accounts_url: String,
}

/// An access token and whether a user stands behind it.
pub(super) struct Access {
    pub(super) token: SecretString,
    pub(super) is_user: bool,
    pub(super) renewal: Renewal,
}

/// Whether Spotify gave a new login with an access token.
pub(super) enum Renewal {
    /// No: the one that there is stays good.
    Unneeded,
    /// Yes, and it is stored.
    Stored,
    /// Yes, and for this reason it could not be stored.
    Unstored(StoredToken, Error),
}

/// Why there is no token, split by how often it is worth asking again.
#[derive(Debug)]
pub(super) enum Denied {
    /// Spotify's own word, or a fault of ours: never.
    Final(Error),
    /// No answer, an outage, or an answer that is hardly from the accounts service.
    Again(Fault),
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// What the accounts service gives.
struct Token {
    access: SecretString,
    refresh: Option<String>,
    scopes: Vec<String>,
}

/// A login that was made just now, and is stored.
pub(crate) struct NewLogin {
    /// Its first access token.
    pub(super) access: SecretString,
    /// When it ends.
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

/// What a login brings back once the user has agreed.
pub(super) struct Agreed<'a> {
    /// Good for one request.
    pub(super) code: &'a str,
    /// The proof that whoever redeems it asked for it (PKCE).
    pub(super) verifier: &'a str,
    /// Where the browser was sent back to.
    pub(super) redirect_uri: &'a str,
}

impl Credentials {
    /// Asks for a new access token with the best grant there is: a user's login, else the app's own secret. `unstored` is a
    /// login of this process that is newer than the stored one.
    pub(super) async fn access(
        &self,
        client: &reqwest::Client,
        unstored: Option<&StoredToken>,
    ) -> Result<Access, Denied> {
        let configured = self.refresh_token.as_ref().map(|token| StoredToken {
            client_id: self.client_id.clone(),
            descends_from: Some(fingerprint(token.expose_secret())),
            refresh_token: token.expose_secret().to_owned(),
            scopes: Vec::new(),
            authorized_at: None,
        });
        let login = match unstored {
            Some(login) => Some(login.clone()),
            None => self.stored()?.or_else(|| configured.clone()),
        };
        let Some(login) = login else {
            if self.client_secret.is_none() {
                return Err(Error::NotLoggedIn.into());
            }
            let token = self.request(client, &[("grant_type", "client_credentials")]).await?;
            let renewal = Renewal::Unneeded;
            return Ok(Access { token: token.access, is_user: false, renewal });
        };
        let ended = login.refresh_token.clone();
        let fallback = configured.filter(|configured| configured.refresh_token != ended);
        match (self.refresh(client, login).await, fallback) {
            // What descends from the configured token has ended; that one itself may still be good.
            (Err(Denied::Final(Error::LoginExpired)), Some(configured)) => {
                let access = self.refresh(client, configured).await?;
                if self.token_file.load()?.is_some_and(|held| held.refresh_token == ended) {
                    self.token_file.forget();
                }
                Ok(access)
            }
            (refreshed, _) => refreshed,
        }
    }

    /// That there is a login, or a secret in its place: without, Spotify need not be asked.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], and that the stored login cannot be read.
    pub(crate) fn require_login(&self) -> Result<(), Error> {
        let is_configured = self.refresh_token.is_some() || self.client_secret.is_some();
        match is_configured || self.stored()?.is_some() {
            true => Ok(()),
            false => Err(Error::NotLoggedIn),
        }
    }

    /// Whether the login in use may make playlists, as far as is known: of a configured token nobody knows before Spotify is asked.
    pub(crate) fn may_write(&self) -> Result<bool, Error> {
        let Some(login) = self.stored()? else { return Ok(true) };
        let has = |scope: &str| login.scopes.iter().any(|given| given == scope);
        Ok(login.authorized_at.is_none() || scopes::WRITE.split(' ').all(has))
    }

    /// What tells the login in use from every other, and is none itself; `None` where nobody is logged in.
    pub(super) fn login_mark(&self, unstored: Option<&StoredToken>) -> Option<String> {
        let newest = unstored.cloned().or_else(|| self.stored().ok().flatten());
        let configured = || Some(fingerprint(self.refresh_token.as_ref()?.expose_secret()));
        newest.map(|login| fingerprint(&login.refresh_token)).or_else(configured)
    }

    /// When the login in use ends, once that is near enough to be told.
    pub(crate) fn login_ends_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.stored().ok()??.ends_soon(now)
    }

    /// The stored login of this app. Where a token is configured, only one that descends from it: Spotify may have replaced
    /// the configured one since.
    fn stored(&self) -> Result<Option<StoredToken>, Error> {
        let stored = self.token_file.load()?.filter(|stored| stored.client_id == self.client_id);
        Ok(match &self.refresh_token {
            Some(token) => {
                let origin = fingerprint(token.expose_secret());
                stored.filter(|stored| stored.descends_from.as_ref() == Some(&origin))
            }
            None => stored,
        })
    }

    async fn refresh(
        &self,
        client: &reqwest::Client,
        login: StoredToken,
    ) -> Result<Access, Denied> {
        // Made first: a new login that finds no place is lost, and the old one may be worth nothing by then.
        let room = self.token_file.make_room()?;
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", login.refresh_token.as_str())];
        let token = self.request(client, &form).await?;
        // Where the answer brings no refresh token, the one we have stays good.
        let replaced = token.refresh.filter(|new| *new != login.refresh_token);
        let renewal = match replaced.map(|refresh_token| StoredToken { refresh_token, ..login }) {
            None => Renewal::Unneeded,
            Some(login) => match room.keep(&login) {
                Ok(()) => Renewal::Stored,
                Err(error) => Renewal::Unstored(login, error),
            },
        };
        Ok(Access { token: token.access, is_user: true, renewal })
    }

    /// Exchanges the code of a login and stores what it gives.
    pub(super) async fn redeem(
        &self,
        agreed: &Agreed<'_>,
        now: DateTime<Utc>,
    ) -> Result<NewLogin, Error> {
        let &Agreed { code, verifier, redirect_uri } = agreed;
        let client = http::client(TIMEOUT)
            .map_err(|error| Error::Login { reason: http::describe(error) })?;
        let room = self.token_file.make_room()?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        // A code is good for one request, so nothing is asked twice.
        let token = self.request(&client, &form).await.map_err(|denied| match denied {
            Denied::Final(error) => error,
            Denied::Again(fault) => self.no_token(1, fault.reason()),
        })?;
        let refresh_token = token
            .refresh
            .ok_or_else(|| Error::Login { reason: "Spotify gave no refresh token".to_owned() })?;
        let mut scopes = token.scopes;
        scopes.sort();
        let login = StoredToken {
            client_id: self.client_id.clone(),
            refresh_token,
            scopes,
            authorized_at: Some(now),
            descends_from: None,
        };
        room.keep(&login)?;
        Ok(NewLogin { access: token.access, ends_at: login.ends_at() })
    }

    /// The error after `tries` requests without a token.
    pub(super) fn no_token(&self, tries: u32, reason: String) -> Error {
        Error::NoToken { url: self.token_url(), tries, reason }
    }

    fn token_url(&self) -> String {
        format!("{}api/token", self.accounts_url)
    }

    async fn request(
        &self,
        client: &reqwest::Client,
        form: &[(&str, &str)],
    ) -> Result<Token, Denied> {
        let app = match &self.client_secret {
            Some(secret) => AppCredentials::new(&self.client_id, secret.expose_secret()),
            None => AppCredentials::new_pkce(&self.client_id),
        };
        let url = self.token_url();
        let mut form = form.to_vec();
        let mut request = client.post(&url).timeout(TIMEOUT);
        match app.auth_headers() {
            Some(headers) => {
                for (name, value) in headers {
                    request = request.header(name, value);
                }
            }
            None => form.push(("client_id", &self.client_id)),
        }
        let answer = http::exchange(request.form(&form)).await.map_err(Denied::Again)?;
        let http::HttpAnswer { status, headers, body } = answer;
        if let Some(target) = http::redirect(status, &headers) {
            let status = status.as_u16();
            let reason = format!(
                "it redirects ({status}) to {target}, and snowtrack follows no redirect, which would take the login along ({HINT})"
            );
            return Err(self.no_token(1, reason).into());
        }
        match body {
            Ok(body) if status.is_success() => token(&body).map_err(|what| {
                nonsense(format!("status {}, but {what} ({HINT})", status.as_u16()))
            }),
            Ok(body) => Err(self.denial(status, &body)),
            Err(http::BodyError::Broken(how)) => Err(Denied::Again(Fault::Passing(how))),
            Err(error) => Err(nonsense(error.to_string())),
        }
    }

    /// What an answer means that is not a success.
    fn denial(&self, status: StatusCode, body: &[u8]) -> Denied {
        #[derive(Deserialize)]
        struct TokenError {
            error: String,
        }
        let said = serde_json::from_slice::<TokenError>(body).map(|said| said.error);
        let is_outage = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
        match said {
            Ok(error) if error == "invalid_grant" => Error::LoginExpired.into(),
            _ if is_outage => Denied::Again(Fault::Passing(format!("status {status}"))),
            Ok(error) => Error::AppRefused {
                client_id: self.client_id.clone(),
                reason: http::shortened(&error),
            }
            .into(),
            Err(_) => nonsense(format!("status {status} without a reason ({HINT})")),
        }
    }
}

/// What to look at where nonsense comes.
const HINT: &str = "does `SPOTIFY_ACCOUNTS_URL` point to Spotify's accounts service, and does no proxy or login page of the network answer in its place?";

const fn nonsense(reason: String) -> Denied {
    Denied::Again(Fault::Nonsense(reason))
}

/// The token in an answer, or what is wrong with it.
fn token(body: &[u8]) -> Result<Token, &'static str> {
    #[derive(Deserialize)]
    struct TokenAnswer {
        access_token: String,
        expires_in: Option<f64>,
        refresh_token: Option<Value>,
        scope: Option<Value>,
    }
    let Ok(text) = std::str::from_utf8(body) else { return Err("the body is not UTF-8") };
    let answer: TokenAnswer = serde_json::from_str(text).map_err(|_| "the body holds no token")?;
    if !is_token(&answer.access_token) {
        return Err("the token holds what no token holds");
    }
    let is_absurd = |seconds: &f64| !(1.0..=LONGEST_VALIDITY_SECS).contains(seconds);
    if answer.expires_in.as_ref().is_some_and(is_absurd) {
        return Err("the token is valid for an absurd time");
    }
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let scopes = text(answer.scope).unwrap_or_default();
    Ok(Token {
        access: answer.access_token.into(),
        // An odd one must not replace a good login.
        refresh: text(answer.refresh_token).filter(|token| is_token(token)),
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
    })
}

/// Whether a text can be a token, and go into a header: visible letters of ASCII.
fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn fingerprint(token: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(token.as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_refresh_token_is_none_and_takes_nothing_from_the_access_token() {
        let refresh = |field: &str| {
            let body = format!(r#"{{"access_token":"BQC8","expires_in":3600{field}}}"#);
            token(body.as_bytes()).map(|token| token.refresh)
        };
        assert_eq!(refresh(r#","refresh_token":"AQD-7_~.""#), Ok(Some("AQD-7_~.".to_owned())));
        assert_eq!(refresh(""), Ok(None));
        let long = format!(r#""{}""#, "A".repeat(MAX_TOKEN_BYTES + 1));
        let odd = [r#""""#, r#"" ""#, r#""a b""#, r#""a\nb""#, r#""a\u0000""#, r#""tökén""#];
        for text in odd.into_iter().chain(["7", "null", "{}", "[]", "false", &long]) {
            assert_eq!(refresh(&format!(r#","refresh_token":{text}"#)), Ok(None), "{text:.20}");
        }
    }
}
