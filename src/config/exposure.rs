//! Where somebody else could read how we prove who we are.

use super::{Account, Config};
use crate::event::{Exposure, Secret};
use crate::http;
use crate::sources::Credentials;

fn in_clear(setting: &'static str, url: &str, secret: Secret) -> Exposure {
    Exposure::SentInClear { setting, address: http::place(url), secret }
}

/// Whether a login travels where others may read it.
pub(crate) fn login_exposure(credentials: &Credentials) -> Option<Exposure> {
    let url = &credentials.accounts_url;
    is_clear(url).then(|| in_clear("SPOTIFY_ACCOUNTS_URL", url, Secret::Login))
}

fn is_clear(url: &str) -> bool {
    url.parse().is_ok_and(|url| http::is_sent_in_clear(&url))
}

/// Where others may read what proves who we are to Spotify.
pub(crate) fn spotify_exposures(config: &Config, credentials: &Credentials) -> Vec<Exposure> {
    let mut found = Vec::new();
    let url = &config.spotify.api_url;
    if is_clear(url) {
        found.push(in_clear("SPOTIFY_API_URL", url, Secret::AccessToken));
    }
    found.extend(login_exposure(credentials));
    if let Some(mode) = credentials.token_file.open_to_others() {
        let path = credentials.token_file.0.display();
        found.push(Exposure::OpenFile { path: path.to_string(), mode });
    }
    found
}

/// Where others may read what proves who we are to Snowflake.
pub(crate) fn snowflake_exposure(account: &Account) -> Option<Exposure> {
    let url = account.connection.login().account.url();
    let exposure = || in_clear("SNOWFLAKE_URL", url.as_str(), Secret::Token);
    http::is_sent_in_clear(url).then(exposure)
}
