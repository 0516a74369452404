//! How files are written.

use serde::Deserialize;

/// How files are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Parquet with zstd.
    #[default]
    Parquet,
    /// CSV with gzip; NULL is an empty field, and text stands in quotes.
    Csv,
}

impl Format {
    /// As configuration and manifest write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    /// The format of a file that was exported earlier, whatever is configured now.
    pub fn of_key(key: &str) -> Option<Self> {
        let ends = |format: &Self| {
            key.strip_suffix(format.ending()).is_some_and(|name| name.ends_with('.'))
        };
        [Self::Parquet, Self::Csv].into_iter().find(ends)
    }

    /// What its files' names end in.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv.gz",
        }
    }
}
