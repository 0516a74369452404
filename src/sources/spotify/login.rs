//! `login`: authorization code with PKCE on a loopback port, or with a pasted redirect where there is no browser.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rspotify::{AuthCodePkceSpotify, Config, Credentials as AppCredentials, OAuth};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use url::Url;

use super::auth::{Agreed, Credentials, NewLogin};
use super::client::Client;
use crate::http;
use crate::sources::error::Error;
use crate::sources::scopes;

/// How long a person has to agree in the browser.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long one connection of the browser may take to say what it wants.
const BROWSER_PATIENCE: Duration = Duration::from_secs(30);
/// More than any browser sends to a loopback address.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// What the user is asked to agree to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// To read playlists and liked songs.
    Read,
    /// To make playlists, too.
    Write,
}

/// How a login is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// Nobody opens a browser here: the redirect is pasted.
    pub(crate) no_browser: bool,
    /// What is asked for.
    pub(crate) permission: Permission,
}

/// Lets the user agree in a browser and stores the login.
///
/// `show_url` prints the address to open; with `no_browser` the redirect that the browser ends at is pasted on standard input.
///
/// # Errors
/// [`Error::Login`] says what went wrong and what to do: refused, a foreign `state`, a time-out.
pub(crate) async fn login(
    credentials: &Credentials,
    wish: Wish,
    now: DateTime<Utc>,
    show_url: &(dyn Fn(&str) + Send + Sync),
) -> Result<NewLogin, Error> {
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
            scopes: scopes_of(wish.permission).map(str::to_owned).collect::<HashSet<_>>(),
            ..OAuth::default()
        },
        Config { auth_base_url: credentials.accounts_url.clone(), ..Config::default() },
    );
    let url = accounts.get_authorize_url(None).map_err(|error| failed(error.to_string()))?;
    show_url(&url);
    let query = if wish.no_browser {
        // Nobody answers there, so a browser on this machine should not wait for it either.
        drop(listener);
        let mut line = String::new();
        let mut input = BufReader::new(tokio::io::stdin());
        input.read_line(&mut line).await.map_err(|error| failed(error.to_string()))?;
        query_of(line.trim())
            .ok_or_else(|| {
                failed(format!(
                    "the pasted text is no address that begins with `{redirect_uri}?`; run `snowtrack login --no-browser` again and paste all of it"
                ))
            })?
    } else {
        let waited =
            tokio::time::timeout(PATIENCE, callback(listener, &accounts.oauth.state)).await;
        waited.map_err(|_| {
            failed("nobody agreed in the browser within five minutes; run it again".to_owned())
        })??
    };
    let code = code_of(&query, &accounts.oauth.state)?;
    let verifier = accounts.verifier.as_deref().unwrap_or_default();
    let agreed = Agreed { code: &code, verifier, redirect_uri: &redirect_uri };
    credentials.redeem(&agreed, now).await
}

impl Client {
    /// A client that begins with what a login brought, and asks for no token.
    #[must_use]
    pub(crate) fn logged_in(mut self, login: NewLogin) -> Self {
        (self.access, self.is_user) = (Some(login.access), true);
        self
    }
}

fn scopes_of(permission: Permission) -> impl Iterator<Item = &'static str> {
    let more = if permission == Permission::Write { scopes::WRITE } else { "" };
    scopes::READ.split(' ').chain(more.split_ascii_whitespace())
}

/// Answers the browser until it brings our callback. What else comes is turned away: a favicon, a forged callback, and
/// connections that a browser opens ahead and leaves silent, which must not keep the real one waiting.
async fn callback(listener: TcpListener, state: &str) -> Result<HashMap<String, String>, Error> {
    let failed = |error: std::io::Error| Error::Login { reason: error.to_string() };
    let (found, mut callbacks) = mpsc::channel(1);
    loop {
        tokio::select! {
            Some(query) = callbacks.recv() => return Ok(query),
            accepted = listener.accept() => {
                let (stream, _) = accepted.map_err(failed)?;
                let (state, found) = (state.to_owned(), found.clone());
                tokio::spawn(async move {
                    if let Some(query) = converse(stream, &state).await {
                        // Two browsers that agree at once are one too many: the first one counts.
                        let _ = found.send(query).await;
                    }
                });
            }
        }
    }
}

/// Answers one request; returns the query of our callback once the browser has its answer.
async fn converse(mut stream: TcpStream, state: &str) -> Option<HashMap<String, String>> {
    let head = tokio::time::timeout(BROWSER_PATIENCE, request_head(&mut stream)).await.ok()??;
    let target = head.split_whitespace().nth(1).unwrap_or_default();
    let query = target
        .starts_with("/callback?")
        .then(|| query_of(&format!("http://127.0.0.1{target}")))
        .flatten();
    let (status, message) = match query.as_ref().map(|query| code_of(query, state)) {
        Some(Ok(_)) => (
            "200 OK",
            "Thank you. You can close this page; the terminal says how it went.".to_owned(),
        ),
        Some(Err(error)) => ("400 Bad Request", format!("{error}. Go back to the terminal.")),
        None => ("404 Not Found", "nothing here".to_owned()),
    };
    let page = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{message}",
        message.len()
    );
    let _ = stream.write_all(page.as_bytes()).await;
    let _ = stream.shutdown().await;
    // A callback with another state may come from anybody: it neither logs in nor ends the login.
    query.filter(|query| is_ours(query, state))
}

/// The request up to its empty line; `None` where the browser leaves or sends too much.
async fn request_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut chunk = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut chunk).await.ok()?;
        if length == 0 || head.len() > MAX_HEAD_BYTES {
            return None;
        }
        head.extend_from_slice(&chunk[..length]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

fn query_of(redirect: &str) -> Option<HashMap<String, String>> {
    Some(Url::parse(redirect).ok()?.query_pairs().into_owned().collect())
}

fn is_ours(query: &HashMap<String, String>, state: &str) -> bool {
    query.get("state").map(String::as_str) == Some(state)
}

/// The code of a callback that is ours and that agrees.
fn code_of(query: &HashMap<String, String>, state: &str) -> Result<String, Error> {
    let failed = |reason: &str| Error::Login { reason: reason.to_owned() };
    if !is_ours(query, state) {
        return Err(failed(
            "the answer carries another state than our question; open the address that `snowtrack login` shows now",
        ));
    }
    if let Some(error) = query.get("error") {
        return Err(Error::Login {
            reason: format!(
                "Spotify says `{}`: the access was not granted; run `snowtrack login` again to agree",
                http::shortened(error)
            ),
        });
    }
    let code = query.get("code").filter(|code| !code.trim().is_empty());
    code.cloned().ok_or_else(|| {
        failed("the answer carries no code; run `snowtrack login` again, from the address that it shows")
    })
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
        for empty in ["code=&state=s", "code=%20&state=s", "state=s"] {
            let error = code_of(&query(empty), "s").unwrap_err().to_string();
            assert!(error.contains("no code"), "{empty}: {error}");
        }
    }

    #[test]
    fn a_refusal_is_named() {
        let error = code_of(&query("error=access_denied&state=s"), "s").unwrap_err();
        assert!(error.to_string().contains("access_denied"), "{error}");
    }
}
