//! Writes unshipped rows as files and reads files back.

use std::path::{Path, PathBuf};

use super::error::{Doing, Error};
use super::{Warehouse, sql_files};
use crate::ids::Table;

/// How csv files are read in which each column is to have its own type, as [`Warehouse::write_unshipped`] writes them.
pub(super) const CSV_AS_WRITTEN: &str = "header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', \
    allow_quoted_nulls = false, auto_detect = false, parallel = false, dateformat = '%Y-%m-%d', \
    timestampformat = '%Y-%m-%dT%H:%M:%S.%f'";

/// As what rows are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileForm<'a> {
    /// `parquet` or `csv`.
    pub(crate) format: &'a str,
    /// Where a file is split.
    pub(crate) max_file_bytes: u64,
}

impl Warehouse {
    /// Writes the table's unshipped rows into `folder` as one file or more and returns them in order. csv is written plain.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn write_unshipped(
        &self,
        table: Table,
        form: FileForm<'_>,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, Error> {
        let query = format!("from staging.unshipped_{table}");
        self.write_rows(table, &query, form, folder)
    }

    /// The same of the rows of a query.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(super) fn write_rows(
        &self,
        table: Table,
        query: &str,
        FileForm { format, max_file_bytes }: FileForm<'_>,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, Error> {
        let target = sql_files::literal(&folder.to_string_lossy());
        let options = match format {
            "csv" => self.csv_options(table)?,
            _ => "format parquet, compression zstd".to_owned(),
        };
        let sql = format!(
            "copy ({query}) to {target} ({options}, file_size_bytes {max_file_bytes}, overwrite_or_ignore)"
        );
        let doing = format!("write the rows of `{table}`");
        self.connection.execute_batch(&sql).doing(&doing)?;
        let files = |source| Error::File { doing: "list", path: folder.to_owned(), source };
        let mut written = std::fs::read_dir(folder)
            .and_then(|entries| {
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
            })
            .map_err(files)?;
        // data_2 comes before data_10.
        written.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
        Ok(written)
    }

    /// NULL is an empty field, and all text stands in quotes: no text can be taken for NULL, whatever it is.
    fn csv_options(&self, table: Table) -> Result<String, Error> {
        let sql = super::sql_files::ledger::TEXT_COLUMNS.replace("{table}", table.name());
        let texts = self.rows(&sql, "list the columns of text", |row| row.get::<_, String>(0))?;
        let texts = texts.iter().map(|name| sql_files::quoted(name)).collect::<Vec<_>>().join(", ");
        Ok(format!(
            "format csv, header, nullstr '', force_quote ({texts}), timestampformat '%Y-%m-%dT%H:%M:%S.%f', dateformat '%Y-%m-%d'"
        ))
    }

    /// Rows of a written file and the sum of their `row_hash`.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub(crate) fn read_back(&self, format: &str, file: &Path) -> Result<(u64, String), Error> {
        let name = sql_files::literal(&file.to_string_lossy());
        let source = match format {
            "csv" => {
                format!(
                    "read_csv({name}, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
                )
            }
            _ => format!("read_parquet({name})"),
        };
        let sql = format!(
            "select count(*), coalesce(sum(row_hash::decimal(38,0)), 0)::varchar from {source}"
        );
        self.connection
            .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .doing("read a file back")
    }
}
