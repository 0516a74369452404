//! Why somebody could not be forgotten, or not yet.

use crate::event::Ending;
use crate::phrase::counted;

/// A right that is missing, and what grants it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct MissingRight {
    /// The right.
    pub right: String,
    /// The statement, or the action and its resource, that grants it.
    pub grant: String,
    /// Whether Snowflake's administrator grants it.
    #[serde(skip)]
    pub(crate) is_in_snowflake: bool,
}

/// Why somebody could not be forgotten, or not yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A step on the way.
    #[error(transparent)]
    Run(#[from] crate::run::Error),
    /// Something is to be deleted that may not be.
    #[error("nothing was deleted, because rights are missing: {}", in_words(.0))]
    Rights(Vec<MissingRight>),
    /// Something else is half forgotten.
    #[error("`{command}` was begun and is not at its end: run it again first")]
    Unfinished { command: String },
    /// Nobody is logged in.
    #[error(
        "nobody is logged in, so it is not known whose data to forget: `snowtrack login` as that user, or forget the lists one by one (`--playlist ID`)"
    )]
    WhoseLogin,
    /// The search found something.
    #[error("something is left in {}: the same command tries again", counted(*count as u64, "place"))]
    Left { count: usize },
    /// What is needed to look into a file is gone.
    #[error(
        "`{key}` is neither in the local lake nor in the bucket, so it is not known whose rows are in it: put it back, and run the same command again"
    )]
    Unseen { key: String },
}

fn in_words(missing: &[MissingRight]) -> String {
    missing.iter().map(|it| format!("{} ({})", it.right, it.grant)).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// How the command ends with it.
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::Run(error) => error.ending(),
            Self::Rights(missing) => match missing.iter().any(|it| it.is_in_snowflake) {
                true => Ending::Snowflake,
                false => Ending::Lake,
            },
            Self::Unfinished { .. } | Self::WhoseLogin => Ending::Usage,
            Self::Left { .. } => Ending::Mismatch,
            Self::Unseen { .. } => Ending::Lake,
        }
    }
}

impl From<crate::state::Error> for Error {
    fn from(error: crate::state::Error) -> Self {
        Self::Run(error.into())
    }
}

impl From<crate::warehouse::Error> for Error {
    fn from(error: crate::warehouse::Error) -> Self {
        Self::Run(error.into())
    }
}

impl From<crate::lake::Error> for Error {
    fn from(error: crate::lake::Error) -> Self {
        Self::Run(error.into())
    }
}

impl From<crate::snowflake::Error> for Error {
    fn from(error: crate::snowflake::Error) -> Self {
        Self::Run(error.into())
    }
}
