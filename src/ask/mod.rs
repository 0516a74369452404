//! Questions in plain words, answered by a model that chooses and a warehouse that answers.
//!
//! In: a question, and a server of models. Out: rows, the query that gave them, and what was assumed. A model sees the question, the
//! schema and the definitions, and of an error what carries no value of a row. What it writes is SQL of a stranger: the guard runs it.

mod compared;
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

use crate::answers::{Desk, Rows, given, kinds_of_parameter};
use crate::definitions::{NotAsked, ready_question};
use error::Failed;
use names::{Corrected, Corrections};
use reply::Choice;

/// How often a model may mend its answer.
const MOST_REPAIRS: usize = 2;

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
    /// What should be a name, and nothing is called so or alike.
    pub(crate) unknown_names: Vec<String>,
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

/// A ready question, asked of the names that were meant.
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
    let mut corrections = Corrections::default();
    for (parameter, value) in &checked {
        let (Some(kinds), Some(said)) = (kinds_of_parameter(parameter), value.as_str()) else {
            continue;
        };
        let meant = names::of_value(desk, said, kinds, &mut corrections).await;
        if let Some(meant) = meant.map_err(Failed::finally)? {
            values.insert(parameter.clone(), meant.into());
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
        names: corrections.names,
        unknown_names: corrections.unknown,
        model: model.to_owned(),
    })
}

/// SQL of the model's own: its plan first, which reads no row, then with the names that were meant.
async fn written(desk: &Desk, model: &str, sql: &str) -> Result<Told, Failed> {
    let sql = sql.trim().trim_end_matches([';', ' ', '\n', '\t']);
    desk.plan(sql.to_owned()).await.map_err(Failed::planned)?;
    let corrected = names::corrected(desk, sql).await.map_err(Failed::finally)?;
    let Corrected { sql, corrections } = corrected;
    let rows = desk.query(sql.clone()).await.map_err(Failed::run)?;
    Ok(Told {
        ready_question: None,
        sql,
        rows,
        parameters: Map::new(),
        names: corrections.names,
        unknown_names: corrections.unknown,
        model: model.to_owned(),
    })
}
