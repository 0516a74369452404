//! What Spotify answers, and what files it is read from.

mod bombs;
pub(crate) mod documents;
mod enrich;
mod genres;
mod hostile_texts;
mod kept_logins;
mod liked;
pub(crate) mod live;
mod login;
mod nonsense;
mod odd_answers;
mod odd_details;
mod odd_files;
mod odd_lists;
mod premium;
mod quota;
mod recordings;
mod redirects;
mod replays;
mod rows_without_item;
mod spotify_outages;
mod waits;
