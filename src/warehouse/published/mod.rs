//! Renews the analysts' file: `core` and `marts` in a file of its own, swapped in by rename.
//!
//! Readers keep the file that they have open; nobody waits for anybody. The next version is a copy of the old one with what
//! changed since, so that its cost follows the change. It is written from nothing where the old one is missing, is not
//! what was published (size, time and row counts tell), has another layout, has grown wasteful, cannot be copied, or where most of
//! its rows changed. What runs did (`operations`) is brought into a copy at the end of every run, also of one without news.

mod aside;
mod copy;
mod descriptions;
mod features;
mod file;
mod made_features;
mod next_version;
mod operations;
mod writer;

#[cfg(test)]
mod feature_tests;
#[cfg(test)]
mod tests;

pub(crate) use features::FeatureWish;
pub(crate) use file::PublishedFile;
pub(crate) use made_features::{FEATURE_FILES, FeatureTable, PublishedFeatures, remove_features};
pub(crate) use next_version::NextVersion;
pub(super) use next_version::rewrite_published;
pub(crate) use writer::{remove_if_there, remove_leftovers};
