//! Each kind of object, as it is against as it should be. Pure.

use super::ddl::{Kind, definition, normal, options};
use super::grants::grant;
use super::observed::{Observed, last, show_in_schema, text};
use super::table::table;
use super::{Blueprint, Change, Desired, Item, State};
use crate::snowflake::api::{Row, literal};
use crate::snowflake::objects::Names;

const STRANDS_PIPES: &str =
    "pipes stop when their stage changes: better give the new one another name";
const BY_HAND: &str = "to be changed by hand, after a look at who else uses it";
const PIPES_ARE_FIXED: &str = "a pipe cannot be changed, and a new one forgets which files it loaded: pause it, wait until it is empty, drop it, apply, then `snowtrack ingest` submits what it had not loaded";
const STAGE_IS_GONE: &str = "a pipe is bound to the stage that it was made on, and loads nothing any more: drop it, apply, then `snowtrack ingest` submits what it had not loaded";
const SAFE_TO_REPLACE: &str = "it holds nothing that the landing table does not: safe to replace by hand, and `snowtrack snowflake apply` grants again what the new one lacks";
const BILLED_BESIDE: &str =
    "on by default for new warehouses, and billed beside them; nothing of ours gains by it";
const DEFAULT_ROLE: &str = "Snowpipe's REST API acts as the user's default role and no other";
const BY_ITS_FILES: &str =
    "pipes that use it read files differently from then on; what is loaded stays as it is";

/// The item of one statement, and behind it those of the columns that its table lacks.
pub(super) fn compare(blueprint: &Blueprint, observed: &Observed, desired: Desired) -> Vec<Item> {
    let mut columns = Vec::new();
    let state = match desired.kind {
        Kind::Role | Kind::User | Kind::Warehouse | Kind::Database => {
            account_object(blueprint, observed, &desired)
        }
        Kind::Integration => integration(blueprint, observed, &desired),
        Kind::Schema => {
            let question = format!("show schemas in database {}", blueprint.names.database);
            State::there(observed.find(&question, "name", last(&desired.name)).is_some())
        }
        Kind::FileFormat => file_format(observed, &desired),
        Kind::Stage => stage(blueprint, observed, &desired),
        Kind::Table => table(observed, &desired, &mut columns),
        Kind::Pipe => pipe(blueprint, observed, &desired),
        Kind::DynamicTable => dynamic_table(blueprint, observed, &desired),
        Kind::Grant => grant(observed, &desired),
        Kind::Column => State::Exists,
    };
    let blocked_by = match desired.kind {
        Kind::Integration if blueprint.aws_role_arn.is_none() => {
            Some("it needs the AWS role that Snowflake assumes: `--aws-role-arn ARN`")
        }
        Kind::User if blueprint.public_key.is_none() => Some("the public key is not configured"),
        _ => None,
    };
    let blocked_by = blocked_by.map(str::to_owned);
    let note = match desired.kind {
        Kind::DynamicTable => refreshed(blueprint, observed, &desired),
        _ => None,
    };
    let Desired { kind, name, audience, statement, .. } = desired;
    let mut items = vec![Item {
        kind,
        name,
        audience,
        statement,
        state,
        blocked_by,
        is_in_conflict: false,
        note,
    }];
    items.append(&mut columns);
    items
}

fn account_object(blueprint: &Blueprint, observed: &Observed, desired: &Desired) -> State {
    let (name, plural) = (&desired.name, format!("{}s", desired.kind.name()));
    let row = observed.find(&format!("show {plural} like '{name}'"), "name", name);
    let session = "select current_user() as user_name, current_role() as role_name";
    // Who asks is there, whatever the role may list.
    let is_session = match desired.kind {
        Kind::User => observed.find(session, "user_name", name).is_some(),
        Kind::Role => observed.find(session, "role_name", name).is_some(),
        _ => false,
    };
    let Some(row) = row else { return State::there(is_session) };
    let role = blueprint.names.role.as_str();
    let default_role = text(row, "default_role").filter(|old| *old != role);
    match (desired.kind, default_role) {
        (Kind::User, Some(old)) => {
            let change = Change {
                what: "default role".to_owned(),
                old: old.to_owned(),
                new: role.to_owned(),
                statement: Some(format!("alter user {name} set default_role = {role}")),
            };
            State::differing(vec![change], DEFAULT_ROLE)
        }
        (Kind::Warehouse, _) if text(row, "enable_query_acceleration") == Some("true") => {
            let change = Change {
                what: "query acceleration".to_owned(),
                old: "on".to_owned(),
                new: "off".to_owned(),
                statement: Some(format!(
                    "alter warehouse {name} set enable_query_acceleration = false"
                )),
            };
            State::differing(vec![change], BILLED_BESIDE)
        }
        _ => State::Exists,
    }
}

