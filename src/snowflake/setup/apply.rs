//! The edges: asks what is there, runs what is missing.

use super::observed::Observed;
use super::{Blueprint, Item, Kind, Plan};
use crate::snowflake::api::{Connection, Error, FailureKind, Session, Statement};
use crate::snowflake::sql::Audience;
use crate::stop::Stop;

/// What became of a missing item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It is there now.
    Made,
    /// Our role may not; an admin can run the item's statement.
    AskAdmin {
        /// Snowflake's words.
        reason: String,
    },
    /// Not tried: a pipe is in its way.
    Held,
    /// Not tried: it lies in, or is a right on, what was to be made before it and was not.
    Follows,
    /// Not tried, or not possible before something else is there.
    Waits {
        /// For what.
        reason: String,
    },
}

/// A missing item, tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppliedItem {
    /// Its kind and name.
    pub name: String,
    /// What became of it.
    pub became: Applied,
}

/// Asks for everything that a plan compares. Costs no warehouse.
///
/// # Errors
/// Where Snowflake could not be asked; an object that is missing is no error.
pub(crate) async fn observe(
    connection: &Connection,
    blueprint: &Blueprint,
    stop: &Stop,
) -> Result<Observed, Error> {
    let mut observed = Observed::default();
    for question in Observed::questions(&blueprint.names) {
        let answer = connection.run(&outside(connection, &question), stop).await;
        observed.note(question, answer)?;
    }
    Ok(observed)
}

/// Runs the missing items in order and says of each what became of it. An item that is denied does not stop the others.
///
/// # Errors
/// Where Snowflake could not be reached, or a statement is wrong.
pub(crate) async fn apply(
    connection: &Connection,
    plan: &Plan,
    stop: &Stop,
) -> Result<Vec<AppliedItem>, Error> {
    let mut applied: Vec<AppliedItem> = Vec::new();
    for item in plan.missing() {
        let name = format!("{} {}", item.kind.name(), item.name);
        if item.is_held() {
            applied.push(AppliedItem { name, became: Applied::Held });
            continue;
        }
        if needs_what_is_not_there(item, &applied) {
            applied.push(AppliedItem { name, became: Applied::Follows });
            continue;
        }
        if let Some(reason) = &item.blocked_by {
            let became = Applied::Waits { reason: reason.clone() };
            applied.push(AppliedItem { name, became });
            continue;
        }
        let result = connection.run(&outside(connection, &item.statement), stop).await;
        let became = match result {
            Ok(_) => Applied::Made,
            Err(error) => match error.statement().map(|failure| (failure.kind(), failure)) {
                Some((FailureKind::Denied | FailureKind::Missing, failure)) => {
                    let reason = failure.message.clone();
                    match item.audience {
                        Audience::Admin => Applied::AskAdmin { reason },
                        Audience::Owner => Applied::Waits { reason },
                    }
                }
                _ => return Err(error),
            },
        };
        applied.push(AppliedItem { name, became });
    }
    Ok(applied)
}

/// Whether it lies in an object that was to be made before it and was not, or is a right on one, or a role's: that is said of the
/// object, and says enough.
fn needs_what_is_not_there(item: &Item, applied: &[AppliedItem]) -> bool {
    let mut missing = applied.iter().filter(|it| it.became != Applied::Made);
    missing.any(|it| match item.kind {
        Kind::Grant => {
            let grant = format!("{} ", item.name.to_ascii_uppercase());
            let object = it.name.trim_start_matches("storage ").to_ascii_uppercase();
            let is_about = |words: &str| grant.contains(&format!("{words}{object} "));
            is_about(" ON ")
                || is_about(" IN ")
                || is_about(" TO ")
                || grant.starts_with(&format!("{object} "))
        }
        _ => ["database ", "schema "].iter().any(|kind| {
            let place = it.name.strip_prefix(kind);
            place.is_some_and(|place| item.name.starts_with(&format!("{place}.")))
        }),
    })
}

/// A statement that names everything in full: neither database nor warehouse need exist yet.
fn outside(connection: &Connection, sql: &str) -> Statement {
    let role = connection.login().session.role.clone();
    let session = Session { role, ..Session::default() };
    Statement { session: Some(session), ..Statement::new(sql) }
}
