//! The ledger of reads: which list was read, how far, at which snapshot. The caller decides what one transaction is.

use std::collections::HashMap;

use duckdb::{OptionalExt, params};

use super::{Doing, Error, Warehouse, sql_timestamp, timestamp};

/// What a read is about.
#[derive(Debug, Clone, Copy)]
pub struct NewRead<'a> {
    /// The run that reads.
    pub run_id: &'a str,
    /// `playlist`, `liked_songs`, `my_playlists`, `artists` or `albums`.
    pub entity: &'a str,
    /// The playlist (or `liked`).
    pub playlist_id: Option<&'a str>,
    /// The time it began.
    pub now: chrono::DateTime<chrono::Utc>,
}

/// A read from its beginning to its end.
#[derive(Debug, Clone, Copy)]
pub struct WholeRead<'a> {
    /// Its id.
    pub read_id: i64,
    /// What it was about.
    pub read: NewRead<'a>,
    /// The snapshot that was read.
    pub snapshot_id: Option<&'a str>,
    /// Rows announced.
    pub total: Option<u32>,
    /// How it ended.
    pub status: ReadStatus,
}

/// How a read ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadStatus {
    /// Everything Spotify announced, at one snapshot.
    Complete,
    /// Recorded documents with rows missing.
    Partial,
    /// Changed while it was read; never used.
    Torn,
    /// Spotify gave no contents.
    MetadataOnly,
}

impl ReadStatus {
    /// As the ledger writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Torn => "torn",
            Self::MetadataOnly => "metadata_only",
        }
    }
}

/// A read that an earlier process began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedRead {
    /// Its id.
    pub read_id: i64,
    /// The snapshot being read.
    pub snapshot_id: Option<String>,
    /// Rows announced.
    pub total: Option<u32>,
    /// Where the next page begins.
    pub next_offset: u32,
}

/// A read that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishedRead {
    /// Its id.
    pub read_id: i64,
    /// Rows announced.
    pub total: Option<u32>,
    /// Whether Spotify gave the contents.
    pub has_contents: bool,
}