fn integration(blueprint: &Blueprint, observed: &Observed, desired: &Desired) -> State {
    let name = &desired.name;
    let question = format!("desc integration {name}");
    if let Some(reason) = observed.denied(&question) {
        return State::Unseen { reason: reason.to_owned() };
    }
    if !observed.is_there(&question) {
        return State::Missing;
    }
    let property = |property| observed.property(&question, property).unwrap_or_default();
    let mut changes = Vec::new();
    let mut change = |what: &str, old: String, new: String, set: String| {
        let statement = Some(format!("alter storage integration {name} set {set}"));
        changes.push(Change { what: what.to_owned(), old, new, statement });
    };
    let (allowed, url) = (property("STORAGE_ALLOWED_LOCATIONS"), blueprint.lake_url());
    let is_covered = |place: &str| place.trim() == "*" || url.starts_with(place.trim());
    if !allowed.split(',').filter(|place| !place.trim().is_empty()).any(is_covered) {
        let places = allowed.split(',').map(str::trim).filter(|place| !place.is_empty());
        let all: Vec<_> =
            places.chain([url.as_str()]).map(|place| literal(place).to_string()).collect();
        let set = format!("storage_allowed_locations = ({})", all.join(", "));
        change("allowed locations", allowed.clone(), format!("also {url}"), set);
    }
    let role = property("STORAGE_AWS_ROLE_ARN");
    if let Some(wanted) = blueprint.aws_role_arn.as_ref().filter(|wanted| **wanted != role) {
        let set = format!("storage_aws_role_arn = {}", literal(wanted));
        change("AWS role", role, wanted.clone(), set);
    }
    if property("ENABLED").eq_ignore_ascii_case("false") {
        change("enabled", "false".to_owned(), "true".to_owned(), "enabled = true".to_owned());
    }
    State::differing(changes, BY_HAND)
}

/// An option's value as `desc` prints it and as DDL writes it, made alike.
fn option_value(text: &str) -> String {
    let bare = text.trim().trim_matches(|c| matches!(c, '(' | ')' | '[' | ']'));
    bare.trim_matches('\'').replace("\\\\", "\\").to_ascii_uppercase()
}

fn file_format(observed: &Observed, desired: &Desired) -> State {
    // The file's spelling is lower case, the names in front of it are not.
    let question = format!("desc file format {}", spelled(desired));
    if !observed.is_there(&question) {
        return State::Missing;
    }
    let change = |(option, wanted): (String, String)| {
        // What this Snowflake does not list cannot be compared.
        let old = observed.property(&question, &option)?;
        (option_value(&old) != option_value(&wanted)).then(|| Change {
            statement: Some(format!("alter file format {} set {option} = {wanted}", desired.name)),
            what: option,
            old,
            new: wanted,
        })
    };
    State::differing(
        options(&desired.statement).into_iter().filter_map(change).collect(),
        BY_ITS_FILES,
    )
}

/// An object's name as its statement spells it, and as `observe.sql` does.
fn spelled(desired: &Desired) -> &str {
    let behind = desired.statement.split_once(" if not exists ").map_or("", |(_, behind)| behind);
    behind.split_whitespace().next().unwrap_or_default()
}

fn stage(blueprint: &Blueprint, observed: &Observed, desired: &Desired) -> State {
    let question = show_in_schema("stages", &blueprint.names);
    let Some(row) = observed.find(&question, "name", last(&desired.name)) else {
        return State::Missing;
    };
    let wanted = [
        ("url", blueprint.lake_url()),
        ("storage_integration", blueprint.names.integration.to_string()),
    ];
    let change = |(column, new): (&str, String)| {
        let old = text(row, column).unwrap_or_default();
        (old != new).then(|| Change {
            what: column.replace('_', " "),
            old: old.to_owned(),
            new,
            statement: None,
        })
    };
    State::differing(wanted.into_iter().filter_map(change).collect(), STRANDS_PIPES)
}

fn pipe(blueprint: &Blueprint, observed: &Observed, desired: &Desired) -> State {
    let question = show_in_schema("pipes", &blueprint.names);
    let Some(row) = observed.find(&question, "name", last(&desired.name)) else {
        return State::Missing;
    };
    let mut changes = Vec::new();
    let mut change = |what: &str, old: &str, new: &str| {
        let (what, old, new) = (what.to_owned(), old.to_owned(), new.to_owned());
        changes.push(Change { what, old, new, statement: None });
    };
    let old = normal(text(row, "definition").unwrap_or_default());
    let new = normal(definition(&desired.statement));
    if !old.eq_ignore_ascii_case(&new) {
        change("definition", &old, &new);
    }
    if let Some(reason) = text(row, "invalid_reason") {
        change("validity", reason, "valid");
    }
    if is_older_than_its_stage(blueprint, observed, row) {
        changes.push(Change {
            what: "stage".to_owned(),
            old: "one that is gone".to_owned(),
            new: blueprint.names.stage.to_string(),
            statement: Some(format!("drop pipe {}", desired.name)),
        });
        return State::differing(changes, STAGE_IS_GONE);
    }
    State::differing(changes, PIPES_ARE_FIXED)
}

