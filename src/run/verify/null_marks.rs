//! csv, where a text could be read as NULL: the hash writes both as `\N`, so the proof alone would not tell them apart.
//!
//! Our file format takes no text for NULL. Where somebody changed that, no csv file is called verified.

use crate::config::Account;
use crate::run::Run;
use crate::run::account::query;
use crate::run::error::Error;
use crate::snowflake::{Answer, FileVerdict, Row, Rows, Statement, Verification};

/// Doubts the proof of csv files where the file format reads some text as NULL. Asks nothing where there are none; the question
/// costs no warehouse.
pub(super) async fn doubt(
    run: &Run<'_>,
    account: &Account,
    verification: Verification,
) -> Result<Verification, Error> {
    let is_csv = |file: &FileVerdict| file.key.ends_with(".csv.gz");
    if !verification.files.iter().any(is_csv) {
        return Ok(verification);
    }
    let format = account.names.csv_format();
    let question = Statement::new(format!("desc file format {format}"));
    let marks = match query(run, account, question).await {
        Ok(Answer::Given(rows)) => null_marks(&rows)?,
        Err(error) if error.is_interruption() => return Err(error),
        // Whoever may not ask knows nothing; `snowflake plan` compares it as well.
        Ok(Answer::Unknown(_)) | Err(_) => None,
    };
    let Some(marks) = marks else { return Ok(verification) };
    let reason = format!(
        "the file format `{format}` reads {marks} as NULL, inside quotes, too, which no checksum tells from a text"
    );
    let next_step = format!(
        "`alter file format {format} set null_if = ()`, then `snowtrack run --full` ships every row anew"
    );
    Ok(verification.doubting(is_csv, &reason, &next_step))
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
