//! Texts that could be read as NULL: the hash writes both as `\N`, so the proof alone would not tell them apart.
//!
//! Our file formats take no text for NULL; Snowflake's own default, for parquet as well, takes `\N`. Where a format does, no file
//! that is read with it is called verified.

use crate::config::Account;
use crate::lake::Format;
use crate::run::Run;
use crate::run::account::query;
use crate::run::error::Error;
use crate::snowflake::{Answer, FileVerdict, QualifiedName, Row, Rows, Statement, Verification};
use crate::status::Verdict;

/// Doubts the proof of files whose file format reads some text as NULL. One question for each format that proven files have; it
/// costs no warehouse.
pub(super) async fn doubt(
    run: &Run<'_>,
    account: &Account,
    mut verification: Verification,
) -> Result<Verification, Error> {
    for format in [Format::Parquet, Format::Csv] {
        let is_read_so = |file: &FileVerdict| Format::of_key(&file.key) == Some(format);
        let is_proven = |file: &FileVerdict| file.verdict == Verdict::Verified && is_read_so(file);
        if !verification.files.iter().any(is_proven) {
            continue;
        }
        let name = account.names.file_format(format);
        let Some(marks) = ask(run, account, &name).await? else { continue };
        // csv's are looked for inside quotes as well.
        let inside = if format == Format::Csv { "inside quotes, too, " } else { "" };
        let reason = format!(
            "the file format `{name}` reads {marks} as NULL, {inside}which no checksum tells from a text"
        );
        let next_step = format!(
            "`alter file format {name} set null_if = ()`, then `snowtrack run --full` ships every row anew"
        );
        verification = verification.doubting(is_read_so, &reason, &next_step);
    }
    Ok(verification)
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
