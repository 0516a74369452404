//! Texts that could be read as NULL: the hash writes both as `\N`, so the proof alone would not tell them apart.
//!
//! Our file formats take no text for NULL; Snowflake's own default, for parquet as well, takes `\N`. Where a format takes some, and a
//! table has such a text, no file of the table that is read with it is called verified.

use std::collections::BTreeSet;

use crate::blocking::blocking;
use crate::config::Account;
use crate::ids::Table;
use crate::lake::Format;
use crate::run::Run;
use crate::run::account::query;
use crate::run::error::Error;
use crate::snowflake::{Answer, FileVerdict, QualifiedName, Row, Rows, Statement, Verification};
use crate::status::Verdict;

/// Doubts the proof of files of which a text may have been read as NULL. One question for each format that proven files have; it
/// costs no warehouse.
pub(super) async fn doubt(
    run: &Run<'_>,
    account: &Account,
    mut verification: Verification,
) -> Result<Verification, Error> {
    for format in [Format::Parquet, Format::Csv] {
        let is_proven = |file: &&FileVerdict| {
            file.verdict == Verdict::Verified && Format::of_key(&file.key) == Some(format)
        };
        let tables: BTreeSet<Table> =
            verification.files.iter().filter(is_proven).map(|file| file.table).collect();
        if tables.is_empty() {
            continue;
        }
        let name = account.names.file_format(format);
        let Some(marks) = ask(run, account, &name).await? else { continue };
        let texts = texts(&marks);
        let mut doubtful = BTreeSet::new();
        for table in tables {
            if blocking(|| run.warehouse.holds_text(table, &texts))? {
                doubtful.insert(table);
            }
        }
        // csv's are looked for inside quotes as well.
        let inside = if format == Format::Csv { "inside quotes, too, " } else { "" };
        let reason = format!(
            "a text of this table is one that the file format `{name}` reads as NULL ({marks}), {inside}which no checksum tells from a text"
        );
        let next_step = format!(
            "`alter file format {name} set null_if = ()`, then `snowtrack run --full` ships every row anew"
        );
        let is_read_so = |file: &FileVerdict| {
            Format::of_key(&file.key) == Some(format) && doubtful.contains(&file.table)
        };
        verification = verification.doubting(is_read_so, &reason, &next_step);
    }
    Ok(verification)
}

/// The texts in a list as `desc` prints it, each also with one backslash for two.
fn texts(marks: &str) -> Vec<String> {
    let printed = marks.trim_matches(['[', ']', '(', ')', ' ']).split(',');
    let as_text = |mark: &str| {
        let mark = mark.trim().trim_matches('\'').to_owned();
        [mark.replace(r"\\", r"\"), mark]
    };
    printed.flat_map(as_text).collect()
}

/// The texts that this file format reads as NULL; `None` also where that cannot be learnt.
async fn ask(
    run: &Run<'_>,
    account: &Account,
    format: &QualifiedName,
) -> Result<Option<String>, Error> {
    let question = Statement::new(format!("desc file format {format}"));
    match query(run, account, question).await {
        Ok(Answer::Given(rows)) => null_marks(&rows),
        Err(error) if error.is_interruption() => Err(error),
        // Whoever may not ask knows nothing; `snowflake plan` compares it as well.
        Ok(Answer::Unknown(_)) | Err(_) => Ok(None),
    }
}

/// The texts that mean NULL, as `desc` prints them; `None` where none does.
fn null_marks(rows: &Rows) -> Result<Option<String>, Error> {
    for row in rows.iter() {
        let cell = |row: Row<'_>, name: &str| row.cell(name)?.text().map(str::to_owned);
        if cell(row, "property")?.eq_ignore_ascii_case("NULL_IF") {
            let marks = cell(row, "property_value").unwrap_or_default();
            let is_none = marks.trim_matches(['[', ']', '(', ')', ' ']).is_empty();
            return Ok((!is_none).then_some(marks));
        }
    }
    Ok(None)
}
