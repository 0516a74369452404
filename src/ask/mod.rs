//! Questions in plain words, answered by a model that chooses and a warehouse that answers.
//!
//! In: a question, and a server of models. Out: rows, the query that gave them, and what was assumed. A model sees the question, the
//! schema and the definitions, and of an error what carries no value of a row. What it writes is SQL of a stranger: the guard runs it.

mod error;
mod evaluate;
mod model;
mod names;
mod nearest;
mod prompt;
mod reply;

use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use error::NotTold;
pub(crate) use evaluate::{EvaluationError, Outcome, Score, evaluate};
pub(crate) use model::{ModelError, Server};
pub(crate) use names::Meant;
pub(crate) use nearest::nearest;
pub(crate) use prompt::Prompt;

use crate::answers::{Desk, Rows, given};
use crate::definitions::{NotAsked, ready_question};
use error::Failed;
use reply::Choice;

/// How often a model may mend its answer.
const MOST_REPAIRS: usize = 2;

/// The parameters of ready questions that are a playlist's name or id.
const PLAYLISTS: [&str; 2] = ["playlist", "other_playlist"];

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    /// The ready question that was asked; NULL where the model wrote SQL.
    pub(crate) ready_question: Option<String>,
    /// What was run.
    pub(crate) sql: String,
    #[serde(flatten)]
    pub(crate) rows: Rows,
    /// What the ready question left open, as it was asked.
    pub(crate) parameters: Map<String, Value>,
    /// Names that were corrected.
    pub(crate) names: Vec<Meant>,
    pub(crate) model: String,
}

/// Asks the model, and then the warehouse.
///
/// # Errors
/// [`NotTold`].
pub(crate) async fn ask(
    desk: &Desk,
    server: &Server,
    model: &str,
    question: &str,
) -> Result<Told, NotTold> {
    let mut prompt = Prompt::new(question);
    let mut repairs = 0;
    loop {
        let text = server.answer(prompt.body(model)).await?;
        let failed = match reply::read(&text) {
            Err(why) => Failed::unread(why),
            Ok(choice) => match answer(desk, model, choice).await {
                Ok(told) => return Ok(told),
                Err(failed) => failed,
            },
        };
        let Failed { why, for_the_model: Some(hint) } = failed else {
            return Err(failed.why);
        };
        if repairs == MOST_REPAIRS {
            return Err(NotTold::GaveUp { model: model.to_owned(), why: Box::new(why) });
        }
        repairs += 1;
        prompt.failed(&text, &hint);
    }
}

async fn answer(desk: &Desk, model: &str, choice: Choice) -> Result<Told, Failed> {
    match choice {
        Choice::Ready { name, values } => ready(desk, model, &name, values).await,
        Choice::Sql(sql) => written(desk, model, &sql).await,
    }
}

/// A ready question, asked of the playlist that was meant.
pub(crate) async fn ready(
    desk: &Desk,
    model: &str,
    name: &str,
    mut values: Map<String, Value>,
) -> Result<Told, Failed> {
    let refused = |error: NotAsked| Failed::ready(error.into());
    let question = ready_question(name).map_err(refused)?;
    // A model writes an empty text for what is left out.
    values.retain(|_, value| value.as_str().is_none_or(|text| !text.trim().is_empty()));
    let checked = question.values(&given(&values).map_err(Failed::ready)?).map_err(refused)?;
    let mut names = Vec::new();
    for parameter in PLAYLISTS {
        let Some(said) = checked.get(parameter).and_then(Value::as_str) else { continue };
        let found = names::nearest(desk, said, "playlists").await.map_err(Failed::finally)?;
        if let Some(meant) = found {
            names.push(Meant { said: said.to_owned(), meant: meant.clone() });
            values.insert(parameter.to_owned(), meant.into());
        }
    }
    let values_now = given(&values).map_err(Failed::finally)?;
    let bound = question.values(&values_now).map_err(|error| Failed::finally(error.into()))?;
    let rows = desk.ask(question.sql.clone(), bound).await.map_err(Failed::finally)?;
    Ok(Told {
        ready_question: Some(question.name.clone()),
        sql: question.sql.clone(),
        rows,
        parameters: values,
        names,
        model: model.to_owned(),
    })
}

/// SQL of the model's own: its plan first, which reads no row, then with the names that were meant.
async fn written(desk: &Desk, model: &str, sql: &str) -> Result<Told, Failed> {
    let sql = sql.trim().trim_end_matches([';', ' ', '\n', '\t']);
    // Between brackets: `analyze …` would run what is to be explained.
    let plan = format!("explain from (\n{sql}\n)");
    desk.query(plan).await.map_err(Failed::planned)?;
    let corrected = names::corrected(desk, sql).await.map_err(Failed::finally)?;
    let rows = desk.query(corrected.sql.clone()).await.map_err(Failed::run)?;
    Ok(Told {
        ready_question: None,
        sql: corrected.sql,
        rows,
        parameters: Map::new(),
        names: corrected.names,
        model: model.to_owned(),
    })
}
