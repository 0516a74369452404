//! The ready questions: SQL that is written, described and tested once, with values that are bound.
//!
//! In: the exposures of dbt's `.yml` that have `questions` in their `meta`. Out: the questions, and the values for one of them. Runs
//! nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

use super::{DOCUMENTS, described, list, text};

/// A question that needs no SQL of whoever asks it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ReadyQuestion {
    pub(crate) name: String,
    /// What it answers.
    pub(crate) description: String,
    pub(crate) parameters: Vec<Parameter>,
    /// One query, with a `$name` for each parameter.
    #[serde(skip)]
    pub(crate) sql: String,
}

/// What a question leaves open.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: ParameterKind,
    /// The value where none is given; NULL leaves the answer whole.
    pub(crate) default: Value,
    /// Whether there is no answer without one.
    #[serde(rename = "required")]
    pub(crate) is_required: bool,
    pub(crate) example: Value,
}

/// What a parameter's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ParameterKind {
    /// Any text; names are compared whole.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A day, `2026-01-31`.
    Date,
}

/// Why a question is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAsked {
    /// No question has the name.
    #[error("there is no ready question `{name}`{}{}", or_else(nearest), as_table(table.as_deref()))]
    UnknownQuestion { name: String, nearest: Vec<String>, table: Option<String> },
    /// It has no such parameter.
    #[error("`{question}` has no parameter `{name}`; {known}")]
    UnknownParameter { question: String, name: String, known: String },
    /// A parameter stands there without `=` and a value.
    #[error("the parameter `{name}` has no value: give it as `--param {name}=VALUE`; {known}")]
    NoValue { name: String, known: String },
    /// A parameter stands there twice.
    #[error("the parameter `{name}` is given twice")]
    Twice { name: String },
    /// What it cannot do without is not given.
    #[error("`{question}` needs `{name}`: give it as `--param {name}={example}`")]
    Missing { question: String, name: String, example: String },
    /// A value is not of the parameter's type.
    #[error("`{value}` is not {wanted}, as the parameter `{name}` wants it")]
    NotOfType { name: String, value: String, wanted: &'static str },
}

impl NotAsked {
    /// The same without a word of the command line, and without an example, which is a name.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::UnknownQuestion { name, nearest, .. } if nearest.is_empty() => {
                format!("there is no ready question `{name}`")
            }
            Self::UnknownQuestion { name, nearest, .. } => {
                let nearest = nearest.join("`, `");
                format!("there is no ready question `{name}`; the nearest: `{nearest}`")
            }
            Self::NoValue { name, known } => {
                format!("the parameter `{name}` has no value in `parameters`; {known}")
            }
            Self::Missing { question, name, .. } => {
                format!("`{question}` needs `{name}`: give it in `parameters`")
            }
            Self::UnknownParameter { .. } | Self::Twice { .. } | Self::NotOfType { .. } => {
                self.to_string()
            }
        }
    }

    /// The same in the words of the server's tools.
    pub(crate) fn for_tools(&self) -> String {
        let plain = self.plain();
        match self {
            Self::UnknownQuestion { table: Some(table), .. } => {
                format!("{plain}; `list_questions` shows all, and `query` asks the table {table}")
            }
            Self::UnknownQuestion { .. } => format!("{plain}; `list_questions` shows all"),
            _ => plain,
        }
    }
}

fn or_else(nearest: &[String]) -> String {
    match nearest {
        [] => "; `snowtrack query --list` shows those that there are".to_owned(),
        names => {
            format!("; the nearest: `{}`; `snowtrack query --list` shows all", names.join("`, `"))
        }
    }
}

/// How a table of that name is asked.
fn as_table(table: Option<&str>) -> String {
    table
        .map(|table| format!("; the table is asked with `snowtrack query \"from {table}\"`"))
        .unwrap_or_default()
}

/// Every question, in the order of the files that they stand in.
pub(crate) fn ready_questions() -> &'static [ReadyQuestion] {
    static QUESTIONS: LazyLock<Vec<ReadyQuestion>> = LazyLock::new(|| {
        let exposures = DOCUMENTS.iter().flat_map(|document| list(document, "exposures"));
        let questions = exposures
            .filter_map(|exposure| exposure.pointer("/config/meta/questions")?.as_array())
            .flatten();
        questions.map(ReadyQuestion::read).collect()
    });
    &QUESTIONS
}

/// The question of that name.
///
/// # Errors
/// [`NotAsked::UnknownQuestion`] with the names nearest to it.
pub(crate) fn ready_question(name: &str) -> Result<&'static ReadyQuestion, NotAsked> {
    let found = ready_questions().iter().find(|question| question.name == name);
    found.ok_or_else(|| {
        let table = described().iter().find(|table| table.name == name);
        NotAsked::UnknownQuestion {
            name: name.to_owned(),
            nearest: nearest(name),
            table: table.map(|table| format!("{}.{name}", table.schema)),
        }
    })
}

