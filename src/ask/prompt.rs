//! What a model is sent: the question, the schema, the semantic definition and the ready questions. Never a row.
//!
//! Examples of parameters stay out: they are names of playlists.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use crate::definitions::{described, measures, ready_questions};

/// The same question gets the same answer, as far as a server can.
const SEED: u32 = 7;
/// An answer has a query in it and little else.
const MOST_TOKENS: u32 = 1_500;
/// So much of a model's own answer is repeated to it.
const MOST_REPEATED_CHARS: usize = 4_000;

const RULES: &str = "You turn one question about a warehouse of Spotify playlists into one JSON object with the keys \
\"question\", \"parameters\" and \"sql\". You never see rows, and you do not answer the question yourself.
Rules:
1. Where a ready question below answers it, \"question\" is its name, \"parameters\" has values for what it leaves open, and \"sql\" is \"\".
2. Else \"question\" is \"\", \"parameters\" is {} and \"sql\" is one DuckDB SELECT over the tables below, with their schema. No other statement is run.
3. Names of playlists, songs, artists, albums and genres are written exactly as the user wrote them, as values of parameters, too, and compared with =, <> or IN; they are corrected later.
4. Times are UTC. Shares are between 0 and 1. Order and limit what could be long.
5. The answer is the JSON object alone.";

/// The messages so far, and to whom they go.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    messages: Vec<Message>,
}

#[derive(Debug, Clone, Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    temperature: u32,
    seed: u32,
    max_tokens: u32,
    stream: bool,
    response_format: ResponseFormat,
}

impl Prompt {
    /// For a question.
    pub(crate) fn new(question: &str) -> Self {
        let system = Message { role: "system", content: definition() };
        Self { messages: vec![system, Message { role: "user", content: question.to_owned() }] }
    }

    /// Tells the model that its answer failed, and how.
    pub(crate) fn failed(&mut self, answer: &str, why: &str) {
        let answer = answer.chars().take(MOST_REPEATED_CHARS).collect();
        self.messages.push(Message { role: "assistant", content: answer });
        let content = format!("That failed: {why}\nGive the corrected JSON object.");
        self.messages.push(Message { role: "user", content });
    }

    /// The request's body, byte for byte.
    pub(crate) fn body(&self, model: &str) -> String {
        let body = Body {
            model,
            messages: &self.messages,
            temperature: 0,
            seed: SEED,
            max_tokens: MOST_TOKENS,
            stream: false,
            response_format: response_format(),
        };
        serde_json::to_string(&body).expect("texts and numbers are JSON")
    }
}

/// A server that holds a model to a schema lets it write the properties in the schema's order: the choice of a question comes before
/// its values, as in the rules, and SQL last. `json!` would sort them.
#[derive(Serialize)]
struct Properties {
    question: Value,
    parameters: Value,
    sql: Value,
}

#[derive(Serialize)]
struct Schema {
    r#type: &'static str,
    properties: Properties,
    required: [&'static str; 3],
    #[serde(rename = "additionalProperties")]
    may_have_others: bool,
}

#[derive(Serialize)]
struct NamedSchema {
    name: &'static str,
    schema: Schema,
}

#[derive(Serialize)]
struct ResponseFormat {
    r#type: &'static str,
    json_schema: NamedSchema,
}

fn response_format() -> ResponseFormat {
    let names = ready_questions().iter().map(|it| it.name.as_str()).chain([""]);
    let all = ready_questions().iter().flat_map(|it| &it.parameters);
    let value = || json!({ "type": ["string", "number"] });
    // Each that some question has, once: a small model invents others, or writes them without end.
    let parameters: serde_json::Map<_, _> =
        all.map(|parameter| (parameter.name.clone(), value())).collect();
    let properties = Properties {
        question: json!({ "type": "string", "enum": names.collect::<Vec<_>>() }),
        parameters: json!({
            "type": "object",
            "properties": parameters,
            "additionalProperties": false,
        }),
        sql: json!({ "type": "string" }),
    };
    let schema = Schema {
        r#type: "object",
        properties,
        required: ["question", "parameters", "sql"],
        may_have_others: false,
    };
    ResponseFormat { r#type: "json_schema", json_schema: NamedSchema { name: "answer", schema } }
}

/// All that a model learns of the warehouse.
fn definition() -> String {
    let mut text = format!("{RULES}\n\nReady questions (name, parameters, what it answers):\n");
    for question in ready_questions() {
        let parameters = question.parameters.iter().map(|it| {
            let needed = if it.is_required { ", needed" } else { "" };
            format!("{} ({}{needed})", it.name, it.kind.name())
        });
        let parameters = parameters.collect::<Vec<_>>().join("; ");
        let _ = writeln!(text, "- {} [{parameters}]: {}", question.name, question.description);
    }
    text.push_str(
        "\nTables (schema.table: what a row is; its columns: what they mean, said once where it is the same):\n",
    );
    let mut told = BTreeSet::new();
    for table in described() {
        let description = one_line(&table.description);
        let _ = writeln!(text, "- {}.{}: {description}", table.schema, table.name);
        let columns = table.columns.iter().map(|column| {
            let meaning = one_line(&column.description);
            match told.insert((&column.name, meaning.clone())) {
                true => format!("{} ({meaning})", column.name),
                false => column.name.clone(),
            }
        });
        let _ = writeln!(text, "  {}", columns.collect::<Vec<_>>().join(", "));
    }
    text.push_str("\nMeasures (how something is counted, in which mart):\n");
    for it in measures() {
        let (name, how) = (&it.name, format!("{}({})", it.aggregation, it.expression));
        let _ = writeln!(text, "- {name} = {how} from marts.{}: {}", it.table, it.description);
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_chooses_the_question_before_it_writes_values_or_sql() {
        let body = Prompt::new("how many songs?").body("tiny");
        let properties = &body[body.find("\"properties\"").expect("a schema")..];
        let at = |name: &str| properties.find(&format!("\"{name}\":{{")).expect(name);
        assert!(at("question") < at("parameters") && at("parameters") < at("sql"), "{properties}");
    }

    #[test]
    fn the_parameters_of_the_ready_questions_are_all_that_may_be_written() {
        let body: Value = serde_json::from_str(&Prompt::new("?").body("tiny")).expect("JSON");
        let schema = &body["response_format"]["json_schema"]["schema"]["properties"]["parameters"];
        assert_eq!(schema["additionalProperties"], json!(false));
        let named = schema["properties"].as_object().expect("an object");
        for question in ready_questions() {
            assert!(question.parameters.iter().all(|it| named.contains_key(&it.name)));
        }
        assert!(!named.contains_key("description"), "{schema}");
    }
}
