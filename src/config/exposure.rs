//! Where somebody else could read how we prove who we are.

use super::{Account, Config};
use crate::http;
use crate::sources::Credentials;

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

/// Whether a login travels where others may read it.
pub(crate) fn login_exposure(credentials: &Credentials) -> Option<Exposure> {
    let url = &credentials.accounts_url;
    is_clear(url).then(|| Exposure::in_clear("SPOTIFY_ACCOUNTS_URL", url, "the login"))
}

fn is_clear(url: &str) -> bool {
    url.parse().is_ok_and(|url| http::is_sent_in_clear(&url))
}

/// Where others may read what proves who we are to Spotify.
pub(crate) fn spotify_exposures(config: &Config, credentials: &Credentials) -> Vec<Exposure> {
    let mut found = Vec::new();
    let url = &config.spotify.api_url;
    if is_clear(url) {
        found.push(Exposure::in_clear("SPOTIFY_API_URL", url, "the access token"));
    }
    found.extend(login_exposure(credentials));
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
pub(crate) fn snowflake_exposure(account: &Account) -> Option<Exposure> {
    let url = account.connection.login().account.url();
    let exposure = || Exposure::in_clear("SNOWFLAKE_URL", url.as_str(), "the token");
    http::is_sent_in_clear(url).then(exposure)
}
