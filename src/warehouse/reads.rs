//! The ledger of reads: which list was read, how far, at which snapshot. The caller decides what one transaction is.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::{OptionalExt, params};

use super::error::{Doing, Error};
use super::sql_files::ledger as sql;
use super::{Warehouse, sql_files, sql_timestamp, timestamp};

/// What a read is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewRead<'a> {
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
pub(crate) struct WholeRead<'a> {
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
pub(crate) enum ReadStatus {
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
    pub(crate) const fn name(self) -> &'static str {
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
pub(crate) struct UnfinishedRead {
    /// Its id.
    pub read_id: i64,
    /// The run that began it, or that continued it last.
    pub run_id: String,
    /// The snapshot being read.
    pub snapshot_id: Option<String>,
    /// Rows announced.
    pub total: Option<u32>,
    /// Where the next page begins.
    pub next_offset: u32,
}

/// The newest complete read of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownRead {
    /// Its id.
    pub read_id: i64,
    /// The snapshot that was read; `None`: Spotify named none.
    pub snapshot_id: Option<String>,
    /// Rows announced.
    pub total: Option<u32>,
    /// When it ended.
    pub read_at: DateTime<Utc>,
}

/// A read that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FinishedRead {
    /// Its id.
    pub read_id: i64,
    /// Rows announced.
    pub total: Option<u32>,
}

impl Warehouse {
    /// Notes that a read begins and returns its id.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn begin_read(&self, read: NewRead<'_>) -> Result<i64, Error> {
        let read_id = self.new_read_id();
        self.connection
            .execute(
                sql::BEGIN_READ,
                params![
                    read_id,
                    read.run_id,
                    read.entity,
                    read.playlist_id,
                    sql_timestamp(read.now)
                ],
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
    pub(crate) fn note_reads<'a>(
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
    pub(crate) fn finish_read(
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

    /// The newest read of a subject, where a process began it and did not end it, in this run or in an earlier one.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn unfinished_read(
        &self,
        entity: &str,
        playlist_id: Option<&str>,
    ) -> Result<Option<UnfinishedRead>, Error> {
        self.settle()?;
        self.connection
            .query_row(sql_files::UNFINISHED_READ, params![entity, playlist_id], |row| {
                Ok(UnfinishedRead {
                    read_id: row.get("read_id")?,
                    run_id: row.get("run_id")?,
                    snapshot_id: row.get("snapshot_id")?,
                    total: row.get("total")?,
                    next_offset: row.get("next_offset")?,
                })
            })
            .optional()
            .doing("look for an unfinished read")
    }

    /// Makes an earlier run's unfinished read this run's.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn adopt_read(&self, read_id: i64, run_id: &str) -> Result<(), Error> {
        self.settle()?;
        let sql = "update meta.reads set run_id = ? where read_id = ?";
        self.connection.execute(sql, params![run_id, read_id]).doing("continue a read").map(|_| ())
    }

    /// The read of this run that has ended already. One without contents has not: perhaps they can be read by now.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn finished_read(
        &self,
        run_id: &str,
        entity: &str,
        playlist_id: Option<&str>,
    ) -> Result<Option<FinishedRead>, Error> {
        self.settle()?;
        let sql = sql::FINISHED_READ;
        self.connection
            .query_row(sql, params![run_id, entity, playlist_id], |row| {
                Ok(FinishedRead { read_id: row.get(0)?, total: row.get(1)? })
            })
            .optional()
            .doing("look for a finished read")
    }

    /// The newest complete read of a list, in this run or before, if all of its rows came and could be read.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn known_read(
        &self,
        entity: &str,
        playlist_id: &str,
    ) -> Result<Option<KnownRead>, Error> {
        Ok(self.newest_reads(entity, Some(playlist_id))?.into_iter().next().map(|(_, read)| read))
    }

    /// The same of every list of this kind, or of one.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn newest_reads(
        &self,
        entity: &str,
        playlist_id: Option<&str>,
    ) -> Result<HashMap<String, KnownRead>, Error> {
        self.settle()?;
        let doing = "look up the known reads";
        let mut statement = self.connection.prepare(sql_files::KNOWN_READS).doing(doing)?;
        let rows = statement.query_map(params![entity, playlist_id], |row| {
            let read = KnownRead {
                read_id: row.get("read_id")?,
                snapshot_id: row.get("snapshot_id")?,
                total: row.get("total")?,
                read_at: row.get::<_, NaiveDateTime>("finished_at")?.and_utc(),
            };
            Ok((row.get("playlist_id")?, read))
        });
        rows.doing(doing)?.collect::<Result<_, _>>().doing(doing)
    }

    /// The rows that stand first in a landed list, as received.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn first_rows(&self, read_id: i64) -> Result<Vec<String>, Error> {
        self.settle()?;
        let sql = sql::FIRST_ROWS;
        let doing = "look at the first page";
        let mut statement = self.connection.prepare(sql).doing(doing)?;
        let rows = statement.query_map([read_id], |row| row.get(0)).doing(doing)?;
        rows.collect::<Result<_, _>>().doing(doing)
    }

    /// Every row of a list of playlists that this run has read.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn listed_playlists(&self, read_id: i64) -> Result<Vec<ListedPlaylist>, Error> {
        self.settle()?;
        let sql = sql::LISTED_PLAYLISTS;
        let mut statement = self.connection.prepare(sql).doing("read the list of playlists")?;
        let rows = statement
            .query_map([read_id], |row| {
                Ok(ListedPlaylist {
                    id: row.get(0)?,
                    snapshot_id: row.get(1)?,
                    owner_id: row.get(2)?,
                    is_collaborative: row.get(3)?,
                    is_null: row.get(4)?,
                })
            })
            .doing("read the list of playlists")?;
        rows.collect::<Result<_, _>>().doing("read the list of playlists")
    }
}

/// One row of `/me/playlists`.
#[derive(Debug, Clone)]
pub(crate) struct ListedPlaylist {
    /// The playlist.
    pub id: Option<String>,
    /// Its snapshot.
    pub snapshot_id: Option<String>,
    /// Its owner; `None`: Spotify did not say.
    pub owner_id: Option<String>,
    /// Whether others may add.
    pub is_collaborative: bool,
    /// Whether the row is `null`: it stands for a playlist that Spotify does not name.
    pub is_null: bool,
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::sources::{Cut, Document, Entity};

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
        assert_eq!(ids, [(Some("a"), true), (None, false), (Some("b"), true)]);
        assert!(listed[1].is_null);
    }
}
