//! What was seen: the answers to `observe.sql`, and look-ups in them.

use std::collections::BTreeMap;

use super::Blueprint;
use crate::ids::Table;
use crate::snowflake::api::{Error, FailureKind, Row, Rows};
use crate::snowflake::objects::{IngestMode, Names};

/// The answers to a plan's questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    answers: BTreeMap<String, Seen>,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Rows(Rows),
    /// What was asked about does not exist, or our role may not know that it does.
    Nothing,
    /// Our role may not ask.
    Denied(String),
}

impl Observed {
    /// The questions, one statement each; none needs a warehouse.
    pub(crate) fn questions(names: &Names) -> Vec<String> {
        names.observations()
    }

    /// Takes down one answer. That an object is not there is an answer too.
    ///
    /// # Errors
    /// Whatever is no answer: Snowflake could not be reached, the login was refused.
    pub(crate) fn note(
        &mut self,
        question: String,
        answer: Result<Rows, Error>,
    ) -> Result<(), Error> {
        let seen = match answer {
            Ok(rows) => Seen::Rows(rows),
            Err(error) => match error.statement().map(|failure| (failure.kind(), failure)) {
                Some((FailureKind::Missing, _)) => Seen::Nothing,
                Some((FailureKind::Denied, failure)) => Seen::Denied(failure.message.clone()),
                _ => return Err(error),
            },
        };
        self.answers.insert(question, seen);
        Ok(())
    }

    /// The rows of an answer; none where there is nothing to see.
    pub(super) fn rows(&self, question: &str) -> impl Iterator<Item = Row<'_>> {
        let rows = match self.answers.get(question) {
            Some(Seen::Rows(rows)) => Some(rows.iter()),
            _ => None,
        };
        rows.into_iter().flatten()
    }

    /// Why a question has no answer.
    pub(super) fn denied(&self, question: &str) -> Option<&str> {
        match self.answers.get(question) {
            Some(Seen::Denied(message)) => Some(message),
            _ => None,
        }
    }

    /// Whether what was asked about is there.
    pub(super) fn is_there(&self, question: &str) -> bool {
        matches!(self.answers.get(question), Some(Seen::Rows(_)))
    }

    /// The row whose column says this.
    pub(super) fn find(&self, question: &str, column: &str, wanted: &str) -> Option<Row<'_>> {
        self.rows(question)
            .find(|row| text(*row, column).is_some_and(|text| text.eq_ignore_ascii_case(wanted)))
    }

    /// What `desc` says of a property.
    pub(super) fn property(&self, question: &str, name: &str) -> Option<String> {
        let row = self.find(question, "property", name)?;
        Some(text(row, "property_value").unwrap_or_default().to_owned())
    }

    pub(super) fn integration_property(&self, names: &Names, property: &str) -> Option<String> {
        self.property(&format!("desc integration {}", names.integration), property)
    }

    /// The roles that own our schemas, but for the one that looks. To own one is the least that lets a role make objects in it.
    pub(super) fn other_owners(&self, names: &Names) -> Vec<String> {
        let session = "select current_user() as user_name, current_role() as role_name";
        let own = self.rows(session).find_map(|row| text(row, "role_name"));
        let question = format!("show schemas in database {}", names.database);
        let schemas = [&names.schema, &names.core_schema, &names.marts_schema];
        let mut owners = Vec::new();
        for schema in schemas {
            let row = self.find(&question, "name", schema.as_str());
            let owner = row.and_then(|row| text(row, "owner")).filter(|owner| Some(*owner) != own);
            owners.extend(owner.map(str::to_owned));
        }
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// The queue that S3's events of each table go to.
    pub(super) fn queues(&self, blueprint: &Blueprint) -> BTreeMap<Table, String> {
        let question = show_in_schema("pipes", &blueprint.names);
        let queue = |table: Table| {
            let pipe = blueprint.names.pipe(table, blueprint.format, IngestMode::Auto)?;
            let row = self.find(&question, "name", pipe.name.as_str())?;
            Some((table, text(row, "notification_channel")?.to_owned()))
        };
        Table::ALL.into_iter().filter_map(queue).collect()
    }
}

/// A cell, where it is there and not NULL.
pub(super) fn text<'a>(row: Row<'a>, column: &str) -> Option<&'a str> {
    row.cell(column).ok()?.text().ok().filter(|text| !text.is_empty())
}

/// The last part of a name: in an answer to `show` it stands alone.
pub(super) fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

pub(super) fn show_in_schema(what: &str, names: &Names) -> String {
    format!("show {what} in schema {}.{}", names.database, names.schema)
}
