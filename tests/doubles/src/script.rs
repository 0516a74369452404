//! Faults in a file: what `script(…)` does in a test, for programs that are started with `--script FAULTS.toml`.
//!
//! In: TOML with a table per fault. Out: the doubles' own scripts. What goes wrong and when is named as in the doubles' `Fault` and
//! `When`, in snake case; a name that is not known is an error that lists the known ones. What only a test can say (a change of
//! the library between two calls) has no words here.
//!
//! ```toml
//! [[spotify]]
//! when = { path = "/v1/playlists/" }      # or { call = 3 }, { query = "offset=50" }, "any" (the default)
//! times = 2                               # 1 where it is not said
//! fault = { rate_limited = { retry_after_secs = 2 } }
//!
//! [[snowflake]]
//! when = { sql = "from spotify.raw.songs" } # or { call = 3 }, { path = "insertFiles" }, "handle", "any"
//! fault = "reset_after"
//!
//! [[load]]
//! key = "raw/songs/"                      # loads of files whose key contains this
//! nth = 2                                 # the second such load, and `times - 1` after it; 1 where it is not said
//! fault = "corrupt_value"
//!
//! [[s3]]
//! op = "put"
//! nth = 2                                 # the second such call, and `times - 1` after it
//! fault = { answer = { status = 503, code = "SlowDown", message = "Please reduce your request rate." } }
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::s3::{self, FakeS3, Op};
use crate::snowflake::{self, FakeSnowflake};
use crate::spotify::{self, FakeSpotify};

/// Every fault of a file, in its order.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    spotify: Vec<Entry<SpotifyWhen, SpotifyFault>>,
    snowflake: Vec<Entry<SnowflakeWhen, SnowflakeFault>>,
    load: Vec<Load>,
    s3: Vec<S3>,
}

/// A fault and the calls it strikes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<When: Default, Fault> {
    #[serde(default)]
    when: When,
    #[serde(default)]
    times: Times,
    fault: Fault,
}

/// A fault of a load.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Load {
    key: String,
    #[serde(default)]
    nth: Times,
    #[serde(default)]
    times: Times,
    fault: LoadFault,
}

/// A fault of the bucket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct S3 {
    op: S3Op,
    #[serde(default)]
    nth: Times,
    #[serde(default)]
    times: Times,
    fault: S3Fault,
}

/// At least once.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "usize")]
struct Times(usize);

