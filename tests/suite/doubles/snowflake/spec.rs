//! The double's answers and our requests against the schemas of Snowflake's own specification.
//!
//! The specification is no part of the repository; whoever has it names its folder in `SNOWTRACK_SPECS` at compile time.
#![expect(clippy::print_stdout, reason = "says why it checks nothing")]

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::rig::{Reply, Rig};
use crate::support::cloud::Cloud;
use snowtrack_doubles::snowflake::{Fault, When};

/// The part of YAML that the specification is written in: block mappings, block sequences, plain and quoted scalars.
struct Yaml<'a> {
    lines: Vec<(usize, &'a str)>,
    at: usize,
}

impl<'a> Yaml<'a> {
    fn read(text: &'a str) -> Value {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let lines =
            lines.map(|line| (line.len() - line.trim_start().len(), line.trim_start())).collect();
        Yaml { lines, at: 0 }.block(0)
    }

    fn block(&mut self, indent: usize) -> Value {
        match self.lines.get(self.at) {
            Some((found, line)) if *found >= indent && line.starts_with("- ") => {
                self.sequence(*found)
            }
            Some((found, _)) if *found >= indent => self.mapping(*found),
            _ => Value::Null,
        }
    }

    fn sequence(&mut self, indent: usize) -> Value {
        let mut items = Vec::new();
        while let Some((found, line)) = self.lines.get(self.at).copied() {
            if found != indent || !line.starts_with("- ") {
                break;
            }
            // What follows the dash is a block two columns further in.
            self.lines[self.at] = (indent + 2, line[2..].trim_start());
            let inner = self.lines[self.at].1;
            items.push(if inner.starts_with("- ") || key(inner).is_some() {
                self.block(indent + 2)
            } else {
                self.scalar(inner, indent + 1)
            });
        }
        Value::Array(items)
    }

    fn mapping(&mut self, indent: usize) -> Value {
        let mut fields = Map::new();
        while let Some((found, line)) = self.lines.get(self.at).copied() {
            let Some((name, rest)) = key(line).filter(|_| found == indent) else { break };
            let value = if rest.is_empty() {
                self.at += 1;
                let next = self.lines.get(self.at).copied();
                // A sequence may stand as far left as its key.
                let inner = if next.is_some_and(|(at, line)| at == indent && line.starts_with("- "))
                {
                    indent
                } else {
                    indent + 1
                };
                self.block(inner)
            } else {
                self.scalar(rest, indent + 1)
            };
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }

    /// A scalar and the lines it goes on in.
    fn scalar(&mut self, first: &str, indent: usize) -> Value {
        self.at += 1;
        let mut text = first.to_owned();
        while let Some((_, line)) = self.lines.get(self.at).filter(|(found, _)| *found >= indent) {
            text = format!("{text} {line}");
            self.at += 1;
        }
        match text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            "[]" => json!([]),
            "{}" => json!({}),
            number if number.parse::<i64>().is_ok() => json!(number.parse::<i64>().unwrap()),
            text => json!(text.trim_matches(['\'', '"'])),
        }
    }
}

/// `name: rest`
fn key(line: &str) -> Option<(&str, &str)> {
    if line.starts_with(['"', '\'']) && !line.ends_with(':') && !line.contains("': ") {
        return None;
    }
    let (name, rest) = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?;
    (!name.contains(' ')).then(|| (name.trim_matches(['\'', '"']), rest.trim()))
}

