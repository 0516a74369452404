//! `CREATE … IF NOT EXISTS`.

use std::collections::{BTreeMap, BTreeSet};

use super::access::On;
use super::catalog::{Name, Plain};
use super::cursor::{Cursor, Setting};
use super::engine::Rows;
use super::listing::said;
use super::problem::{Outcome, Problem};
use super::session::Session;
use super::{Manners, State};

/// `FILE FORMAT` before `FILE` would be, were there one: kinds of two words first.
const KINDS: [(&str, On, &str); 11] = [
    ("DYNAMIC TABLE", On::DynamicTable, "Dynamic table"),
    ("FILE FORMAT", On::FileFormat, "File format"),
    ("STORAGE INTEGRATION", On::Integration, "Integration"),
    ("ROLE", On::Role, "Role"),
    ("USER", On::User, "User"),
    ("WAREHOUSE", On::Warehouse, "Warehouse"),
    ("DATABASE", On::Database, "Database"),
    ("SCHEMA", On::Schema, "Schema"),
    ("STAGE", On::Stage, "Stage area"),
    ("TABLE", On::Table, "Table"),
    ("PIPE", On::Pipe, "Pipe"),
];

/// What is about to be created.
struct New<'s> {
    on: On,
    session: &'s Session,
    /// Its whole name, for grants and messages.
    text: String,
    /// Where the kind has three parts.
    name: Option<Name>,
}

impl State {
    /// Everything behind `CREATE`.
    pub(super) fn create(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        if cursor.eat("OR REPLACE") {
            self.violate(format!("CREATE OR REPLACE loses what is there: {}", cursor.sql));
            return cursor.unexpected();
        }
        let Some((_, on, title)) = KINDS.iter().find(|(words, ..)| cursor.eat(words)).copied()
        else {
            return cursor.unexpected();
        };
        if !cursor.eat("IF NOT EXISTS") {
            self.violate(format!("CREATE without IF NOT EXISTS: {}", cursor.sql));
        }
        let parts = cursor.name()?;
        let new = self.name_it(on, &parts, session)?;
        let label = parts.last().cloned().unwrap_or_default();
        if self.exists(&new) {
            return Ok(said(&format!("{label} already exists, statement succeeded.")));
        }
        self.may_create(&new)?;
        match (on, &new.name) {
            (On::Role, _) => self.create_role(&new, cursor)?,
            (On::User | On::Warehouse | On::Integration, _) => self.create_plain(&new, cursor)?,
            (On::Database, _) => self.create_database(&new, cursor)?,
            (On::Schema, _) => self.create_schema(&new, cursor)?,
            (On::Stage, Some(name)) => self.create_stage(name, cursor, session)?,
            (On::FileFormat, Some(name)) => self.create_format(name, cursor)?,
            (On::Table, Some(name)) => self.create_table(name, cursor)?,
            (On::Pipe, Some(name)) => self.create_pipe(name, cursor, session)?,
            (On::DynamicTable, Some(name)) => self.create_dynamic_table(name, cursor, session)?,
            _ => return cursor.unexpected(),
        }
        self.access.created(&session.role, on, &new.text);
        Ok(said(&format!("{title} {label} successfully created.")))
    }