/// A status of HTTP's.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
struct Status(u16);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SpotifyWhen {
    #[default]
    Any,
    Call(usize),
    Path(String),
    Query(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SpotifyFault {
    Status(Answer),
    RateLimited {
        retry_after_secs: Option<u64>,
        #[serde(default)]
        plain_text: bool,
    },
    QuotaExceeded,
    PremiumRequired,
    NotAllowListed,
    Reset,
    TruncatedBody,
    TruncatedJson,
    Html(Status),
    Hang,
    Slow(Pace),
    Endless,
    Bomb,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SnowflakeWhen {
    #[default]
    Any,
    Call(usize),
    Path(String),
    Sql(String),
    Handle,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SnowflakeFault {
    Unauthorized,
    TooMany { retry_after_secs: Option<u64> },
    Html(Status),
    Empty(Status),
    Status(Answer),
    ResetBefore,
    ResetAfter,
    TruncatedJson,
    TruncatedBody,
    Slow(Pace),
    Hang,
    HangAfter,
    Accepted { polls: usize },
    TimedOut,
    Failed { code: String, sql_state: String, message: String },
    CutOff,
    Partitions { size: usize },
    Endless,
    Bomb,
    WrongRowCount,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LoadFault {
    DropRow,
    CorruptValue,
    LoadTwice,
    Fail(String),
    InParts(u32),
    Unreported,
    LateReportSecs(u64),
    ReportTwice,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum S3Op {
    Head,
    Put,
    Begin,
    Part,
    Complete,
    Abort,
    ListUploads,
    List,
    Get,
    Delete,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum S3Fault {
    Reset,
    LostAnswer,
    CutAnswer,
    Hang,
    HangAfter,
    Damage,
    Answer { status: Status, code: String, message: String },
}

/// Any answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    code: Status,
    #[serde(default)]
    body: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// A few bytes at a time.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pace {
    chunk_size_bytes: usize,
    gap_ms: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<usize> for Times {
    type Error = &'static str;

    fn try_from(count: usize) -> Result<Self, Self::Error> {
        if count == 0 { Err("0 is never; wanted 1 or more") } else { Ok(Self(count)) }
    }
}

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(code: u16) -> Result<Self, Self::Error> {
        let is_final = (200..600).contains(&code);
        if is_final {
            Ok(Self(code))
        } else {
            Err(format!("{code} is no status; wanted 200 to 599"))
        }
    }
}

impl Script {
    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong, with its line and the known words.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// The services it scripts, by the names of its tables.
    pub fn services(&self) -> Vec<&'static str> {
        let tables = [
            ("spotify", !self.spotify.is_empty()),
            ("snowflake", !self.snowflake.is_empty() || !self.load.is_empty()),
            ("s3", !self.s3.is_empty()),
        ];
        tables.into_iter().filter(|(_, is_scripted)| *is_scripted).map(|(name, _)| name).collect()
    }

    /// Lets calls to Spotify go wrong.
    pub fn apply_to_spotify(&self, double: &FakeSpotify) {
        for Entry { when, times, fault } in self.spotify.clone() {
            double.script(when.into(), times.0, fault.into());
        }
    }

    /// Lets calls to Snowflake and loads go wrong.
    pub fn apply_to_snowflake(&self, double: &FakeSnowflake) {
        for Entry { when, times, fault } in self.snowflake.clone() {
            double.script(when.into(), times.0, fault.into());
        }
        for Load { key, nth, times, fault } in self.load.clone() {
            double.script_nth_load(&key, nth.0, times.0, fault.into());
        }
    }

    /// Lets calls to the bucket go wrong.
    pub fn apply_to_s3(&self, double: &FakeS3) {
        for S3 { op, nth, times, fault } in self.s3.clone() {
            double.script(op.into(), nth.0, times.0, fault.into());
        }
    }
}

impl From<SpotifyWhen> for spotify::When {
    fn from(when: SpotifyWhen) -> Self {
        match when {
            SpotifyWhen::Any => Self::Any,
            SpotifyWhen::Call(number) => Self::Call(number),
            SpotifyWhen::Path(prefix) => Self::Path(prefix),
            SpotifyWhen::Query(part) => Self::Query(part),
        }
    }
}

impl From<SpotifyFault> for spotify::Fault {
    fn from(fault: SpotifyFault) -> Self {
        match fault {
            SpotifyFault::Status(Answer { code, body, headers }) => {
                Self::Status { code: code.0, body, headers: named(headers) }
            }
            SpotifyFault::RateLimited { retry_after_secs, plain_text } => {
                Self::RateLimited { retry_after: retry_after_secs, plain_text }
            }
            SpotifyFault::QuotaExceeded => Self::QuotaExceeded,
            SpotifyFault::PremiumRequired => Self::PremiumRequired,
            SpotifyFault::NotAllowListed => Self::NotAllowListed,
            SpotifyFault::Reset => Self::Reset,
            SpotifyFault::TruncatedBody => Self::TruncatedBody,
            SpotifyFault::TruncatedJson => Self::TruncatedJson,
            SpotifyFault::Html(code) => Self::HtmlBody(code.0),
            SpotifyFault::Hang => Self::Hang,
            SpotifyFault::Slow(Pace { chunk_size_bytes, gap_ms }) => {
                Self::SlowChunks { chunk_size_bytes, gap: gap(gap_ms) }
            }
            SpotifyFault::Endless => Self::Endless,
            SpotifyFault::Bomb => Self::Bomb,
        }
    }
}

impl From<SnowflakeWhen> for snowflake::When {
    fn from(when: SnowflakeWhen) -> Self {
        match when {
            SnowflakeWhen::Any => Self::Any,
            SnowflakeWhen::Call(number) => Self::Call(number),
            SnowflakeWhen::Path(part) => Self::Path(part),
            SnowflakeWhen::Sql(part) => Self::Sql(part),
            SnowflakeWhen::Handle => Self::Handle,
        }
    }
}

impl From<SnowflakeFault> for snowflake::Fault {
    fn from(fault: SnowflakeFault) -> Self {
        match fault {
            SnowflakeFault::Unauthorized => Self::Unauthorized,
            SnowflakeFault::TooMany { retry_after_secs } => {
                Self::TooMany { retry_after: retry_after_secs }
            }
            SnowflakeFault::Html(code) => Self::Html(code.0),
            SnowflakeFault::Empty(code) => Self::Empty(code.0),
            SnowflakeFault::Status(Answer { code, body, headers }) => {
                Self::Status { code: code.0, body, headers: named(headers) }
            }
            SnowflakeFault::ResetBefore => Self::ResetBefore,
            SnowflakeFault::ResetAfter => Self::ResetAfter,
            SnowflakeFault::TruncatedJson => Self::TruncatedJson,
            SnowflakeFault::TruncatedBody => Self::TruncatedBody,
            SnowflakeFault::Slow(Pace { chunk_size_bytes, gap_ms }) => {
                Self::Slow { chunk_size_bytes, gap: gap(gap_ms) }
            }
            SnowflakeFault::Hang => Self::Hang,
            SnowflakeFault::HangAfter => Self::HangAfter,
            SnowflakeFault::Accepted { polls } => Self::Accepted { polls },
            SnowflakeFault::TimedOut => Self::TimedOut,
            SnowflakeFault::Failed { code, sql_state, message } => {
                Self::Failed { code, sql_state, message }
            }
            SnowflakeFault::CutOff => Self::CutOff,
            SnowflakeFault::Partitions { size } => Self::Partitions { size, is_unmarked: false },
            SnowflakeFault::Endless => Self::Endless,
            SnowflakeFault::Bomb => Self::Bomb { is_marked: true },
            SnowflakeFault::WrongRowCount => Self::WrongRowCount,
        }
    }
}

impl From<LoadFault> for snowflake::LoadFault {
    fn from(fault: LoadFault) -> Self {
        match fault {
            LoadFault::DropRow => Self::DropRow,
            LoadFault::CorruptValue => Self::CorruptValue,
            LoadFault::LoadTwice => Self::LoadTwice,
            LoadFault::Fail(reason) => Self::Fail(reason),
            LoadFault::InParts(count) => Self::InParts(count),
            LoadFault::Unreported => Self::Unreported,
            LoadFault::LateReportSecs(seconds) => Self::LateReport(Duration::from_secs(seconds)),
            LoadFault::ReportTwice => Self::ReportTwice,
        }
    }
}

impl From<S3Op> for Op {
    fn from(op: S3Op) -> Self {
        match op {
            S3Op::Head => Self::Head,
            S3Op::Put => Self::Put,
            S3Op::Begin => Self::Begin,
            S3Op::Part => Self::Part,
            S3Op::Complete => Self::Complete,
            S3Op::Abort => Self::Abort,
            S3Op::ListUploads => Self::ListUploads,
            S3Op::List => Self::List,
            S3Op::Get => Self::Get,
            S3Op::Delete => Self::Delete,
        }
    }
}

impl From<S3Fault> for s3::Fault {
    fn from(fault: S3Fault) -> Self {
        match fault {
            S3Fault::Reset => Self::Reset,
            S3Fault::LostAnswer => Self::LostAnswer,
            S3Fault::CutAnswer => Self::CutAnswer,
            S3Fault::Hang => Self::Hang,
            S3Fault::HangAfter => Self::HangAfter,
            S3Fault::Damage => Self::Damage,
            S3Fault::Answer { status, code, message } => {
                Self::answer(status.0, code.leak(), message.leak())
            }
        }
    }
}

/// Header names as the doubles hold them; a script is read once and lasts as long as its program.
fn named(headers: BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    headers.into_iter().map(|(name, value)| (&*name.leak(), value)).collect()
}

const fn gap(ms: u64) -> Duration {
    Duration::from_millis(if ms == 0 { 1 } else { ms })
}
