//! The ledger of reads: which list was read, how far, at which snapshot. The caller decides what one transaction is.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use duckdb::{OptionalExt, ToSql, params};

use super::error::{Doing, Error};
use super::sql_files::ledger as sql;
use super::{Warehouse, sql_files, sql_timestamp, timestamp};
use crate::ids::{PlaylistId, Subject};

/// A read that begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewRead<'a> {
    /// The run that reads.
    pub(crate) run_id: &'a str,
    /// What it reads.
    pub(crate) subject: &'a Subject,
    /// The time it began.
    pub(crate) now: chrono::DateTime<chrono::Utc>,
}

/// A read from its beginning to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeRead<'a> {
    /// Its id.
    pub(crate) read_id: i64,
    /// What it was about.
    pub(crate) read: NewRead<'a>,
    /// The snapshot that was read.
    pub(crate) snapshot_id: Option<&'a str>,
    /// Rows announced.
    pub(crate) total: Option<u32>,
    /// How it ended.
    pub(crate) status: ReadStatus,
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
    pub(crate) read_id: i64,
    /// The run that began it, or that continued it last.
    pub(crate) run_id: String,
    /// The snapshot being read.
    pub(crate) snapshot_id: Option<String>,
    /// Rows announced.
    pub(crate) total: Option<u32>,
    /// Where the next page begins.
    pub(crate) next_offset: u32,
}

/// The newest complete read of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownRead {
    /// Its id.
    pub(crate) read_id: i64,
    /// The snapshot that was read; `None`: Spotify named none.
    pub(crate) snapshot_id: Option<String>,
    /// Rows announced.
    pub(crate) total: Option<u32>,
    /// When it ended.
    pub(crate) read_at: DateTime<Utc>,
}

