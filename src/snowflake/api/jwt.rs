//! Tokens signed by the user's own key.
//!
//! In: account, user, key, the time. Out: a JWT with exactly the claims Snowflake reads: `iss` = `ACCOUNT.USER.SHA256:<fp>`,
//! `sub` = `ACCOUNT.USER`, `iat`, `exp`. [`claims`] is pure; [`TokenCache`] keeps one token for as long as it is good, so that
//! a run signs once and not once per call.
//!
//! <https://docs.snowflake.com/en/developer-guide/sql-api/authenticating#using-key-pair-authentication>

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Serialize;

use super::account::AccountId;
use super::key::{InvalidKey, KeyPair};

/// How long a token is good, counted from `iat`. Snowflake honours one hour at most, whatever `exp` says; its own SDKs stop a
/// minute short of that.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::minutes(59);

/// When a token is replaced, so that none expires on its way. Snowflake's own SDKs do so after the same time.
pub(crate) const RENEW_AFTER: TimeDelta = TimeDelta::minutes(54);

/// What a token says, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Claims {
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
pub(crate) fn claims(
    account: &AccountId,
    user: &str,
    fingerprint: &str,
    now: DateTime<Utc>,
) -> Claims {
    let subject = format!("{}.{}", account.claim(), user.to_uppercase());
    Claims {
        iss: format!("{subject}.{fingerprint}"),
        sub: subject,
        iat: now.timestamp(),
        exp: (now + LIFETIME).timestamp(),
    }
}

/// Signs a token.
pub(crate) fn sign(claims: &Claims, key: &KeyPair) -> Result<SecretString, InvalidKey> {
    key.sign(claims).map(SecretString::from)
}

/// The token in use.
#[derive(Default)]
pub(crate) struct TokenCache(Mutex<Option<Cached>>);

struct Cached {
    token: SecretString,
    issued_at: DateTime<Utc>,
    serial: u64,
}

impl TokenCache {
    /// The token in use and its number, or a new one where there is none, it is old, or it is the `refused` one.
    ///
    /// Calls that were refused together get one new token together.
    pub(crate) fn token(
        &self,
        now: DateTime<Utc>,
        refused: Option<u64>,
        sign: impl FnOnce(DateTime<Utc>) -> Result<SecretString, InvalidKey>,
    ) -> Result<(SecretString, u64), InvalidKey> {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cached.as_ref() {
            let age = now - cached.issued_at;
            let is_fresh = TimeDelta::zero() <= age && age < RENEW_AFTER;
            if is_fresh && refused != Some(cached.serial) {
                return Ok((cached.token.clone(), cached.serial));
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
        Ok((token, serial))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const NOON: i64 = 1_767_614_400;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(NOON + seconds, 500_000_000).unwrap()
    }

    fn key() -> KeyPair {
        let pem = include_str!("../../../tests/fixtures/snowflake/plain.p8");
        KeyPair::from_pem(&pem.into(), None).unwrap()
    }

    #[test]
    fn the_claims_are_account_user_and_fingerprint_in_upper_case_and_an_hour_less_a_minute() {
        for (account, subject) in [
            ("myorg-my_acct", "MYORG-MY_ACCT.LOADER@EXAMPLE.COM"),
            ("xy12345.eu-west-1.privatelink", "XY12345.LOADER@EXAMPLE.COM"),
        ] {
            let claims =
                claims(&account.parse().unwrap(), "Loader@example.com", "SHA256:ab+/=", at(0));
            assert_eq!(
                claims,
                Claims {
                    iss: format!("{subject}.SHA256:ab+/="),
                    sub: subject.to_owned(),
                    iat: NOON,
                    exp: NOON + 3_540,
                }
            );
        }
    }

    /// The signature is `openssl dgst -sha256 -sign plain.p8` over header and claims (PKCS#1 v1.5 gives one answer only).
    #[test]
    fn a_token_is_what_openssl_signs() {
        let key = key();
        let claims = claims(&"myorg-myacct".parse().unwrap(), "loader", key.fingerprint(), at(0));
        let token = sign(&claims, &key).unwrap();
        let wanted = concat!(
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.",
            "eyJpc3MiOiJNWU9SRy1NWUFDQ1QuTE9BREVSLlNIQTI1NjpIdTYwem03dVlpQXZ5djBsb01jYnVOcWlkSitP",
            "ZEFGdTJUQlpaZnptZ3RRPSIsInN1YiI6Ik1ZT1JHLU1ZQUNDVC5MT0FERVIiLCJpYXQiOjE3Njc2MTQ0MDAs",
            "ImV4cCI6MTc2NzYxNzk0MH0",
            ".",
            "TAZzDt7AcPflDxe1Z6PcLKPd5rUq8uYYhFFjCbmcOxryNVK8gJ2J_P75Qgp-7gd00PwY7pb_5DUJo_bsBYXE",
            "yk9P2HuFPWnED2mAJv9uNnfqc-N4Cay94pL-YLpTqlLAYOWe0O1I0_LcvHjfZv4OVe_msS_NuHLF4dXa1ypc",
            "jRJpdInjdpq0SoQJkuUSHJubZfg4o51TXUpbFt7903r5uU1vMVezoDyWtrNApGeCxGvZ12M_YFH8QMbO6ulT",
            "6L3CDGfUJqbpcK2uxj6oa-mvhcBcptGkIDE53kt8JG4PHtNAH6Ps1Ztr8qtk81yFAi5IiOYD3DPeZ_yk-bOP",
            "anTt_Q",
        );
        assert_eq!(token.expose_secret(), wanted);
    }

    #[test]
    fn a_token_is_used_until_it_is_old_or_refused() {
        let cache = TokenCache::default();
        let signed = std::cell::RefCell::new(Vec::new());
        let take = |seconds: i64, refused: Option<u64>| {
            let sign = |now: DateTime<Utc>| {
                signed.borrow_mut().push(now.timestamp() - NOON);
                Ok(SecretString::from(format!("token {}", signed.borrow().len())))
            };
            let (token, serial) = cache.token(at(seconds), refused, sign).unwrap();
            (token.expose_secret().to_owned(), serial)
        };
        let first = ("token 1".to_owned(), 1);
        assert_eq!(take(0, None), first);
        assert_eq!(take(54 * 60 - 1, None), first);
        assert_eq!(take(54 * 60, None), ("token 2".to_owned(), 2));
        // Refused in the second in which it was signed: another second, so that it is another token.
        assert_eq!(take(54 * 60, Some(2)), ("token 3".to_owned(), 3));
        // Another call that was refused with it takes the same new one.
        assert_eq!(take(54 * 60 + 9, Some(2)), ("token 3".to_owned(), 3));
        // A clock set back makes a token of the future.
        assert_eq!(take(0, None), ("token 4".to_owned(), 4));
        assert_eq!(*signed.borrow(), [0, 3_240, 3_239, 0]);
    }
}
