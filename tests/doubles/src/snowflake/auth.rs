//! Who calls: JWTs checked by hand against the registered keys, other tokens by their text.
//!
//! Nothing here is shared with the client: the signature is verified with another library than the one that signs.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Manners, State};
use crate::http::{Answer, Request};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKind {
    KeyPair,
    Pat,
    OAuth,
    Wif,
}

/// A refused token: what only an administrator gets to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFailure {
    /// In brackets in the client's message.
    pub uuid: String,
    /// 3943xx
    pub code: &'static str,
    pub reason: String,
}

/// Every token that came, and what was said of it.
#[derive(Debug, Default)]
pub(super) struct TokenBook {
    pub(super) seen: BTreeSet<String>,
    /// Those since `clear_log`.
    pub(super) recent: BTreeSet<String>,
    refused: BTreeSet<String>,
    revoked: BTreeSet<String>,
    /// Refusals in a row, by method and path.
    in_a_row: BTreeMap<String, u32>,
    pub(super) failures: Vec<LoginFailure>,
}

/// ASN.1 of "a SHA-256 digest follows" (RFC 8017, 9.2).
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];
/// However late `exp` is, Snowflake honours a token for an hour.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// Why a JWT is refused; a bug of the client is a violation too.
struct Fault {
    code: &'static str,
    reason: String,
    is_bug: bool,
    is_expired: bool,
}

impl TokenKind {
    const fn header(self) -> &'static str {
        match self {
            Self::KeyPair => "KEYPAIR_JWT",
            Self::Pat => "PROGRAMMATIC_ACCESS_TOKEN",
            Self::OAuth => "OAUTH",
            Self::Wif => "WORKLOAD_IDENTITY_FEDERATION",
        }
    }
}

impl TokenBook {
    /// Every token seen so far is worthless from now on.
    pub(super) fn revoke_all(&mut self) {
        self.revoked.extend(self.seen.iter().cloned());
    }
}

impl State {
    /// Lets the request pass, or answers 401.
    pub(super) fn authorize(&mut self, request: &Request) -> Result<(), Box<Answer>> {
        let place = format!("{} {}", request.method, request.path);
        let outcome = self.token_of(request).and_then(|(kind, token)| {
            let kind = self.check_kind(request, kind, &token)?;
            self.tokens.seen.insert(token.clone());
            self.tokens.recent.insert(token.clone());
            self.check_again(&token, kind);
            let verdict = match kind {
                _ if self.tokens.revoked.contains(&token) => Err(Fault::plain("394303", "revoked")),
                TokenKind::KeyPair => self.check_jwt(&token),
                _ => Ok(()),
            };
            verdict.map_err(|fault| self.refuse_token(&token, kind, &fault))
        });
        match outcome {
            Ok(()) => {
                self.tokens.in_a_row.remove(&place);
                Ok(())
            }
            Err(answer) => {
                let count = self.tokens.in_a_row.entry(place.clone()).or_default();
                *count += 1;
                if *count > 2 {
                    self.violate(format!("asked again after two refused tokens: {place}"));
                }
                Err(answer)
            }
        }
    }

    fn token_of(&mut self, request: &Request) -> Result<(TokenKind, String), Box<Answer>> {
        let header = request.header("authorization").unwrap_or_default();
        let Some(token) = header.strip_prefix("Bearer ").filter(|token| !token.is_empty()) else {
            self.violate(format!("no Bearer token on `{}`", request.path));
            return Err(unauthorized(
                "390101",
                "Authorization header not found in the request data.",
            ));
        };
        let known = self.config.tokens.iter().find(|(_, known)| known == token);
        let kind = known.map_or(TokenKind::KeyPair, |(kind, _)| *kind);
        Ok((kind, token.to_owned()))
    }