/// Whether the stage was made after the pipe: the one that the pipe is bound to is gone, whatever the new one is called.
fn is_older_than_its_stage(blueprint: &Blueprint, observed: &Observed, pipe: Row<'_>) -> bool {
    // As seconds since 1970, which is how the API writes every time.
    let made_at = |row| text(row, "created_on").and_then(|text| text.parse::<f64>().ok());
    let question = show_in_schema("stages", &blueprint.names);
    let stage = observed.find(&question, "name", blueprint.names.stage.as_str());
    match (made_at(pipe), stage.and_then(made_at)) {
        (Some(pipe), Some(stage)) => pipe < stage,
        _ => false,
    }
}

/// A dynamic table as Snowflake shows it.
fn shown<'a>(blueprint: &Blueprint, observed: &'a Observed, name: &str) -> Option<Row<'a>> {
    let Names { database, core_schema, .. } = &blueprint.names;
    let question = format!("show dynamic tables in schema {database}.{core_schema}");
    observed.find(&question, "name", last(name))
}

/// How Snowflake keeps a dynamic table up, and why so.
fn refreshed(blueprint: &Blueprint, observed: &Observed, desired: &Desired) -> Option<String> {
    let row = shown(blueprint, observed, &desired.name)?;
    let mode = text(row, "refresh_mode")?.to_ascii_lowercase();
    let lag = text(row, "target_lag").map_or_else(String::new, |lag| format!(", lag {lag}"));
    let reason = text(row, "refresh_mode_reason");
    let reason = reason.map_or_else(String::new, |reason| format!(" ({})", reason.trim()));
    Some(format!("refresh {mode}{reason}{lag}"))
}

fn dynamic_table(blueprint: &Blueprint, observed: &Observed, desired: &Desired) -> State {
    let warehouse = &blueprint.names.warehouse;
    let name = &desired.name;
    let Some(row) = shown(blueprint, observed, name) else { return State::Missing };
    let Some(made_by) = text(row, "text") else {
        let reason = format!("{} lacks MONITOR on it", blueprint.names.role);
        return State::Unseen { reason };
    };
    // The text is the whole command by the documentation; the query alone would do as well.
    let query = |text: &str| text.split_once("select ").map(|(_, query)| query.to_owned());
    let (old, new) = (query(&normal(made_by)), query(&normal(&desired.statement)));
    let mut changes = Vec::new();
    let replace =
        desired.statement.replacen("dynamic table if not exists", "or replace dynamic table", 1);
    let option = |key: &str| {
        options(&desired.statement)
            .into_iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    };
    let mode = option("REFRESH_MODE").unwrap_or_default();
    if let Some(old) =
        text(row, "refresh_mode").filter(|old| !old.eq_ignore_ascii_case(mode.as_str()))
    {
        let reason = text(row, "refresh_mode_reason");
        let reason = reason.map_or_else(String::new, |reason| format!(" ({})", reason.trim()));
        changes.push(Change {
            what: "refresh mode".to_owned(),
            old: format!("{}{reason}", old.to_ascii_lowercase()),
            new: mode.to_ascii_lowercase(),
            statement: Some(replace.clone()),
        });
    }
    let lag = text(row, "target_lag").filter(|old| old.parse() != Ok(blueprint.target_lag.clone()));
    if let Some(old) = lag {
        let new = blueprint.target_lag.to_string();
        changes.push(Change {
            what: "target lag".to_owned(),
            old: old.to_owned(),
            statement: Some(format!(
                "alter dynamic table {name} set target_lag = {}",
                literal(&new)
            )),
            new,
        });
    }
    if old != new {
        changes.push(Change {
            what: "query".to_owned(),
            old: old.unwrap_or_default(),
            new: new.unwrap_or_default(),
            statement: Some(replace),
        });
    }
    if let Some(old) = text(row, "warehouse").filter(|old| *old != warehouse.as_str()) {
        changes.push(Change {
            what: "warehouse".to_owned(),
            old: old.to_owned(),
            new: warehouse.to_string(),
            statement: Some(format!("alter dynamic table {name} set warehouse = {warehouse}")),
        });
    }
    State::differing(changes, SAFE_TO_REPLACE)
}
