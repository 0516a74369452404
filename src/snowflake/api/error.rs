//! Why a call to Snowflake gave nothing, split by what the reader does next.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::account::{AccountId, InvalidAccount};
use super::credential::InvalidToken;
use super::failure::{FailureKind, StatementFailure};
use super::ident::quoted;
use super::key::InvalidKey;
use crate::http;
use crate::phrase::either;

/// Why a call to Snowflake gave nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Error {
    // Set something right, then start again.
    /// The account is none.
    #[error(transparent)]
    Account(#[from] InvalidAccount),
    /// The private key is unusable.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// The token is none.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// The HTTP client could not be made.
    #[error("could not prepare calls to `{host}`: {reason}")]
    Client { host: String, reason: String },
    /// Snowpipe's REST API does not take this kind of credential.
    #[error(
        "a {credential} can ask Snowflake questions but not submit files to pipe `{pipe}`: Snowpipe's REST API takes a key pair (or workload identity); set a private key, or ingest with `auto` or `copy`"
    )]
    CannotSubmit { credential: &'static str, pipe: String },
    /// A path that Snowpipe does not take.
    #[error("the path `{path}` has {size_bytes} bytes: Snowpipe takes 1024")]
    PathTooLong { path: String, size_bytes: usize },

    // A person must act on Snowflake's side, or on the network.
    /// The account could not be reached, repeatedly.
    #[error("could not {doing} on `{host}` in {tries} {}, the last one: {reason}{}", either(*tries, "try", "tries"), advised(reason))]
    Unreachable { host: String, doing: &'static str, tries: u32, reason: String },
    /// Snowflake does not believe who we are.
    #[error("{0}")]
    Unauthorized(Box<Refusal>),
    /// Snowflake knows who we are and still does not let us, or this is no Snowflake at all.
    #[error("`{host}` refused to {doing} ({status}): {message}; {advice}")]
    Refused {
        host: String,
        doing: &'static str,
        status: u16,
        message: String,
        advice: &'static str,
    },
    /// Somebody answers with the address of somebody else.
    #[error(
        "`{host}` redirects the call to {doing} ({status}) to {target}, and snowtrack follows no redirect, which would take the token along: check the account identifier and `SNOWFLAKE_URL`, and whether a proxy or a login page of the network answers in Snowflake's place"
    )]
    Redirected { host: String, doing: &'static str, status: u16, target: String },
    /// A statement failed.
    #[error("{0}")]
    Statement(Box<StatementFailure>),
    /// The pipe is unknown, or unknown to this role.
    #[error(
        "pipe `{pipe}` does not exist, or the DEFAULT_ROLE of user `{user}` may not see it (404): Snowpipe's REST API always acts as the user's DEFAULT_ROLE, whatever role is configured; grant OPERATE and MONITOR on the pipe and USAGE on its database and schema to that role, or change it with `alter user … set default_role = …`"
    )]
    PipeNotFound { pipe: String, user: String },
    /// The pipe is known, and more is needed than what the role has.
    #[error(
        "the DEFAULT_ROLE of user `{user}` lacks {privilege} on pipe `{pipe}` (403): {message}"
    )]
    PipeForbidden { pipe: String, user: String, privilege: &'static str, message: String },
    /// The pipe takes nothing, or not this.
    #[error("pipe `{pipe}` refused to {doing} ({status}): {message}")]
    PipeRefused { pipe: String, doing: &'static str, status: u16, message: String },

    // Start again later.
    /// Snowflake asks to come back later than we are willing to wait.
    #[error(
        "Snowflake asks to {doing} less often{until}; run the same command again later",
        until = until.map(|until| format!(" and to pause until {}", until.format("%Y-%m-%d %H:%M:%S UTC"))).unwrap_or_default()
    )]
    Busy { doing: &'static str, until: Option<DateTime<Utc>> },
    /// A statement ran for too long and was cancelled.
    #[error(
        "statement `{handle}` was cancelled after {waited_secs} s without a result{reason}",
        reason = if .message.is_empty() { String::new() } else { format!(": {message}") }
    )]
    TooSlow { handle: String, waited_secs: u64, message: String },
    /// The run was told to stop.
    #[error("{}", stopped(handle.as_deref(), *is_cancelled))]
    Stopped { handle: Option<String>, is_cancelled: bool },

    // An answer that is not what Snowflake documents, or not what the statement promised.
    /// A result that is not whole.
    #[error("the result of statement `{handle}` is not whole: {reason}")]
    Incomplete { handle: String, reason: String },
    /// An answer of an unknown shape.
    #[error("`{host}` answered {status} to the call to {doing}, but {reason}")]
    Unexpected { host: String, doing: &'static str, status: u16, reason: String },
    /// A result has no such column.
    #[error("the result of statement `{handle}` has no column `{column}` (it has {present})")]
    NoColumn { handle: String, column: String, present: String },
    /// A cell does not hold what its column should.
    #[error("column `{column}` of statement `{handle}` holds {value}: wanted is {wanted}")]
    Cell { handle: String, column: String, value: String, wanted: &'static str },
}

/// Snowflake does not believe who we are: everything that helps to find out why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The account as configured.
    pub account: AccountId,
    /// The host that refused.
    pub host: String,
    /// The user as configured.
    pub user: String,
    /// What the credential is called in a sentence.
    pub credential: &'static str,
    /// What the token said and was signed with; only with a key pair.
    pub signed: Option<Signed>,
    /// Snowflake's code, for example `390144`.
    pub code: String,
    /// Snowflake's message.
    pub message: String,
    /// What an administrator can look the reason up with.
    pub uuid: Option<Uuid>,
    /// This machine's clock minus Snowflake's.
    pub clock_skew: Option<TimeDelta>,
}

