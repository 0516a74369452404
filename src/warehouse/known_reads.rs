//! What the ledger knows of all playlists: asked once for a fetch, not once for each of a thousand lists.

use std::collections::HashMap;

use duckdb::params;

use super::Warehouse;
use super::error::{Doing, Error};
use super::reads::{FinishedRead, KnownRead, UnfinishedRead};
use super::sql_files::ledger as sql;

/// What is known of playlists, by their ids.
#[derive(Debug, Default)]
pub(crate) struct KnownReads {
    finished: HashMap<String, FinishedRead>,
    unfinished: HashMap<String, UnfinishedRead>,
    newest: HashMap<String, KnownRead>,
}

impl KnownReads {
    /// The playlist's read of this run that has ended already.
    pub(crate) fn finished(&self, playlist_id: &str) -> Option<FinishedRead> {
        self.finished.get(playlist_id).copied()
    }

    /// The playlist's newest read, where a process began it and did not end it.
    pub(crate) fn unfinished(&self, playlist_id: &str) -> Option<&UnfinishedRead> {
        self.unfinished.get(playlist_id)
    }

    /// The playlist's newest complete read, if all of its rows came and could be read.
    pub(crate) fn newest(&self, playlist_id: &str) -> Option<&KnownRead> {
        self.newest.get(playlist_id)
    }

    /// Learns that a read of this run has ended.
    pub(crate) fn ended(&mut self, playlist_id: &str, read: FinishedRead) {
        self.unfinished.remove(playlist_id);
        self.finished.insert(playlist_id.to_owned(), read);
    }
}

impl Warehouse {
    /// What is known of every playlist while the run reads.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn known_reads(&self, run_id: &str) -> Result<KnownReads, Error> {
        let newest = self.newest_reads("playlist", None)?;
        let mut known = KnownReads { newest, ..KnownReads::default() };
        let doing = "look for reads of the run";
        let sql = sql::FINISHED_PLAYLIST_READS;
        let mut statement = self.connection().prepare(sql).doing(doing)?;
        let rows = statement.query_map(params![run_id], |row| {
            Ok((row.get(0)?, FinishedRead { read_id: row.get(1)?, total: row.get(2)? }))
        });
        for row in rows.doing(doing)? {
            let (playlist_id, read) = row.doing(doing)?;
            known.finished.insert(playlist_id, read);
        }
        let sql = sql::BEGUN_PLAYLISTS;
        let begun: Vec<String> = self.rows(sql, "look for unfinished reads", |row| row.get(0))?;
        for playlist_id in begun {
            if let Some(read) = self.unfinished_read("playlist", Some(&playlist_id))? {
                known.unfinished.insert(playlist_id, read);
            }
        }
        Ok(known)
    }
}
