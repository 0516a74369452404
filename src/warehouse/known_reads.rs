//! What the ledger knows of all playlists: asked once for a fetch, not once for each of a thousand lists.

use std::collections::HashMap;

use duckdb::params;

use super::Warehouse;
use super::error::{Doing, Error};
use super::reads::{FinishedRead, KnownRead, UnfinishedRead};
use super::sql_files::ledger as sql;
use crate::ids::{PlaylistId, Subject};

/// What is known of playlists, by their ids.
#[derive(Debug, Default)]
pub(crate) struct KnownReads {
    finished: HashMap<PlaylistId, FinishedRead>,
    unfinished: HashMap<PlaylistId, UnfinishedRead>,
    newest: HashMap<PlaylistId, KnownRead>,
}

impl KnownReads {
    /// The playlist's read of this run that has ended already.
    pub(crate) fn finished(&self, playlist_id: &PlaylistId) -> Option<FinishedRead> {
        self.finished.get(playlist_id).copied()
    }

    /// The playlist's newest read, where a process began it and did not end it.
    pub(crate) fn unfinished(&self, playlist_id: &PlaylistId) -> Option<&UnfinishedRead> {
        self.unfinished.get(playlist_id)
    }

    /// The playlist's newest complete read, if all of its rows came and could be read.
    pub(crate) fn newest(&self, playlist_id: &PlaylistId) -> Option<&KnownRead> {
        self.newest.get(playlist_id)
    }

    /// Whether any of the playlist's rows were ever read.
    pub(crate) fn holds(&self, playlist_id: &PlaylistId) -> bool {
        self.newest.contains_key(playlist_id) || self.unfinished.contains_key(playlist_id)
    }

    /// Learns that a read of this run has ended.
    pub(crate) fn ended(&mut self, playlist_id: &PlaylistId, read: FinishedRead) {
        self.unfinished.remove(playlist_id);
        self.finished.insert(playlist_id.clone(), read);
    }
}

impl Warehouse {
    /// What is known of every playlist while the run reads.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn known_reads(&self, run_id: &str) -> Result<KnownReads, Error> {
        let newest = self.known_playlist_reads()?;
        let mut known = KnownReads { newest, ..KnownReads::default() };
        let doing = "look for reads of the run";
        let sql = sql::FINISHED_PLAYLIST_READS;
        let mut statement = self.connection().prepare(sql).doing(doing)?;
        let rows = statement.query_map(params![run_id], |row| {
            Ok((
                row.get::<_, String>(0)?,
                FinishedRead { read_id: row.get(1)?, total: row.get(2)? },
            ))
        });
        for row in rows.doing(doing)? {
            let (playlist_id, read) = row.doing(doing)?;
            known.finished.insert(PlaylistId::as_given(playlist_id), read);
        }
        let sql = sql::BEGUN_PLAYLISTS;
        let begun: Vec<String> = self.rows(sql, "look for unfinished reads", |row| row.get(0))?;
        for playlist_id in begun {
            let playlist_id = PlaylistId::as_given(playlist_id);
            let subject = Subject::Playlist(playlist_id.clone());
            if let Some(read) = self.unfinished_read(&subject)? {
                known.unfinished.insert(playlist_id, read);
            }
        }
        Ok(known)
    }
}
