//! Names as people remember them, and the nearest that there are.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Desk, NotAnswered};
use crate::definitions::ReadyQuestion;
use crate::warehouse::NEAREST_NAME;

/// The name that is most like what was said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NearestName {
    pub(crate) name: String,
    /// From 0 to 1.
    pub(crate) likeness: f64,
    /// Whether it was said as it is written, or by its id.
    pub(crate) is_exact: bool,
}

/// A value that is neither a name nor an id of what it should be one of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownName {
    kinds: &'static str,
    said: String,
    nearest: Option<String>,
}

impl std::fmt::Display for UnknownName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kinds, said, nearest } = self;
        let id = if *kinds == "genres" { "" } else { " or id" };
        write!(f, "no {} has the name{id} `{said}`", kinds.trim_end_matches('s'))?;
        match nearest {
            Some(nearest) => write!(f, "; the nearest name is `{nearest}`"),
            None => write!(f, "; there is none yet"),
        }
    }
}

/// Whose names the values of a ready question's parameter are.
pub(crate) fn kinds_of_parameter(name: &str) -> Option<&'static str> {
    match name {
        "playlist" | "other_playlist" => Some("playlists"),
        "song" => Some("songs"),
        "artist" => Some("artists"),
        "album" => Some("albums"),
        "genre" => Some("genres"),
        _ => None,
    }
}

impl Desk {
    /// The name of those kinds that is nearest; `None` where there is no name at all.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub(crate) async fn nearest_name(
        &self,
        said: &str,
        kinds: &str,
    ) -> Result<Option<NearestName>, NotAnswered> {
        let values = [("said", said), ("kinds", kinds)];
        let values = values.map(|(name, value)| (name.to_owned(), Value::from(value)));
        // The guard binds by name, and the linter of SQL knows numbers alone.
        let sql = NEAREST_NAME.replace("?1", "$said").replace("?2", "$kinds");
        let rows = self.ask(sql, BTreeMap::from(values)).await?.rows;
        let name = rows.first().map(|row| NearestName {
            name: row["name"].as_str().unwrap_or_default().to_owned(),
            likeness: row["likeness"].as_f64().unwrap_or_default(),
            is_exact: row["is_exact"].as_bool().unwrap_or_default(),
        });
        Ok(name)
    }

    /// Which values of a question that has no rows are names of nothing.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub(crate) async fn unknown_names(
        &self,
        question: &ReadyQuestion,
        values: &BTreeMap<String, Value>,
    ) -> Result<Vec<UnknownName>, NotAnswered> {
        let mut unknown = Vec::new();
        for parameter in &question.parameters {
            let Some(kinds) = kinds_of_parameter(&parameter.name) else { continue };
            let Some(said) = values.get(&parameter.name).and_then(Value::as_str) else { continue };
            let nearest = self.nearest_name(said, kinds).await?;
            if !nearest.as_ref().is_some_and(|it| it.is_exact) {
                let nearest = nearest.map(|it| it.name);
                unknown.push(UnknownName { kinds, said: said.to_owned(), nearest });
            }
        }
        Ok(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{ParameterKind, ready_questions};

    #[test]
    fn each_text_that_a_question_asks_for_is_a_name_or_a_table() {
        let parameters = ready_questions().iter().flat_map(|it| &it.parameters);
        let texts = parameters.filter(|it| it.kind == ParameterKind::Text);
        let other = texts.filter(|it| kinds_of_parameter(&it.name).is_none());
        let mut other: Vec<&str> = other.map(|it| it.name.as_str()).collect();
        other.dedup();
        assert_eq!(other, ["table"]);
    }
}
