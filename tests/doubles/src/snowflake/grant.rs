//! `GRANT`.

use super::State;
use super::access::{Grant, On};
use super::account_usage::IMPORTED;
use super::cursor::Cursor;
use super::engine::Rows;
use super::listing::said;
use super::problem::{Outcome, Problem};
use super::session::Session;

const KINDS: [(&str, On); 9] = [
    ("DYNAMIC TABLE", On::DynamicTable),
    ("FILE FORMAT", On::FileFormat),
    ("DATABASE", On::Database),
    ("SCHEMA", On::Schema),
    ("TABLE", On::Table),
    ("STAGE", On::Stage),
    ("PIPE", On::Pipe),
    ("WAREHOUSE", On::Warehouse),
    ("INTEGRATION", On::Integration),
];
/// Kinds that `ON ALL` and `ON FUTURE` take. No bulk grants on pipes.
const PLURALS: [(&str, On); 5] = [
    ("DYNAMIC TABLES", On::DynamicTable),
    ("FILE FORMATS", On::FileFormat),
    ("TABLES", On::Table),
    ("VIEWS", On::View),
    ("STAGES", On::Stage),
];

/// Which objects a GRANT means.
enum Objects {
    One(String),
    All(String),
    Future(String),
}

impl State {
    /// Everything behind `GRANT`.
    pub(super) fn grant(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        if cursor.eat("ROLE") {
            return self.grant_role(cursor, session);
        }
        if cursor.eat("DATABASE ROLE") {
            return self.grant_usage(cursor, session);
        }
        let privileges = privileges(cursor)?;
        cursor.expect("ON")?;
        if privileges == [IMPORTED] {
            cursor.expect("DATABASE SNOWFLAKE")?;
            return self.note_usage_grant(IMPORTED, cursor, session);
        }
        let (on, objects) = self.objects(cursor, session)?;
        cursor.expect("TO ROLE")?;
        let role = cursor.identifier()?;
        cursor.end()?;
        if !self.access.roles.contains_key(&role) {
            return Err(Problem::missing("Role", &role));
        }
        if let Some(privilege) =
            privileges.iter().find(|name| !on.privileges().contains(&name.as_str()))
        {
            return Err(Problem::syntax(&format!(
                "unsupported privilege '{privilege}' for {}",
                on.word().to_lowercase()
            )));
        }
        let manages = self.access.effective(&session.role).contains("SECURITYADMIN");
        for privilege in &privileges {
            let grant = |object: &str| Grant {
                role: role.clone(),
                privilege: privilege.clone(),
                on,
                object: object.to_owned(),
            };
            match &objects {
                Objects::One(object) => {
                    if !manages && !self.access.owns(&session.role, on, object) {
                        return Err(Problem::insufficient(&on.word().to_lowercase(), object));
                    }
                    self.access.grants.insert(grant(object));
                }
                Objects::All(schema) => {
                    for object in self.objects_in(on, schema) {
                        if manages || self.access.owns(&session.role, on, &object) {
                            self.access.grants.insert(grant(&object));
                        }
                    }
                }
                Objects::Future(schema) => {
                    if !manages && !self.access.owns(&session.role, On::Schema, schema) {
                        return Err(Problem::insufficient("schema", schema));
                    }
                    self.access.future.insert(grant(schema));
                }
            }
        }
        Ok(said("Statement executed successfully."))
    }

    /// `SNOWFLAKE.USAGE_VIEWER TO ROLE …`: the one database whose roles the double knows.
    fn grant_usage(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        let parts = cursor.name()?;
        match parts.as_slice() {
            [database, role]
                if database == "SNOWFLAKE"
                    && ["USAGE_VIEWER", "GOVERNANCE_VIEWER"].contains(&role.as_str()) =>
            {
                self.note_usage_grant(role, cursor, session)
            }
            _ => Err(Problem::missing("Database role", &parts.join("."))),
        }
    }

