//! What a template leaves open about its table or a consumer.

use std::borrow::Cow;

use crate::ids::Consumer;
use crate::table::{Column, ColumnKind, Shape};
use crate::template;

/// A template filled in for one table.
pub(super) fn of_table(template: &str, shape: &Shape) -> String {
    template::fill(template, |name| filling(shape, name))
}

/// What a template leaves open about its table.
pub(super) fn filling<'a>(shape: &'a Shape, name: &str) -> Option<Cow<'a, str>> {
    let made = match name {
        // Quoted, because a parameter may not be called `position` otherwise.
        "parameters" => shape.each_column(", ", |column| quoted(&column.name)),
        "column_texts" => shape.each_column(", ", column_text),
        "column_values" => shape.each_column(",\n    ", column_value),
        "texts" => texts(shape),
        "key_json" => key_json(shape),
        "gone_key_json" => gone_key_json(shape),
        "value_json" => value_json(shape),
        "columns_of_json" => shape.each_column(", ", column_of_json),
        "key_is_null" => shape.each_key(" or ", |column| format!("{} is null", column.name)),
        _ => return shape.filling(name).or_else(|| consumer(name)),
    };
    Some(Cow::Owned(made))
}

/// The ledger's name of a consumer, which a template leaves open.
pub(super) fn consumer<'a>(name: &str) -> Option<Cow<'a, str>> {
    let named = Consumer::EVERY.into_iter().map(Consumer::name).find(|known| *known == name);
    named.map(Cow::Borrowed)
}

/// The key of an event: its columns as a JSON array.
fn key_json(shape: &Shape) -> String {
    format!("json_array({})::varchar", shape.each_key(", ", |column| quoted(&column.name)))
}

/// The same of a row that went, of which the ledger keeps two columns as text.
fn gone_key_json(shape: &Shape) -> String {
    let keys = shape.columns.iter().filter(|column| column.is_key);
    let texts = keys.zip(["first_key", "second_key"]).map(|(column, text)| match column.kind {
        ColumnKind::Integer => format!("{text}::integer"),
        _ => text.to_owned(),
    });
    format!("json_array({})::varchar", texts.collect::<Vec<_>>().join(", "))
}

/// The value of an event: the row's columns by name.
fn value_json(shape: &Shape) -> String {
    let field = |column: &Column| {
        let name = quoted(&column.name);
        let value = match column.kind {
            ColumnKind::Timestamp => format!("strftime({name}, '{JSON_TIME}')"),
            _ => name,
        };
        format!("{}, {value}", literal(&column.name))
    };
    format!(
        "json_object({}, 'run_id', run_id, 'extracted_at', strftime(extracted_at, '{JSON_TIME}'), \
         'row_hash', row_hash::varchar)::varchar",
        shape.each_column(", ", field)
    )
}

/// A column as the value of an event has it.
fn column_of_json(column: &Column) -> String {
    let text = format!("(value_json ->> {})", literal(&format!("$.{}", quoted(&column.name))));
    match column.kind {
        ColumnKind::Varchar => text,
        ColumnKind::Integer => format!("try_cast({text} as integer)"),
        ColumnKind::Boolean => format!("try_cast({text} as boolean)"),
        ColumnKind::Date => format!("try_cast({text} as date)"),
        ColumnKind::Timestamp => format!("try_strptime({text}, '{JSON_TIME}')"),
    }
}

/// A time in an event.
const JSON_TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

/// The columns that hold text, comma separated.
fn texts(shape: &Shape) -> String {
    let texts = shape.columns.iter().filter(|column| column.kind == ColumnKind::Varchar);
    texts.map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
}

/// A column as the same text; NULL where it is.
fn column_value(column: &Column) -> String {
    let name = quoted(&column.name);
    match column.kind {
        ColumnKind::Timestamp => format!("strftime({name}, '%Y-%m-%dT%H:%M:%S')"),
        _ => format!("{name}::varchar"),
    }
}

fn column_text(column: &Column) -> String {
    let as_text = match column.kind {
        ColumnKind::Timestamp => "hash_time",
        ColumnKind::Boolean | ColumnKind::Date | ColumnKind::Integer | ColumnKind::Varchar => {
            "hash_text"
        }
    };
    format!("staging.{as_text}({})", quoted(&column.name))
}

/// Text as an SQL literal, for the few statements that take no bound value.
pub(in crate::warehouse) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Text as a quoted identifier.
pub(in crate::warehouse) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
