//! Who we are to Spotify, and where somebody else could read how we prove it.

use super::account::Target;
use crate::config::Config;
use crate::http;
use crate::ids::DataDir;
use crate::sources::{Credentials, TokenFile};

/// A place where others may read a credential: what was seen, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exposure {
    pub(crate) seen: String,
    pub(crate) fix: String,
}

impl Exposure {
    fn in_clear(name: &str, url: &str, what: &str) -> Self {
        let address = http::place(url);
        Self {
            seen: format!(
                "`{name}` is `{address}`: {what} travels readable for everybody on the way"
            ),
            fix: format!("set `{name}` to an address that begins with https://"),
        }
    }

    /// In one sentence, as a run warns of it.
    pub(crate) fn sentence(&self) -> String {
        format!("{}; {}", self.seen, self.fix)
    }
}

/// Who we are to Spotify.
///
/// # Errors
/// [`crate::sources::Error::NoCredentials`] where no app is configured, [`crate::sources::Error::BadUrl`].
pub fn credentials(
    config: &Config,
    data_dir: &DataDir,
) -> Result<Credentials, crate::sources::Error> {
    let spotify = &config.spotify;
    let mut accounts_url =
        spotify.accounts_url.clone().unwrap_or_else(|| "https://accounts.spotify.com/".to_owned());
    crate::sources::base_url("SPOTIFY_ACCOUNTS_URL", &accounts_url)?;
    if !accounts_url.ends_with('/') {
        accounts_url.push('/');
    }
    Ok(Credentials {
        client_id: spotify.client_id.clone().ok_or(crate::sources::Error::NoCredentials)?,
        client_secret: spotify.client_secret.clone(),
        refresh_token: spotify.refresh_token.clone(),
        token_file: TokenFile(data_dir.token()),
        accounts_url,
    })
}

/// Where others may read what proves who we are to Spotify.
pub(crate) fn spotify_exposures(config: &Config, credentials: &Credentials) -> Vec<Exposure> {
    let mut found = Vec::new();
    let is_clear = |url: &str| url.parse().is_ok_and(|url| http::is_sent_in_clear(&url));
    if let Some(url) = config.spotify.api_url.as_deref().filter(|url| is_clear(url)) {
        found.push(Exposure::in_clear("SPOTIFY_API_URL", url, "the access token"));
    }
    if is_clear(&credentials.accounts_url) {
        let url = &credentials.accounts_url;
        found.push(Exposure::in_clear("SPOTIFY_ACCOUNTS_URL", url, "the login"));
    }
    if let Some(mode) = credentials.token_file.open_to_others() {
        let path = credentials.token_file.0.display();
        found.push(Exposure {
            seen: format!("the login in `{path}` is open to other users (mode {mode:04o})"),
            fix: format!(
                "`chmod 600 {path}`, and `snowtrack login` again if others may have read it"
            ),
        });
    }
    found
}

/// Where others may read what proves who we are to Snowflake.
pub(crate) fn snowflake_exposure(target: &Target) -> Option<Exposure> {
    let url = target.connection.login().account.url();
    let exposure = || Exposure::in_clear("SNOWFLAKE_URL", url.as_str(), "the token");
    http::is_sent_in_clear(url).then(exposure)
}
