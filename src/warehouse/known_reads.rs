//! What the ledger knows of all playlists: asked once for a fetch, not once for each of a thousand lists.

use std::collections::HashMap;

use duckdb::params;

use super::{Doing, Error, FinishedRead, ReadStatus, UnfinishedRead, Warehouse};

/// What is known of playlists, by their ids.
#[derive(Debug, Default)]
pub struct KnownReads {
    finished: HashMap<String, FinishedRead>,
    unfinished: HashMap<String, UnfinishedRead>,
    snapshots: HashMap<String, (String, Option<u32>)>,
}

impl KnownReads {
    /// The playlist's read of this run that has ended already.
    pub fn finished(&self, playlist_id: &str) -> Option<FinishedRead> {
        self.finished.get(playlist_id).copied()
    }

    /// The playlist's read of this run that an earlier process began and did not end.
    pub fn unfinished(&self, playlist_id: &str) -> Option<&UnfinishedRead> {
        self.unfinished.get(playlist_id)
    }

    /// The newest snapshot of the playlist that was read completely, and its row count. One that has fewer rows than announced is
    /// worth another read.
    pub fn snapshot(&self, playlist_id: &str) -> Option<&(String, Option<u32>)> {
        self.snapshots.get(playlist_id)
    }

    /// Learns that a read of this run has ended.
    pub fn ended(&mut self, playlist_id: &str, read: FinishedRead) {
        self.unfinished.remove(playlist_id);
        self.finished.insert(playlist_id.to_owned(), read);
    }
}

impl Warehouse {
    /// What is known of every playlist while the run reads.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn known_reads(&self, run_id: &str) -> Result<KnownReads, Error> {
        let mut known = KnownReads { snapshots: self.complete_snapshots()?, ..Default::default() };
        let doing = "look for reads of the run";
        let sql = "select playlist_id, read_id, total, status from meta.reads where run_id = ? and entity = 'playlist' and playlist_id is not null and status in ('complete', 'metadata_only', 'reading') order by read_id";
        let mut statement = self.connection().prepare(sql).doing(doing)?;
        let rows = statement.query_map(params![run_id], |row| {
            let status: String = row.get(3)?;
            let has_contents = status == ReadStatus::Complete.name();
            let read = FinishedRead { read_id: row.get(1)?, total: row.get(2)?, has_contents };
            Ok((row.get::<_, String>(0)?, (status != "reading").then_some(read)))
        });
        for row in rows.doing(doing)? {
            let (playlist_id, ended) = row.doing(doing)?;
            if let Some(read) = ended {
                known.finished.insert(playlist_id, read);
            } else if let Some(read) =
                self.unfinished_read(run_id, "playlist", Some(&playlist_id))?
            {
                known.unfinished.insert(playlist_id, read);
            }
        }
        Ok(known)
    }

    fn complete_snapshots(&self) -> Result<HashMap<String, (String, Option<u32>)>, Error> {
        let sql = "select playlist_id, arg_max(struct_pack(snapshot_id, total), read_id) as newest from meta.reads as reads where entity = 'playlist' and status = 'complete' and snapshot_id is not null and playlist_id is not null and not exists (select 1 from meta.snapshots as shots where shots.playlist_id = reads.playlist_id and shots.read_id = reads.read_id and shots.landed_row_count < reads.total) group by playlist_id";
        let sql = format!("select playlist_id, newest.snapshot_id, newest.total from ({sql})");
        let rows = self.rows(&sql, "look up the known snapshots", |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        Ok(rows.into_iter().collect())
    }
}
