//! Features made on demand: in a copy of the published file that takes its place, and as files that other programs read.

use std::path::{Path, PathBuf};

use super::features::{AS_OF, FeatureWish, api_list_count};
use super::file::PublishedFile;
use super::next_version::{move_into_place, number};
use super::writer::{Extent, Writer, beside, remove_if_there, remove_leftovers, size};
use crate::ids::Table;
use crate::warehouse::Warehouse;
use crate::warehouse::error::{Doing, Error};
use crate::warehouse::sql_files::{PUBLISH_ORIGINS, features, literal};

/// The tables, each a file.
const TABLES: [&str; 3] = ["interactions", "song_features", "playlist_features"];
/// What the files mean.
const MEANINGS: &str = "features.yml";
/// The files of a folder: the tables, and what they mean.
pub(crate) const FEATURE_FILES: [&str; 4] =
    ["interactions.parquet", "song_features.parquet", "playlist_features.parquet", MEANINGS];

/// A table of features as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureTable {
    pub(crate) name: &'static str,
    pub(crate) row_count: u64,
    pub(crate) path: PathBuf,
}

/// What the published file has of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublishedFeatures {
    pub(crate) are_there: bool,
    /// The start of the run whose data they are made of, UTC; an earlier version did not say it.
    pub(crate) as_of: Option<String>,
    /// How many of the file's lists came from Spotify's API.
    pub(crate) api_list_count: u64,
}

impl Warehouse {
    /// That features are wanted, and how.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn feature_wish(&self) -> Result<Option<FeatureWish>, Error> {
        FeatureWish::noted(&self.connection)
    }

    /// Makes the features of `target`. What the file then is, for the ledger to note; `None` where it was not the one that was published,
    /// which it must not be taken for.
    ///
    /// # Errors
    /// [`Error::NotPublished`], [`Error::File`] where the folder is not writable or full, [`Error::Statement`]; the file is as it was.
    pub(crate) fn make_features(
        &self,
        target: &Path,
        wish: &FeatureWish,
    ) -> Result<Option<PublishedFile>, Error> {
        if !target.exists() {
            return Err(Error::NotPublished { path: target.to_owned() });
        }
        let known = PublishedFile::noted(self)?.filter(|known| known.is_copied(target));
        let (next, size_before) = (beside(target), size(target)?);
        let is_unwanted = || self.stop.is_asked();
        let writer =
            Writer { connection: &self.connection, file: &next, is_unwanted: &is_unwanted };
        let made = writer.copy(target).and_then(|()| {
            writer.with_attached("", || {
                // A file of an earlier version does not say it.
                writer.run(PUBLISH_ORIGINS)?;
                writer.write_features(wish, Extent::Whole)?;
                writer.run("checkpoint published")
            })
        });
        if let Err(error) = made {
            // The error is the one to tell.
            let _ = remove_leftovers(&next);
            return Err(error);
        }
        move_into_place(&next, target)?;
        let Some(known) = known else { return Ok(None) };
        // Its rows take more bytes now, which is no waste.
        let all = Table::ALL.map(|table| format!("(select count(*) from core.{table})"));
        let rows = number(self, &format!("select {}", all.join(" + ")), "count rows")?;
        let grown = size(target)?.saturating_sub(size_before) * 1000 / rows.max(1);
        PublishedFile::of(target, known.thousand_row_bytes + grown).map(Some)
    }

    /// What the published file has of features, and how many of its lists came from Spotify's API.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn published_features(&self, published: &Path) -> Result<PublishedFeatures, Error> {
        let is_unwanted = || false;
        let writer =
            Writer { connection: &self.connection, file: published, is_unwanted: &is_unwanted };
        let look = || {
            let told: Vec<Option<String>> =
                self.rows(features::OF_PUBLISHED, "look for features", |row| row.get(0))?;
            let at = told.iter().flatten().find_map(|told| told.split_once(AS_OF));
            Ok(PublishedFeatures {
                are_there: !told.is_empty(),
                as_of: at.map(|(_, at)| at.trim_end_matches('.').to_owned()),
                api_list_count: api_list_count(&self.connection)?,
            })
        };
        writer.with_attached("(read_only)", || writer.in_the_file(look))
    }

    /// Writes the features of the published file into a folder, each file in one step; where it has none, none.
    ///
    /// # Errors
    /// [`Error::File`] where the folder is not writable, [`Error::Statement`].
    pub(crate) fn export_features(
        &self,
        published: &Path,
        folder: &Path,
    ) -> Result<Vec<FeatureTable>, Error> {
        let is_unwanted = || false;
        let writer =
            Writer { connection: &self.connection, file: published, is_unwanted: &is_unwanted };
        let files = writer.with_attached("(read_only)", || {
            let exists = "select count(*) from duckdb_tables() \
                where database_name = 'published' and schema_name = 'features'";
            if number(self, exists, "look for features")? == 0 {
                return Ok(Vec::new());
            }
            create(folder)?;
            TABLES.into_iter().map(|name| self.export_table(name, folder)).collect()
        })?;
        if files.is_empty() {
            return Ok(files);
        }
        let path = folder.join(MEANINGS);
        let written = std::fs::write(&path, features::MEANINGS);
        written.map_err(|source| Error::File { doing: "write", path, source })?;
        Ok(files)
    }

    fn export_table(&self, name: &'static str, folder: &Path) -> Result<FeatureTable, Error> {
        let path = folder.join(format!("{name}.parquet"));
        let next = folder.join(format!("{name}.parquet.new"));
        remove_if_there(&next)?;
        let to = literal(&next.to_string_lossy());
        let copy = format!("copy published.features.{name} to {to} (format parquet, codec zstd)");
        self.connection.execute_batch(&copy).doing("write the features")?;
        let count = format!("select count(*) from published.features.{name}");
        let row_count = number(self, &count, "count the features")?;
        let moved = std::fs::File::open(&next).and_then(|file| {
            file.sync_all()?;
            std::fs::rename(&next, &path)
        });
        match moved {
            Ok(()) => Ok(FeatureTable { name, row_count, path }),
            Err(source) => Err(Error::File { doing: "write", path, source }),
        }
    }
}

/// Takes the files of features out of a folder.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn remove_features(folder: &Path) -> Result<(), Error> {
    for name in TABLES {
        remove_if_there(&folder.join(format!("{name}.parquet")))?;
        remove_if_there(&folder.join(format!("{name}.parquet.new")))?;
    }
    remove_if_there(&folder.join(MEANINGS))
}

fn create(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::File {
        doing: "make the folder",
        path: folder.to_owned(),
        source,
    })
}
