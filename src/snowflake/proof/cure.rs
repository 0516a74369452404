//! What mends a file that is not proven: the cheapest thing that works for this verdict, ready to paste.

use crate::lake::ExportedFile;
use crate::snowflake::api::literal;

/// The cheapest thing that mends a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cure {
    /// Time.
    Later,
    /// The cause first, then the rows that are missing, in another file.
    MendAndShip,
    /// The pipe first, then the rows that are missing, in another file.
    MendPipeAndShip,
    /// The rows that are missing or differ, in another file, whose version of them is the current one.
    Ship,
    /// The file's rows taken away, then those that are missing shipped in another file.
    Reload,
    /// Nothing but a look: what is too much is not current.
    Compare,
    /// Telling Snowflake of the file.
    Submit,
    /// Submitting a file that S3 should have announced; the evidence says with which statement.
    Announce,
}

impl Cure {
    /// In words. `landing_table` is the table's full name.
    pub(crate) fn text(self, file: &ExportedFile, landing_table: &str) -> String {
        let table = file.table.name();
        let ship = format!("`snowtrack reconcile {table} --repair`");
        match self {
            Self::Later => "nothing; `verify` asks again".to_owned(),
            Self::MendAndShip => format!(
                "mend the cause, then {ship} ships the missing rows in a new file: a path is taken no second time, by a pipe for 14 days, by a COPY for 64"
            ),
            Self::MendPipeAndShip => format!(
                "the pipe is one of the other file format, or was made by hand: compare it with `snowflake plan`, then {ship} ships the rows in a new file"
            ),
            Self::Ship => {
                format!("{ship} ships the rows that are missing or differ in a new file")
            }
            Self::Reload => {
                let place = if landing_table.is_empty() { table } else { landing_table };
                format!(
                    "`delete from {place} where _FILE_NAME = {}` takes this file's rows away, then {ship} ships them in a new one",
                    literal(&file.key)
                )
            }
            Self::Compare => format!(
                "the current table takes one row per key: `snowtrack reconcile {table}` compares it and settles this file where nothing differs; find the second loader (`snowflake plan` shows another pipe on the same folder)"
            ),
            Self::Submit => "`ingest` submits it".to_owned(),
            Self::Announce => "`snowtrack ingest --as rest` submits it".to_owned(),
        }
    }
}
