//! Tokens signed by the user's own key.
//!
//! In: account, user, key, the time. Out: a JWT with exactly the claims Snowflake reads: `iss` = `ACCOUNT.USER.SHA256:<fp>`,
//! `sub` = `ACCOUNT.USER`, `iat`, `exp`. [`claims`] is pure; [`TokenCache`] keeps one token for as long as it is good, so that
//! a run signs once and not once per call.
//!
//! <https://docs.snowflake.com/en/developer-guide/sql-api/authenticating#using-key-pair-authentication>

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::SecretString;
use serde::Serialize;

use super::account::AccountId;
use super::key::{InvalidKey, KeyPair};

/// How long a token is good, counted from `iat`. Snowflake honours one hour at most, whatever `exp` says; its own SDKs stop a
/// minute short of that.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(59);

/// When a token is replaced, so that none expires on its way. Snowflake's own SDKs do so after the same time.
pub const RENEW_AFTER: TimeDelta = TimeDelta::minutes(54);

/// What a token says, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// Issuer: account, user and the key's fingerprint.
    pub iss: String,
    /// Subject: account and user.
    pub sub: String,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Good until, in seconds since 1970.
    pub exp: i64,
}

/// The claims of a token issued `now`. `user` is the user's `LOGIN_NAME`, which can differ from its name.
pub fn claims(account: &AccountId, user: &str, fingerprint: &str, now: DateTime<Utc>) -> Claims {
    let subject = format!("{}.{}", account.claim(), user.to_uppercase());
    Claims {
        iss: format!("{subject}.{fingerprint}"),
        sub: subject,
        iat: now.timestamp(),
        exp: (now + LIFETIME).timestamp(),
    }
}

/// Signs a token.
pub fn sign(claims: &Claims, key: &KeyPair) -> Result<SecretString, InvalidKey> {
    sign_with(claims, key.signing())
        .map(SecretString::from)
        .map_err(|error| InvalidKey::Damaged { reason: error.to_string() })
}

/// Whether a key can sign at all.
pub(super) fn try_key(key: &EncodingKey) -> Result<(), jsonwebtoken::errors::Error> {
    sign_with(&(), key).map(drop)
}

fn sign_with(
    claims: &impl Serialize,
    key: &EncodingKey,
) -> Result<String, jsonwebtoken::errors::Error> {
    // RS256 alone: Snowflake documents others for its Python driver only.
    encode(&Header::new(Algorithm::RS256), claims, key)
}

/// The token in use.
#[derive(Default)]
pub(super) struct TokenCache(Mutex<Option<Cached>>);

struct Cached {
    token: SecretString,
    issued_at: DateTime<Utc>,
    serial: u64,
}

/// A token, and which one it is.
pub(super) struct Issued {
    pub(super) token: SecretString,
    pub(super) serial: u64,
    pub(super) is_new: bool,
}

impl TokenCache {
    /// The token in use, or a new one where there is none, it is old, or it is the `refused` one.
    ///
    /// Calls that were refused together get one new token together.
    pub(super) fn token(
        &self,
        now: DateTime<Utc>,
        refused: Option<u64>,
        sign: impl FnOnce(DateTime<Utc>) -> Result<SecretString, InvalidKey>,
    ) -> Result<Issued, InvalidKey> {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cached.as_ref() {
            let age = now - cached.issued_at;
            let is_fresh = TimeDelta::zero() <= age && age < RENEW_AFTER;
            if is_fresh && refused != Some(cached.serial) {
                let (token, serial) = (cached.token.clone(), cached.serial);
                return Ok(Issued { token, serial, is_new: false });
            }
        }
        let last = cached.take();
        // The same second would give the same token again, which was just refused.
        let is_same =
            last.as_ref().is_some_and(|last| last.issued_at.timestamp() == now.timestamp());
        let issued_at = if is_same { now - TimeDelta::seconds(1) } else { now };
        let serial = last.map_or(0, |last| last.serial) + 1;
        let token = sign(issued_at)?;
        *cached = Some(Cached { token: token.clone(), issued_at, serial });
        Ok(Issued { token, serial, is_new: true })
    }
}