    /// Whether the header names the token's kind, and whether the API takes that kind.
    fn check_kind(
        &mut self,
        request: &Request,
        kind: TokenKind,
        token: &str,
    ) -> Result<TokenKind, Box<Answer>> {
        let is_known = self.config.tokens.iter().any(|(_, known)| known == token);
        let named = request.header("x-snowflake-authorization-token-type").map(str::to_owned);
        let is_jwt = token.split('.').count() == 3 && !token.starts_with("WIF.");
        match named.as_deref() {
            // Snowflake looks at the token itself; we promised to say.
            None if self.config.manners == Manners::Ours => {
                self.violate(format!(
                    "no X-Snowflake-Authorization-Token-Type on `{}`",
                    request.path
                ));
            }
            None => {}
            Some(name) if name == kind.header() => {}
            Some(name) if !is_known && !is_jwt && TOKEN_TYPES.contains(&name) => {
                return Err(unauthorized("390303", "Invalid OAuth access token. "));
            }
            Some(name) => {
                self.violate(format!("token type `{name}` for a {} token", kind.header()));
                return Err(unauthorized("390303", "Invalid token type."));
            }
        }
        let is_snowpipe = request.path.starts_with("/v1/data/pipes/");
        if is_snowpipe && matches!(kind, TokenKind::Pat | TokenKind::OAuth) {
            self.violate(format!("Snowpipe does not take a {} token", kind.header()));
            return Err(unauthorized("390303", "Token type is not supported."));
        }
        if kind == TokenKind::Wif && !is_wif(token) {
            self.violate("a workload identity token is `WIF.{AWS|AZURE|GCP|OIDC}.…`".to_owned());
        }
        Ok(kind)
    }

    /// A refused token that comes again is a bug, unless it may be a new one of the same second.
    fn check_again(&mut self, token: &str, kind: TokenKind) {
        if !self.tokens.refused.contains(token) {
            return;
        }
        self.counters.repeated_token_count += 1;
        let issued = claims(token).and_then(|claims| claims.get("iat").and_then(seconds));
        let is_young = issued.is_some_and(|at| self.wall_clock() - at < TimeDelta::seconds(3));
        if kind != TokenKind::KeyPair || !is_young {
            self.violate("a token came again after it was refused".to_owned());
        }
    }

    fn refuse_token(&mut self, token: &str, kind: TokenKind, fault: &Fault) -> Box<Answer> {
        if fault.is_bug {
            self.violate(format!("JWT: {}", fault.reason));
        }
        self.tokens.refused.insert(token.to_owned());
        if kind != TokenKind::KeyPair {
            return unauthorized("390318", "OAuth access token expired. ");
        }
        let answer = self.invalid_jwt(fault.code, &fault.reason);
        // Since autumn 2026 an expired one has a code of its own; before it was 390303.
        match self.tokens.failures.last().filter(|_| fault.is_expired) {
            Some(LoginFailure { uuid, .. }) => {
                unauthorized(self.expired_code, &format!("JWT token has expired. [{uuid}]"))
            }
            None => answer,
        }
    }

    /// 401 as for any bad JWT; the reason stays here.
    pub(super) fn invalid_jwt(&mut self, code: &'static str, reason: &str) -> Box<Answer> {
        let uuid = Uuid::new_v4().to_string();
        let message = format!("JWT token is invalid. [{uuid}]");
        self.tokens.failures.push(LoginFailure { uuid, code, reason: reason.to_owned() });
        unauthorized("390144", &message)
    }

    /// A token that was good is refused once.
    pub(super) fn refuse_once(&mut self, request: &Request) -> Answer {
        let header = request.header("authorization").unwrap_or_default();
        let token = header.trim_start_matches("Bearer ").to_owned();
        self.tokens.seen.insert(token.clone());
        self.tokens.recent.insert(token.clone());
        self.tokens.refused.insert(token);
        *self.invalid_jwt("394303", "scripted")
    }

    fn check_jwt(&self, token: &str) -> Result<(), Fault> {
        let parts: Vec<&str> = token.split('.').collect();
        let [head, body, signature] = parts.as_slice() else {
            return Err(Fault::bug("394305", "the token has not three parts"));
        };
        let head = object(head).ok_or_else(|| Fault::bug("394305", "the header is no JSON"))?;
        let wanted = json!({"alg": "RS256", "typ": "JWT"});
        if Value::Object(head.clone()) != wanted {
            return Err(Fault::bug("394305", &format!("header {head:?}, not {wanted}")));
        }
        let claims = object(body).ok_or_else(|| Fault::bug("394301", "the claims are no JSON"))?;
        let names: Vec<&str> = claims.keys().map(String::as_str).collect();
        if names != ["exp", "iat", "iss", "sub"] {
            return Err(Fault::bug("394301", &format!("claims {names:?}")));
        }
        let key = self.check_issuer(&claims)?;
        let signature = URL_SAFE_NO_PAD.decode(signature);
        let signature =
            signature.map_err(|_| Fault::bug("394306", "the signature is no base64url"))?;
        let signed = &token[..token.rfind('.').unwrap_or(0)];
        let scheme = Pkcs1v15Sign { hash_len: Some(32), prefix: Box::new(SHA256_PREFIX) };
        key.verify(scheme, &Sha256::digest(signed.as_bytes()), &signature)
            .map_err(|_| Fault::bug("394306", "the signature is not of the named key"))?;
        self.check_times(&claims)
    }

