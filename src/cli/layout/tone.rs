//! What a colour means.

use anstyle::{AnsiColor, Style};

use crate::operate::Health;
use crate::snowflake::Health as PipeHealth;
use crate::status::{FileState, PlaylistStatus, RunStatus, RunVerdict, Verdict};

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::cli) enum Tone {
    /// Nothing by itself.
    #[default]
    Plain,
    /// It is well.
    Ok,
    /// Somebody should look at it, or it is still to come.
    Warn,
    /// It is not well.
    Fail,
    /// It matters less than what is beside it.
    Dim,
}

impl Tone {
    /// A text in the colour.
    pub(super) fn paint(self, text: &str) -> String {
        let style = match self {
            _ if text.is_empty() => return String::new(),
            Self::Plain => return text.to_owned(),
            Self::Ok => AnsiColor::Green.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Fail => AnsiColor::Red.on_default().bold(),
            Self::Dim => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }
}

impl From<RunStatus> for Tone {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Verified | RunStatus::Exported | RunStatus::Unchanged => Self::Ok,
            RunStatus::Pending | RunStatus::Stopped | RunStatus::Uploaded | RunStatus::Ingested => {
                Self::Warn
            }
            RunStatus::Failed | RunStatus::Refused => Self::Fail,
            RunStatus::Superseded => Self::Dim,
            RunStatus::Running => Self::Plain,
        }
    }
}

impl From<FileState> for Tone {
    fn from(state: FileState) -> Self {
        match state {
            FileState::Verified => Self::Ok,
            FileState::Failed | FileState::Mismatch => Self::Fail,
            FileState::Superseded => Self::Dim,
            FileState::Exported
            | FileState::Uploaded
            | FileState::Submitting
            | FileState::Accepted
            | FileState::Loaded => Self::Plain,
        }
    }
}

impl From<Verdict> for Tone {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Verified => Self::Ok,
            Verdict::Pending => Self::Warn,
            Verdict::Failed | Verdict::Mismatch => Self::Fail,
        }
    }
}

impl From<RunVerdict> for Tone {
    fn from(verdict: RunVerdict) -> Self {
        match verdict {
            RunVerdict::Verified => Self::Ok,
            RunVerdict::Pending => Self::Warn,
            RunVerdict::Failed | RunVerdict::Mismatch => Self::Fail,
            RunVerdict::Skipped => Self::Plain,
        }
    }
}

impl From<PlaylistStatus> for Tone {
    fn from(status: PlaylistStatus) -> Self {
        match status {
            PlaylistStatus::Fetched => Self::Ok,
            PlaylistStatus::Unchanged => Self::Dim,
            PlaylistStatus::Failed | PlaylistStatus::NotFound => Self::Fail,
            PlaylistStatus::PutOff | PlaylistStatus::ContentsUnavailable => Self::Warn,
        }
    }
}

impl From<Health> for Tone {
    fn from(health: Health) -> Self {
        match health {
            Health::Ok => Self::Ok,
            Health::Warn => Self::Warn,
            Health::Fail => Self::Fail,
            Health::Skipped => Self::Dim,
        }
    }
}

impl From<PipeHealth> for Tone {
    fn from(health: PipeHealth) -> Self {
        match health {
            PipeHealth::Ok => Self::Ok,
            PipeHealth::Warn => Self::Warn,
            PipeHealth::Fail => Self::Fail,
        }
    }
}
