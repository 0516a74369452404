//! What a model wrote, read with patience: it may be wrapped in words, or be no JSON at all.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What is to be asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Choice {
    /// A ready question with values.
    Ready { name: String, values: Map<String, Value> },
    /// SQL.
    Sql(String),
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    question: Option<String>,
    #[serde(default)]
    parameters: Option<Map<String, Value>>,
    #[serde(default)]
    sql: Option<String>,
}

/// What the text chooses; the error says to the model what is wrong with it.
pub(crate) fn read(text: &str) -> Result<Choice, &'static str> {
    // Some put it between marks, or talk around it.
    let object = text.find('{').zip(text.rfind('}')).and_then(|(from, to)| text.get(from..=to));
    let reply: Reply = object
        .and_then(|object| serde_json::from_str(object).ok())
        .ok_or("that is no JSON object with `question`, `parameters` and `sql`")?;
    let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    match (said(reply.question), said(reply.sql)) {
        (Some(name), _) => {
            let name = name.trim().to_owned();
            Ok(Choice::Ready { name, values: reply.parameters.unwrap_or_default() })
        }
        (None, Some(sql)) => Ok(Choice::Sql(sql)),
        (None, None) => Err("both `question` and `sql` are empty"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_read_whatever_stands_around_it() {
        let sql = Ok(Choice::Sql("select 1".to_owned()));
        for text in [
            r#"{"question":"","parameters":{},"sql":"select 1"}"#,
            r#"{"question":null,"sql":"select 1"}"#,
            r#"{"sql":"select 1"}"#,
            "Here it is:\n```json\n{\"sql\": \"select 1\"}\n```\nAnything else?",
        ] {
            assert_eq!(read(text), sql, "{text}");
        }
        let Value::Object(values) = json!({"count": 5}) else { panic!() };
        let ready = Choice::Ready { name: "top_artists".to_owned(), values };
        let text = r#"{"question":" top_artists ","parameters":{"count":5},"sql":"select 1"}"#;
        assert_eq!(read(text), Ok(ready));
        for text in ["", "{", "}{", "[]", "null", r#"{"sql":7}"#, r#"{"sql":" ","question":""}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
