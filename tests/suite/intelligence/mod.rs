//! What is made of the tables: recommendations, features, playlists written back.

mod features;
mod playlist;
mod recommend;
