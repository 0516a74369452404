//! `CREATE … IF NOT EXISTS`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::State;
use super::access::On;
use super::catalog::{Column, DynamicTable, FileFormat, Name, Plain, Stage, Table};
use super::copy::{Copy, Format, Reading};
use super::cursor::{Cursor, Setting, Settings};
use super::engine::Rows;
use super::execute::said;
use super::pipe::Pipe;
use super::problem::{Outcome, Problem};
use super::session::Session;
use super::translate::Translator;
use super::types::Type;

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
            On::Table | On::DynamicTable | On::Stage | On::FileFormat | On::Pipe => {
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
        self.access.roles.insert(new.text.clone(), std::collections::BTreeSet::new());
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
                        "COMMENT",
                    ],
                )?;
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

    fn create_stage(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<()> {
        let settings = cursor.settings()?;
        cursor.end()?;
        known(&settings, &["URL", "STORAGE_INTEGRATION", "COMMENT", "DIRECTORY"])?;
        let value =
            |key: &str| settings.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let url = value("URL")
            .ok_or_else(|| Problem::unknown("an internal stage"))?
            .as_text()?
            .to_owned();
        let integration = value("STORAGE_INTEGRATION").map(|value| value.as_text()).transpose()?;
        if let Some(integration) = integration {
            let known =
                self.catalog.integrations.get(integration).filter(|_| {
                    self.access.may(&session.role, "USAGE", On::Integration, integration)
                });
            let known = known.ok_or_else(|| Problem::missing("Integration", integration))?;
            let allowed =
                known.settings.iter().find(|(name, _)| name == "STORAGE_ALLOWED_LOCATIONS");
            let allowed = allowed.map_or_else(|| Ok(Vec::new()), |(_, value)| value.as_texts())?;
            if !allowed.iter().any(|place| place == "*" || url.starts_with(place.as_str())) {
                return Err(Problem::invalid_option(&format!(
                    "Location '{url}' is not allowed by integration '{integration}'. Please use DESC INTEGRATION \
                     to check out allowed and blocked locations."
                )));
            }
        }
        if !url.ends_with('/') {
            self.violate(format!(
                "the stage's url `{url}` has no slash at its end: it is a prefix"
            ));
        }
        let integration = integration.map(str::to_owned);
        let created_at = self.now();
        self.catalog.stages.insert(name.clone(), Stage { url, integration, created_at });
        Ok(())
    }

    fn create_format(&mut self, name: &Name, cursor: &mut Cursor<'_>) -> Outcome<()> {
        let settings = cursor.settings()?;
        cursor.end()?;
        let is_parquet = Reading::new(settings.clone())?.is_parquet;
        known(
            &settings,
            if is_parquet {
                &[
                    "TYPE",
                    "COMPRESSION",
                    "USE_VECTORIZED_SCANNER",
                    "USE_LOGICAL_TYPE",
                    "BINARY_AS_TEXT",
                    "TRIM_SPACE",
                    "REPLACE_INVALID_CHARACTERS",
                    "NULL_IF",
                    "COMMENT",
                ] as &[_]
            } else {
                &[
                    "TYPE",
                    "COMPRESSION",
                    "PARSE_HEADER",
                    "SKIP_HEADER",
                    "FIELD_DELIMITER",
                    "RECORD_DELIMITER",
                    "FIELD_OPTIONALLY_ENCLOSED_BY",
                    "ESCAPE",
                    "ESCAPE_UNENCLOSED_FIELD",
                    "NULL_IF",
                    "EMPTY_FIELD_AS_NULL",
                    "ENCODING",
                    "DATE_FORMAT",
                    "TIME_FORMAT",
                    "TIMESTAMP_FORMAT",
                    "BINARY_FORMAT",
                    "TRIM_SPACE",
                    "ERROR_ON_COLUMN_COUNT_MISMATCH",
                    "MULTI_LINE",
                    "COMMENT",
                ]
            },
        )?;
        let created_at = self.now();
        self.catalog.formats.insert(name.clone(), FileFormat { settings, created_at });
        Ok(())
    }

    fn create_table(&mut self, name: &Name, cursor: &mut Cursor<'_>) -> Outcome<()> {
        cursor.expect_symbol("(")?;
        let mut columns: Vec<Column> = Vec::new();
        loop {
            if cursor.eat("PRIMARY KEY") || cursor.eat("CONSTRAINT") {
                return Err(Problem::unknown("table constraints"));
            }
            let column_name = cursor.identifier()?;
            if columns.iter().any(|known| known.name == column_name) {
                return Err(Problem::syntax(&format!("duplicate column name '{column_name}'")));
            }
            let kind = Type::parse(cursor)?;
            let is_required = cursor.eat("NOT NULL");
            let comment = if cursor.eat("COMMENT") { Some(cursor.text()?) } else { None };
            columns.push(Column { name: column_name, kind, is_required, comment });
            if !cursor.eat_symbol(",") {
                break;
            }
        }
        cursor.expect_symbol(")")?;
        let settings = cursor.settings()?;
        cursor.end()?;
        known(&settings, &["COMMENT", "DATA_RETENTION_TIME_IN_DAYS", "CHANGE_TRACKING"])?;
        self.engine.create_table(name, &columns)?;
        let comment = comment_of(&settings)?;
        let created_at = self.now();
        let table =
            Table { columns, created_at, comment, truncated_at: None, copied: BTreeMap::new() };
        self.catalog.tables.insert(name.clone(), table);
        Ok(())
    }

    fn create_pipe(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<()> {
        let settings = cursor.settings()?;
        known(&settings, &["AUTO_INGEST", "COMMENT", "ERROR_INTEGRATION", "AWS_SNS_TOPIC"])?;
        cursor.expect("AS")?;
        let definition = cursor.rest().trim_end().to_owned();
        cursor.expect("COPY INTO")?;
        let copy = Copy::parse(cursor, &session.place, true)?;
        self.may_load(&copy, session)?;
        copy.check(&self.catalog, true)?;
        let auto = settings.iter().find(|(name, _)| name == "AUTO_INGEST");
        let is_auto = auto.map_or(Ok(false), |(_, value)| value.as_bool())?;
        let now = self.now();
        let mut pipe = Pipe::new(copy, &definition, is_auto, now);
        pipe.comment = comment_of(&settings)?;
        self.catalog.pipes.insert(name.clone(), pipe);
        Ok(())
    }

    /// What the role of a COPY or the owner of a pipe needs.
    pub(super) fn may_load(&self, copy: &Copy, session: &Session) -> Outcome<()> {
        let role = &session.role;
        let has = |privilege: &str, on: On, name: &Name| {
            self.access.enters(role, &name.database, &name.schema)
                && self.access.may(role, privilege, on, &name.text())
        };
        for privilege in ["INSERT", "SELECT"] {
            if !self.catalog.tables.contains_key(&copy.table)
                || !has(privilege, On::Table, &copy.table)
            {
                return Err(Problem::missing("Table", &copy.table.text()));
            }
        }
        if !self.catalog.stages.contains_key(&copy.stage) || !has("USAGE", On::Stage, &copy.stage) {
            return Err(Problem::missing("Stage", &copy.stage.text()));
        }
        if let Format::Named(format) = &copy.format
            && (!self.catalog.formats.contains_key(format) || !has("USAGE", On::FileFormat, format))
        {
            return Err(Problem::missing("File format", &format.text()));
        }
        Ok(())
    }

    fn create_dynamic_table(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<()> {
        let settings = cursor.settings()?;
        known(&settings, &["TARGET_LAG", "WAREHOUSE", "REFRESH_MODE", "INITIALIZE", "COMMENT"])?;
        let value = |key: &str| {
            let found =
                settings.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_text());
            found
                .unwrap_or_else(|| Err(Problem::invalid_option(&format!("missing option '{key}'"))))
        };
        let lag = lag(value("TARGET_LAG")?)?;
        let warehouse = value("WAREHOUSE")?;
        if !self.access.may(&session.role, "USAGE", On::Warehouse, warehouse) {
            return Err(Problem::missing("Warehouse", warehouse));
        }
        cursor.expect("AS")?;
        let text = cursor.rest().trim_end().to_owned();
        let mut translator = Translator::new(self, session, &text, &[]);
        let sql = translator.select()?;
        self.engine.refresh(name, &sql)?;
        let now = self.now();
        let table = DynamicTable { text, sql, settings, lag, refreshed_at: now, created_at: now };
        self.catalog.dynamic_tables.insert(name.clone(), table);
        Ok(())
    }
}

fn comment_of(settings: &Settings) -> Outcome<Option<String>> {
    let found = settings.iter().find(|(name, _)| name == "COMMENT");
    found.map(|(_, value)| Ok(value.as_text()?.to_owned())).transpose()
}

/// Refuses settings that the kind does not have.
fn known(settings: &[(String, Setting)], names: &[&str]) -> Outcome<()> {
    match settings.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        Some((name, _)) => Err(Problem::invalid_option(&format!("invalid property '{name}'"))),
        None => Ok(()),
    }
}

/// `'10 minutes'`
fn lag(text: &str) -> Outcome<Duration> {
    let (count, unit) = text.split_once(' ').unwrap_or((text, ""));
    let unit_secs = match unit.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => 0,
    };
    let secs = count.parse::<u64>().unwrap_or_default() * unit_secs;
    if secs < 60 {
        return Err(Problem::invalid_option(&format!(
            "invalid target lag '{text}': at least 1 minute"
        )));
    }
    Ok(Duration::from_secs(secs))
}
