//! Why a question in plain words has no answer, and what a model may be told of that.

use super::model::ModelError;
use crate::answers::NotAnswered;
use crate::guard::Refusal;

/// So much of an error is told to a model.
const MOST_TOLD_CHARS: usize = 600;

/// Why a question in plain words has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTold {
    /// The model does not answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The warehouse does not.
    #[error(transparent)]
    Warehouse(#[from] NotAnswered),
    /// What the model wrote is no answer.
    #[error("the model's answer cannot be used: {0}")]
    Unread(&'static str),
    /// It could not mend it.
    #[error("the model `{model}` found no query that can be run, also after two repairs")]
    GaveUp {
        model: String,
        #[source]
        why: Box<Self>,
    },
}

/// A try that failed.
pub(crate) struct Failed {
    pub(super) why: NotTold,
    /// What the model is told, which carries no value of a row and no path; without it, there is nothing to mend.
    pub(super) for_the_model: Option<String>,
}

impl Failed {
    pub(super) fn unread(why: &'static str) -> Self {
        Self { why: NotTold::Unread(why), for_the_model: Some(why.to_owned()) }
    }

    /// What no other answer of the model's would mend.
    pub(super) fn finally(error: NotAnswered) -> Self {
        Self { why: error.into(), for_the_model: None }
    }

    /// A ready question that was asked wrongly: the error has the model's own words alone.
    pub(super) fn ready(error: NotAnswered) -> Self {
        let hint = match &error {
            // Examples are names.
            NotAnswered::NotAsked(error) => clipped(&error.plain()),
            _ => clipped(&error.told()),
        };
        Self { why: error.into(), for_the_model: Some(hint) }
    }

    /// A plan that DuckDB did not make of the model's own words, or that the guard refused.
    pub(super) fn planned(error: NotAnswered) -> Self {
        let hint = match &error {
            NotAnswered::Refused(Refusal::Query { source, is_about_rows: false }) => {
                Some(clipped(&source.0))
            }
            _ => hint(&error),
        };
        Self { why: error.into(), for_the_model: hint }
    }

    /// A query that failed while it read rows, or that has names in it which the model does not know: the kind of the error is told.
    pub(super) fn run(error: NotAnswered) -> Self {
        let hint = hint(&error);
        Self { why: error.into(), for_the_model: hint }
    }
}

/// What is told of an error without what it says of rows, names, files and this machine.
fn hint(error: &NotAnswered) -> Option<String> {
    let NotAnswered::Refused(refusal) = error else { return None };
    match refusal {
        Refusal::Query { source, .. } => {
            let kind = source.0.split(':').next().unwrap_or_default();
            let is_kind = kind.ends_with("Error")
                && kind.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
            let kind = if is_kind { kind } else { "Error" };
            Some(format!("the query failed while it was run ({kind})"))
        }
        Refusal::NotASelect { word, .. } => {
            Some(format!("`{}` is not run, only one select is", clipped(word)))
        }
        Refusal::Empty
        | Refusal::Several { .. }
        | Refusal::PivotWithoutValues
        | Refusal::Function { .. }
        | Refusal::TableFunction { .. }
        | Refusal::Setting { .. }
        | Refusal::SystemTable { .. }
        | Refusal::OtherFile { .. }
        | Refusal::Depth { .. }
        | Refusal::Parameter { .. } => Some(clipped(&refusal.to_string())),
        Refusal::Time { .. }
        | Refusal::Memory { .. }
        | Refusal::Size { .. }
        | Refusal::Ended { .. }
        | Refusal::Held { .. }
        | Refusal::Unopened { .. }
        | Refusal::NotStarted { .. }
        | Refusal::Unwritten { .. } => None,
    }
}

fn clipped(text: &str) -> String {
    text.chars().take(MOST_TOLD_CHARS).collect()
}
