//! One account identifier, two names: the account in a token's claim is not the account in the host.
//!
//! | given                                       | in the claim        | host                                               |
//! |---------------------------------------------|---------------------|----------------------------------------------------|
//! | `myorg-myacct` (preferred)                  | `MYORG-MYACCT`      | `myorg-myacct.snowflakecomputing.com`              |
//! | `myorg-my_acct`                             | `MYORG-MY_ACCT`     | `myorg-my-acct.snowflakecomputing.com`             |
//! | `xy12345` (a locator)                       | `XY12345`           | `xy12345.snowflakecomputing.com`                   |
//! | `xy12345.us-east-2`, `xy12345.us-east-2.aws`| `XY12345`           | the whole, then `.snowflakecomputing.com`          |
//! | `….privatelink`                             | up to the first `.` | the whole, then `.snowflakecomputing.com`          |
//! | `acct-extid.global`                         | up to the last `-`  | the whole, then `.snowflakecomputing.com`          |
//! | `….cn-northwest-1.…`                        | up to the first `.` | the whole, then `.snowflakecomputing.cn`           |
//! | `myorg.myacct` (the SQL form)               | refused             | refused                                            |
//!
//! The last form has two labels like `xy12345.us-east-2`. They are told apart by the second label: every region's name has a
//! `-` (`us-east-2`, `west-europe`, `us-central1`), while an account's name consists of letters, digits and `_` only. Taking
//! `myorg.myacct` for a locator would sign `MYORG`, which Snowflake refuses without saying why.
//!
//! A `_` becomes `-` in the host (both resolve, and TLS certificates do not cover `_`) and stays in the claim.
//!
//! <https://docs.snowflake.com/en/user-guide/admin-account-identifier>

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use serde::Deserialize;

/// An account: what it is called in a token and where it answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountId {
    text: String,
    claim: String,
    url: Url,
}

/// An account identifier, URL or claim that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum InvalidAccount {
    /// The form of SQL and data sharing.
    #[error(
        "`{text}` can be read as organization and account or as locator and region: write `{organization}-{account}` for the account, or add the region (`{organization}.<region>.<cloud>`) if `{organization}` is a locator"
    )]
    Ambiguous { text: String, organization: String, account: String },
    /// Characters or labels that a host cannot have.
    #[error(
        "`{text}` is not an account identifier: wanted is `<organization>-<account>` or `<locator>.<region>.<cloud>`, of letters, digits, `-` and `_`"
    )]
    Malformed { text: String },
    /// Text that is no URL, or a URL that says more than where to call.
    #[error("`{text}` is not the URL of an account ({reason}): wanted is `https://<host>`")]
    Url { text: String, reason: String },
    /// A claim that cannot be one.
    #[error(
        "`{text}` is not an account as it stands in a token: wanted is `<ORGANIZATION>-<ACCOUNT>` or a locator without region"
    )]
    Claim { text: String },
}

impl AccountId {
    /// The account as it stands in a token's `iss` and `sub`.
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// The host (without port) that the account is called at.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Where the account answers, ending with `/`.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The same account called at another URL: a proxy, a test, or a host that follows none of the rules above.
    pub fn with_url(mut self, text: &str) -> Result<Self, InvalidAccount> {
        let refuse = |reason: &str| {
            // The text may hold a password before its `@`, so a refused URL is shown without it.
            let shown = text.rsplit('@').next().unwrap_or_default();
            Err(InvalidAccount::Url { text: shown.to_owned(), reason: reason.to_owned() })
        };
        let url = match Url::parse(text.trim()) {
            Ok(url) => url,
            Err(error) => return refuse(&error.to_string()),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("it must begin with https:// or http://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it must not contain a user or password");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return refuse("it must end after the host");
        }
        self.url = url;
        Ok(self)
    }