/// What is wrong with a value, by the schema's `$ref`, `type`, `required`, `properties`, `items`, `enum`, `minimum`, `format`.
fn faults(root: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = name.trim_start_matches("#/").split('/').fold(root, |at, part| &at[part]);
        assert!(schema.is_object(), "no {name}");
        return faults(root, schema, value, place);
    }
    if value.is_null() && schema["nullable"] == true {
        return Vec::new();
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    let mut found = Vec::new();
    if !fits {
        found.push(format!("{place} is {value}, not {}", schema["type"]));
    }
    if schema["format"] == "uuid"
        && value.as_str().is_none_or(|text| Uuid::parse_str(text).is_err())
    {
        found.push(format!("{place} is {value}, not a UUID"));
    }
    if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
        found.push(format!("{place} is {value}, not one of {}", schema["enum"]));
    }
    if value.as_i64().zip(schema["minimum"].as_i64()).is_some_and(|(value, least)| value < least) {
        found.push(format!("{place} is {value}"));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{place} has no {name}"));
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            found.extend(faults(root, schema, value, &format!("{place}.{name}")));
        }
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(root, &schema["items"], item, &format!("{place}[{at}]")));
    }
    found
}

fn specification() -> Option<Value> {
    let Some(folder) = option_env!("SNOWTRACK_SPECS") else {
        println!(
            "skipped: SNOWTRACK_SPECS is not set, so there is no snowflake/sqlapi.yaml to compare with"
        );
        return None;
    };
    let path = std::path::Path::new(folder).join("snowflake/sqlapi.yaml");
    Some(Yaml::read(&std::fs::read_to_string(path).unwrap()))
}

/// The schema that the specification gives for an answer of this status.
fn schema<'a>(root: &'a Value, path: &str, method: &str, status: u16) -> &'a Value {
    let answer = &root["paths"][path][method]["responses"][status.to_string()];
    assert!(answer.is_object(), "{method} {path} never answers {status}");
    &answer["content"]["application/json"]["schema"]
}

fn check(root: &Value, path: &str, method: &str, reply: &Reply) {
    let found = faults(root, schema(root, path, method, reply.status), &reply.body, "body");
    assert!(found.is_empty(), "{method} {path} {}: {found:#?}\n{}", reply.status, reply.body);
}

#[tokio::test]
async fn every_answer_has_the_shape_of_the_specification() {
    let Some(root) = specification() else { return };
    let (submit, poll) = ("/api/v2/statements", "/api/v2/statements/{statementHandle}");
    let rig = Rig::new();
    for sql in [
        "select 1 as A, null as B, date '2026-01-05' as C",
        "select count(*) from SPOTIFY.RAW.SONGS",
        "show pipes in schema SPOTIFY.RAW",
        "desc table SPOTIFY.RAW.SONGS",
        "nonsense",
    ] {
        check(&root, submit, "post", &rig.sql(sql).await);
    }
    for fault in [Fault::TimedOut, Fault::CutOff, Fault::TooMany { retry_after: None }] {
        rig.snowflake.script(When::Any, 1, fault);
        check(&root, submit, "post", &rig.sql("select 1").await);
    }
    // A token that was refused must not come again.
    let refused = Rig::new();
    refused.snowflake.script(When::Any, 1, Fault::Unauthorized);
    check(&root, submit, "post", &refused.sql("select 1").await);
    rig.snowflake.script(When::Any, 1, Fault::Accepted { polls: 1 });
    let accepted = rig.sql("select 1").await;
    check(&root, submit, "post", &accepted);
    let path = format!("/api/v2/statements/{}", accepted.handle());
    check(&root, poll, "get", &rig.get(&path).await);
    check(&root, poll, "get", &rig.get(&path).await);
    check(&root, poll, "get", &rig.get(&format!("{path}?partition=7")).await);
    rig.snowflake.script(When::Any, 1, Fault::Accepted { polls: 1 });
    let path = format!("/api/v2/statements/{}", rig.sql("select 1").await.handle());
    let cancelled = Reply::of(rig.request(reqwest::Method::POST, &format!("{path}/cancel"))).await;
    check(&root, "/api/v2/statements/{statementHandle}/cancel", "post", &cancelled);
    check(&root, poll, "get", &rig.get(&path).await);
}