impl Warehouse {
    /// Notes that a read begins and returns its id.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn begin_read(&self, read: NewRead<'_>) -> Result<i64, Error> {
        let read_id = self.new_read_id();
        self.connection
            .execute(
                "insert into meta.reads by name select ? as read_id, ? as run_id, ? as entity, ? as playlist_id, 'reading' as status, ?::timestamp as started_at",
                params![read_id, read.run_id, read.entity, read.playlist_id, sql_timestamp(read.now)],
            )
            .doing("note a read")?;
        Ok(read_id)
    }

    pub(super) fn new_read_id(&self) -> i64 {
        self.next_read_id.replace(self.next_read_id.get() + 1)
    }

    /// Notes reads that have ended.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn note_reads<'a>(
        &self,
        reads: impl Iterator<Item = WholeRead<'a>>,
        finished_at: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), Error> {
        let doing = "note the reads";
        let mut table = self.connection.appender_to_db("reads", "meta").doing(doing)?;
        for WholeRead { read_id, read, snapshot_id, total, status } in reads {
            let transformed_in = None::<&str>;
            table
                .append_row(params![
                    read_id,
                    read.run_id,
                    read.entity,
                    read.playlist_id,
                    snapshot_id,
                    total,
                    status.name(),
                    transformed_in,
                    timestamp(read.now),
                    timestamp(finished_at)
                ])
                .doing(doing)?;
        }
        table.flush().doing(doing)
    }

    /// Ends a read.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn finish_read(
        &self,
        read_id: i64,
        status: ReadStatus,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), Error> {
        self.connection
            .execute(
                "update meta.reads set status = ?, finished_at = ?::timestamp where read_id = ?",
                params![status.name(), sql_timestamp(now), read_id],
            )
            .doing("end a read")?;
        Ok(())
    }

    /// The read of this run that an earlier process began and did not end.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn unfinished_read(
        &self,
        run_id: &str,
        entity: &str,
        playlist_id: Option<&str>,
    ) -> Result<Option<UnfinishedRead>, Error> {
        self.settle()?;
        let sql = "select read_id, snapshot_id, total, (select coalesce(max(position) + 1, 0) from raw.rows where document_id in (select document_id from raw.documents where read_id = reads.read_id)) from meta.reads as reads where run_id = ? and entity = ? and playlist_id is not distinct from ? and status = 'reading' order by read_id desc limit 1";
        self.connection
            .query_row(sql, params![run_id, entity, playlist_id], |row| {
                Ok(UnfinishedRead {
                    read_id: row.get(0)?,
                    snapshot_id: row.get(1)?,
                    total: row.get(2)?,
                    next_offset: row.get(3)?,
                })
            })
            .optional()
            .doing("look for an unfinished read")
    }

    /// The read of this run that has ended already.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn finished_read(
        &self,
        run_id: &str,
        entity: &str,
        playlist_id: Option<&str>,
    ) -> Result<Option<FinishedRead>, Error> {
        self.settle()?;
        let sql = "select read_id, total, status from meta.reads where run_id = ? and entity = ? and playlist_id is not distinct from ? and status in ('complete', 'metadata_only') order by read_id desc limit 1";
        self.connection
            .query_row(sql, params![run_id, entity, playlist_id], |row| {
                Ok(FinishedRead {
                    read_id: row.get(0)?,
                    total: row.get(1)?,
                    has_contents: row.get::<_, String>(2)? == ReadStatus::Complete.name(),
                })
            })
            .optional()
            .doing("look for a finished read")
    }

    /// The newest complete read of a list that has no snapshot, in this run or before.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn known_list(
        &self,
        entity: &str,
        playlist_id: &str,
    ) -> Result<Option<FinishedRead>, Error> {
        self.settle()?;
        let sql = "select read_id, total from meta.reads where entity = ? and playlist_id = ? and status = 'complete' order by read_id desc limit 1";
        self.connection
            .query_row(sql, [entity, playlist_id], |row| {
                Ok(FinishedRead { read_id: row.get(0)?, total: row.get(1)?, has_contents: true })
            })
            .optional()
            .doing("look up the known list")
    }

    /// The rows that stand first in a landed list, as received.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn first_rows(&self, read_id: i64) -> Result<Vec<String>, Error> {
        self.settle()?;
        let sql = "select row_json from raw.row_texts where document_id = (select min(document_id) from raw.documents where read_id = ?) order by position";
        let doing = "look at the first page";
        let mut statement = self.connection.prepare(sql).doing(doing)?;
        let rows = statement.query_map([read_id], |row| row.get(0)).doing(doing)?;
        rows.collect::<Result<_, _>>().doing(doing)
    }

    /// The newest snapshot of every playlist that was read completely, and its row count.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn known_snapshots(&self) -> Result<HashMap<String, (String, Option<u32>)>, Error> {
        let sql = "select playlist_id, arg_max(struct_pack(snapshot_id, total), read_id).snapshot_id, arg_max(struct_pack(snapshot_id, total), read_id).total from meta.reads where entity = 'playlist' and status = 'complete' and snapshot_id is not null and playlist_id is not null group by playlist_id";
        let rows = self.rows(sql, "look up the known snapshots", |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// Id, snapshot, owner, collaborative flag and announced rows of the playlists in a list that this run has read.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub fn listed_playlists(&self, read_id: i64) -> Result<Vec<ListedPlaylist>, Error> {
        self.settle()?;
        let sql = "select playlist.id, playlist.snapshot_id, playlist.owner.id, coalesce(playlist.collaborative, false) from (select position, staging.read_json(row_json, staging.playlist_structure()) as playlist from raw.rows where document_id in (select document_id from raw.documents where read_id = ?)) where playlist is not null order by position";
        let mut statement = self.connection.prepare(sql).doing("read the list of playlists")?;
        let rows = statement
            .query_map([read_id], |row| {
                Ok(ListedPlaylist {
                    id: row.get(0)?,
                    snapshot_id: row.get(1)?,
                    owner_id: row.get(2)?,
                    is_collaborative: row.get(3)?,
                })
            })
            .doing("read the list of playlists")?;
        rows.collect::<Result<_, _>>().doing("read the list of playlists")
    }
}

/// One row of `/me/playlists`.
#[derive(Debug, Clone)]
pub struct ListedPlaylist {
    /// The playlist.
    pub id: Option<String>,
    /// Its snapshot.
    pub snapshot_id: Option<String>,
    /// Its owner.
    pub owner_id: Option<String>,
    /// Whether others may add.
    pub is_collaborative: bool,
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::spotify::{Cut, Document, Entity};

    #[test]
    fn a_listed_playlist_with_half_a_character_in_its_name_does_not_hide_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Warehouse::open(&folder.path().join("w.duckdb"), folder.path()).unwrap();
        let row = |id: &str, name: &str| {
            format!(
                r#"{{"id":"{id}","name":"{name}","snapshot_id":"s","collaborative":true,"owner":{{"id":"o"}}}}"#
            )
        };
        let document = Document {
            entity: Entity::MyPlaylists,
            playlist_id: None,
            url: String::new(),
            fetched_at: DateTime::UNIX_EPOCH,
            etag: None,
            body: format!(r#"{{"items":[{},null,{}]}}"#, row("a", "x\\ud83d"), row("b", "y")),
        };
        let cut = Cut::of(document.entity, &document.body, &document.parts().unwrap());
        warehouse.land(("run", 1), &document, &cut).unwrap();
        let listed = warehouse.listed_playlists(1).unwrap();
        let ids: Vec<_> = listed.iter().map(|it| (it.id.as_deref(), it.is_collaborative)).collect();
        assert_eq!(ids, [(Some("a"), true), (Some("b"), true)]);
    }
}
