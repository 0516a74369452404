//! What mends a file that is not proven: the cheapest thing that works for this verdict, ready to paste.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Table;
use crate::lake::ExportedFile;
use crate::phrase::either;
use crate::snowflake::api::literal;

/// The cheapest thing that mends a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
            Self::Later => "`snowtrack verify` asks again".to_owned(),
            Self::MendAndShip => format!(
                "mend the cause, then {ship} ships the missing rows in a new file: a path is taken no second time, by a pipe for 14 days, by a COPY for 64"
            ),
            Self::MendPipeAndShip => format!(
                "the pipe is one of the other file format, or was made by hand: compare it with `snowtrack snowflake plan`, then {ship} ships the rows in a new file"
            ),
            Self::Ship => {
                format!("{ship} ships the rows that are missing or differ in a new file")
            }
            Self::Reload => {
                let place = if landing_table.is_empty() { table } else { landing_table };
                format!(
                    "`delete from {place} where _FILE_NAME = {}` {BY_WHOM} takes this file's rows away, then {ship} ships them in a new one",
                    literal(&file.key)
                )
            }
            Self::Compare => format!(
                "the current table takes one row per key: `snowtrack reconcile {table}` compares it and settles this file where nothing differs; find the second loader (`snowtrack snowflake plan` shows another pipe on the same folder)"
            ),
            Self::Submit => submission_of(1),
            Self::Announce => "`snowtrack ingest --as rest` submits it".to_owned(),
        }
    }
}

/// Whose a `delete` is to run.
const BY_WHOM: &str =
    "(the table's owner or ACCOUNTADMIN may run it, the loader's role is not given that right)";
/// What tells Snowflake of files that nobody told it of.
pub(super) fn submission_of(file_count: u64) -> String {
    format!("`snowtrack ingest` submits {}", either(file_count, "it", "them"))
}

/// A file that is wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrong<'a> {
    pub(super) cure: Cure,
    pub(super) table: Table,
    pub(super) key: &'a str,
    /// Why it is wrong.
    pub(super) reason: &'a str,
    /// The table's full name.
    pub(super) landing_table: &'a str,
}

/// What mends several wrong files at once: what a person does first, then one command for all of their tables.
pub(super) fn text_of_all(wrong: &[Wrong<'_>]) -> String {
    let mut tables: BTreeSet<Table> = BTreeSet::new();
    let mut reloads: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let (mut cures, mut causes) = (BTreeSet::new(), BTreeSet::new());
    for Wrong { cure, table, key, reason, landing_table } in wrong {
        tables.insert(*table);
        cures.insert(*cure);
        if *cure == Cure::MendAndShip {
            causes.insert(*reason);
        }
        if *cure == Cure::Reload {
            let place = if landing_table.is_empty() { table.name() } else { landing_table };
            reloads.entry(place).or_default().push(literal(key).to_string());
        }
    }
    let tables = tables.iter().map(|table| table.name()).collect::<Vec<_>>().join(" ");
    let mut parts = Vec::new();
    if cures.contains(&Cure::MendAndShip) {
        let causes = causes.into_iter().collect::<Vec<_>>().join("; ");
        parts.push(format!("mend the cause of what was refused ({causes})"));
    }
    if cures.contains(&Cure::MendPipeAndShip) {
        parts.push("compare the pipes with `snowtrack snowflake plan`".to_owned());
    }
    parts.extend(reloads.iter().map(|(place, keys)| {
        let keys = keys.join(", ");
        format!("`delete from {place} where _FILE_NAME in ({keys})` {BY_WHOM} takes the rows of what cannot stay away")
    }));
    let is_only_compared = cures.iter().all(|cure| *cure == Cure::Compare);
    parts.push(match is_only_compared {
        true => format!("`snowtrack reconcile {tables}` compares the tables and settles these files where nothing differs"),
        false => format!("`snowtrack reconcile {tables} --repair` ships the rows that are missing or differ in new files, and settles these"),
    });
    let mut text = parts.join("; then ");
    if cures.contains(&Cure::Compare) {
        text.push_str(
            "; find the second loader (`snowtrack snowflake plan` shows another pipe on the same folder)",
        );
    }
    text
}
