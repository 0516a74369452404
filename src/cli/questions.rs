//! `query NAME` and `query --list`: the ready questions.

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;

use super::exit::Error;
use super::layout::{Column, Frame, Grid, Page, Tone};
use super::told::{has_begun_to_print, print_as_it_is, print_page};
use super::{Output, one_line, runtime, tell};
use crate::answers::Desk;
use crate::definitions::{NotAsked, Parameter, ReadyQuestion, ready_question, ready_questions};
use crate::phrase::counted;

/// A query, and values for what it leaves open.
pub(super) struct Asked {
    pub(super) sql: String,
    pub(super) parameters: BTreeMap<String, Value>,
    /// The ready question that it is.
    pub(super) question: Option<&'static ReadyQuestion>,
}

/// The query that a text stands for: a ready question by its name, or the text itself.
pub(super) fn asked(text: &str, given: &[String]) -> Result<Asked, Error> {
    if is_name(text) {
        return values_for(text.trim(), given).map_err(|error| unasked(error.to_string()));
    }
    as_sql(text.to_owned(), given)
}

/// SQL, which has all its values.
pub(super) fn as_sql(sql: String, given: &[String]) -> Result<Asked, Error> {
    match given {
        [] => Ok(Asked { sql, parameters: BTreeMap::new(), question: None }),
        _ => Err(unasked(
            "`--param` gives values to a ready question, and this is SQL, which has its own; `snowtrack query --list` shows the questions"
                .to_owned(),
        )),
    }
}

fn values_for(name: &str, given: &[String]) -> Result<Asked, NotAsked> {
    let question = ready_question(name)?;
    let (sql, parameters) = (question.sql.clone(), question.values(given)?);
    Ok(Asked { sql, parameters, question: Some(question) })
}

/// Says which values of a question that has no rows are names of nothing. That it cannot be said is no reason to fail.
pub(super) fn tell_unknown_names(
    desk: &Desk,
    question: &ReadyQuestion,
    values: &BTreeMap<String, Value>,
) -> Result<(), Error> {
    if let Ok(unknown) = runtime()?.block_on(desk.unknown_names(question, values)) {
        unknown.iter().for_each(|it| tell(&one_line(&it.to_string())));
    }
    Ok(())
}

/// One word is no SQL that is answered.
fn is_name(text: &str) -> bool {
    let text = text.trim();
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_of_name)
}

/// What was asked wrongly has no answer, not even a document that says so.
fn unasked(told: String) -> Error {
    has_begun_to_print();
    Error::Usage(told)
}

/// Prints what can be asked.
pub(super) fn list(format: Output) -> Result<(), Error> {
    let questions = ready_questions();
    match format {
        Output::Json => {
            let text = serde_json::to_string(&Questions { questions }).map_err(io::Error::from)?;
            print_as_it_is(&text)
        }
        Output::Csv => {
            let lines = questions.iter().map(|it| {
                format!("{},\"{}\",\"{}\"", it.name, it.description.replace('"', "\"\""), shown(it))
            });
            let header = "name,description,parameters".to_owned();
            print_as_it_is(&[header].into_iter().chain(lines).collect::<Vec<_>>().join("\n"))
        }
        Output::Table => print_page(page(questions)),
    }
}

fn page(questions: &[ReadyQuestion]) -> Page {
    let columns = vec![Column::word("name"), Column::name("parameters")];
    let mut table = Grid::new(Frame::Open { indent: 0 }, columns);
    for question in questions {
        table.row(vec![question.name.as_str().into(), shown(question).into()]);
        table.note(&question.description, Tone::Plain);
    }
    let mut page = Page::default();
    page.table(table);
    page.say(counted(questions.len() as u64, "question"));
    page.paste("For example: snowtrack query top_artists --param count=5");
    page.say(
        "A list is named by its id or its whole name; what has no value leaves the answer whole.",
    );
    page
}

#[derive(serde::Serialize)]
struct Questions {
    questions: &'static [ReadyQuestion],
}

/// The parameters of a question, each with what holds without it.
fn shown(question: &ReadyQuestion) -> String {
    let each =
        question.parameters.iter().map(|Parameter { name, default, is_required, .. }| {
            match (is_required, default) {
                (true, _) => format!("{name} (needed)"),
                (false, Value::Null) => name.clone(),
                (false, value) => format!("{name}={value}"),
            }
        });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_a_name_and_all_else_is_sql() {
        for name in ["top_artists", " last_run\n", "top-artists", "Überblick", "5"] {
            assert!(is_name(name), "{name}");
        }
        for sql in ["", "-", "--list", "from x", "select 1", "x.y", "(table x)", "x;", "\"x\""] {
            assert!(!is_name(sql), "{sql}");
        }
    }
}