    fn name_it<'s>(&self, on: On, parts: &[String], session: &'s Session) -> Outcome<New<'s>> {
        let (text, name) = match on {
            On::Schema => {
                let (database, schema) = session.place.resolve_schema(parts)?;
                (format!("{database}.{schema}"), None)
            }
            On::Role | On::User | On::Warehouse | On::Database | On::Integration | On::Account => {
                match parts {
                    [single] => (single.clone(), None),
                    _ => return Err(Problem::syntax("the name has one part")),
                }
            }
            On::Table | On::DynamicTable | On::View | On::Stage | On::FileFormat | On::Pipe => {
                let name = session.place.resolve(parts, "CREATE")?;
                (name.text(), Some(name))
            }
        };
        Ok(New { on, session, text, name })
    }

    fn exists(&self, new: &New<'_>) -> bool {
        let catalog = &self.catalog;
        match (new.on, &new.name) {
            (On::Role, _) => self.access.roles.contains_key(&new.text),
            (On::User, _) => catalog.users.contains_key(&new.text),
            (On::Warehouse, _) => catalog.warehouses.contains_key(&new.text),
            (On::Integration, _) => catalog.integrations.contains_key(&new.text),
            (On::Database, _) => catalog.databases.contains_key(&new.text),
            (On::Schema, _) => new
                .text
                .split_once('.')
                .is_some_and(|(database, schema)| catalog.has_schema(database, schema)),
            (On::Stage, Some(name)) => catalog.stages.contains_key(name),
            (On::FileFormat, Some(name)) => catalog.formats.contains_key(name),
            (On::Pipe, Some(name)) => catalog.pipes.contains_key(name),
            // One name for both kinds of table.
            (On::Table | On::DynamicTable, Some(name)) => {
                catalog.tables.contains_key(name) || catalog.dynamic_tables.contains_key(name)
            }
            _ => false,
        }
    }

    fn may_create(&self, new: &New<'_>) -> Outcome<()> {
        let role = &new.session.role;
        let privilege = match new.on {
            On::Integration => "CREATE INTEGRATION".to_owned(),
            on => format!("CREATE {}", on.word()),
        };
        let (on, parent) = match (new.on, &new.name) {
            (_, Some(name)) => {
                let schema = name.schema_name();
                if !self.catalog.has_schema(&name.database, &name.schema)
                    || !self.access.enters(role, &name.database, &name.schema)
                {
                    return Err(Problem::missing("Schema", &schema));
                }
                (On::Schema, schema)
            }
            (On::Schema, None) => {
                let database = new.text.split('.').next().unwrap_or_default().to_owned();
                let is_seen = self.catalog.databases.contains_key(&database)
                    && self.access.may(role, "USAGE", On::Database, &database);
                if !is_seen {
                    return Err(Problem::missing("Database", &database));
                }
                (On::Database, database)
            }
            _ => (On::Account, String::new()),
        };
        if self.access.may(role, &privilege, on, &parent) {
            return Ok(());
        }
        let name = if on == On::Account { &self.config.account } else { &parent };
        Err(Problem::insufficient(&on.word().to_lowercase(), name))
    }

    fn create_role(&mut self, new: &New<'_>, cursor: &mut Cursor<'_>) -> Outcome<()> {
        known(&cursor.settings()?, &["COMMENT"])?;
        cursor.end()?;
        self.access.roles.insert(new.text.clone(), BTreeSet::new());
        Ok(())
    }

    fn create_plain(&mut self, new: &New<'_>, cursor: &mut Cursor<'_>) -> Outcome<()> {
        let settings = cursor.settings()?;
        cursor.end()?;
        let now = self.now();
        let plain = Plain { settings: settings.clone(), created_at: now };
        match new.on {
            On::User => {
                known(
                    &settings,
                    &[
                        "TYPE",
                        "DEFAULT_ROLE",
                        "DEFAULT_WAREHOUSE",
                        "DEFAULT_NAMESPACE",
                        "RSA_PUBLIC_KEY",
                        "LOGIN_NAME",
                        "COMMENT",
                    ],
                )?;
                self.catalog.users.insert(new.text.clone(), plain);
            }
            On::Warehouse => {
                known(
                    &settings,
                    &[
                        "WAREHOUSE_SIZE",
                        "AUTO_SUSPEND",
                        "AUTO_RESUME",
                        "INITIALLY_SUSPENDED",
                        "STATEMENT_TIMEOUT_IN_SECONDS",
                        "ENABLE_QUERY_ACCELERATION",
                        "QUERY_ACCELERATION_MAX_SCALE_FACTOR",
                        "COMMENT",
                    ],
                )?;
                if !settings.iter().any(|(name, _)| name == "ENABLE_QUERY_ACCELERATION") {
                    self.expensive("a warehouse without ENABLE_QUERY_ACCELERATION has it on");
                }
                self.catalog.warehouses.insert(new.text.clone(), plain);
            }
            _ => {
                known(
                    &settings,
                    &[
                        "TYPE",
                        "STORAGE_PROVIDER",
                        "ENABLED",
                        "STORAGE_AWS_ROLE_ARN",
                        "STORAGE_ALLOWED_LOCATIONS",
                        "STORAGE_BLOCKED_LOCATIONS",
                        "COMMENT",
                    ],
                )?;
                for required in ["TYPE", "STORAGE_PROVIDER", "ENABLED", "STORAGE_ALLOWED_LOCATIONS"]
                {
                    if !settings.iter().any(|(name, _)| name == required) {
                        let what = format!("missing required option '{required}'");
                        return Err(Problem::invalid_option(&what));
                    }
                }
                self.catalog.integrations.insert(new.text.clone(), plain);
            }
        }
        Ok(())
    }

    fn create_database(&mut self, new: &New<'_>, cursor: &mut Cursor<'_>) -> Outcome<()> {
        known(&cursor.settings()?, &["COMMENT", "DATA_RETENTION_TIME_IN_DAYS"])?;
        cursor.end()?;
        self.add_database(&new.text)?;
        // Each database comes with it.
        self.add_schema(&new.text, "PUBLIC")?;
        self.access.created(&new.session.role, On::Schema, &format!("{}.PUBLIC", new.text));
        Ok(())
    }

    fn create_schema(&mut self, new: &New<'_>, cursor: &mut Cursor<'_>) -> Outcome<()> {
        known(&cursor.settings()?, &["COMMENT", "DATA_RETENTION_TIME_IN_DAYS"])?;
        cursor.end()?;
        let (database, schema) = new.text.split_once('.').unwrap_or_default();
        self.add_schema(database, schema)
    }

    /// What Snowflake makes of silence, and bills: ours is to say it.
    pub(super) fn expensive(&mut self, what: &str) {
        if self.config.manners == Manners::Ours && !self.is_aside {
            self.violate(what.to_owned());
        }
    }

    pub(super) fn add_database(&mut self, name: &str) -> Outcome<()> {
        self.engine.create_database(name)?;
        self.catalog.databases.insert(name.to_owned(), BTreeMap::new());
        Ok(())
    }

    pub(super) fn add_schema(&mut self, database: &str, schema: &str) -> Outcome<()> {
        self.engine.create_schema(database, schema)?;
        let now = self.now();
        if let Some(schemas) = self.catalog.databases.get_mut(database) {
            schemas.insert(schema.to_owned(), now);
        }
        Ok(())
    }
}

/// Refuses settings that the kind does not have.
pub(super) fn known(settings: &[(String, Setting)], names: &[&str]) -> Outcome<()> {
    match settings.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        Some((name, _)) => Err(Problem::invalid_option(&format!("invalid property '{name}'"))),
        None => Ok(()),
    }
}
