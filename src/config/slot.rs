//! The place of a setting's value in what holds: one for writing it from text, showing it, and saying of what kind it is.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::MASK;
use super::observe::{METRICS, Metrics};
use crate::ids::DataDir;
use crate::lake::{Format, LOCATION, Location};
use crate::snowflake::{IngestMode, TargetLag, TokenType};
use crate::stream::StreamAddress;

/// How a value is written in `snowtrack.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In quotes.
    Text,
    /// A whole number.
    Number,
    /// Texts between brackets.
    List,
}

/// Where a setting's value is kept, by its type.
pub(super) enum Slot<'a> {
    Text(&'a mut String),
    OptionalText(&'a mut Option<String>),
    Texts(&'a mut Vec<String>),
    Secret(&'a mut Option<SecretString>),
    Folder(&'a mut DataDir),
    Path(&'a mut Option<PathBuf>),
    Number(&'a mut u64),
    Location(&'a mut Option<Location>),
    Seconds(&'a mut Duration),
    OptionalAge(&'a mut Option<Duration>),
    Milliseconds(&'a mut Duration),
    Format(&'a mut Format),
    Ingest(&'a mut IngestMode),
    Lag(&'a mut TargetLag),
    TokenType(&'a mut Option<TokenType>),
    Metrics(&'a mut Option<Metrics>),
    Stream(&'a mut Option<StreamAddress>),
}

impl Slot<'_> {
    /// Takes the value that a text is; the error says what would have been one.
    pub(super) fn take(self, text: &str) -> Result<(), &'static str> {
        match self {
            Self::Text(slot) => text.clone_into(slot),
            Self::OptionalText(slot) => *slot = Some(text.to_owned()),
            Self::Texts(slot) => {
                let texts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
                *slot = texts.map(str::to_owned).collect();
            }
            Self::Secret(slot) => *slot = Some(text.into()),
            Self::Folder(slot) => *slot = DataDir::new(text),
            Self::Path(slot) => *slot = Some(text.into()),
            Self::Number(slot) => *slot = text.parse().map_err(|_| "a whole number")?,
            Self::Location(slot) => *slot = Some(text.parse().map_err(|_| LOCATION)?),
            Self::Seconds(slot) => {
                let seconds = text.parse().map_err(|_| "a whole number of seconds")?;
                *slot = Duration::from_secs(seconds);
            }
            Self::OptionalAge(slot) => {
                let wanted = "a number and its unit, such as `90d`, `12h`, `10m` or `30s`";
                *slot = Some(age(text).ok_or(wanted)?);
            }
            Self::Milliseconds(slot) => {
                let milliseconds = text.parse().map_err(|_| "a whole number of milliseconds")?;
                *slot = Duration::from_millis(milliseconds);
            }
            Self::Format(slot) => {
                let found = [Format::Parquet, Format::Csv].into_iter().find(|it| it.name() == text);
                *slot = found.ok_or("`parquet` or `csv`")?;
            }
            Self::Ingest(slot) => {
                *slot = IngestMode::of_name(text).ok_or("`rest`, `auto` or `copy`")?;
            }
            Self::Lag(slot) => {
                let wanted = "minutes, hours or days such as `1 hour`, at least `1 minute`";
                *slot = text.parse().map_err(|_| wanted)?;
            }
            Self::TokenType(slot) => {
                *slot = Some(text.parse().map_err(|_| "`PAT`, `OAuth` or `WIF`")?);
            }
            Self::Metrics(slot) => *slot = Some(text.parse().map_err(|_| METRICS)?),
            Self::Stream(slot) => *slot = Some(text.parse()?),
        }
        Ok(())
    }

    /// How such a value is written in `snowtrack.toml`.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Number(_) | Self::Seconds(_) | Self::Milliseconds(_) => Kind::Number,
            Self::Texts(_) => Kind::List,
            _ => Kind::Text,
        }
    }

    /// The value as text, a secret masked; `None` where there is none.
    pub(super) fn shown(&self) -> Option<String> {
        match self {
            Self::Text(slot) => Some((*slot).clone()),
            Self::OptionalText(slot) => (*slot).clone(),
            Self::Texts(slot) => (!slot.is_empty()).then(|| slot.join(",")),
            Self::Secret(slot) => slot.as_ref().map(|_| MASK.to_owned()),
            Self::Folder(slot) => Some(slot.display().to_string()),
            Self::Path(slot) => slot.as_ref().map(|path| path.display().to_string()),
            Self::Number(slot) => Some(slot.to_string()),
            Self::Location(slot) => slot.as_ref().map(Location::to_string),
            Self::Seconds(slot) => Some(slot.as_secs().to_string()),
            Self::OptionalAge(slot) => slot.map(shown_age),
            Self::Milliseconds(slot) => Some(slot.as_millis().to_string()),
            Self::Format(slot) => Some(slot.name().to_owned()),
            Self::Ingest(slot) => Some(slot.name().to_owned()),
            Self::Lag(slot) => Some(slot.to_string()),
            Self::Metrics(slot) => slot.as_ref().map(Metrics::to_string),
            Self::Stream(slot) => slot.as_ref().map(StreamAddress::to_string),
            Self::TokenType(slot) => {
                let name = |kind: TokenType| match kind {
                    TokenType::Pat => "PAT",
                    TokenType::OAuth => "OAuth",
                    TokenType::Wif => "WIF",
                };
                slot.map(|kind| name(kind).to_owned())
            }
        }
    }
}

/// The units of an age, the longest first, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

fn age(text: &str) -> Option<Duration> {
    let (number, seconds) =
        UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)))?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_number)?;
    // A century: it is taken from a time of day.
    let seconds = number.checked_mul(seconds).filter(|it| *it <= 36_600 * 86_400)?;
    Some(Duration::from_secs(seconds))
}

/// In the longest unit that leaves nothing over.
fn shown_age(age: Duration) -> String {
    let seconds = age.as_secs();
    let whole = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit) && 0 < seconds);
    whole.map_or_else(|| format!("{seconds}s"), |(unit, size)| format!("{}{unit}", seconds / size))
}
