//! Every status: how far a file is, how a run, a playlist and a comparison ended. Each word is spelt here and nowhere else.
//!
//! Nouns alone: they know their words and which may follow which; who finds them out stands above. The module is not called
//! `state`, because what is carried from one machine to another is.

/// A status is printed and serialized as its name.
macro_rules! written_by_name {
    ($status:ty) => {
        impl ::std::fmt::Display for $status {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::serde::Serialize for $status {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

mod file_state;
mod playlist_status;
mod run_status;
mod stream_state;
mod verdict;

pub use file_state::{FileState, UnknownState};
pub use playlist_status::PlaylistStatus;
pub use run_status::{RunStatus, UnknownStatus};
pub use stream_state::StreamState;
pub use verdict::{RunVerdict, Verdict};
