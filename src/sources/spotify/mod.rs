//! Spotify's Web API and its accounts service.

mod answer;
mod auth;
mod client;
mod known_user;
mod list;
mod login;
mod playlist;
mod question;
mod quota;
mod reader;
mod step;
mod token_file;
mod writer;

pub(crate) use auth::{Credentials, NewLogin};
pub(crate) use client::Client;
pub use client::SpotifyTiming;
pub use known_user::KnownUser;
pub(crate) use list::{KnownList, ListReader};
pub(crate) use login::{Permission, Wish, login};
pub(crate) use playlist::PlaylistReader;
pub(crate) use quota::{Lockouts, Questions};
pub(crate) use reader::Reader;
pub(crate) use step::Step;
pub(crate) use token_file::TokenFile;
pub(crate) use writer::{NewList, ReadSong};