/// How like a name must be to be offered.
const LEAST_LIKENESS: f64 = 0.45;
const MOST_OFFERED: usize = 3;

/// The names that may have been meant, the likeliest first.
fn nearest(name: &str) -> Vec<String> {
    let name = name.to_lowercase().replace('-', "_");
    let mut found: Vec<(f64, &str)> = ready_questions()
        .iter()
        .map(|question| (likeness(&name, &question.name), question.name.as_str()))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    found.into_iter().take(MOST_OFFERED).map(|(_, name)| name.to_owned()).collect()
}

/// By letters, or by the words that both have.
fn likeness(name: &str, other: &str) -> f64 {
    let words: Vec<&str> = name.split('_').filter(|word| word.len() > 1).collect();
    let others: Vec<&str> = other.split('_').collect();
    let is_shared = |word: &&&str| {
        others.iter().any(|other| strsim::normalized_damerau_levenshtein(word, other) > 0.7)
    };
    let shared = words.iter().filter(is_shared).count();
    let by_words = shared as f64 / words.len().max(others.len()) as f64;
    by_words.max(strsim::normalized_damerau_levenshtein(name, other))
}

impl ReadyQuestion {
    fn read(question: &Value) -> Self {
        Self {
            name: text(question, "name"),
            description: text(question, "description"),
            parameters: list(question, "parameters").map(Parameter::read).collect(),
            sql: text(question, "sql"),
        }
    }

    /// A value for each of its parameters, from `name=value`s.
    ///
    /// # Errors
    /// [`NotAsked`] where one does not fit, or is missing.
    pub(crate) fn values(&self, given: &[String]) -> Result<BTreeMap<String, Value>, NotAsked> {
        let mut values = BTreeMap::new();
        for pair in given {
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value)),
                None => (pair.trim(), None),
            };
            let parameter = self.parameters.iter().find(|parameter| parameter.name == name);
            let Some(parameter) = parameter else {
                return Err(NotAsked::UnknownParameter {
                    question: self.name.clone(),
                    name: name.to_owned(),
                    known: self.known(),
                });
            };
            let no_value = || NotAsked::NoValue { name: name.to_owned(), known: self.known() };
            let value = parameter.value(value.ok_or_else(no_value)?)?;
            if values.insert(name.to_owned(), value).is_some() {
                return Err(NotAsked::Twice { name: name.to_owned() });
            }
        }
        for parameter in &self.parameters {
            if parameter.is_required && !values.contains_key(&parameter.name) {
                return Err(NotAsked::Missing {
                    question: self.name.clone(),
                    name: parameter.name.clone(),
                    example: parameter.shown_example(),
                });
            }
            let default = || parameter.default.clone();
            values.entry(parameter.name.clone()).or_insert_with(default);
        }
        Ok(values)
    }

    /// What its parameters are, in a sentence.
    fn known(&self) -> String {
        let each = self.parameters.iter().map(|it| format!("`{}` ({})", it.name, it.kind.name()));
        let each: Vec<String> = each.collect();
        match each.as_slice() {
            [] => "it takes none".to_owned(),
            each => format!("it takes {}", each.join(", ")),
        }
    }
}

impl Parameter {
    fn read(parameter: &Value) -> Self {
        Self {
            name: text(parameter, "name"),
            kind: match parameter["type"].as_str() {
                Some("integer") => ParameterKind::Integer,
                Some("number") => ParameterKind::Number,
                Some("date") => ParameterKind::Date,
                _ => ParameterKind::Text,
            },
            default: parameter["default"].clone(),
            is_required: parameter["required"].as_bool().unwrap_or(false),
            example: parameter["example"].clone(),
        }
    }

    /// The text as a value of its type.
    fn value(&self, given: &str) -> Result<Value, NotAsked> {
        // A limit of fewer than no rows is none.
        let is_count = self.name == "count";
        let value = match self.kind {
            ParameterKind::Text => Some(Value::from(given)),
            ParameterKind::Integer => given
                .trim()
                .parse::<i64>()
                .ok()
                .filter(|number| !is_count || (0..=i64::from(i32::MAX)).contains(number))
                .map(Value::from),
            ParameterKind::Number => given
                .trim()
                .parse::<f64>()
                .ok()
                .and_then(|number| serde_json::Number::from_f64(number).map(Value::Number)),
            ParameterKind::Date => given
                .trim()
                .parse::<NaiveDate>()
                .ok()
                .map(|day| Value::from(day.format("%Y-%m-%d").to_string())),
        };
        value.ok_or_else(|| NotAsked::NotOfType {
            name: self.name.clone(),
            value: given.to_owned(),
            wanted: if is_count { "a number of rows" } else { self.kind.wanted() },
        })
    }

