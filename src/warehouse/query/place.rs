//! An error of DuckDB's, with a place in the text that the person wrote: DuckDB knows only that it stands in ours.

use duckdb::Connection;

use super::refusal::{Message, Refusal};
use super::{MOST_DEPTH, memory_limit_bytes};

/// The refusal for a query that was found to be one, with the line of its own text.
pub(super) fn refusal(
    connection: &Connection,
    sql: &str,
    error: duckdb::Error,
    is_about_rows: bool,
) -> Refusal {
    if matches!(error, duckdb::Error::InvalidParameterName(_)) {
        return of_duckdb(error, is_about_rows);
    }
    // Prepared by itself, of several statements the first would be run; of one, none is.
    let own = connection.prepare(sql).err();
    let text = own.as_ref().unwrap_or(&error).to_string();
    // What only our text has is no place in theirs.
    match own {
        Some(own) => of_duckdb(own, is_about_rows),
        None => of_text(text.split("\n\nLINE ").next().unwrap_or_default(), is_about_rows),
    }
}

/// The refusal that DuckDB's error is.
pub(super) fn of_duckdb(error: duckdb::Error, is_about_rows: bool) -> Refusal {
    match error {
        duckdb::Error::InvalidParameterName(name) => {
            // Those without a name are told in words.
            let name = if name.contains(' ') { "?".to_owned() } else { name };
            Refusal::Parameter { name }
        }
        other => of_text(&other.to_string(), is_about_rows),
    }
}

/// An error as DuckDB tells it where rows are fetched.
#[derive(serde::Deserialize)]
struct Fetched<'a> {
    exception_type: &'a str,
    exception_message: String,
}

/// Kinds are told apart only by the words of the message.
pub(super) fn of_text(text: &str, is_about_rows: bool) -> Refusal {
    let fetched = serde_json::from_str::<Fetched<'_>>(text).ok();
    let text = fetched.map_or_else(
        || text.to_owned(),
        |it| format!("{} Error: {}", it.exception_type, it.exception_message),
    );
    if text.contains("Max expression depth limit") {
        return Refusal::Depth { limit: MOST_DEPTH };
    }
    let is_memory = ["Out of Memory Error", "std::bad_alloc"].iter().any(|it| text.starts_with(it));
    match is_memory {
        true => Refusal::Memory { limit_bytes: memory_limit_bytes() },
        false => Refusal::Query { source: Message(text), is_about_rows },
    }
}

/// The line of the text that has this byte, as DuckDB shows it.
pub(super) fn place(sql: &str, position: usize) -> String {
    let Some((before, after)) = sql.split_at_checked(position) else { return String::new() };
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let head = format!("LINE {}: ", before.matches('\n').count() + 1);
    let line = [&before[start..], after.lines().next().unwrap_or_default()].concat();
    let column = head.len() + before[start..].chars().count();
    format!("\n\n{head}{line}\n{:>1$}", '^', column + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_the_same_wherever_it_is_told() {
        let conversion = r#"{"exception_type":"Conversion","exception_message":"no \"number\""}"#;
        for text in [conversion, "Conversion Error: no \"number\""] {
            let source = Message("Conversion Error: no \"number\"".to_owned());
            assert_eq!(of_text(text, true), Refusal::Query { source, is_about_rows: true });
        }
        let depth = "Parser Error: Max expression depth limit of 300 exceeded. Use SET …";
        assert_eq!(of_text(depth, false), Refusal::Depth { limit: MOST_DEPTH });
        let memory = r#"{"exception_type":"Out of Memory","exception_message":"x"}"#;
        for text in [memory, "Out of Memory Error: x", "std::bad_alloc"] {
            let limit_bytes = memory_limit_bytes();
            assert_eq!(of_text(text, true), Refusal::Memory { limit_bytes });
        }
    }

    #[test]
    fn a_place_is_a_line_and_a_mark_below_it() {
        assert_eq!(place("selec 1", 0), "\n\nLINE 1: selec 1\n        ^");
        assert_eq!(place("select é\nfrom x where\n", 23), "\n\nLINE 3: \n        ^");
        assert_eq!(place("select é,\n ü x y", 15), "\n\nLINE 2:  ü x y\n           ^");
        assert_eq!(place("é", 1), "");
        assert_eq!(place("x", 9), "");
    }
}
