//! Why there is no answer.

use std::path::PathBuf;

use crate::definitions::NotAsked;
use crate::guard::Refusal;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAnswered {
    /// The guard, or DuckDB, refused the query.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No ready question is asked so.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
    /// A value of a parameter that cannot be one.
    #[error("the value of the parameter `{name}` is none: wanted a text or a number")]
    NoValue { name: String },
    /// There is nothing to ask yet.
    #[error(
        "there is no published file `{path}` yet: `snowtrack run` makes it; a server that another program starts needs the whole path, `--data-dir /home/me/data`"
    )]
    NotPublished { path: PathBuf },
    /// No table of the published file has the name.
    #[error("there is no table `{name}`; without a name, `describe` lists those that there are")]
    UnknownTable { name: String },
    /// There was no run yet.
    #[error("there was no run yet in this data directory: `snowtrack run` begins one")]
    NoRun,
    /// No run is meant by the word, or several are.
    #[error(
        "`{word}` is {found} here: wanted a run's id, a beginning that only one has, or `latest`; `status` lists the latest"
    )]
    UnknownRun { word: String, found: &'static str },
    /// The ledger.
    #[error(transparent)]
    Run(#[from] crate::run::Error),
    /// The same, underneath.
    #[error(transparent)]
    Warehouse(#[from] crate::warehouse::Error),
    /// A bug of ours.
    #[error("the answer could not be made: {cause}")]
    Unread { cause: String },
}

impl NotAnswered {
    /// With its causes, in one text.
    pub(crate) fn told(&self) -> String {
        crate::causes::causes(self).join(": ")
    }

    /// The same for who has tools and no command line.
    pub(crate) fn for_tools(&self) -> String {
        match self {
            Self::NotAsked(error) => error.for_tools(),
            Self::Refused(_) => of_tools(&self.told()),
            _ => self.told(),
        }
    }
}

/// What a refusal says of the command line, in the words of the server's tools.
fn of_tools(told: &str) -> String {
    let told = told.split("; for more: open").next().unwrap_or_default();
    told.replace(" (`--timeout`)", "")
        .replace("`snowtrack query --tables` lists what there is", "`describe` lists what there is")
}
