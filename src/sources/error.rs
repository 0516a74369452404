//! Why a call to Spotify gave nothing, split by what the reader does next.

use chrono::{DateTime, Utc};

use super::bucket::Bucket;
use super::no_document::InvalidDocument;
use super::scopes;
use crate::phrase::{counted, either};

/// Why a call to Spotify gave nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    /// The configuration names no app.
    #[error(
        "no Spotify app is configured: set `SPOTIFY_CLIENT_ID` (create an app at developer.spotify.com/dashboard), then run `snowtrack login`; or try `snowtrack run --demo`, which needs no account"
    )]
    NoCredentials,
    /// Nobody has logged in, and the app has no secret.
    #[error(
        "nobody is logged in to Spotify: run `snowtrack login`, or set `SPOTIFY_REFRESH_TOKEN` or `SPOTIFY_CLIENT_SECRET`"
    )]
    NotLoggedIn,
    /// The refresh token is expired or revoked.
    #[error(
        "Spotify no longer accepts the login (invalid_grant; logins end six months after they were given): run `snowtrack login`"
    )]
    LoginExpired,
    /// The app's id or secret is wrong.
    #[error(
        "Spotify refused the app `{client_id}` ({reason}): check `SPOTIFY_CLIENT_ID` and `SPOTIFY_CLIENT_SECRET` against the dashboard"
    )]
    AppRefused { client_id: String, reason: String },
    /// The call needs a user, the token is the app's own.
    #[error(
        "`{url}` needs a logged-in user, and the app logged in by itself: run `snowtrack login`"
    )]
    UserNeeded { url: String },
    /// The login lacks a permission.
    #[error(
        "the login lacks a permission for `{url}` (Insufficient client scope): run `snowtrack login` again, which asks for `{wanted}`"
    )]
    MissingScope { url: String, wanted: &'static str },
    /// The login may read and not write.
    #[error(
        "the login may not make playlists (Insufficient client scope for `{url}`): run `snowtrack login --may-write`, which asks for `{wanted}` besides"
    )]
    MayNotWrite { url: String, wanted: &'static str },
    /// What changes something was sent, and no usable answer came.
    #[error(
        "`{url}` was sent and gave no usable answer ({reason}), so that it may be done or not; run the same command again, which looks first"
    )]
    Unanswered { url: String, reason: String },
    /// The owner of the app has no Premium subscription.
    #[error(
        "Spotify wants an active Premium subscription of the app's owner; after a change of the subscription it can take hours until calls work again"
    )]
    PremiumRequired,
    /// The user is not on the app's list.
    #[error(
        "the logged-in user is not on the app's user list: add them under User Management of the app in Spotify's dashboard (five at most)"
    )]
    NotAllowListed,
    /// Spotify asks to come back later than we are willing to wait.
    #[error("Spotify asks to pause `{bucket}` until {until} ({reason}); what was fetched is kept, run the same command again after that time", bucket = bucket.name(), until = until.format("%Y-%m-%d %H:%M:%S UTC"))]
    RateLimited { bucket: Bucket, until: DateTime<Utc>, reason: &'static str },
    /// The playlist does not exist for this user.
    #[error("`{url}` does not exist, is private to others or belongs to Spotify (404)")]
    NotFound { url: String },
    /// The playlist's contents are not for this user.
    #[error("`{url}` gives its contents only to owner and collaborators (403)")]
    Forbidden { url: String },
    /// Spotify says that the request itself is wrong.
    #[error("Spotify refused `{url}` as a wrong request ({status}): {message}")]
    Refused { url: String, status: u16, message: String },
    /// Spotify could not be reached, repeatedly.
    #[error(
        "`{url}` gave no usable answer in {tries} {}, the last one: {reason}; what was fetched is kept, run the same command again",
        either(*tries, "try", "tries")
    )]
    Unreachable { url: String, tries: u32, reason: String },
    /// The accounts service gave no access token.
    #[error(
        "`{url}` gave no access token in {tries} {}, the last one: {reason}; what was fetched is kept, run the same command again",
        either(*tries, "try", "tries")
    )]
    NoToken { url: String, tries: u32, reason: String },
    /// Somebody answers with the address of somebody else.
    #[error(
        "`{url}` redirects ({status}) to {target}, and snowtrack follows no redirect, which would take the login along: does `SPOTIFY_API_URL` point to Spotify's Web API, and does no proxy or login page of the network answer in its place?"
    )]
    Redirected { url: String, status: u16, target: String },
    /// A person or a supervisor asked to stop while we waited for Spotify.
    #[error("stopped while waiting for Spotify")]
    Stopped,
    /// A playlist changed each time while it was read.
    #[error(
        "playlist `{playlist_id}` changed {} while it was read; run the same command again",
        counted(*times, "time")
    )]
    KeepsChanging { playlist_id: String, times: u32 },
    /// A page that is shorter or longer than it must be, repeatedly.
    #[error(
        "`{url}` gave {} where {wanted} {}, {}; what was fetched is kept, run the same command again",
        counted(*given, "row"),
        either(*wanted, "belongs", "belong"),
        counted(*tries, "time")
    )]
    NotWhole { url: String, given: u32, wanted: u32, tries: u32 },
    /// A list that names fewer of its rows than it announces, repeatedly.
    #[error(
        "`{url}` announced {} and named {named}, {}; run the same command again",
        counted(*announced, "playlist"),
        counted(*tries, "time")
    )]
    ListNotWhole { url: &'static str, announced: u32, named: u32, tries: u32 },
    /// An id with characters that Spotify's ids do not have, so that it cannot stand in an address.
    #[error(
        "Spotify named a playlist `{id}`, which is no id (letters and digits only); it is not asked for"
    )]
    NoId { id: String },
    /// A body that is not a document of Spotify's.
    #[error("the answer to `{name}` is not one of Spotify's; does `SPOTIFY_API_URL` point there?")]
    Document { name: String, source: InvalidDocument },
    /// A file could not be read or written.
    #[error("could not {doing} `{path}`")]
    File { doing: &'static str, path: String, source: std::io::Error },
    /// The login did not come to its end.
    #[error("the login failed: {reason}")]
    Login { reason: String },
    /// A base URL that is not a URL.
    #[error("`{value}` is not a URL (set by `{name}`): {reason}")]
    BadUrl { name: &'static str, value: String, reason: String },
}

impl Error {
    /// A login that may read and not write.
    pub(crate) fn may_not_write(url: &str) -> Self {
        Self::MayNotWrite { url: url.to_owned(), wanted: scopes::WRITE }
    }

    /// Whether the same run may go on with its other playlists.
    pub const fn concerns_one_playlist(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::Forbidden { .. }
                | Self::Refused { .. }
                | Self::KeepsChanging { .. }
                | Self::NotWhole { .. }
                | Self::ListNotWhole { .. }
                | Self::NoId { .. }
        )
    }

    /// Whether it may be one playlist that has no usable answer, or all of Spotify.
    pub const fn is_unusable_answer(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Redirected { .. } | Self::Document { .. })
    }
}
