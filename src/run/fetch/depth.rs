//! How far a fetch goes: to its end, or no further than it takes to foresee it.

use std::collections::BTreeMap;

use crate::sources::{Document, KnownList};

/// The run whose app may not ask for several objects at once; the next run tries again, for the app may be another.
pub(super) const BATCHES_REFUSED_IN: &str = "batches_refused_in";

/// How far a fetch goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Depth {
    /// To its end.
    #[default]
    End,
    /// To its end, for a plan.
    Details,
    /// To the end of each list, whose rows name the artists and albums that would be asked for.
    Lists,
    /// To the first page of each list, which says how many others there are.
    FirstPages,
    /// Nobody is asked: what the ledger knows is taken for what there is.
    Ledger,
}

/// Whether a fetch only foresees, and what it has foreseen.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    pub(super) depth: Depth,
    pub(super) is_user_foreseen: bool,
    /// Lists that have news, and how many rows they announce; only of those that were not read to their end.
    pub(crate) announced: BTreeMap<String, u64>,
    /// Rows that are going to come of them.
    pub(crate) row_count: u64,
    /// The liked songs as they are held.
    pub(super) held_liked: Option<KnownList>,
    /// Artists and albums that are going to come.
    pub(crate) detail_count: u64,
}

/// What came of a question for artists or albums.
pub(super) enum Details {
    /// The answer.
    Given(Document),
    /// The app may not ask for several at once.
    NotTogether,
    /// Nothing, because it is only counted.
    Foreseen,
}

impl Ahead {
    /// One that looks so far.
    pub(crate) fn new(depth: Depth) -> Self {
        Self { depth, ..Self::default() }
    }

    /// Whether nobody is asked.
    pub(super) fn is_of_ledger(&self) -> bool {
        self.depth == Depth::Ledger
    }
}