    fn note_usage_grant(
        &mut self,
        what: &str,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<Rows> {
        cursor.expect("TO ROLE")?;
        let role = cursor.identifier()?;
        cursor.end()?;
        if !self.access.effective(&session.role).contains("ACCOUNTADMIN") {
            return Err(Problem::insufficient("database", "SNOWFLAKE"));
        }
        if !self.access.roles.contains_key(&role) {
            return Err(Problem::missing("Role", &role));
        }
        self.usage_grants.insert((what.to_owned(), role));
        Ok(said("Statement executed successfully."))
    }

    /// Everything behind `REVOKE`.
    pub(super) fn revoke(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        if !self.is_aside {
            self.violate(format!("REVOKE takes away what is there: {}", cursor.sql));
        }
        let privileges = privileges(cursor)?;
        cursor.expect("ON")?;
        let (on, objects) = self.objects(cursor, session)?;
        cursor.expect("FROM ROLE")?;
        let role = cursor.identifier()?;
        cursor.end()?;
        let Objects::One(object) = objects else {
            return Err(Problem::unknown("REVOKE in bulk"));
        };
        self.access.grants.retain(|grant| {
            grant.role != role
                || grant.on != on
                || grant.object != object
                || !privileges.contains(&grant.privilege)
        });
        Ok(said("Statement executed successfully."))
    }

    fn grant_role(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        let role = cursor.identifier()?;
        cursor.expect("TO")?;
        let is_user = cursor.eat("USER");
        if !is_user {
            cursor.expect("ROLE")?;
        }
        let target = cursor.identifier()?;
        cursor.end()?;
        if !self.access.roles.contains_key(&role) {
            return Err(Problem::missing("Role", &role));
        }
        let is_known = if is_user {
            self.catalog.users.contains_key(&target)
        } else {
            self.access.roles.contains_key(&target)
        };
        if !is_known {
            return Err(Problem::missing(if is_user { "User" } else { "Role" }, &target));
        }
        let manages = self.access.effective(&session.role).contains("SECURITYADMIN");
        if !manages && !self.access.owns(&session.role, On::Role, &role) {
            return Err(Problem::insufficient("role", &role));
        }
        if is_user {
            self.access.users.entry(target).or_default().insert(role);
        } else {
            self.access.roles.entry(target).or_default().insert(role);
        }
        Ok(said("Statement executed successfully."))
    }

    fn objects(&self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<(On, Objects)> {
        let is_all = cursor.eat("ALL");
        let is_future = !is_all && cursor.eat("FUTURE");
        if is_all || is_future {
            let Some((_, on)) = PLURALS.iter().find(|(words, _)| cursor.eat(words)).copied() else {
                return cursor.unexpected();
            };
            cursor.expect("IN SCHEMA")?;
            let (database, schema) = session.place.resolve_schema(&cursor.name()?)?;
            if !self.catalog.has_schema(&database, &schema) {
                return Err(Problem::missing("Schema", &format!("{database}.{schema}")));
            }
            let schema = format!("{database}.{schema}");
            return Ok((on, if is_all { Objects::All(schema) } else { Objects::Future(schema) }));
        }
        let Some((_, on)) = KINDS.iter().find(|(words, _)| cursor.eat(words)).copied() else {
            return cursor.unexpected();
        };
        let parts = cursor.name()?;
        let object = match on {
            On::Database | On::Warehouse | On::Integration => parts.join("."),
            On::Schema => {
                let (database, schema) = session.place.resolve_schema(&parts)?;
                format!("{database}.{schema}")
            }
            _ => session.place.resolve(&parts, "GRANT")?.text(),
        };
        if !self.access.owners.contains_key(&(on, object.clone())) {
            return Err(Problem::missing(on.word(), &object));
        }
        Ok((on, Objects::One(object)))
    }

    /// Objects of a kind in a schema.
    fn objects_in(&self, on: On, schema: &str) -> Vec<String> {
        let prefix = format!("{schema}.");
        let owners = self.access.owners.keys();
        owners
            .filter(|(kind, object)| *kind == on && object.starts_with(&prefix))
            .map(|(_, object)| object.clone())
            .collect()
    }
}

/// Privileges up to `ON`.
fn privileges(cursor: &mut Cursor<'_>) -> Outcome<Vec<String>> {
    let mut privileges = Vec::new();
    loop {
        let mut words = Vec::new();
        while !cursor.peek().is_none_or(|token| token.is_symbol(",") || token.is_word("ON")) {
            words.push(cursor.word()?);
        }
        privileges.push(words.join(" "));
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    Ok(privileges)
}
