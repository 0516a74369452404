//! What our HTTP clients do alike: none follows a redirect, reads a body without end, or repeats a stranger's text at length.
//!
//! In: answers of services. Out: bodies within a limit, and words for what was wrong with the others. Knows no service.

mod caller;
pub mod calls;
mod unreached;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url};

pub use caller::{CallTiming, Caller, Fault, HttpAnswer, Repeats, exchange};
pub use unreached::{advice, host};

use crate::retry::LONGEST_PENALTY;

/// The most that one answer may hold, unpacked. Spotify's largest pages have some hundred KiB, and Snowflake cuts results into
/// partitions far smaller than this.
pub const MAX_BODY_BYTES: usize = 64 << 20;
/// How much of a stranger's text a message repeats.
const MAX_TOLD_CHARS: usize = 400;

/// Why a body was not read to its end.
#[derive(Debug)]
pub enum BodyError {
    /// The connection or the packing broke, and how.
    Broken(String),
    /// It holds more than [`MAX_BODY_BYTES`].
    TooLarge,
}

impl fmt::Display for BodyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(how) => out.write_str(how),
            Self::TooLarge => {
                write!(out, "the body holds more than {} MiB", MAX_BODY_BYTES >> 20)
            }
        }
    }
}

/// A client whose answers take at most `timeout`.
///
/// It follows no redirect: one would take a token, or a login in a body, to a host that nobody configured.
///
/// # Errors
/// What reqwest says, where TLS cannot be set up.
pub fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    builder(timeout).build()
}

/// The same for a service on this machine, which no proxy reaches.
///
/// # Errors
/// As [`client`].
pub fn local_client(timeout: Duration) -> Result<Client, reqwest::Error> {
    builder(timeout).no_proxy().build()
}

fn builder(timeout: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .gzip(true)
        .redirect(Policy::none())
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(10)))
}

/// The whole body, unpacked; reading ends where it grows too large.
///
/// # Errors
/// [`BodyError`].
pub async fn body(mut response: Response) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| BodyError::Broken(describe(error)))?
    {
        if MAX_BODY_BYTES - body.len() < chunk.len() {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Where an answer sends its reader, to complete "redirects to …"; `None` where it is no redirect.
pub fn redirect(status: StatusCode, headers: &HeaderMap) -> Option<String> {
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return None;
    }
    let target = headers.get(LOCATION).map(|target| String::from_utf8_lossy(target.as_bytes()));
    Some(target.map_or("an unnamed place".to_owned(), |target| format!("`{}`", place(&target))))
}

/// An address without what may be secret in it: user, password, query.
pub fn place(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        return shortened(path);
    };
    url.set_query(None);
    url.set_fragment(None);
    // An error says that this kind of address has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    shortened(url.as_str())
}

/// A stranger's text, cut where it is too long to be told.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TOLD_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// `Retry-After` in either of its forms, as of the server's time `now`. What is no wait at all is `None`; what is longer than
/// [`LONGEST_PENALTY`] is a broken header and counts as that.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let asked = if is_number {
        // More digits than a number holds are a long time, too.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let at = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
        (at - now).to_std().unwrap_or_default()
    };
    Some(asked.min(LONGEST_PENALTY))
}

/// The server's time; a year that no clock shows is none.
pub fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
    (1970..2200).contains(&date.year()).then_some(date)
}

/// Whether a body is one whole JSON value.
pub fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// A transport error with its causes, without the URL (which the caller names).
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    shortened(&text)
}

/// Whether a base URL sends what it is given, credentials among it, readable through somebody else's network.
pub fn is_sent_in_clear(url: &Url) -> bool {
    let is_local = is_loopback(url)
        || matches!(url.host(), Some(url::Host::Domain(name)) if name.ends_with(".localhost"));
    url.scheme() == "http" && !is_local
}

/// Whether it is this machine, whoever resolves names.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_614_400, 0).unwrap()
    }

    #[test]
    fn a_wait_is_read_in_both_forms_and_never_longer_than_a_day() {
        let table = [
            ("0", Some(0)),
            (" 17 ", Some(17)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("9000000000000", Some(86_400)),
            ("9200000000000000", Some(86_400)),
            ("18446744073709551616", Some(86_400)),
            ("Mon, 05 Jan 2026 12:00:30 GMT", Some(30)),
            ("Mon, 05 Jan 2026 11:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
            ("00017", Some(17)),
            ("\t60\t", Some(60)),
            ("99999999999", Some(86_400)),
            ("9223372036854775", Some(86_400)),
            ("9223372036854775807", Some(86_400)),
            ("9223372036854775808", Some(86_400)),
            ("18446744073709551615", Some(86_400)),
            ("99999999999999999999999999999999999999999", Some(86_400)),
            ("Tue, 06 Jan 2026 12:00:00 GMT", Some(86_400)),
            ("Tue, 06 Jan 2026 12:00:01 GMT", Some(86_400)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Mon, 05 Jan 2026 13:00:30 +0100", Some(30)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1e9", None),
            ("0x10", None),
            ("60s", None),
            ("60, 120", None),
            ("inf", None),
            ("NaN", None),
            ("soon", None),
            ("2026-01-05T12:00:30Z", None),
            ("Mon, 32 Jan 2026 12:00:30 GMT", None),
        ];
        assert!(34 <= table.len());
        for (text, seconds) in table {
            let found = retry_after(&headers(RETRY_AFTER, text), noon());
            assert_eq!(found.map(|wait| wait.as_secs()), seconds, "{text:?}");
        }
    }

    #[test]
    fn a_servers_time_is_one_that_a_clock_can_show() {
        let year = |text: &str| date(&headers(DATE, text)).map(|date| date.year());
        assert_eq!(year("Mon, 05 Jan 2026 12:00:30 GMT"), Some(2026));
        assert_eq!(year("Fri, 31 Dec 9999 23:59:59 GMT"), None);
        assert_eq!(year("today"), None);
    }

    #[test]
    fn a_redirects_target_is_told_without_what_may_be_secret_in_it() {
        let target = |status: u16, text: &str| {
            redirect(StatusCode::from_u16(status).unwrap(), &headers(LOCATION, text))
        };
        let told = |text: &str| target(307, text).unwrap();
        assert_eq!(
            told("https://a:b@evil.example/steal?token=t#x"),
            "`https://evil.example/steal`"
        );
        assert_eq!(told("/login?from=t"), "`/login`");
        assert_eq!(target(200, "/"), None);
        assert_eq!(target(304, "/"), None);
        let none = redirect(StatusCode::FOUND, &HeaderMap::new());
        assert_eq!(none.as_deref(), Some("an unnamed place"));
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(shortened("short"), "short");
        let cut = shortened(&"é".repeat(40_000_000));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (MAX_TOLD_CHARS + 1, true));
    }

    #[test]
    fn http_is_in_clear_unless_it_stays_on_this_machine() {
        for (url, is_clear) in [
            ("http://api.example/v1", true),
            ("http://10.0.0.8:8080", true),
            ("http://127.0.0.1:9/v1", false),
            ("http://127.8.8.8", false),
            ("http://[::1]:80", false),
            ("http://localhost:3000", false),
            ("http://localhost.evil.example", true),
            ("https://api.example", false),
        ] {
            assert_eq!(is_sent_in_clear(&url.parse().unwrap()), is_clear, "{url}");
        }
    }
}
