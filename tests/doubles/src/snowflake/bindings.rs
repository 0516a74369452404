//! The JSON body of a statement: which fields there may be, of which type, and what they are worth.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Map, Value};

use super::catalog::literal;
use super::engine::ltz;
use super::problem::{Outcome, Problem};

const PARAMETERS: [&str; 13] = [
    "BINARY_OUTPUT_FORMAT",
    "CLIENT_RESULT_CHUNK_SIZE",
    "DATE_OUTPUT_FORMAT",
    "TIME_OUTPUT_FORMAT",
    "TIMESTAMP_OUTPUT_FORMAT",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT",
    "TIMESTAMP_TZ_OUTPUT_FORMAT",
    "MULTI_STATEMENT_COUNT",
    "QUERY_TAG",
    "ROWS_PER_RESULTSET",
    "TIMEZONE",
    "USE_CACHED_RESULT",
];

/// A value in the place of a `?`, as DuckDB writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) sql: String,
}

/// A statement's body, as far as its types are right.
#[derive(Debug, Clone, Default)]
pub(super) struct Body {
    pub(super) statement: String,
    pub(super) timeout: Option<u64>,
    pub(super) database: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) warehouse: Option<String>,
    pub(super) role: Option<String>,
    pub(super) bindings: Vec<(String, String)>,
    /// Names in upper case.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Body {
    /// The body, and everything about it that Snowflake does not know.
    pub(super) fn parse(text: &[u8]) -> Result<(Self, Vec<String>), String> {
        let value: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let Value::Object(fields) = value else { return Err("the body is no object".to_owned()) };
        let (mut body, mut complaints) = (Self::default(), Vec::new());
        for (name, value) in &fields {
            match (name.as_str(), value) {
                ("statement", Value::String(text)) => body.statement.clone_from(text),
                ("timeout", value) => match value.as_u64() {
                    Some(seconds) => body.timeout = Some(seconds),
                    None => return Err(format!("`timeout` is {value}, not a whole number")),
                },
                ("database", Value::String(text)) => body.database = Some(text.clone()),
                ("schema", Value::String(text)) => body.schema = Some(text.clone()),
                ("warehouse", Value::String(text)) => body.warehouse = Some(text.clone()),
                ("role", Value::String(text)) => body.role = Some(text.clone()),
                ("bindings", Value::Object(values)) => body.bindings = bindings(values)?,
                ("parameters", Value::Object(values)) => {
                    body.parameters = parameters(values, &mut complaints)?;
                }
                (
                    "statement" | "database" | "schema" | "warehouse" | "role" | "bindings"
                    | "parameters",
                    value,
                ) => return Err(format!("`{name}` is {value}: a wrong type")),
                _ => complaints.push(format!("unknown field `{name}` in a statement's body")),
            }
        }
        if body.statement.trim().is_empty() {
            return Err("`statement` is missing".to_owned());
        }
        Ok((body, complaints))
    }

    pub(super) fn bound(&self) -> Outcome<Vec<Bound>> {
        self.bindings.iter().map(|(kind, value)| Bound::new(kind, value)).collect()
    }
}

/// In the order of their numbers, which must run from 1 without a gap.
fn bindings(values: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    for number in 1..=values.len() {
        let Some(Value::Object(fields)) = values.get(&number.to_string()) else {
            return Err(format!("`bindings` has no `{number}`"));
        };
        match (fields.get("type"), fields.get("value")) {
            (Some(Value::String(kind)), Some(Value::String(value))) if fields.len() == 2 => {
                found.push((kind.clone(), value.clone()));
            }
            _ => {
                return Err(format!("binding {number} is not a type and a value, both strings"));
            }
        }
    }
    Ok(found)
}

fn parameters(
    values: &Map<String, Value>,
    complaints: &mut Vec<String>,
) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    for (name, value) in values {
        let upper = name.to_uppercase();
        if !PARAMETERS.contains(&upper.as_str()) {
            complaints.push(format!("unknown parameter `{name}`"));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            other => return Err(format!("parameter `{name}` is {other}")),
        };
        found.insert(upper, text);
    }
    Ok(found)
}

impl Bound {
    fn new(kind: &str, value: &str) -> Outcome<Self> {
        let bad = || Problem::unrecognized(&title(kind), value);
        let date = |text: &str, per_second: i128| {
            let number: i128 = text.parse().map_err(|_| bad())?;
            let nanos = number * (1_000_000_000 / per_second);
            let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).map_err(|_| bad())?;
            let rest = u32::try_from(nanos.rem_euclid(1_000_000_000)).map_err(|_| bad())?;
            DateTime::from_timestamp(seconds, rest).ok_or_else(bad)
        };
        let sql = match kind {
            "TEXT" => literal(value),
            "FIXED" => {
                let digits = value.strip_prefix('-').unwrap_or(value);
                let is_number = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
                if !is_number || !digits.contains(|c: char| c.is_ascii_digit()) || digits.len() > 39
                {
                    return Err(bad());
                }
                value.to_owned()
            }
            "REAL" => {
                value.parse::<f64>().map_err(|_| bad())?;
                format!("{}::double", literal(value))
            }
            "BOOLEAN" => match value.to_lowercase().as_str() {
                "true" | "1" => "true".to_owned(),
                "false" | "0" => "false".to_owned(),
                _ => return Err(bad()),
            },
            "DATE" => format!("date '{}'", date(value, 1_000)?.format("%Y-%m-%d")),
            "TIMESTAMP_NTZ" => {
                format!(
                    "timestamp '{}'",
                    date(value, 1_000_000_000)?.format("%Y-%m-%d %H:%M:%S%.6f")
                )
            }
            "TIMESTAMP_LTZ" => ltz(date(value, 1_000_000_000)?),
            "TIMESTAMP_TZ" => {
                let (nanos, offset) = value.split_once(' ').ok_or_else(bad)?;
                let offset: i32 = offset.parse().map_err(|_| bad())?;
                let at = date(nanos, 1_000_000_000)?.format("%Y-%m-%d %H:%M:%S%.6f");
                format!(
                    "struct_pack(at := timestamp '{at}', minutes := {}::integer)",
                    offset - 1440
                )
            }
            other => {
                let message = format!("Unsupported bind type '{other}'.");
                return Err(Problem::new("100037", "22018", message));
            }
        };
        Ok(Self { sql })
    }
}

fn title(kind: &str) -> String {
    match kind {
        "FIXED" | "REAL" => "Numeric".to_owned(),
        other => {
            let lower = other.to_lowercase();
            lower
                .chars()
                .take(1)
                .map(|c| c.to_ascii_uppercase())
                .chain(lower.chars().skip(1))
                .collect()
        }
    }
}
