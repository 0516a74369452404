//! The accounts service: authorize, and the three grants of the token endpoint.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::api::error;
use super::{CLIENT_ID, CLIENT_SECRET, Grant, Grants, State};
use crate::http::{Answer, Request, encoded, find};

/// Every token that was ever given out.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) access: Grants,
    refresh: BTreeMap<String, Login>,
    codes: BTreeMap<String, Code>,
    issued_count: u32,
    /// Each refresh gives a new refresh token.
    pub(super) rotates: bool,
    /// Authorize answers `access_denied`.
    pub(super) denies_logins: bool,
}

#[derive(Debug, Clone)]
struct Login {
    scopes: String,
    is_revoked: bool,
}

/// What a code was given for; it is taken away when used.
#[derive(Debug)]
struct Code {
    redirect_uri: String,
    challenge: Option<String>,
    scopes: String,
}

/// How a client says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Secret,
    /// Only its id: good enough with PKCE.
    Id,
}

impl Tokens {
    pub(super) fn add_refresh(&mut self, token: &str, scopes: &str) {
        let login = Login { scopes: scopes.to_owned(), is_revoked: false };
        self.refresh.insert(token.to_owned(), login);
    }

    pub(super) fn issue_access(&mut self, scopes: Option<&str>) -> String {
        let token = self.next_name("access");
        let grant =
            Grant { scopes: scopes.map(str::to_owned), is_expired: false, was_refused: false };
        self.access.insert(token.clone(), grant);
        token
    }

    pub(super) fn expire_access(&mut self) {
        self.access.values_mut().for_each(|grant| grant.is_expired = true);
    }

    pub(super) fn revoke_refresh(&mut self) {
        self.refresh.values_mut().for_each(|login| login.is_revoked = true);
    }

    pub(super) fn is_refresh_valid(&self, token: &str) -> bool {
        self.refresh.get(token).is_some_and(|login| !login.is_revoked)
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        let names = self.access.keys().chain(self.refresh.keys()).chain(self.codes.keys());
        names
            .cloned()
            .chain([CLIENT_SECRET.to_owned(), base64(basic().as_bytes(), Alphabet::Standard)])
            .collect()
    }

    fn next_name(&mut self, kind: &str) -> String {
        self.issued_count += 1;
        // Long and odd enough that a search for it finds nothing else.
        format!(
            "double-{kind}-{:04}-BQC8{:x}",
            self.issued_count,
            self.issued_count.wrapping_mul(0x9e37_79b1)
        )
    }
}

impl State {
    pub(super) fn accounts_answer(&mut self, request: &Request) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/accounts/authorize") => self.authorize(request),
            ("POST", "/accounts/api/token") => self.token(request),
            (method, path) => {
                self.violate(format!("no such endpoint: {method} {path}"));
                error(404, "Service not found")
            }
        }
    }

    /// The page where a person agrees; here it agrees at once.
    fn authorize(&mut self, request: &Request) -> Answer {
        let parameter = |name: &str| request.parameter(name).unwrap_or_default();
        let redirect_uri = parameter("redirect_uri");
        let refusal = if parameter("client_id") != CLIENT_ID {
            Some("INVALID_CLIENT: Invalid client")
        } else if !is_allowed_redirect(&redirect_uri) {
            Some("INVALID_CLIENT: Insecure redirect URI")
        } else if parameter("response_type") != "code" {
            Some("response_type must be code")
        } else if request.parameter("code_challenge").is_some()
            && parameter("code_challenge_method") != "S256"
        {
            Some("code_challenge_method must be S256")
        } else {
            None
        };
        if let Some(message) = refusal {
            self.violate(format!("authorize refused: {message}"));
            return Answer::text(400, "text/plain", message);
        }
        let state = parameter("state");
        if state.is_empty() {
            self.violate("authorize without `state`: anybody could forge the callback".to_owned());
        }
        let outcome = if self.tokens.denies_logins {
            "error=access_denied".to_owned()
        } else {
            let code = self.tokens.next_name("code");
            let challenge = request.parameter("code_challenge");
            let grant =
                Code { redirect_uri: redirect_uri.clone(), challenge, scopes: parameter("scope") };
            self.tokens.codes.insert(code.clone(), grant);
            format!("code={}", encoded(&code))
        };
        let target = format!("{redirect_uri}?{outcome}&state={}", encoded(&state));
        Answer::text(303, "text/plain", "").with_header("location", target)
    }

    fn token(&mut self, request: &Request) -> Answer {
        let form = request.form();
        let value = |name: &str| find(&form, name).unwrap_or_default();
        let Some(proof) =
            proof(request.header("authorization"), find(&form, "client_id").as_deref())
        else {
            return refused("invalid_client", "Invalid client");
        };
        match value("grant_type").as_str() {
            "client_credentials" if proof == Proof::Secret => self.tokens.answer(None, None),
            "client_credentials" => refused("invalid_client", "Invalid client secret"),
            "authorization_code" => self.exchange(
                &value("code"),
                &value("redirect_uri"),
                &value("code_verifier"),
                proof,
            ),
            "refresh_token" => self.tokens.refresh(&value("refresh_token")),
            _ => {
                self.violate(format!("grant_type `{}` is unknown", value("grant_type")));
                refused("unsupported_grant_type", "grant_type parameter is unknown")
            }
        }
    }

    fn exchange(&mut self, code: &str, redirect_uri: &str, verifier: &str, proof: Proof) -> Answer {
        let Some(code) = self.tokens.codes.remove(code) else {
            return refused("invalid_grant", "Invalid authorization code");
        };
        if code.redirect_uri != redirect_uri {
            self.violate(format!("redirect_uri `{redirect_uri}` is not the one of the login"));
            return refused("invalid_grant", "Invalid redirect URI");
        }
        match &code.challenge {
            Some(challenge)
                if *challenge != challenge_of(verifier)
                    || !(43..=128).contains(&verifier.len()) =>
            {
                self.violate("code_verifier does not fit the code_challenge".to_owned());
                return refused("invalid_grant", "code_verifier was incorrect");
            }
            None if proof == Proof::Id => {
                self.violate("a code without PKCE needs the client secret".to_owned());
                return refused("invalid_client", "Invalid client secret");
            }
            _ => {}
        }
        let refresh = self.tokens.next_name("refresh");
        self.tokens.add_refresh(&refresh, &code.scopes);
        self.tokens.answer(Some(&code.scopes), Some(&refresh))
    }
}

