//! What dbt's `.yml` say, for whoever needs it besides dbt: the one description of each table, mart and column, and the one
//! definition of each measure and question.
//!
//! In: `dbt/models/**/*.yml`, which build.rs turns into JSON at compile time. Out: descriptions by schema, table and column,
//! and the ready questions.

mod measures;
mod questions;

use std::sync::LazyLock;

use serde_json::Value;

pub(crate) use measures::measures;
pub(crate) use questions::{
    NotAsked, Parameter, ParameterKind, ReadyQuestion, ready_question, ready_questions,
};

/// All documents, in the order of their paths.
static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/definitions.json")))
        .unwrap_or_default()
});

/// A table or a view, as it is described once for DuckDB, Snowflake, dbt and Looker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    /// `core`, `marts` or `operations`.
    pub(crate) schema: &'static str,
    pub(crate) name: String,
    /// What a row is.
    pub(crate) description: String,
    pub(crate) columns: Vec<DescribedColumn>,
}

/// A column, as it is described once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DescribedColumn {
    pub(crate) name: String,
    /// Meaning, unit, and what NULL says.
    pub(crate) description: String,
}

/// Every described table: the sources (`core`, `operations`), then the marts.
pub(crate) fn described() -> &'static [Described] {
    static DESCRIBED: LazyLock<Vec<Described>> = LazyLock::new(|| {
        let sources =
            DOCUMENTS.iter().flat_map(|document| list(document, "sources")).flat_map(|source| {
                let schema =
                    if text(source, "schema") == "operations" { "operations" } else { "core" };
                list(source, "tables").map(move |table| describe(schema, table))
            });
        let models = DOCUMENTS.iter().flat_map(|document| list(document, "models"));
        // The days that dbt's semantic layer counts along are no mart.
        let models = models.filter(|model| model["time_spine"].is_null());
        sources.chain(models.map(|model| describe("marts", model))).collect()
    });
    &DESCRIBED
}

fn describe(schema: &'static str, table: &Value) -> Described {
    let columns = list(table, "columns").map(|column| DescribedColumn {
        name: text(column, "name"),
        description: text(column, "description"),
    });
    Described {
        schema,
        name: text(table, "name"),
        description: text(table, "description"),
        columns: columns.collect(),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[key].as_array().into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    #[test]
    fn every_shipped_table_and_each_of_its_columns_is_described() {
        for table in Table::ALL {
            let found =
                described().iter().find(|it| it.schema == "core" && it.name == table.name());
            let found = found.unwrap_or_else(|| panic!("`{table}` is not described"));
            for column in table.columns() {
                let told = found.columns.iter().find(|it| it.name == column);
                assert!(told.is_some_and(|it| !it.description.is_empty()), "{table}.{column}");
            }
        }
    }
}
