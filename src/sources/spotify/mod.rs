//! Spotify's Web API and its accounts service.

mod answer;
mod auth;
mod client;
mod login;
mod playlist;
mod question;
mod quota;
mod token_file;

pub use auth::Credentials;
pub use client::{Client, Timing};
pub use login::login;
pub use playlist::{KnownList, ListReader, PlaylistReader, Step};
pub use quota::{Bucket, Lockouts, Usage};
pub use token_file::{StoredToken, TokenFile};
