//! What the published file says of itself: a comment on every table, view and column, and a table of contents where DuckDB looks first.
//!
//! In: `definitions`, which are dbt's descriptions. Out: statements about the attached file `published`.

use std::fmt::Write;
use std::sync::LazyLock;

use crate::definitions::{Described, described};
use crate::warehouse::sql_files::{literal, quoted};

/// Makes them all.
pub(super) static STATEMENTS: LazyLock<String> =
    LazyLock::new(|| comments(described()) + &table_of_contents(described()));

/// A comment on each table and column that is described.
fn comments(described: &[Described]) -> String {
    let mut sql = String::new();
    for Described { schema, name, description, columns } in described {
        let kind = if *schema == "marts" { "view" } else { "table" };
        let relation = format!("published.{schema}.{}", quoted(name));
        let _ = writeln!(sql, "comment on {kind} {relation} is {};", literal(description));
        for column in columns {
            let (name, text) = (quoted(&column.name), literal(&column.description));
            let _ = writeln!(sql, "comment on column {relation}.{name} is {text};");
        }
    }
    sql
}

/// `show tables` shows what is in `main` and nothing else, whatever a file would like: so a view there leads to the others.
fn table_of_contents(described: &[Described]) -> String {
    let row = |it: &Described| {
        let (schema, name) = (literal(it.schema), literal(&it.name));
        let from = literal(&format!("from {}.{} limit 10", it.schema, it.name));
        format!("({schema}, {name}, {}, {from})", literal(&it.description))
    };
    // What answers questions first, what tells of runs last.
    let of_schema = |schema| described.iter().filter(move |it| it.schema == schema).map(row);
    let rows: Vec<String> =
        ["marts", "core", "operations"].into_iter().flat_map(of_schema).collect();
    let about = "What is in this file, a table or view a line: `from read_me`.";
    format!(
        "create view published.main.read_me as from (values\n{}\n) \
         as contents(schema_name, table_name, description, try_this);\n\
         comment on view published.main.read_me is {};\n\
         comment on column published.main.read_me.schema_name is 'core, marts or operations';\n\
         comment on column published.main.read_me.table_name is 'the table or view in that schema';\n\
         comment on column published.main.read_me.description is 'what a row of it is';\n\
         comment on column published.main.read_me.try_this is 'a query to begin with';",
        rows.join(",\n"),
        literal(about)
    )
}