/// A read that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FinishedRead {
    /// Its id.
    pub(crate) read_id: i64,
    /// Rows announced.
    pub(crate) total: Option<u32>,
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
                    read.subject.entity(),
                    read.subject.playlist_id(),
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
        // The ledger's table, written here, because the reads are one transaction with the rows that were landed for them, and an
        // appender writes as many as a folder has without a statement for each.
        let mut table = self.connection.appender_to_db("reads", "meta").doing(doing)?;
        for WholeRead { read_id, read, snapshot_id, total, status } in reads {
            let transformed_in = None::<&str>;
            table
                .append_row(params![
                    read_id,
                    read.run_id,
                    read.subject.entity(),
                    read.subject.playlist_id(),
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
            .execute(sql::END_READ, params![status.name(), sql_timestamp(now), read_id])
            .doing("end a read")?;
        Ok(())
    }

    /// The newest read of a subject, where a process began it and did not end it, in this run or in an earlier one.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn unfinished_read(
        &self,
        subject: &Subject,
    ) -> Result<Option<UnfinishedRead>, Error> {
        self.land_pages()?;
        let parameters = params![subject.entity(), subject.playlist_id()];
        self.connection
            .query_row(sql_files::UNFINISHED_READ, parameters, |row| {
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
        self.land_pages()?;
        let adopted = self.connection.execute(sql::ADOPT_READ, params![run_id, read_id]);
        adopted.doing("continue a read").map(drop)
    }

    /// The read of this run that has ended already. One without contents has not: perhaps they can be read by now.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn finished_read(
        &self,
        run_id: &str,
        subject: &Subject,
    ) -> Result<Option<FinishedRead>, Error> {
        self.land_pages()?;
        let parameters = params![run_id, subject.entity(), subject.playlist_id()];
        self.connection
            .query_row(sql::FINISHED_READ, parameters, |row| {
                Ok(FinishedRead { read_id: row.get(0)?, total: row.get(1)? })
            })
            .optional()
            .doing("look for a finished read")
    }

    /// The newest complete read of a list, in this run or before, if all of its rows came and could be read.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn known_read(&self, subject: &Subject) -> Result<Option<KnownRead>, Error> {
        let reads = self.known(params![subject.entity(), subject.playlist_id()])?;
        Ok(reads.into_values().next())
    }

    /// The same of every playlist.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn known_playlist_reads(&self) -> Result<HashMap<PlaylistId, KnownRead>, Error> {
        self.known(params![Subject::PLAYLIST, None::<&str>])
    }

    /// The last list of the user's playlists that was read to its end.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn newest_listing(&self) -> Result<Option<FinishedRead>, Error> {
        self.land_pages()?;
        self.connection
            .query_row(sql::NEWEST_LISTING, [Subject::OwnPlaylists.entity()], |row| {
                Ok(FinishedRead { read_id: row.get(0)?, total: row.get(1)? })
            })
            .optional()
            .doing("look for the last list of playlists")
    }

    /// Whether the app may ask for several artists at once, as far as the playlists that it was given tell.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn may_ask_in_batches(&self) -> Result<Option<bool>, Error> {
        self.land_pages()?;
        let found = self.connection.query_row(sql::MAY_ASK_IN_BATCHES, [], |row| row.get(0));
        found.optional().doing("look at the newest playlist")
    }

    /// The liked songs that were read last; whose they are is part of it.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn newest_liked_songs(&self) -> Result<Option<Subject>, Error> {
        let entity = Subject::LikedSongs(None).entity();
        let known = self.known(params![entity, None::<&str>])?;
        let newest = known.into_iter().max_by_key(|(_, read)| read.read_id);
        Ok(newest.and_then(|(id, _)| Subject::of(entity, Some(id.as_str()))))
    }

    fn known(&self, parameters: &[&dyn ToSql]) -> Result<HashMap<PlaylistId, KnownRead>, Error> {
        self.land_pages()?;
        let doing = "look up the known reads";
        let mut statement = self.connection.prepare(sql_files::KNOWN_READS).doing(doing)?;
        let rows = statement.query_map(parameters, |row| {
            let read = KnownRead {
                read_id: row.get("read_id")?,
                snapshot_id: row.get("snapshot_id")?,
                total: row.get("total")?,
                read_at: row.get::<_, NaiveDateTime>("finished_at")?.and_utc(),
            };
            Ok((PlaylistId::as_given(row.get::<_, String>("playlist_id")?), read))
        });
        rows.doing(doing)?.collect::<Result<_, _>>().doing(doing)
    }

    /// The rows that stand first in a landed list, as received.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn first_rows(&self, read_id: i64) -> Result<Vec<String>, Error> {
        self.land_pages()?;
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
        self.land_pages()?;
        let sql = sql::LISTED_PLAYLISTS;
        let mut statement = self.connection.prepare(sql).doing("read the list of playlists")?;
        let rows = statement
            .query_map([read_id], |row| {
                Ok(ListedPlaylist {
                    id: row.get::<_, Option<String>>(0)?.map(PlaylistId::as_given),
                    snapshot_id: row.get(1)?,
                    owner_id: row.get(2)?,
                    is_collaborative: row.get(3)?,
                    is_null: row.get(4)?,
                    name: row.get(5)?,
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
    pub(crate) id: Option<PlaylistId>,
    /// Its snapshot.
    pub(crate) snapshot_id: Option<String>,
    /// Its owner; `None`: Spotify did not say.
    pub(crate) owner_id: Option<String>,
    /// Whether others may add.
    pub(crate) is_collaborative: bool,
    /// Whether the row is `null`: it stands for a playlist that Spotify does not name.
    pub(crate) is_null: bool,
    /// What it is called.
    pub(crate) name: Option<String>,
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::sources::{Document, Entity, SplitDocument};
    use crate::warehouse::ReceivedFor;

    #[test]
    fn sql_reads_the_id_of_liked_songs_as_it_was_written() {
        let (_folder, warehouse) = Warehouse::scratch();
        let sql = "select staging.is_liked_songs(?1), staging.liked_songs_user(?1)";
        let read = |subject: &Subject| {
            let row = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let parameters = params![subject.playlist_id()];
            warehouse.connection.query_row::<(bool, Option<String>), _, _>(sql, parameters, row)
        };
        assert_eq!(read(&Subject::LikedSongs(None)).unwrap(), (true, None));
        for user_id in ["keeper", "an:odd:name", "liked", "liked:", "é 😀"] {
            let subject = Subject::LikedSongs(Some(user_id.to_owned()));
            assert_eq!(read(&subject).unwrap(), (true, Some(user_id.to_owned())), "{user_id}");
        }
        for id in ["37i9dQZF1DX4sWSpwq3LiO", "likedSongs", "Liked", "unliked:x"] {
            assert!(!read(&Subject::Playlist(PlaylistId::as_given(id))).unwrap().0, "{id}");
        }
    }

    #[test]
    fn a_listed_playlist_with_half_a_character_in_its_name_does_not_hide_the_others() {
        let (_folder, warehouse) = Warehouse::scratch();
        let row = |id: &str, name: &str| {
            format!(
                r#"{{"id":"{id}","name":"{name}","snapshot_id":"s","collaborative":true,"owner":{{"id":"o"}}}}"#
            )
        };
        let document = Document {
            entity: Entity::MyPlaylists,
            subject: Subject::OwnPlaylists,
            url: String::new(),
            fetched_at: DateTime::UNIX_EPOCH,
            etag: None,
            body: format!(r#"{{"items":[{},null,{}]}}"#, row("a", "x\\ud83d"), row("b", "y")),
        };
        let split = SplitDocument::of(document.entity, &document.body, &document.parts().unwrap());
        let read = ReceivedFor { run_id: "run", read_id: 1 };
        warehouse.land(read, &document, &split).unwrap();
        let listed = warehouse.listed_playlists(1).unwrap();
        let of =
            |it: &ListedPlaylist| (it.id.as_ref().map(ToString::to_string), it.is_collaborative);
        let ids: Vec<_> = listed.iter().map(of).collect();
        assert_eq!(
            ids,
            [(Some("a".to_owned()), true), (None, false), (Some("b".to_owned()), true)]
        );
        assert!(listed[1].is_null);
        assert_eq!((listed[1].name.as_deref(), listed[2].name.as_deref()), (None, Some("y")));
    }
}
