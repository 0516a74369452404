//! Whether the rows may be used: those that came from Spotify's API need the user's word.

use super::error::Error;
use crate::warehouse::Listening;

/// Whether the user said that content from Spotify's API may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiContent {
    /// Said so.
    Allowed,
    /// Did not.
    Unsaid,
}

/// Refuses where rows came from the API and nobody said that they may be used.
///
/// # Errors
/// [`Error::ApiContent`] quotes the policy.
pub(super) fn check(
    file: &Listening,
    content: ApiContent,
    command: &'static str,
) -> Result<(), Error> {
    match (content, file.api_list_count()?) {
        (ApiContent::Allowed, _) | (ApiContent::Unsaid, 0) => Ok(()),
        (ApiContent::Unsaid, list_count) => Err(Error::ApiContent { command, list_count }),
    }
}
