//! The parts of the report, in the order in which they are read.

mod artists;
mod changes;
mod genres;
mod playlists;
mod proof;
mod quality;
mod trends;

use super::asked::Asked;
use super::charts::{Chart, Text};
use crate::warehouse::Error;
pub(super) use proof::Run;

/// A part of the report.
pub(super) struct Section {
    pub(super) title: &'static str,
    /// What it says, in a sentence or two.
    pub(super) lede: String,
    pub(super) parts: Vec<Part>,
}

/// What a section consists of.
pub(super) enum Part {
    Chart(Box<Chart>),
    List(List),
    /// What there is nothing to draw of, and why.
    Note {
        title: &'static str,
        words: &'static str,
    },
}

/// Names, with what is said of each.
pub(super) struct List {
    pub(super) title: Text,
    pub(super) entries: Vec<Entry>,
    /// How many there are besides.
    pub(super) left_out: u64,
}

/// A line of a list.
pub(super) struct Entry {
    pub(super) text: Text,
    /// Before the name: `+`, with the word that says it to who cannot see.
    pub(super) mark: Option<Mark>,
    /// Behind the name.
    pub(super) detail: Vec<Text>,
}

/// Whether something came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Added,
    Removed,
}

impl From<Chart> for Part {
    fn from(chart: Chart) -> Self {
        Self::Chart(Box::new(chart))
    }
}

pub(super) fn all(asked: &Asked) -> Result<Vec<Section>, Error> {
    Ok(vec![
        changes::section(asked)?,
        trends::section(asked)?,
        artists::section(asked)?,
        playlists::section(asked)?,
        genres::section(asked)?,
        quality::section(asked)?,
        proof::section(asked)?,
    ])
}
