//! The file that holds a login: readable by its owner alone, replaced whole, and never found missing once Spotify has answered.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, Months, Utc};
use serde::{Deserialize, Serialize};

use crate::sources::error::Error;

/// A login lasts six months from the day on which the user agreed; refreshing does not extend it.
///
/// <https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration>
const LIFETIME: Months = Months::new(6);
/// From this day on each run says when the login ends.
const TOLD_AFTER: Days = Days::new(150);
/// Far more than a login takes: a new one has room where it was made beforehand, also on a disk that is full by then.
const ROOM_BYTES: usize = 16 << 10;

/// The file that holds a login.
#[derive(Debug, Clone)]
pub(crate) struct TokenFile(pub PathBuf);

/// A login as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredToken {
    /// The app that the login belongs to.
    pub(crate) client_id: String,
    /// What new access tokens are asked with.
    pub(crate) refresh_token: String,
    /// What the user agreed to.
    pub(crate) scopes: Vec<String>,
    /// When the user agreed; the six months count from here.
    pub(crate) authorized_at: Option<DateTime<Utc>>,
    /// The configured refresh token that this one descends from.
    #[serde(default)]
    pub(crate) descends_from: Option<String>,
}

impl StoredToken {
    /// When the login ends, where it is known when the user agreed.
    pub(super) fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.authorized_at?.checked_add_months(LIFETIME)
    }

    /// The same, once it is near enough to be told.
    pub(crate) fn ends_soon(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let is_near = self.authorized_at?.checked_add_days(TOLD_AFTER)? <= now;
        is_near.then(|| self.ends_at())?
    }
}

/// A file beside the stored login, already as large as a new one, that takes its place once there is a new one.
pub(super) struct Room {
    file: File,
    path: PathBuf,
    token_file: TokenFile,
}

impl TokenFile {
    /// The stored login, if there is one.
    pub(crate) fn load(&self) -> Result<Option<StoredToken>, Error> {
        let doing = "read the login in";
        let failed = |source| self.failed(doing, source);
        let metadata = match std::fs::metadata(&self.0) {
            Ok(metadata) => metadata,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        // A pipe would be waited for.
        if !metadata.is_file() {
            return Err(failed(std::io::Error::other("it is not a regular file")));
        }
        let mut text = Vec::new();
        let file = File::open(&self.0).map_err(failed)?;
        file.take(1 << 20).read_to_end(&mut text).map_err(failed)?;
        // A broken file is as good as none: logging in again replaces it.
        Ok(serde_json::from_slice(&text).ok())
    }

    /// Its permissions, where others than its owner may read or write it.
    #[cfg(unix)]
    pub(crate) fn open_to_others(&self) -> Option<u32> {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&self.0).ok()?.permissions().mode() & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }

    /// Its permissions, where others than its owner may read or write it: nothing that this system would tell.
    #[cfg(not(unix))]
    pub(crate) fn open_to_others(&self) -> Option<u32> {
        None
    }

    /// Replaces the stored login; a crash leaves either the old or the new one.
    pub(crate) fn store(&self, token: &StoredToken) -> Result<(), Error> {
        self.make_room()?.keep(token)
    }

    /// Makes room for a new login before Spotify is asked for one: what it gives may end the login that is stored.
    pub(super) fn make_room(&self) -> Result<Room, Error> {
        let directory = self.0.parent().unwrap_or_else(|| Path::new("."));
        let path = self.0.with_extension("json.new");
        let failed = |source| Error::File {
            doing: "make room for a new login in",
            path: path.display().to_string(),
            source,
        };
        crate::disk::create_private_dir(directory).map_err(failed)?;
        let mut options = std::fs::OpenOptions::new();
        // A leftover would keep its own permissions.
        let _ = std::fs::remove_file(&path);
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(&path).map_err(failed)?;
        let mut room = Room { file, path: path.clone(), token_file: self.clone() };
        let filled = room.file.write_all(&[b' '; ROOM_BYTES]).and_then(|()| room.file.sync_all());
        filled.map_err(failed)?;
        Ok(room)
    }

    /// Takes a login away that is worth nothing any more; that it cannot be taken away changes nothing.
    pub(super) fn forget(&self) {
        let _ = std::fs::remove_file(&self.0);
    }

    /// Takes the stored login away for good, with what a killed process left of a new one; returns whether there was any.
    pub(crate) fn remove(&self) -> Result<bool, Error> {
        let mut is_removed = false;
        for path in [self.0.clone(), self.0.with_extension("json.new")] {
            match std::fs::remove_file(&path) {
                Ok(()) => is_removed = true,
                Err(source) if source.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => {
                    let path = path.display().to_string();
                    return Err(Error::File { doing: "remove the login", path, source });
                }
            }
        }
        Ok(is_removed)
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> Error {
        Error::File { doing, path: self.0.display().to_string(), source }
    }
}

impl Room {
    /// Writes the login and puts it in the place of the stored one.
    pub(super) fn keep(mut self, token: &StoredToken) -> Result<(), Error> {
        let kept = self.write(token).and_then(|()| std::fs::rename(&self.path, &self.token_file.0));
        kept.map_err(|source| self.token_file.failed("store the login in", source))
    }

    fn write(&mut self, token: &StoredToken) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(token)?;
        self.file.rewind()?;
        self.file.write_all(&text)?;
        self.file.set_len(text.len() as u64)?;
        self.file.sync_all()
    }
}

impl Drop for Room {
    /// Nothing is left beside the login; after a rename there is nothing to take away.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorized(at: &str) -> StoredToken {
        StoredToken {
            client_id: "app".to_owned(),
            refresh_token: "token".to_owned(),
            scopes: Vec::new(),
            authorized_at: Some(at.parse().unwrap()),
            descends_from: None,
        }
    }

    #[test]
    fn the_end_of_a_login_is_told_from_its_150th_day_on() {
        let login = authorized("2026-01-31T10:00:00Z");
        let told = |now: &str| login.ends_soon(now.parse().unwrap()).map(|end| end.to_string());
        assert_eq!(told("2026-06-30T09:59:59Z"), None);
        // Day 150; six months after the last of January is the last of July.
        assert_eq!(told("2026-06-30T10:00:00Z").as_deref(), Some("2026-07-31 10:00:00 UTC"));
        assert_eq!(told("2026-12-24T10:00:00Z").as_deref(), Some("2026-07-31 10:00:00 UTC"));
        let unknown = StoredToken { authorized_at: None, ..login };
        assert_eq!(unknown.ends_soon("2026-12-24T10:00:00Z".parse().unwrap()), None);
    }

    #[test]
    fn room_for_a_login_leaves_nothing_behind_and_the_stored_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile(folder.path().join("login/spotify_token.json"));
        file.store(&authorized("2026-01-31T10:00:00Z")).unwrap();
        let before = std::fs::read(&file.0).unwrap();
        drop(file.make_room().unwrap());
        assert_eq!(std::fs::read(&file.0).unwrap(), before);
        let room = file.make_room().unwrap();
        let renewed =
            StoredToken { refresh_token: "next".to_owned(), ..file.load().unwrap().unwrap() };
        room.keep(&renewed).unwrap();
        assert_eq!(file.load().unwrap().unwrap().refresh_token, "next");
        assert_eq!(std::fs::read_dir(folder.path().join("login")).unwrap().count(), 1);
    }
}
