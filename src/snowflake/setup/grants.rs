//! What a role may, as it is against as it should be. Pure.

use super::ddl::{GrantDdl, granted};
use super::observed::{Observed, text};
use super::{Desired, State};
use crate::snowflake::api::Row;

/// Whether a grant is there.
pub(super) fn grant(observed: &Observed, desired: &Desired) -> State {
    let Some(wanted) = granted(&desired.statement) else { return State::Missing };
    let question = match (wanted.on.as_str(), wanted.bulk()) {
        ("ROLE", _) => format!("show grants of role {}", wanted.object),
        (_, Some((Bulk::Future, _))) => format!("show future grants in schema {}", wanted.object),
        _ => format!("show grants to role {}", wanted.grantee),
    };
    if let Some(reason) = observed.denied(&question) {
        return State::Unseen { reason: reason.to_owned() };
    }
    let rows = || observed.rows(&question);
    match (wanted.on.as_str(), wanted.bulk()) {
        ("ROLE", _) => State::there(rows().any(|row| {
            text(row, "granted_to") == Some(wanted.to.as_str())
                && text(row, "grantee_name") == Some(wanted.grantee.as_str())
        })),
        (_, Some((Bulk::Future, kind))) => State::there(rows().any(|row| {
            let on = text(row, "grant_on").or(text(row, "granted_on"));
            on.is_some_and(|on| spelled(on) == kind)
                && text(row, "grantee_name") == Some(wanted.grantee.as_str())
                && text(row, "privilege") == Some(wanted.privileges[0].as_str())
        })),
        (_, Some((Bulk::All, kind))) => on_all(observed, &question, &wanted, &kind),
        _ => {
            let on = spelled(&wanted.on);
            let privileges = &wanted.privileges;
            let has =
                |privilege: &String| rows().any(|row| holds(row, privilege, &on, &wanted.object));
            State::there(privileges.iter().all(has))
        }
    }
}

/// Which objects a grant in bulk means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bulk {
    All,
    Future,
}

impl GrantDdl {
    /// `ALL DYNAMIC TABLES IN SCHEMA`: which ones, and of what kind.
    fn bulk(&self) -> Option<(Bulk, String)> {
        let objects = self.on.strip_suffix("S IN SCHEMA")?;
        let (which, kind) = objects.split_once(' ')?;
        let which = if which == "ALL" { Bulk::All } else { Bulk::Future };
        Some((which, spelled(kind)))
    }
}

/// Whether every object of the kind that the schema holds has been granted; one that holds none has.
fn on_all(observed: &Observed, question: &str, wanted: &GrantDdl, kind: &str) -> State {
    let objects = format!("show objects in schema {}", wanted.object);
    if !observed.is_there(&objects) {
        return State::Missing;
    }
    let is_of_kind = |row: &Row<'_>| {
        let shown = match (text(*row, "kind"), text(*row, "is_dynamic")) {
            (Some("VIEW"), _) => "VIEW",
            (_, Some("Y")) => "DYNAMIC_TABLE",
            _ => "TABLE",
        };
        shown == kind
    };
    let is_granted = |row: Row<'_>| {
        let object = format!("{}.{}", wanted.object, text(row, "name").unwrap_or_default());
        let has = |privilege: &String| {
            observed.rows(question).any(|row| holds(row, privilege, kind, &object))
        };
        wanted.privileges.iter().all(has)
    };
    State::there(observed.rows(&objects).filter(is_of_kind).all(is_granted))
}

/// Whether a row of `show grants to role` gives the privilege. Its words for kinds have changed: with and without `_`.
fn holds(row: Row<'_>, privilege: &str, on: &str, object: &str) -> bool {
    let is_on = |shown: &str| {
        let shown = spelled(shown);
        shown == on || (on == "DYNAMIC_TABLE" && shown == "TABLE")
    };
    let is_held = [Some(privilege), Some("OWNERSHIP")].contains(&text(row, "privilege"));
    let name = text(row, "name").unwrap_or_default().replace('"', "");
    is_held && name == object && text(row, "granted_on").is_some_and(is_on)
}

fn spelled(kind: &str) -> String {
    kind.replace(' ', "_")
}
