//! Snowflake's semantic view over the marts, with the ready questions as its verified queries.
//!
//! <https://docs.snowflake.com/en/sql-reference/sql/create-semantic-view>

use std::collections::BTreeSet;

use serde_json::Value;

use super::definitions::{Definitions, DimensionKind, Measure, Model, Question};

const HEADER: &str = "-- Made by `make generate` from dbt/models/semantic: change it there.
-- The marts as a semantic view, for Cortex Analyst and for whoever asks by names: run by hand, in the database, after `dbt build`.
-- reads: MARTS · writes: the semantic view SPOTIFY in MARTS
-- noqa: disable=all
";

/// The statement that makes the view.
pub(crate) fn statement(definitions: &Definitions) -> String {
    let models = &definitions.models;
    let each = |of: fn(&Model) -> Vec<String>| models.iter().flat_map(of).collect::<Vec<_>>();
    let clauses = [
        clause("tables", &each(|model| vec![table(model)])),
        clause("relationships", &relationships(definitions)),
        clause("facts", &each(facts)),
        clause("dimensions", &each(dimensions)),
        clause("metrics", &each(metrics)),
        "comment = 'Spotify playlists: what is in them, what came and went, by whom, artists and genres'".to_owned(),
        clause("ai_verified_queries", &verified(definitions)),
    ];
    let clauses = clauses.join("\n");
    format!("{HEADER}create or replace semantic view marts.spotify\n{clauses};\n")
}

fn clause(name: &str, entries: &[String]) -> String {
    format!("{name} (\n    {}\n)", entries.join(",\n    "))
}

fn table(model: &Model) -> String {
    let synonyms: Vec<String> = model.synonyms.iter().map(|it| literal(it)).collect();
    format!(
        "{0} as marts.{0} primary key ({1})\n        with synonyms ({2})\n        comment = {3}",
        model.name,
        model.key.join(", "),
        synonyms.join(", "),
        literal(&model.description)
    )
}

fn relationships(definitions: &Definitions) -> Vec<String> {
    let mut found = Vec::new();
    for model in &definitions.models {
        for entity in model.entities.iter().filter(|it| it.kind != "primary") {
            let Some(home) = definitions.home(&entity.name) else { continue };
            let (from, to) = (&model.name, &home.name);
            found.push(format!(
                "{from}_of_{} as {from} ({}) references {to}",
                entity.name, entity.column
            ));
        }
    }
    found
}

/// The columns that are counted and are nothing else.
fn facts(model: &Model) -> Vec<String> {
    let others = named(model);
    let columns: BTreeSet<&str> = model.measures.iter().map(|it| it.column.as_str()).collect();
    let columns = columns.into_iter().filter(|it| !others.contains(it));
    columns.map(|column| format!("{}.{column} as {column}", model.name)).collect()
}

/// The columns that are entities or dimensions.
fn named(model: &Model) -> BTreeSet<&str> {
    let entities = model.entities.iter().map(|it| it.column.as_str());
    entities.chain(model.dimensions.iter().map(|it| it.column.as_str())).collect()
}

fn dimensions(model: &Model) -> Vec<String> {
    let entities = model.entities.iter().map(|it| entry(model, &it.column, &it.description, None));
    let dimensions = model.dimensions.iter().map(|it| {
        let is_time = matches!(it.kind, DimensionKind::Date | DimensionKind::Timestamp);
        let label = if is_time { format!("{} on", it.label) } else { it.label.clone() };
        entry(model, &it.column, &it.description, Some(&label.to_lowercase()))
    });
    entities.chain(dimensions).collect()
}

fn entry(model: &Model, column: &str, description: &str, synonym: Option<&str>) -> String {
    let synonym = synonym.map(|it| format!(" with synonyms ({})", literal(it))).unwrap_or_default();
    let comment = literal(description);
    format!("{}.{column} as {column}{synonym} comment = {comment}", model.name)
}

fn metrics(model: &Model) -> Vec<String> {
    let metric = |it: &Measure| {
        let column = format!("{}.{}", model.name, it.column);
        let sql = match it.aggregation.as_str() {
            "average" => format!("avg({column})"),
            "count_distinct" => format!("count(distinct {column})"),
            other => format!("{other}({column})"),
        };
        format!(
            "{}.{} as {sql} with synonyms ({}) comment = {}",
            model.name,
            it.name,
            literal(&it.label.to_lowercase()),
            literal(&it.description)
        )
    };
    model.measures.iter().map(metric).collect()
}

/// The questions whose every mart and column the view has.
fn verified(definitions: &Definitions) -> Vec<String> {
    let mut found = Vec::new();
    for question in definitions.questions.iter().filter(|it| !it.is_duckdbs) {
        let sql = with_values(question);
        if is_covered(&sql, &definitions.models) {
            found.push(format!(
                "{} as (\n        question {}\n        sql {}\n    )",
                question.name,
                literal(&question.description),
                literal(&sql.replace("marts.", ""))
            ));
        }
    }
    found
}

/// Whether the view has all that the text names of marts, and it names nothing else.
fn is_covered(sql: &str, models: &[Model]) -> bool {
    if ["core.", "operations."].iter().any(|schema| sql.contains(schema)) {
        return false;
    }
    let words: BTreeSet<&str> =
        sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|it| !it.is_empty()).collect();
    let used = models.iter().filter(|model| {
        sql.contains(&format!("marts.{}\n", model.name))
            || sql.contains(&format!("marts.{} ", model.name))
    });
    let mut used = used.peekable();
    used.peek().is_some()
        && used.all(|model| {
            let known = named(model);
            let is_known = |column: &String| {
                known.contains(column.as_str())
                    || model.measures.iter().any(|it| it.column == *column)
            };
            let asked = model.columns.iter().filter(|column| words.contains(column.as_str()));
            asked.into_iter().all(is_known)
        })
}

/// The SQL with each parameter's value in its place; a condition that NULL leaves open goes.
fn with_values(question: &Question) -> String {
    let mut sql = question.sql.clone();
    for (name, value) in &question.values {
        let open = format!("(${name} is null or ");
        while value.is_null() {
            let Some(start) = sql.find(&open) else { break };
            let mut depth = 0;
            let length = sql[start..].find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            sql.replace_range(start..=start + length.unwrap_or_default(), "true");
        }
        let text = match value {
            Value::Null => "null".to_owned(),
            Value::String(text) => literal(text),
            other => other.to_string(),
        };
        sql = sql.replace(&format!("${name}"), &text);
    }
    sql.replace("where true\n    and ", "where ")
        .replace("\n    and true", "")
        .replace("\nwhere true", "")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