    /// `iss` and `sub` to the letter; the registered key whose fingerprint `iss` names.
    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<RsaPublicKey, Fault> {
        let text =
            |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (issuer, subject) = (text("iss"), text("sub"));
        let Some((name, fingerprint)) = issuer.split_once(".SHA256:") else {
            return Err(Fault::bug("394304", &format!("no fingerprint in iss `{issuer}`")));
        };
        if name != subject {
            return Err(Fault::bug("394300", &format!("sub `{subject}` is not of iss `{issuer}`")));
        }
        if name.to_uppercase() != name {
            return Err(Fault::bug("394300", &format!("`{name}` is not in upper case")));
        }
        let Some((account, user)) = name.split_once('.') else {
            return Err(Fault::bug("394300", &format!("no user in `{name}`")));
        };
        if user.contains('.') {
            return Err(Fault::bug("394307", &format!("a `.` in the account of `{name}`")));
        }
        if account != self.config.account {
            return Err(Fault::plain("394307", &format!("account `{account}` is not the host's")));
        }
        if user != self.config.user {
            return Err(Fault::plain("394300", &format!("no user `{user}`")));
        }
        if STANDARD.decode(fingerprint).is_ok_and(|digest| digest.len() == 32) {
            let fits = |der: &&Vec<u8>| STANDARD.encode(Sha256::digest(der)) == fingerprint;
            let der = self.config.public_keys.iter().find(fits);
            let key = der.and_then(|der| RsaPublicKey::from_public_key_der(der).ok());
            return key
                .ok_or_else(|| Fault::plain("394304", "the fingerprint is of no registered key"));
        }
        Err(Fault::bug("394304", &format!("`{fingerprint}` is no SHA-256 in padded base64")))
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<(), Fault> {
        let time = |name: &str| {
            let value = claims.get(name).and_then(seconds);
            value.ok_or_else(|| Fault::bug("394301", &format!("{name} is no number of seconds")))
        };
        let (issued, expires) = (time("iat")?, time("exp")?);
        let now = self.wall_clock();
        // With the clock moved it is the test that made the token old.
        let is_bug = self.skew.is_zero();
        let late = |code, reason: String| {
            Err(Fault { code, reason, is_bug, is_expired: code == "394303" })
        };
        if issued > now + TimeDelta::seconds(1) {
            return late("394302", format!("iat {issued} is in the future of {now}"));
        }
        if expires <= now {
            return late("394303", format!("exp {expires} is past at {now}"));
        }
        if now - issued > MAX_AGE {
            return late("394303", format!("iat {issued} is more than an hour before {now}"));
        }
        Ok(())
    }
}

const TOKEN_TYPES: [&str; 4] =
    ["KEYPAIR_JWT", "PROGRAMMATIC_ACCESS_TOKEN", "OAUTH", "WORKLOAD_IDENTITY_FEDERATION"];

impl Fault {
    fn bug(code: &'static str, reason: &str) -> Self {
        Self { code, reason: reason.to_owned(), is_bug: true, is_expired: false }
    }

    fn plain(code: &'static str, reason: &str) -> Self {
        Self { code, reason: reason.to_owned(), is_bug: false, is_expired: false }
    }
}

fn unauthorized(code: &str, message: &str) -> Box<Answer> {
    Box::new(Answer::json(401, json!({"code": code, "message": message}).to_string()))
}

fn is_wif(token: &str) -> bool {
    let mut parts = token.splitn(3, '.');
    parts.next() == Some("WIF")
        && parts.next().is_some_and(|cloud| ["AWS", "AZURE", "GCP", "OIDC"].contains(&cloud))
        && parts.next().is_some_and(|token| !token.is_empty())
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice::<Value>(&bytes).ok()?.as_object().cloned()
}

fn claims(token: &str) -> Option<Map<String, Value>> {
    object(token.split('.').nth(1)?)
}

/// Seconds since 1970; milliseconds are accepted too.
fn seconds(value: &Value) -> Option<DateTime<Utc>> {
    let number = value.as_i64()?;
    if number > 100_000_000_000 {
        DateTime::from_timestamp_millis(number)
    } else {
        DateTime::from_timestamp(number, 0)
    }
}
