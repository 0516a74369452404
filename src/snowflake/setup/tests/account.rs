//! An account as SHOW and DESC print it, from the statements that were run in it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use crate::snowflake::api::{Column, Rows};
use crate::snowflake::setup::*;

pub(super) fn rows(columns: &[&str], rows: &[Vec<String>]) -> Rows {
    let column = |name: &&str| Column { name: (*name).to_owned(), kind: "TEXT".to_owned() };
    let cell = |text: &String| (text != "NULL").then(|| text.clone());
    Rows {
        columns: columns.iter().map(column).collect(),
        rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        ..Rows::default()
    }
}

pub(super) fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// What SHOW and DESC print, by question.
#[derive(Default)]
struct Shown(BTreeMap<String, (Vec<&'static str>, Vec<Vec<String>>)>);

impl Shown {
    fn row(&mut self, question: &str, columns: &[&'static str], cells: &[&str]) {
        let entry = self.0.entry(question.to_owned()).or_insert((columns.to_vec(), Vec::new()));
        entry.1.push(row(cells));
    }

    fn properties(&mut self, question: &str, values: &[(&str, &str)]) {
        let columns = ["property", "property_type", "property_value", "property_default"];
        for (property, value) in values {
            self.row(question, &columns, &[property, "String", value, ""]);
        }
    }

    fn grant(&mut self, statement: &str) {
        let (privileges, rest) =
            statement.strip_prefix("grant ").unwrap().split_once(" on ").unwrap();
        let (on, role) = rest.split_once(" to role ").unwrap();
        if let Some((kind, schema)) = on.split_once("s in schema ") {
            return self.grant_in_bulk(kind, schema, role);
        }
        let (kind, name) = on.rsplit_once(' ').unwrap();
        for privilege in privileges.split(", ") {
            let cells = [privilege, &kind.replace(' ', "_"), name].map(str::to_ascii_uppercase);
            let cells = cells.each_ref().map(String::as_str);
            let columns = ["privilege", "granted_on", "name"];
            self.row(&format!("show grants to role {role}"), &columns, &cells);
        }
    }

    /// `future tables`, `all dynamic tables`: the schema's own listing says what all are.
    fn grant_in_bulk(&mut self, kind: &str, schema: &str, role: &str) {
        let (which, kind) = kind.split_once(' ').unwrap();
        let kind = kind.to_ascii_uppercase().replace(' ', "_");
        if which == "future" {
            let columns = ["privilege", "grant_on", "name", "grantee_name"];
            let question = format!("show future grants in schema {schema}");
            let name = format!("{schema}.<{kind}>");
            return self.row(&question, &columns, &["SELECT", &kind, &name, role]);
        }
        let objects = &self.0[&format!("show objects in schema {schema}")];
        let is_dynamic = if kind == "DYNAMIC_TABLE" { "Y" } else { "N" };
        let names: Vec<String> =
            objects.1.iter().filter(|row| row[2] == is_dynamic).map(|row| row[0].clone()).collect();
        for name in names.iter().filter(|_| kind != "VIEW") {
            let columns = ["privilege", "granted_on", "name"];
            let cells = ["SELECT", &kind, &format!("{schema}.{name}")];
            self.row(&format!("show grants to role {role}"), &columns, &cells);
        }
    }

    fn table(&mut self, name: &str, statement: &str) {
        let list = statement.split_once("(\n").unwrap().1;
        for line in list.lines().filter(|line| line.starts_with("    ")) {
            let line = line.split(" comment '").next().unwrap();
            let parts: Vec<&str> = line.trim().trim_end_matches(',').split_whitespace().collect();
            let joined = parts[1..].join(" ");
            let bare = joined.trim_end_matches(" not null").to_ascii_uppercase().replace(", ", ",");
            let data_type = match bare.as_str() {
                "VARCHAR" => "VARCHAR(16777216)",
                "TIMESTAMP_LTZ" => "TIMESTAMP_LTZ(9)",
                other => other,
            };
            let null = if joined.ends_with("not null") { "N" } else { "Y" };
            let cells = [&parts[0].to_ascii_uppercase(), data_type, null, "NULL"];
            let columns = ["name", "type", "null?", "default"];
            self.row(&format!("desc table {name}"), &columns, &cells);
        }
    }

    fn pipe(&mut self, name: &str, statement: &str) {
        let definition = statement.split_once("\nas\n").unwrap().1.replace('\n', "\n  ");
        let is_auto = statement.contains("auto_ingest = TRUE");
        let queue = if is_auto { "arn:aws:sqs:eu-west-1:1:sf" } else { "NULL" };
        let columns = ["name", "definition", "notification_channel", "invalid_reason"];
        let cells = [name, &definition, queue, "NULL"];
        self.row("show pipes in schema SPOTIFY.RAW", &columns, &cells);
    }

    fn create(&mut self, words: &[&str], statement: &str) {
        let last =
            |at: usize| words[at].to_ascii_uppercase().rsplit('.').next().unwrap().to_owned();
        match words[1] {
            "warehouse" => {
                let columns = ["name", "size", "auto_suspend", "enable_query_acceleration"];
                let cells = [words[5], "X-Small", "60", "false"];
                self.row(&format!("show warehouses like '{}'", words[5]), &columns, &cells);
            }
            kind @ ("role" | "database") => {
                self.row(&format!("show {kind}s like '{}'", words[5]), &["name"], &[words[5]]);
            }
            "user" => {
                let columns = ["name", "default_role"];
                let cells = [words[5], "SPOTIFY_LOADER"];
                self.row(&format!("show users like '{}'", words[5]), &columns, &cells);
            }
            "storage" => self.properties("desc integration SPOTIFY_S3", &INTEGRATION),
            "schema" => {
                self.row("show schemas in database SPOTIFY", &["name"], &[&last(5)]);
                let question = format!("show objects in schema SPOTIFY.{}", last(5));
                self.0.insert(question, (vec!["name", "kind", "is_dynamic"], Vec::new()));
            }
            "file" => {
                let is_csv = words[6].ends_with("csv_v2");
                let values = if is_csv { &CSV[..] } else { &PARQUET };
                let question = format!("desc file format {}", words[6]);
                self.properties(&question, values);
                // Snowflake's default of either type is printed so.
                let is_none = statement.contains("null_if = ()");
                let null_if = if is_none { "[]" } else { r"[\\N]" };
                self.properties(&question, &[("NULL_IF", null_if)]);
            }
            "stage" => {
                let columns = ["name", "url", "storage_integration"];
                let cells = [&last(5), "s3://lake/spotify-data/", "SPOTIFY_S3"];
                self.row("show stages in schema SPOTIFY.RAW", &columns, &cells);
            }
            "table" => self.table(&words[5].to_ascii_uppercase(), statement),
            "pipe" => self.pipe(&last(5), statement),
            "dynamic" => {
                let columns = ["name", "text", "warehouse", "refresh_mode", "target_lag"];
                let cells = [&last(6), statement, "SPOTIFY_WH", "INCREMENTAL", "1 hour"];
                self.row("show dynamic tables in schema SPOTIFY.CORE", &columns, &cells);
                let columns = ["name", "kind", "is_dynamic"];
                self.row(
                    "show objects in schema SPOTIFY.CORE",
                    &columns,
                    &[&last(6), "TABLE", "Y"],
                );
            }
            other => panic!("{other}"),
        }
    }
}

const INTEGRATION: [(&str, &str); 6] = [
    ("ENABLED", "true"),
    ("STORAGE_PROVIDER", "S3"),
    ("STORAGE_ALLOWED_LOCATIONS", "s3://elsewhere/,s3://lake/spotify-data/"),
    ("STORAGE_AWS_IAM_USER_ARN", "arn:aws:iam::999999999999:user/abc"),
    ("STORAGE_AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/snowflake"),
    ("STORAGE_AWS_EXTERNAL_ID", "ACME_SFCRole=2_x"),
];
const CSV: [(&str, &str); 10] = [
    ("TYPE", "csv"),
    ("COMPRESSION", "GZIP"),
    ("PARSE_HEADER", "TRUE"),
    ("FIELD_OPTIONALLY_ENCLOSED_BY", "\""),
    ("ESCAPE_UNENCLOSED_FIELD", "NONE"),
    ("EMPTY_FIELD_AS_NULL", "TRUE"),
    ("ENCODING", "UTF8"),
    ("DATE_FORMAT", "YYYY-MM-DD"),
    ("TIMESTAMP_FORMAT", "YYYY-MM-DD\"T\"HH24:MI:SS.FF6"),
    ("ERROR_ON_COLUMN_COUNT_MISMATCH", "FALSE"),
];
const PARQUET: [(&str, &str); 3] =
    [("TYPE", "PARQUET"), ("USE_VECTORIZED_SCANNER", "TRUE"), ("TRIM_SPACE", "FALSE")];

/// An account in which these statements were run, as SHOW and DESC print it: written after Snowflake's documentation, not after the
/// code that compares.
pub(super) fn account(statements: &[String]) -> BTreeMap<String, Rows> {
    let mut shown = Shown::default();
    for statement in statements {
        let words: Vec<&str> = statement.split_whitespace().collect();
        match (words[0], words[1]) {
            ("grant", "role") => {
                let columns = ["role", "granted_to", "grantee_name"];
                let cells = [words[2], words[4], words[5]].map(str::to_ascii_uppercase);
                let cells = cells.each_ref().map(String::as_str);
                shown.row(&format!("show grants of role {}", words[2]), &columns, &cells);
            }
            ("grant", _) => shown.grant(statement),
            _ => shown.create(&words, statement),
        }
    }
    shown
        .0
        .into_iter()
        .map(|(question, (columns, cells))| (question, rows(&columns, &cells)))
        .collect()
}

/// What an account shows to who asks everything.
pub(super) fn observed(account: BTreeMap<String, Rows>) -> Observed {
    let mut observed = Observed::default();
    for question in Observed::questions(&Names::default()) {
        let answer = match account.get(&question) {
            Some(rows) => Ok(rows.clone()),
            None if question.starts_with("desc") => Err(failure("002003", "42S02")),
            // A schema that is not there.
            None if question.starts_with("show objects") => Err(failure("002043", "02000")),
            None => Ok(Rows::default()),
        };
        observed.note(question, answer).unwrap();
    }
    observed
}

pub(super) fn failure(code: &str, sql_state: &str) -> crate::snowflake::api::Error {
    crate::snowflake::api::Error::Statement(Box::new(crate::snowflake::api::StatementFailure {
        code: code.to_owned(),
        sql_state: sql_state.to_owned(),
        message: "said Snowflake".to_owned(),
        handle: None,
    }))
}
