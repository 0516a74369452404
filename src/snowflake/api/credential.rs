//! What proves to Snowflake who we are.
//!
//! | credential             | `X-Snowflake-Authorization-Token-Type` | SQL API | Snowpipe REST |
//! |------------------------|----------------------------------------|---------|---------------|
//! | key pair               | `KEYPAIR_JWT`                          | yes     | yes           |
//! | workload identity      | `WORKLOAD_IDENTITY_FEDERATION`         | yes     | yes           |
//! | programmatic token     | `PROGRAMMATIC_ACCESS_TOKEN`            | yes     | not documented|
//! | OAuth                  | `OAUTH`                                | yes     | not documented|
//!
//! <https://docs.snowflake.com/en/developer-guide/sql-api/authenticating>

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::key::KeyPair;

/// What proves to Snowflake who we are.
pub(crate) enum Credential {
    /// A key whose public half the user has registered; tokens are signed here.
    KeyPair(KeyPair),
    /// A token that somebody else made, sent as it is.
    Token(TokenType, SecretString),
}

/// Who made a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum TokenType {
    /// A programmatic access token of the user.
    Pat,
    /// An OAuth access token.
    OAuth,
    /// Workload identity: `WIF.<AWS|AZURE|GCP|OIDC>.<attestation>`.
    Wif,
}

/// A token or its type that cannot be one. Never holds the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// No such type.
    #[error("`{0}` is not a token type: wanted is `pat`, `oauth` or `wif`")]
    Type(String),
    /// Nothing there, or characters that no header may hold.
    #[error("the {0} is empty or contains spaces, line breaks or other characters no token has")]
    Malformed(TokenType),
    /// A workload identity that does not say whose.
    #[error(
        "the workload identity token does not begin with `WIF.AWS.`, `WIF.AZURE.`, `WIF.GCP.` or `WIF.OIDC.`"
    )]
    Provider,
}

impl Credential {
    /// A token that somebody else made.
    pub(crate) fn token(kind: TokenType, token: &SecretString) -> Result<Self, InvalidToken> {
        let text = token.expose_secret().trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::Malformed(kind));
        }
        let providers = ["WIF.AWS.", "WIF.AZURE.", "WIF.GCP.", "WIF.OIDC."];
        if kind == TokenType::Wif && !providers.iter().any(|prefix| text.starts_with(prefix)) {
            return Err(InvalidToken::Provider);
        }
        Ok(Self::Token(kind, text.to_owned().into()))
    }

    /// The value of `X-Snowflake-Authorization-Token-Type`.
    pub(crate) const fn header_value(&self) -> &'static str {
        match self {
            Self::KeyPair(_) => "KEYPAIR_JWT",
            Self::Token(TokenType::Pat, _) => "PROGRAMMATIC_ACCESS_TOKEN",
            Self::Token(TokenType::OAuth, _) => "OAUTH",
            Self::Token(TokenType::Wif, _) => "WORKLOAD_IDENTITY_FEDERATION",
        }
    }

    /// Whether Snowpipe's REST API takes it. The SQL API takes all.
    pub(crate) const fn can_submit_files(&self) -> bool {
        matches!(self, Self::KeyPair(_) | Self::Token(TokenType::Wif, _))
    }

    /// What it is called in a sentence.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::KeyPair(_) => "key pair",
            Self::Token(kind, _) => kind.name(),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyPair(key) => formatter.debug_tuple("KeyPair").field(key).finish(),
            Self::Token(kind, _) => formatter.debug_tuple("Token").field(kind).finish(),
        }
    }
}

impl TokenType {
    const fn name(self) -> &'static str {
        match self {
            Self::Pat => "programmatic access token",
            Self::OAuth => "OAuth token",
            Self::Wif => "workload identity token",
        }
    }
}

impl fmt::Display for TokenType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for TokenType {
    type Err = InvalidToken;

    fn from_str(raw: &str) -> Result<Self, InvalidToken> {
        match raw.trim().to_ascii_lowercase().as_str() {
            "pat" | "programmatic_access_token" => Ok(Self::Pat),
            "oauth" => Ok(Self::OAuth),
            "wif" | "workload_identity" | "workload_identity_federation" => Ok(Self::Wif),
            _ => Err(InvalidToken::Type(raw.to_owned())),
        }
    }
}

impl TryFrom<String> for TokenType {
    type Error = InvalidToken;

    fn try_from(raw: String) -> Result<Self, InvalidToken> {
        raw.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_has_its_header_and_says_whether_pipes_take_it() {
        for (word, token, header, can_submit_files) in [
            ("pat", "abc", "PROGRAMMATIC_ACCESS_TOKEN", false),
            ("OAuth", "abc", "OAUTH", false),
            ("WIF", "WIF.AWS.abc", "WORKLOAD_IDENTITY_FEDERATION", true),
        ] {
            let credential = Credential::token(word.parse().unwrap(), &token.into()).unwrap();
            assert_eq!(credential.header_value(), header);
            assert_eq!(credential.can_submit_files(), can_submit_files);
            assert!(!format!("{credential:?}").contains("abc"));
        }
        let pem = include_str!("../../../tests/fixtures/snowflake/plain.p8");
        let key = Credential::KeyPair(KeyPair::from_pem(&pem.into(), None).unwrap());
        assert_eq!((key.header_value(), key.can_submit_files()), ("KEYPAIR_JWT", true));
    }

    #[test]
    fn what_no_header_can_hold_is_refused_without_being_shown() {
        assert_eq!("jwt".parse::<TokenType>(), Err(InvalidToken::Type("jwt".to_owned())));
        for bad in ["", "  ", "se cret", "se\ncret", "sécret"] {
            let error = Credential::token(TokenType::Pat, &bad.into()).unwrap_err();
            assert_eq!(error, InvalidToken::Malformed(TokenType::Pat));
            assert!(!error.to_string().contains("cret"));
        }
        let error = Credential::token(TokenType::Wif, &"AWS.abc".into()).unwrap_err();
        assert_eq!(error, InvalidToken::Provider);
        // A file with a token ends with a line break.
        assert!(Credential::token(TokenType::OAuth, &"abc\n".into()).is_ok());
    }
}
