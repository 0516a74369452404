//! A landing table, as it is against as it should be, column by column. Pure.

use super::ddl::{ColumnDdl, Kind, columns};
use super::observed::{Observed, text};
use super::{Change, Desired, Item, State};
use crate::snowflake::api::quoted;

const BY_ITS_ROWS: &str = "rows that are there decide whether it can be changed in place";
/// The longest text of a `varchar` without length, where it is shortest; newer accounts print eight times as much.
const LONGEST_TEXT: u64 = 16_777_216;

/// How a table is; a column that may be NULL and is missing becomes an item.
pub(super) fn table(observed: &Observed, desired: &Desired, items: &mut Vec<Item>) -> State {
    let question = format!("desc table {}", desired.name);
    if !observed.is_there(&question) {
        return State::Missing;
    }
    let name = &desired.name;
    let mut changes = Vec::new();
    let wanted = columns(&desired.statement);
    for column in &wanted {
        let Some(row) = observed.find(&question, "name", &column.name) else {
            missing_column(desired, column, items, &mut changes);
            continue;
        };
        let old = ColumnDdl {
            name: column.name.clone(),
            data_type: text(row, "type").unwrap_or_default().replace(' ', ""),
            is_required: text(row, "null?") == Some("N"),
        };
        changes.extend(column_change(name, &old, column));
    }
    // A column of somebody else's stays empty and harms nobody, unless it must not be empty.
    for row in observed.rows(&question) {
        let Some(extra) = text(row, "name") else { continue };
        let is_ours = wanted.iter().any(|column| column.name == extra);
        if !is_ours && text(row, "null?") == Some("N") && text(row, "default").is_none() {
            changes.push(Change {
                what: format!("column {extra}"),
                old: "not null, and unknown to us: every file is refused".to_owned(),
                new: "null".to_owned(),
                statement: Some(format!(
                    "alter table {name} alter column {} drop not null",
                    quoted(extra)
                )),
            });
        }
    }
    State::differing(changes, BY_ITS_ROWS)
}

/// A column that may be NULL is an item of its own, which is made; one that may not needs a hand.
fn missing_column(
    desired: &Desired,
    column: &ColumnDdl,
    items: &mut Vec<Item>,
    changes: &mut Vec<Change>,
) {
    let ColumnDdl { name, data_type, is_required } = column;
    let table = &desired.name;
    let statement = format!("alter table {table} add column if not exists {name} {data_type}");
    if *is_required {
        changes.push(Change {
            what: format!("column {name}"),
            old: "missing".to_owned(),
            new: format!("{data_type} not null"),
            statement: Some(format!("{statement} not null default …")),
        });
        return;
    }
    items.push(Item {
        kind: Kind::Column,
        name: format!("{table}.{name}"),
        audience: desired.audience,
        statement,
        state: State::Missing,
        blocked_by: None,
        is_in_conflict: false,
        note: None,
    });
}

fn column_change(table: &str, old: &ColumnDdl, new: &ColumnDdl) -> Option<Change> {
    let written = |column: &ColumnDdl| {
        format!("{}{}", column.data_type, if column.is_required { " not null" } else { "" })
    };
    let alter = format!("alter table {table} alter column {}", new.name);
    let is_same_type = is_at_least(&old.data_type, &new.data_type);
    let statement = match (is_same_type, old.is_required == new.is_required) {
        (true, true) => return None,
        (true, false) if new.is_required => Some(format!("{alter} set not null")),
        (true, false) => Some(format!("{alter} drop not null")),
        // Snowflake changes a text's length and a number's digits in place, and nothing else.
        (false, _) if family(&old.data_type) == family(&new.data_type) && is_alterable(new) => {
            Some(format!("{alter} set data type {}", new.data_type))
        }
        (false, _) => None,
    };
    Some(Change {
        what: format!("column {}", new.name),
        old: written(old),
        new: written(new),
        statement,
    })
}

fn family(data_type: &str) -> &str {
    data_type.split('(').next().unwrap_or(data_type)
}

fn is_alterable(column: &ColumnDdl) -> bool {
    matches!(family(&column.data_type), "VARCHAR" | "NUMBER")
}

/// Whether a type takes everything that the wanted one does. `desc` prints a length or precision that DDL leaves to the default:
/// a wanted type without one is content with the longest text, and with any precision of a time.
fn is_at_least(old: &str, wanted: &str) -> bool {
    match (family(old), family(wanted)) {
        ("VARCHAR" | "TEXT" | "STRING", "VARCHAR") if !wanted.contains('(') => {
            let length = old.split_once('(').map(|(_, rest)| rest.trim_end_matches(')'));
            length.is_none_or(|text| text.parse::<u64>().is_ok_and(|length| LONGEST_TEXT <= length))
        }
        (one, other) => old == wanted || (one == other && !wanted.contains('(')),
    }
}
