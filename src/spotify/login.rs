//! `login`: authorization code with PKCE on a loopback port, or with a pasted redirect where there is no browser.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rspotify::{AuthCodePkceSpotify, Config, Credentials as AppCredentials, OAuth};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use url::Url;

use super::{Credentials, Error};

/// What snowtrack may read; it never asks to write.
pub(super) const SCOPES: &str =
    "playlist-read-private playlist-read-collaborative user-library-read";
/// How long a person has to agree in the browser.
const PATIENCE: Duration = Duration::from_secs(300);

/// Lets the user agree in a browser and stores the login.
///
/// `show_url` prints the address to open; with `no_browser` the redirect that the browser ends at is pasted on standard input.
///
/// # Errors
/// [`Error::Login`] says what went wrong and what to do: refused, a foreign `state`, a time-out.
pub async fn login(
    credentials: &Credentials,
    no_browser: bool,
    now: DateTime<Utc>,
    show_url: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), Error> {
    let failed = |reason: String| Error::Login { reason };
    let listener =
        TcpListener::bind("127.0.0.1:0").await.map_err(|error| failed(error.to_string()))?;
    let port = listener.local_addr().map_err(|error| failed(error.to_string()))?.port();
    // Spotify lets a loopback address that is registered without a port use any port.
    let redirect_uri = format!("http://127.0.0.1:{port}/callback");
    let mut accounts = AuthCodePkceSpotify::with_config(
        AppCredentials::new_pkce(&credentials.client_id),
        OAuth {
            redirect_uri: redirect_uri.clone(),
            scopes: SCOPES.split(' ').map(str::to_owned).collect::<HashSet<_>>(),
            ..OAuth::default()
        },
        Config { auth_base_url: credentials.accounts_url.clone(), ..Config::default() },
    );
    let url = accounts.get_authorize_url(None).map_err(|error| failed(error.to_string()))?;
    show_url(&url);
    let query = if no_browser {
        let mut line = String::new();
        let mut input = BufReader::new(tokio::io::stdin());
        input.read_line(&mut line).await.map_err(|error| failed(error.to_string()))?;
        query_of(line.trim())
            .ok_or_else(|| failed("the pasted text is not a redirect URL".to_owned()))?
    } else {
        let waited =
            tokio::time::timeout(PATIENCE, callback(&listener, &accounts.oauth.state)).await;
        waited.map_err(|_| {
            failed("nobody agreed in the browser within five minutes; run it again".to_owned())
        })??
    };
    let code = code_of(&query, &accounts.oauth.state)?;
    let verifier = accounts.verifier.as_deref().unwrap_or_default();
    credentials.redeem(&code, verifier, &redirect_uri, now).await
}

/// Answers the browser until it brings a callback; other paths (a favicon) are turned away.
async fn callback(listener: &TcpListener, state: &str) -> Result<HashMap<String, String>, Error> {
    loop {
        let failed = |error: std::io::Error| Error::Login { reason: error.to_string() };
        let (mut stream, _) = listener.accept().await.map_err(failed)?;
        let mut request = vec![0; 8192];
        let length = stream.read(&mut request).await.unwrap_or(0);
        let text = String::from_utf8_lossy(&request[..length]);
        let target = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let query = target
            .starts_with("/callback?")
            .then(|| query_of(&format!("http://127.0.0.1{target}")))
            .flatten();
        let (status, message) = match query.as_ref().map(|query| code_of(query, state)) {
            Some(Ok(_)) => {
                ("200 OK", "snowtrack is logged in. You can close this page.".to_owned())
            }
            Some(Err(error)) => ("400 Bad Request", format!("{error}. Go back to the terminal.")),
            None => ("404 Not Found", "nothing here".to_owned()),
        };
        let page = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{message}",
            message.len()
        );
        let _ = stream.write_all(page.as_bytes()).await;
        let _ = stream.shutdown().await;
        if let Some(query) = query {
            return Ok(query);
        }
    }
}

fn query_of(redirect: &str) -> Option<HashMap<String, String>> {
    Some(Url::parse(redirect).ok()?.query_pairs().into_owned().collect())
}

/// The code of a callback that is ours and that agrees.
fn code_of(query: &HashMap<String, String>, state: &str) -> Result<String, Error> {
    let failed = |reason: &str| Error::Login { reason: reason.to_owned() };
    if query.get("state").map(String::as_str) != Some(state) {
        return Err(failed(
            "the answer carries another state than our question; run `snowtrack login` again",
        ));
    }
    if let Some(error) = query.get("error") {
        return Err(Error::Login {
            reason: format!("Spotify says `{error}`: the access was not granted"),
        });
    }
    query.get("code").cloned().ok_or_else(|| failed("the answer carries no code"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> HashMap<String, String> {
        query_of(&format!("http://127.0.0.1:1/callback?{text}")).unwrap()
    }

    #[test]
    fn a_callback_counts_only_with_our_state() {
        assert_eq!(code_of(&query("code=abc&state=s"), "s").unwrap(), "abc");
        assert!(
            code_of(&query("code=abc&state=t"), "s").unwrap_err().to_string().contains("state")
        );
        assert!(code_of(&query("code=abc"), "s").is_err());
    }

    #[test]
    fn a_refusal_is_named() {
        let error = code_of(&query("error=access_denied&state=s"), "s").unwrap_err();
        assert!(error.to_string().contains("access_denied"), "{error}");
    }
}