/// What a token said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its subject, `ACCOUNT.USER`.
    pub subject: String,
    /// The fingerprint of the key that signed it.
    pub fingerprint: String,
}

/// A clock this far off is worth a word.
pub(crate) const NOTABLE_SKEW: TimeDelta = TimeDelta::seconds(10);

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, host, user, credential, code, message, .. } = self;
        // The lines below are ours; what Snowflake says adds none.
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        write!(
            out,
            "account `{account}` (`{host}`) refused the {credential} of user `{user}` ({code}): {message}"
        )?;
        if let Some(cause) = self.cause() {
            write!(out, "\n  {}", cause.advice(user))?;
        } else if let Some(signed) = &self.signed {
            let Signed { subject, fingerprint } = signed;
            write!(out, "\n  the token said `{subject}`, signed with key `{fingerprint}`")?;
            write!(out, "\n  usual causes:")?;
            write!(
                out,
                "\n  1. the key is not this user's: `desc user` must show `{fingerprint}` as RSA_PUBLIC_KEY_FP or RSA_PUBLIC_KEY_2_FP; `alter user … set rsa_public_key = '…'` registers it"
            )?;
            write!(
                out,
                "\n  2. `{user}` is not the user's LOGIN_NAME, which can differ from its NAME"
            )?;
            write!(
                out,
                "\n  3. the account in the token is not the one Snowflake knows: try the other form of the identifier, or set the token's account by itself"
            )?;
            write!(
                out,
                "\n  4. `{host}` is another account's host (region, privatelink or connection URL)"
            )?;
            write!(out, "\n  5. {}", self.clock())?;
            if self.code == EXPIRED {
                write!(
                    out,
                    "\n  Snowflake calls the token expired, and it was signed a moment ago: look at the clock first"
                )?;
            }
        } else {
            write!(
                out,
                "\n  usual causes: the token is expired or revoked, belongs to another account, or a network policy does not admit this machine"
            )?;
        }
        if let Some(uuid) = self.uuid {
            write!(
                out,
                "\n  an administrator sees the reason with `select SYSTEM$GET_LOGIN_FAILURE_DETAILS('{uuid}')`"
            )?;
        }
        Ok(())
    }
}

/// An expired token; the key pair's came as 390303 until autumn 2026.
const EXPIRED: &str = "390318";

/// Why somebody whose key or token is right is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Barred {
    /// A network policy does not admit this machine's address.
    Address,
    /// There is no network policy, and this kind of credential wants one.
    NoPolicy,
    /// Too many failed logins.
    Locked,
    /// An administrator's decision.
    Disabled,
    /// One of these; the message says which.
    Somehow,
}

impl Barred {
    fn advice(self, user: &str) -> String {
        let user = sql_name(user);
        match self {
            Self::Address => format!(
                "the key or token is not to blame: a network policy does not admit this machine's address. An administrator finds the policy with `show parameters like 'network_policy' in user {user}` (or `in account`), and adds the address to a network rule that it allows"
            ),
            Self::NoPolicy => format!(
                "the key or token is not to blame: Snowflake wants a network policy for a user who logs in like this. An administrator sets one with `alter user {user} set network_policy = <policy>`"
            ),
            Self::Locked => format!(
                "the user is locked after failed logins: wait a quarter of an hour, or let an administrator run `alter user {user} set mins_to_unlock = 0`; then see who else logs in as it"
            ),
            Self::Disabled => format!(
                "the user is disabled: an administrator runs `alter user {user} set disabled = false`"
            ),
            Self::Somehow => format!(
                "the login itself is refused, not the key or token: the user may be disabled or locked, or lack the right to log in like this (`desc user {user}` shows DISABLED and MINS_TO_UNLOCK)"
            ),
        }
    }
}

/// A user as it stands in SQL.
fn sql_name(user: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match user.chars().all(is_plain) && !user.starts_with(|c: char| c.is_ascii_digit()) {
        true => user.to_ascii_uppercase(),
        false => quoted(user),
    }
}

impl Refusal {
    /// Whether it is not the token that is refused, so that another one would be, too.
    pub(super) fn is_barred(&self) -> bool {
        self.cause().is_some()
    }