    /// The same account under another name in its tokens. Some old accounts know only their locator.
    pub fn with_claim(mut self, text: &str) -> Result<Self, InvalidAccount> {
        if !is_label(text.trim()) {
            return Err(InvalidAccount::Claim { text: text.to_owned() });
        }
        self.claim = text.trim().to_ascii_uppercase();
        Ok(self)
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccount;

    fn from_str(raw: &str) -> Result<Self, InvalidAccount> {
        let malformed = || InvalidAccount::Malformed { text: raw.to_owned() };
        let text = bare(&raw.trim().to_ascii_lowercase()).to_owned();
        let labels: Vec<&str> = text.split('.').collect();
        if !labels.iter().all(|label| is_label(label)) || labels.len() > 5 {
            return Err(malformed());
        }
        let (first, rest) = labels.split_first().ok_or_else(malformed)?;
        let claim = match rest {
            // The external id of a connection URL is no part of the account's name.
            ["global", ..] => first.rsplit_once('-').map_or(*first, |(account, _)| account),
            [second] if *second != "privatelink" && !second.contains('-') => {
                return Err(InvalidAccount::Ambiguous {
                    organization: (*first).to_owned(),
                    account: (*second).to_owned(),
                    text,
                });
            }
            _ => first,
        };
        let is_china = rest.iter().any(|label| label.starts_with("cn-"));
        let domain = if is_china { "cn" } else { "com" };
        let host = format!("{}.snowflakecomputing.{domain}", text.replace('_', "-"));
        let url = Url::parse(&format!("https://{host}")).map_err(|_| malformed())?;
        Ok(Self { claim: claim.to_ascii_uppercase(), url, text })
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidAccount;

    fn try_from(raw: String) -> Result<Self, InvalidAccount> {
        raw.parse()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Only what a host name's label may hold, so that no identifier can name another host, port, path or user.
fn is_label(label: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_inner = |label: &str| !label.starts_with(['-', '_']) && !label.ends_with(['-', '_']);
    !label.is_empty() && label.len() <= 63 && label.bytes().all(is_plain) && is_inner(label)
}

/// What is left of a URL or host pasted from a browser.
fn bare(text: &str) -> &str {
    let text = text.strip_prefix("https://").unwrap_or(text);
    let text = text.strip_suffix('/').unwrap_or(text);
    let domains = [".snowflakecomputing.com", ".snowflakecomputing.cn"];
    domains.iter().find_map(|domain| text.strip_suffix(domain)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_gives_its_claim_and_its_host() {
        for (text, claim, host) in [
            ("myorg-myacct", "MYORG-MYACCT", "myorg-myacct.snowflakecomputing.com"),
            ("MyOrg-MyAcct", "MYORG-MYACCT", "myorg-myacct.snowflakecomputing.com"),
            ("myorg-my_acct", "MYORG-MY_ACCT", "myorg-my-acct.snowflakecomputing.com"),
            ("xy12345", "XY12345", "xy12345.snowflakecomputing.com"),
            ("xy12345.us-east-2", "XY12345", "xy12345.us-east-2.snowflakecomputing.com"),
            ("xy12345.us-east-2.aws", "XY12345", "xy12345.us-east-2.aws.snowflakecomputing.com"),
            (
                "xy12345.west-europe.azure",
                "XY12345",
                "xy12345.west-europe.azure.snowflakecomputing.com",
            ),
            (
                "xy12345.us-central1.gcp",
                "XY12345",
                "xy12345.us-central1.gcp.snowflakecomputing.com",
            ),
            (
                "xy12345.us-gov-west-1.aws",
                "XY12345",
                "xy12345.us-gov-west-1.aws.snowflakecomputing.com",
            ),
            (
                "xy12345.eu-west-1.privatelink",
                "XY12345",
                "xy12345.eu-west-1.privatelink.snowflakecomputing.com",
            ),
            ("xy12345.privatelink", "XY12345", "xy12345.privatelink.snowflakecomputing.com"),
            (
                "myorg-acct.privatelink",
                "MYORG-ACCT",
                "myorg-acct.privatelink.snowflakecomputing.com",
            ),
            ("acct-extid.global", "ACCT", "acct-extid.global.snowflakecomputing.com"),
            ("my-acct-extid.global", "MY-ACCT", "my-acct-extid.global.snowflakecomputing.com"),
            (
                "xy12345.cn-northwest-1.aws",
                "XY12345",
                "xy12345.cn-northwest-1.aws.snowflakecomputing.cn",
            ),
            (
                " https://MYORG-MYACCT.snowflakecomputing.com/ ",
                "MYORG-MYACCT",
                "myorg-myacct.snowflakecomputing.com",
            ),
            (
                "xy12345.cn-northwest-1.aws.snowflakecomputing.cn",
                "XY12345",
                "xy12345.cn-northwest-1.aws.snowflakecomputing.cn",
            ),
        ] {
            let account: AccountId = text.parse().unwrap();
            assert_eq!((account.claim(), account.host()), (claim, host), "{text}");
            assert_eq!(account.url().as_str(), format!("https://{host}/"));
        }
    }

    #[test]
    fn the_form_of_sql_is_refused_with_the_form_to_use() {
        for text in ["myorg.myacct", "MYORG.MY_ACCT", "myorg.myacct.snowflakecomputing.com"] {
            let error = text.parse::<AccountId>().unwrap_err();
            assert!(matches!(error, InvalidAccount::Ambiguous { .. }), "{text}: {error}");
        }
        let error = "MyOrg.MyAcct".parse::<AccountId>().unwrap_err().to_string();
        assert!(error.contains("write `myorg-myacct` for the account"), "{error}");
        assert!(error.contains("`myorg.<region>.<cloud>`"), "{error}");
    }

    #[test]
    fn nothing_can_name_another_host() {
        for text in [
            "",
            " ",
            ".",
            "a..b",
            "-a",
            "a-",
            "_a",
            "evil.com/",
            "evil.com#",
            "evil.com?",
            "evil@x",
            "a:443",
            "a/b",
            "a\\b",
            "a b",
            "a%2fb",
            "a\nb",
            "ä",
            "http://myorg-myacct",
            "a.b-1.c.d.e.f",
            "https://https://a",
            &"a".repeat(64),
        ] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }

    #[test]
    fn url_and_claim_can_be_set_by_themselves() {
        let account: AccountId = "xy12345.us-east-2".parse().unwrap();
        let account = account.with_url("http://127.0.0.1:8080").unwrap();
        let account = account.with_claim("myorg-my_acct").unwrap();
        assert_eq!((account.claim(), account.host()), ("MYORG-MY_ACCT", "127.0.0.1"));
        assert_eq!(account.url().as_str(), "http://127.0.0.1:8080/");
        assert_eq!(account.to_string(), "xy12345.us-east-2");
        for bad in ["", "myorg.myacct", "a b", "a/b", "-"] {
            assert!(account.clone().with_claim(bad).is_err(), "{bad}");
        }
        for bad in [
            "",
            "127.0.0.1",
            "ftp://host",
            "file:///etc",
            "https://host/path",
            "https://host/?a=b",
            "https://host/#a",
        ] {
            assert!(account.clone().with_url(bad).is_err(), "{bad}");
        }
        let error = account.with_url("https://user:hunter2@host").unwrap_err().to_string();
        assert!(error.contains("user or password") && !error.contains("hunter2"), "{error}");
    }
}
