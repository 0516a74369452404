//! The SQL API's answers as JSON.

use serde_json::{Value, json};

use super::engine::{ResultColumn, Rows};
use super::problem::Problem;
use super::sql_api::Statement;
use super::types::Type;
use crate::http::{Answer, Packing};

pub(super) fn status_url(handle: &str) -> String {
    format!("/api/v2/statements/{handle}")
}

/// `QueryStatus`
pub(super) fn status(http: u16, code: &str, message: &str, handle: &str) -> Answer {
    let body = json!({
        "code": code,
        "sqlState": if http == 202 { "00000" } else { "57014" },
        "message": message,
        "statementHandle": handle,
        "statementStatusUrl": status_url(handle),
    });
    Answer::json(http, body.to_string())
}

/// `QueryFailureStatus`
pub(super) fn failure(problem: &Problem, handle: &str, created_on: Option<i64>) -> Answer {
    let mut body = json!({
        "code": problem.code,
        "sqlState": problem.sql_state,
        "message": problem.message,
        "statementHandle": handle,
    });
    if let Some(created_on) = created_on {
        body["createdOn"] = json!(created_on);
        body["statementStatusUrl"] = json!(status_url(handle));
    }
    Answer::json(422, body.to_string())
}

/// `ResultSet`, whole or one partition of it. All but the first come packed and without anything but data.
pub(super) fn result(statement: &Statement, rows: &Rows, partition: usize) -> Answer {
    let size = statement.partition_size.max(1);
    let count = rows.rows.len().div_ceil(size).max(1);
    let handle = &statement.handle;
    if partition >= count {
        let message = format!("Invalid partition number: {partition}. The result has {count}.");
        return failure(&Problem::new("391918", "22023", message), handle, None);
    }
    let chunk = |at: usize| {
        let from = (at * size).min(rows.rows.len());
        &rows.rows[from..from.saturating_add(size).min(rows.rows.len())]
    };
    let data = data(chunk(partition), statement.nulls_are_text);
    if partition > 0 {
        return Answer::json(200, json!({"data": data}).to_string())
            .packed(statement.packing)
            .with_header("link", links(handle, partition, count));
    }
    let partitions: Vec<Value> = (0..count)
        .map(|at| {
            let text = self::data(chunk(at), false).to_string();
            let mut info = json!({"rowCount": chunk(at).len(), "uncompressedSize": text.len()});
            if at > 0 {
                info["compressedSize"] = json!(text.len() / 3 + 1);
            }
            info
        })
        .collect();
    let types: Vec<Value> =
        rows.columns.iter().map(|column| row_type(column, statement.is_lower_case)).collect();
    let mut body = json!({
        "code": if statement.is_cut_off { "391908" } else { "090001" },
        "sqlState": "00000",
        "message": "Statement executed successfully.",
        "statementHandle": handle,
        "createdOn": statement.created_on,
        "statementStatusUrl": status_url(handle),
        "resultSetMetaData": {
            "numRows": rows.rows.len(),
            "format": "jsonv2",
            "rowType": types,
            "partitionInfo": partitions,
        },
        "data": data,
    });
    if let Some(stats) = rows.stats {
        body["stats"] = json!({
            "numRowsInserted": stats.inserted,
            "numRowsUpdated": stats.updated,
            "numRowsDeleted": stats.deleted,
            "numDuplicateRowsUpdated": 0,
        });
    }
    if !statement.children.is_empty() {
        body["statementHandles"] = json!(statement.children);
    }
    Answer::json(200, body.to_string())
        .packed(Packing::Negotiated)
        .with_header("link", links(handle, 0, count))
}

fn data(rows: &[Vec<Option<String>>], nulls_are_text: bool) -> Value {
    let cell = |cell: &Option<String>| match cell {
        None if nulls_are_text => json!("null"),
        cell => json!(cell),
    };
    rows.iter().map(|row| row.iter().map(cell).collect::<Value>()).collect()
}

fn links(handle: &str, at: usize, count: usize) -> String {
    let link =
        |to: usize, rel: &str| format!("<{}?partition={to}>;rel=\"{rel}\"", status_url(handle));
    let mut found = vec![link(0, "first")];
    if at > 0 {
        found.push(link(at - 1, "prev"));
    }
    if at + 1 < count {
        found.push(link(at + 1, "next"));
    }
    found.push(link(count - 1, "last"));
    found.join(",")
}

/// A result column; type names come in either letter case.
fn row_type(column: &ResultColumn, is_lower_case: bool) -> Value {
    let name = column.kind.result_name();
    let (length, precision, scale) = match column.kind {
        Type::Varchar(length) => (length, 0, 0),
        Type::Number(precision, scale) => (0, precision, scale),
        Type::TimestampNtz(scale) | Type::TimestampLtz(scale) | Type::TimestampTz(scale) => {
            (0, 0, scale)
        }
        _ => (0, 0, 0),
    };
    json!({
        "name": column.name,
        "database": "",
        "schema": "",
        "table": "",
        "type": if is_lower_case { name.to_lowercase() } else { name.to_owned() },
        "nullable": true,
        "length": length,
        "byteLength": length,
        "precision": precision,
        "scale": scale,
        "collation": null,
    })
}