    /// What bars who is known, by Snowflake's words, which say more than its codes.
    fn cause(&self) -> Option<Barred> {
        let message = self.message.to_ascii_lowercase();
        let says = |words: &str| message.contains(words);
        match self.code.as_str() {
            "390422" => Some(Barred::Address),
            "390432" => Some(Barred::NoPolicy),
            _ if says("not allowed to access snowflake") => Some(Barred::Address),
            _ if says("network policy is required") => Some(Barred::NoPolicy),
            _ if says("locked") => Some(Barred::Locked),
            _ if says("disabled") => Some(Barred::Disabled),
            "390101" | "390110" | "390202" => Some(Barred::Somehow),
            _ => None,
        }
    }

    fn clock(&self) -> String {
        let Some(skew) = self.clock_skew else {
            return "this machine's clock is wrong (Snowflake's answer did not tell its time)"
                .to_owned();
        };
        let seconds = skew.num_seconds();
        if skew.abs() < NOTABLE_SKEW {
            return format!("the clock, but it is not to blame here ({seconds} s off)");
        }
        let side = if seconds < 0 { "behind" } else { "ahead of" };
        format!(
            "this machine's clock is {} s {side} Snowflake's: set it (the second token told Snowflake's time, though, and was refused as well)",
            seconds.abs()
        )
    }
}

impl Error {
    /// Whether the same call may work when it is made again, with nothing changed: Snowflake could not be asked, so nothing
    /// is known. A verification takes it for "not known yet".
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. } | Self::TooSlow { .. })
    }

    /// Whether an answer came that says nothing: not the shape that Snowflake documents, or less than what was asked for. It is
    /// worth a second try, and proves nothing either way.
    pub const fn is_no_answer(&self) -> bool {
        matches!(
            self,
            Self::Incomplete { .. }
                | Self::Unexpected { .. }
                | Self::NoColumn { .. }
                | Self::Cell { .. }
        )
    }

    /// Whether what was asked for was not done and will not be: Snowflake said no to just this, or gave it up. A call that was
    /// never answered may have been heard, and a refused token says nothing of what an earlier try did.
    pub const fn is_denial(&self) -> bool {
        matches!(
            self,
            Self::Statement(_)
                | Self::TooSlow { .. }
                | Self::Stopped { is_cancelled: true, .. }
                | Self::PipeNotFound { .. }
                | Self::PipeForbidden { .. }
                | Self::PipeRefused { .. }
                | Self::CannotSubmit { .. }
                | Self::PathTooLong { .. }
        )
    }

    /// Whether the reader should come back later rather than mend something (exit 8).
    pub const fn is_later(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::TooSlow { .. })
    }

    /// Whether what is configured is wrong, whatever Snowflake says (exit 2).
    pub const fn is_config(&self) -> bool {
        matches!(
            self,
            Self::Account(_)
                | Self::Key(_)
                | Self::Token(_)
                | Self::Client { .. }
                | Self::CannotSubmit { .. }
                | Self::PathTooLong { .. }
        )
    }

    /// Whether the run was told to stop (exit 130).
    pub const fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped { .. })
    }

    /// Whether Snowflake does not know who we are; its text then has lines, and all of them are ours.
    pub const fn is_refused_login(&self) -> bool {
        matches!(self, Self::Unauthorized(_))
    }

    /// The failure of a statement, where it is one.
    pub fn statement(&self) -> Option<&StatementFailure> {
        match self {
            Self::Statement(failure) => Some(failure),
            _ => None,
        }
    }

    /// Whether what we stand on there is missing or not granted: the role, a schema, a table, a warehouse or a pipe.
    pub fn is_setup(&self) -> bool {
        matches!(self, Self::PipeNotFound { .. } | Self::PipeForbidden { .. })
            || self.statement().is_some_and(|failure| {
                !matches!(failure.kind(), FailureKind::Cancelled | FailureKind::Sql)
            })
    }

    /// Whether the very schema that a statement names, or the role that runs it, does not exist for this user.
    pub(crate) fn is_without_setup(&self) -> bool {
        let kind = self.statement().map(StatementFailure::kind);
        matches!(kind, Some(FailureKind::Missing | FailureKind::Session))
    }

    /// Whether a statement names an object that does not exist (or that the role may not see).
    pub fn is_missing_object(&self) -> bool {
        self.statement().is_some_and(|failure| failure.kind() == FailureKind::Missing)
    }
}

/// What a person looks at where it is the way to Snowflake that is cut.
fn advised(reason: &str) -> String {
    http::advice(reason).map_or_else(String::new, |advice| format!("; {advice}"))
}

fn stopped(handle: Option<&str>, is_cancelled: bool) -> String {
    match handle {
        None => "stopped; a statement on its way to Snowflake ends there by itself".to_owned(),
        Some(handle) if is_cancelled => format!("stopped; statement `{handle}` was cancelled"),
        Some(handle) => format!(
            "stopped; statement `{handle}` could not be cancelled and ends in Snowflake by itself"
        ),
    }
}
