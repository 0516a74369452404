//! What one answer of the Web API means.

use std::time::Duration;

use reqwest::header::ETAG;
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use crate::http::{self, Caller, Fault, HttpAnswer};
use crate::sources::error::Error;
use crate::sources::scopes;

/// What one answer means.
pub(super) enum Meaning {
    Done {
        body: String,
        etag: Option<String>,
    },
    Again(Fault),
    /// The token is worth nothing any more.
    Refresh,
    Wait {
        asked: Option<Duration>,
        is_quota: bool,
    },
    /// Spotify sees no Premium; once in a while it does not see the one that there is.
    Premium,
    Fail(Error),
}

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    message: String,
    #[serde(default)]
    reason: Option<String>,
}

/// The call that is answered.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// What the address is below.
    pub(super) base: &'a Url,
    /// Path and query.
    pub(super) url: &'a str,
    /// Whether the token was a user's, not the app's own.
    pub(super) is_user: bool,
    /// Whether it was to change something.
    pub(super) is_change: bool,
}

/// What `answer` means.
pub(super) fn meaning(answer: HttpAnswer, call: Asked<'_>, caller: &Caller) -> Meaning {
    let HttpAnswer { status, headers, body } = answer;
    if let Some(target) = http::redirect(status, &headers) {
        let url = format!("{}{}", call.base.as_str().trim_end_matches('/'), call.url);
        let (url, status) = (http::place(&url), status.as_u16());
        return Meaning::Fail(Error::Redirected { url, status, target });
    }
    let body = match body {
        Ok(body) => body,
        Err(error) => return Meaning::Again(Fault::of_body(status, error)),
    };
    if !status.is_success() {
        let wait = caller.retry_after(&headers);
        return refusal(call, status, wait, &String::from_utf8_lossy(&body));
    }
    let body = match String::from_utf8(body) {
        Ok(body) => body,
        // Cut in the middle of a letter is cut, too.
        Err(error) if error.utf8_error().error_len().is_some() => {
            let reason = format!("status {status}, but the body is not UTF-8");
            return Meaning::Again(Fault::Nonsense(reason));
        }
        Err(_) => String::new(),
    };
    if !http::is_json(body.as_bytes()) {
        let reason = format!("status {status}, but the body is cut or is not JSON");
        return Meaning::Again(Fault::Passing(reason));
    }
    let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    Meaning::Done { body, etag }
}

/// What an answer means that is not a success.
fn refusal(call: Asked<'_>, status: StatusCode, wait: Option<Duration>, body: &str) -> Meaning {
    let Asked { url, is_user, is_change, .. } = call;
    let detail = serde_json::from_str::<ErrorBody>(body).unwrap_or_default().error;
    let says = |text: &str| body.to_ascii_lowercase().contains(text);
    // What is asked about, without how it is asked.
    let url_owned = || url.split('?').next().unwrap_or(url).to_owned();
    match status.as_u16() {
        401 if says("valid user authentication required")
            || (!is_user && url.starts_with("/me")) =>
        {
            Meaning::Fail(Error::UserNeeded { url: url_owned() })
        }
        401 => Meaning::Refresh,
        403 if says("premium") => Meaning::Premium,
        403 if says("insufficient client scope") => {
            Meaning::Fail(Error::MissingScope { url: url_owned(), wanted: scopes::READ })
        }
        403 if says("not registered") || says("allow") && says("user") => {
            Meaning::Fail(Error::NotAllowListed)
        }
        403 if !is_change => Meaning::Fail(Error::Forbidden { url: url_owned() }),
        404 => Meaning::Fail(Error::NotFound { url: url_owned() }),
        429 => Meaning::Wait {
            asked: wait,
            is_quota: detail.reason.as_deref() == Some("QUOTA_EXCEEDED"),
        },
        408 | 500..=599 => Meaning::Again(Fault::Passing(format!("status {status}"))),
        code => Meaning::Fail(Error::Refused {
            url: url.to_owned(),
            status: code,
            message: http::shortened(&detail.message),
        }),
    }
}
