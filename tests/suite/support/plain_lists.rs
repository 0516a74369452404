//! A library of lists that differ in their length alone.

use super::library::{Library, Playlist, Row, spotify_id};

const USER: &str = "keeper";

/// Playlists of so many songs each, by id, and so many liked songs; all take the same songs, from the first on.
pub(crate) fn plain_lists(sizes: &[u64], liked: usize) -> (Library, Vec<String>) {
    let most = sizes.iter().copied().chain([liked as u64]).max().unwrap_or(0);
    let (mut library, tracks) = Library::new(USER).with_plain_tracks(1_000, most);
    let mut ids = Vec::new();
    for (number, size) in (1..).zip(sizes) {
        let id = spotify_id(number);
        let rows =
            tracks.iter().take(usize::try_from(*size).unwrap()).map(|track| Row::track(track));
        let playlist = Playlist::new(&id, &format!("Number {number}"), USER);
        library = library.with_playlist(playlist.with_rows(rows.collect::<Vec<_>>()));
        ids.push(id);
    }
    let liked = tracks[..liked].iter().map(|track| Row::track(track).at("2024-05-01T10:00:00Z"));
    (library.with_liked(liked.collect::<Vec<_>>()), ids)
}