    /// An example as it stands on a command line.
    fn shown_example(&self) -> String {
        match &self.example {
            Value::String(text) if text.contains(|c: char| !c.is_alphanumeric()) => {
                format!("'{text}'")
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

impl ParameterKind {
    /// Its word.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Date => "date",
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Date => "a day such as 2026-01-31",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn values(name: &str, given: &[&str]) -> Result<BTreeMap<String, Value>, String> {
        let given: Vec<String> = given.iter().map(|&it| it.to_owned()).collect();
        ready_question(name).unwrap().values(&given).map_err(|error| error.to_string())
    }

    /// The `$name`s of a text.
    fn named(sql: &str) -> BTreeSet<String> {
        let parts = sql.split('$').skip(1);
        let name =
            |part: &str| part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        parts.map(name).collect()
    }

    #[test]
    fn each_question_is_described_and_says_what_it_leaves_open() {
        let mut names = BTreeSet::new();
        for question in ready_questions() {
            let ReadyQuestion { name, description, parameters, sql } = question;
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(!name.is_empty() && name.chars().all(is_plain), "{name}");
            assert!(names.insert(name), "`{name}` is there twice");
            assert!(description.len() >= 15, "{name}: {description}");
            let declared: BTreeSet<String> = parameters.iter().map(|it| it.name.clone()).collect();
            assert_eq!(named(sql), declared, "{name}");
            assert_eq!(declared.len(), parameters.len(), "{name}");
            for parameter in parameters {
                let example = parameter.example.as_str().map(str::to_owned);
                let example = example.unwrap_or_else(|| parameter.example.to_string());
                assert_eq!(parameter.value(&example).as_ref(), Ok(&parameter.example), "{name}");
                assert!(!parameter.is_required || parameter.default.is_null(), "{name}");
            }
        }
        assert!(names.len() >= 30, "{}", names.len());
    }

    #[test]
    fn values_are_of_their_type_and_what_is_not_given_is_the_default() {
        let found = values("newest_songs", &["count=3", "playlist=a=b"]).unwrap();
        assert_eq!(found["count"], 3);
        assert_eq!(found["playlist"], "a=b");
        let found = values("newest_songs", &[]).unwrap();
        assert_eq!((&found["count"], &found["playlist"]), (&Value::from(20), &Value::Null));
        assert_eq!(
            values("playlist_changes", &["since=2026-02-28"]).unwrap()["since"],
            "2026-02-28"
        );
        // Whatever it says, a value is a value.
        let hostile = "x' or 1=1; drop table core.songs --";
        assert_eq!(
            values("newest_songs", &[&format!("playlist={hostile}")]).unwrap()["playlist"],
            hostile
        );
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_would() {
        let cases: [(&str, &[&str], &[&str]); 9] = [
            ("newest_songs", &["count=ten"], &["`ten`", "a number of rows", "`count`"]),
            ("newest_songs", &["count=-1"], &["`-1`", "a number of rows"]),
            ("newest_songs", &["count="], &["``", "a number of rows"]),
            ("songs_in_many_playlists", &["min_playlists=1.5"], &["`1.5`", "a whole number"]),
            ("playlist_changes", &["since=2026-02-30"], &["`2026-02-30`", "a day"]),
            (
                "newest_songs",
                &["list=x"],
                &["no parameter `list`", "`playlist` (text)", "`count` (integer)"],
            ),
            ("newest_songs", &["playlist"], &["`playlist` has no value", "--param playlist=VALUE"]),
            ("newest_songs", &["count=1", "count=2"], &["`count` is given twice"]),
            ("songs_by_artist", &[], &["needs `artist`", "--param artist='Window Embers'"]),
        ];
        for (name, given, wanted) in cases {
            let error = values(name, given).unwrap_err();
            for part in wanted {
                assert!(error.contains(part), "no `{part}` in {error}");
            }
        }
        let error = values("last_run", &["playlist=x"]).unwrap_err();
        assert!(error.contains("it takes none"), "{error}");
    }

    #[test]
    fn a_misspelt_name_is_offered_its_nearest() {
        let cases = [
            ("top_artist", "top_artists"),
            ("top-artists", "top_artists"),
            ("Artists_Top", "top_artists"),
            ("playlst_overlap", "playlist_overlap"),
            ("overlap", "playlist_overlap"),
            ("duplicates", "playlist_duplicates"),
            ("newsongs", "newest_songs"),
        ];
        for (name, wanted) in cases {
            let error = ready_question(name).unwrap_err().to_string();
            assert!(error.contains(&format!("`{wanted}`")), "{name}: {error}");
            assert!(error.contains("query --list"), "{error}");
        }
        let error = ready_question("playlist_overview").unwrap_err().to_string();
        assert!(error.contains("`snowtrack query \"from marts.playlist_overview\"`"), "{error}");
        let error = ready_question("zzzz").unwrap_err().to_string();
        assert!(!error.contains("nearest") && error.contains("query --list"), "{error}");
    }
}