impl Tokens {
    /// Since June 2026 no refresh gives a new refresh token, unless the test asks for it.
    fn refresh(&mut self, token: &str) -> Answer {
        let Some(login) = self.refresh.get(token).filter(|login| !login.is_revoked).cloned() else {
            return refused("invalid_grant", "Refresh token revoked");
        };
        if !self.rotates {
            return self.answer(Some(&login.scopes), None);
        }
        let successor = self.next_name("refresh");
        self.add_refresh(&successor, &login.scopes);
        self.refresh.insert(token.to_owned(), Login { is_revoked: true, ..login.clone() });
        self.answer(Some(&login.scopes), Some(&successor))
    }

    fn answer(&mut self, scopes: Option<&str>, refresh_token: Option<&str>) -> Answer {
        let token = self.issue_access(scopes);
        let mut body = json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600});
        if let Some(scopes) = scopes {
            body["scope"] = json!(scopes);
        }
        if let Some(refresh_token) = refresh_token {
            body["refresh_token"] = json!(refresh_token);
        }
        Answer::json(200, body.to_string())
    }
}

fn refused(error: &str, description: &str) -> Answer {
    Answer::json(400, json!({"error": error, "error_description": description}).to_string())
}

fn basic() -> String {
    format!("{CLIENT_ID}:{CLIENT_SECRET}")
}

fn proof(authorization: Option<&str>, client_id: Option<&str>) -> Option<Proof> {
    match authorization {
        Some(header) => {
            let expected = base64(basic().as_bytes(), Alphabet::Standard);
            (header.strip_prefix("Basic ") == Some(&expected)).then_some(Proof::Secret)
        }
        None => (client_id == Some(CLIENT_ID)).then_some(Proof::Id),
    }
}

/// Plain http is for loopback addresses as literals; `localhost` is refused.
fn is_allowed_redirect(uri: &str) -> bool {
    uri.starts_with("https://")
        || ["http://127.0.0.1", "http://[::1]"].iter().any(|host| {
            uri.strip_prefix(host)
                .is_some_and(|rest| rest.starts_with(':') || rest.starts_with('/'))
        })
}

/// The S256 challenge of a verifier (RFC 7636).
pub(super) fn challenge_of(verifier: &str) -> String {
    base64(&Sha256::digest(verifier.as_bytes()), Alphabet::UrlSafe)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// Padded, for `Basic`.
    Standard,
    /// Not padded, for PKCE.
    UrlSafe,
}

fn base64(bytes: &[u8], alphabet: Alphabet) -> String {
    const SHARED: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let (last, padding): (&[u8; 2], _) =
        if alphabet == Alphabet::Standard { (b"+/", "=") } else { (b"-_", "") };
    let digit = |bits: u32| {
        let index = (bits & 63) as usize;
        char::from(SHARED.get(index).copied().unwrap_or_else(|| last[index - 62]))
    };
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| (bits << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(digit(bits >> (18 - 6 * place)));
        }
        text.push_str(&padding.repeat(3 - chunk.len()));
    }
    text
}
