//! What is made of the tables for listeners and for models: recommendations, features, playlists written back.
//!
//! No model is trained here, and no row leaves the machine but the songs of a new playlist. Rows that came from Spotify's API are used
//! only where the user says that they may be.

mod error;
mod features;
mod origin;
mod recommend;
mod write_back;

pub(crate) use error::Error;
pub(crate) use features::{FeatureRequest, MadeFeatures, features};
pub(crate) use origin::ApiContent;
pub(crate) use recommend::{Reason, Recommendation, Wanted, evaluate, recommend};
pub(crate) use write_back::{LeftOut, ListRequest, ListSource, NewPlaylist, foresee, make, names};