/// What the parameters at a place are called and may be.
fn parameters<'a>(root: &'a Value, path: &str, method: &str) -> Vec<(&'a str, &'a Value)> {
    let place = &root["paths"][path];
    let listed = [&place["parameters"], &place[method]["parameters"]];
    let all = listed.into_iter().flat_map(|list| list.as_array().into_iter().flatten());
    all.map(|parameter| match parameter["$ref"].as_str() {
        Some(name) => name.trim_start_matches("#/").split('/').fold(root, |at, part| &at[part]),
        None => parameter,
    })
    .map(|parameter| (parameter["name"].as_str().unwrap(), &parameter["schema"]))
    .collect()
}

#[test]
fn every_request_of_a_run_has_the_shape_of_the_specification() {
    let Some(root) = specification() else { return };
    let cloud = Cloud::bare("copy", "parquet");
    cloud.apply();
    cloud.snowflake.script(When::Sql("COPY INTO".to_owned()), 2, Fault::Accepted { polls: 1 });
    cloud.snowflake.script(When::Any, 1, Fault::ResetAfter);
    assert_eq!(cloud.report(&["--demo"]).0, 0);
    let requests = cloud.snowflake.requests();
    let (mut submitted, mut polled) = (0, 0);
    for request in requests.iter().filter(|request| request.path.starts_with("/api/v2/")) {
        let is_submission = request.path == "/api/v2/statements";
        let place = if is_submission {
            "/api/v2/statements"
        } else {
            "/api/v2/statements/{statementHandle}"
        };
        let method = request.method.to_lowercase();
        let known = parameters(&root, place, &method);
        for (name, value) in url::form_urlencoded::parse(request.query.as_bytes()) {
            // Documented, and missing in the specification.
            if name == "retry" {
                continue;
            }
            let found = known.iter().find(|(known, _)| *known == name);
            let (_, schema) = found.unwrap_or_else(|| panic!("{place} has no `{name}`"));
            assert_eq!(faults(&root, schema, &typed(&value), &name), [""; 0], "{request:?}");
        }
        if is_submission {
            submitted += 1;
            let schema = &root["paths"][place]["post"]["requestBody"]["content"]["application/json"]
                ["schema"];
            let body: Value = serde_json::from_str(&request.body).unwrap();
            assert_eq!(faults(&root, schema, &body, "body"), [""; 0], "{}", request.body);
            let unknown = body
                .as_object()
                .unwrap()
                .keys()
                .find(|key| schema["properties"].get(key).is_none());
            assert_eq!(unknown, None, "{}", request.body);
        } else {
            polled += 1;
        }
    }
    assert!(submitted > 16 && polled > 1, "{submitted} submissions, {polled} polls");
}

/// A query parameter as the JSON that its schema speaks of.
fn typed(text: &str) -> Value {
    match text {
        "true" => json!(true),
        "false" => json!(false),
        number if number.parse::<i64>().is_ok() => json!(number.parse::<i64>().unwrap()),
        text => json!(text),
    }
}

#[test]
fn the_checker_notices_what_is_wrong() {
    let Some(root) = specification() else { return };
    let schema = schema(&root, "/api/v2/statements", "post", 422);
    let handle = "536fad38-b564-4dc5-9892-a4543504df6c";
    let right = json!({"message": "x", "statementHandle": handle, "createdOn": 1});
    assert!(faults(&root, schema, &right, "body").is_empty());
    for wrong in [
        json!({"statementHandle": handle}),
        json!({"message": "x", "statementHandle": "7"}),
        json!({"message": "x", "statementHandle": handle, "createdOn": "1"}),
        json!([]),
    ] {
        assert!(!faults(&root, schema, &wrong, "body").is_empty(), "{wrong}");
    }
    let schema = &root["components"]["schemas"]["ResultSet"];
    for wrong in [
        json!({"data": [[1]]}),
        json!({"resultSetMetaData": {"format": "json"}}),
        json!({"resultSetMetaData": {"rowType": [{"length": -1}]}}),
    ] {
        assert_eq!(faults(&root, schema, &wrong, "body").len(), 1, "{wrong}");
    }
}
