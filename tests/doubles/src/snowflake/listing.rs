//! Lists: column names, and rows that fill them.

use chrono::{DateTime, Utc};

use super::access::On;
use super::cursor::{Setting, Settings};
use super::engine::{ResultColumn, Rows};
use super::types::Type;

/// A row under way: column names and cells.
pub(super) type Row = Vec<(&'static str, Option<String>)>;

const TEXT: Type = Type::Varchar(16_777_216);

/// A single text, as DDL answers.
pub(super) fn said(text: &str) -> Rows {
    listing(&["status"], vec![vec![Some(text.to_owned())]])
}

/// Text columns with their rows.
pub(super) fn listing(names: &[&str], rows: Vec<Vec<Option<String>>>) -> Rows {
    let column = |name: &&str| ResultColumn { name: (*name).to_owned(), kind: TEXT };
    Rows { columns: names.iter().map(column).collect(), rows, stats: None }
}

pub(super) const ROLES: [&str; 6] =
    ["created_on", "name", "is_default", "is_current", "owner", "comment"];
pub(super) const WAREHOUSES: [&str; 10] = [
    "name",
    "state",
    "type",
    "size",
    "auto_suspend",
    "auto_resume",
    "created_on",
    "owner",
    "comment",
    "enable_query_acceleration",
];
pub(super) const FUTURE_GRANTS: [&str; 7] =
    ["created_on", "privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option"];
pub(super) const OBJECTS: [&str; 8] = [
    "created_on",
    "name",
    "database_name",
    "schema_name",
    "kind",
    "comment",
    "owner",
    "is_dynamic",
];
pub(super) const DATABASES: [&str; 7] =
    ["created_on", "name", "is_current", "owner", "comment", "retention_time", "kind"];
pub(super) const USERS: [&str; 9] = [
    "name",
    "created_on",
    "login_name",
    "disabled",
    "default_warehouse",
    "default_namespace",
    "default_role",
    "has_rsa_public_key",
    "type",
];
pub(super) const INTEGRATIONS: [&str; 6] =
    ["name", "type", "category", "enabled", "comment", "created_on"];
pub(super) const SCHEMAS: [&str; 6] =
    ["created_on", "name", "database_name", "owner", "comment", "retention_time"];
pub(super) const GRANTS: [&str; 8] = [
    "created_on",
    "privilege",
    "granted_on",
    "name",
    "granted_to",
    "grantee_name",
    "grant_option",
    "granted_by",
];

pub(super) const MEMBERS: [&str; 5] =
    ["created_on", "role", "granted_to", "grantee_name", "granted_by"];

/// The columns of a list of objects that live in schemas.
pub(super) fn columns_of(on: On) -> Vec<&'static str> {
    let own: &[&str] = match on {
        On::Stage => {
            &["url", "has_credentials", "owner", "comment", "type", "cloud", "storage_integration"]
        }
        On::FileFormat => &["type", "owner", "comment", "format_options"],
        On::Pipe => &[
            "definition",
            "owner",
            "notification_channel",
            "comment",
            "integration",
            "pattern",
            "error_integration",
            "owner_role_type",
            "invalid_reason",
        ],
        On::DynamicTable => &[
            "owner",
            "target_lag",
            "refresh_mode",
            "refresh_mode_reason",
            "warehouse",
            "comment",
            "text",
            "scheduling_state",
        ],
        _ => &["kind", "comment", "rows", "owner", "retention_time", "is_dynamic"],
    };
    [&["created_on", "name", "database_name", "schema_name"], own].concat()
}

/// Rows in the order of the columns; what a row does not say is NULL, what it says twice counts last.
pub(super) fn table(columns: &[&str], rows: Vec<Row>) -> Rows {
    let kind = |name: &str| match name {
        "created_on" => Type::TimestampLtz(3),
        _ => TEXT,
    };
    let heads =
        columns.iter().map(|name| ResultColumn { name: (*name).to_owned(), kind: kind(name) });
    let cells = rows.into_iter().map(|row| {
        let cell = |name: &&str| {
            let found = row.iter().rev().find(|(known, _)| known == name);
            found.and_then(|(_, value)| value.clone())
        };
        columns.iter().map(cell).collect()
    });
    Rows { columns: heads.collect(), rows: cells.collect(), stats: None }
}

pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(super) fn yes(is_so: bool) -> Option<String> {
    some(if is_so { "Y" } else { "N" })
}

pub(super) fn time(at: DateTime<Utc>) -> Option<String> {
    Some(format!("{}.{:09}", at.timestamp(), at.timestamp_subsec_nanos()))
}

pub(super) fn text_of(settings: &Settings, name: &str) -> Option<String> {
    let (_, value) = settings.iter().find(|(known, _)| known == name)?;
    value.as_text().ok().map(str::to_owned)
}

/// A setting as a property prints it.
pub(super) fn printed(value: &Setting) -> String {
    match value {
        Setting::List(list) => {
            let parts: Vec<String> = list.iter().map(printed).collect();
            format!("[{}]", parts.join(", "))
        }
        Setting::Settings(_) => String::new(),
        Setting::Word(text) if ["TRUE", "FALSE"].contains(&text.as_str()) => text.to_lowercase(),
        Setting::Word(text) | Setting::Text(text) | Setting::Number(text) => text.clone(),
    }
}

pub(super) fn options_json(settings: &Settings) -> String {
    let fields = settings.iter().map(|(name, value)| (name.clone(), printed(value).into()));
    serde_json::Value::Object(fields.collect()).to_string()
}
