//! `SHOW …`: lists with Snowflake's column names, of what the role may see.

use super::State;
use super::access::On;
use super::catalog::Name;
use super::cursor::Cursor;
use super::engine::Rows;
use super::listing::{
    DATABASES, FUTURE_GRANTS, GRANTS, INTEGRATIONS, MEMBERS, OBJECTS, ROLES, Row, SCHEMAS, USERS,
    WAREHOUSES, columns_of, options_json, some, table, text_of, time, yes,
};
use super::problem::{Outcome, Problem};
use super::session::Session;

/// Which objects of a listing are wanted.
struct Filter {
    like: Option<String>,
    database: Option<String>,
    schema: Option<String>,
}

/// Kinds that live in schemas.
const IN_SCHEMAS: [(&str, On); 5] = [
    ("DYNAMIC TABLES", On::DynamicTable),
    ("FILE FORMATS", On::FileFormat),
    ("STAGES", On::Stage),
    ("TABLES", On::Table),
    ("PIPES", On::Pipe),
];

impl State {
    /// Everything behind `SHOW`.
    pub(super) fn show(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        cursor.eat("TERSE");
        if cursor.eat("GRANTS TO ROLE") {
            let role = cursor.identifier()?;
            cursor.end()?;
            return self.show_grants(&role);
        }
        if cursor.eat("GRANTS OF ROLE") {
            let role = cursor.identifier()?;
            cursor.end()?;
            return self.show_members(&role);
        }
        if cursor.eat("FUTURE GRANTS") {
            return self.show_future_grants(cursor, session);
        }
        if cursor.eat("OBJECTS") {
            let filter = self.filter(cursor, session)?;
            // Tables, dynamic ones among them; the double knows no views.
            return Ok(table(&OBJECTS, self.in_schemas(On::Table, &filter, session)));
        }
        if let Some((_, on)) = IN_SCHEMAS.iter().find(|(words, _)| cursor.eat(words)).copied() {
            let filter = self.filter(cursor, session)?;
            return Ok(table(&columns_of(on), self.in_schemas(on, &filter, session)));
        }
        let kind = cursor.word()?;
        let kind = if kind == "STORAGE" { cursor.word()? } else { kind };
        let filter = self.filter(cursor, session)?;
        let (columns, rows): (&[&str], Vec<Row>) = match kind.as_str() {
            "ROLES" => (&ROLES, self.show_roles(&filter, session)),
            "WAREHOUSES" => (&WAREHOUSES, self.show_warehouses(&filter, session)),
            "DATABASES" => (&DATABASES, self.show_databases(&filter, session)),
            "USERS" => (&USERS, self.show_users(&filter)),
            "INTEGRATIONS" => (&INTEGRATIONS, self.show_integrations(&filter, session)),
            "SCHEMAS" => (&SCHEMAS, self.show_schemas(&filter, session)),
            _ => return Err(Problem::unknown(&format!("SHOW {kind}"))),
        };
        Ok(table(columns, rows))
    }

    fn filter(&self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Filter> {
        let like = if cursor.eat("LIKE") { Some(cursor.text()?) } else { None };
        let mut filter = Filter {
            like,
            database: session.place.database.clone(),
            schema: session.place.schema.clone(),
        };
        if cursor.eat("IN") {
            if cursor.eat("ACCOUNT") {
                (filter.database, filter.schema) = (None, None);
            } else if cursor.eat("DATABASE") {
                let database = cursor.identifier()?;
                if !self.access.may(&session.role, "USAGE", On::Database, &database) {
                    return Err(Problem::no_operation());
                }
                (filter.database, filter.schema) = (Some(database), None);
            } else {
                cursor.eat("SCHEMA");
                let (database, schema) = session.place.resolve_schema(&cursor.name()?)?;
                if !self.catalog.has_schema(&database, &schema)
                    || !self.access.enters(&session.role, &database, &schema)
                {
                    return Err(Problem::no_operation());
                }
                (filter.database, filter.schema) = (Some(database), Some(schema));
            }
        }
        cursor.end()?;
        Ok(filter)
    }

    fn show_roles(&self, filter: &Filter, session: &Session) -> Vec<Row> {
        let names = self.access.roles.keys().filter(|name| filter.fits(name));
        names
            .map(|name| {
                vec![
                    ("name", some(name)),
                    ("is_default", yes(*name == self.config.default_role)),
                    ("is_current", yes(*name == session.role)),
                    ("owner", self.access.owners.get(&(On::Role, name.clone())).cloned()),
                ]
            })
            .collect()
    }

    fn show_warehouses(&self, filter: &Filter, session: &Session) -> Vec<Row> {
        let known = self.catalog.warehouses.iter();
        known
            .filter(|(name, _)| filter.fits(name) && self.sees(session, On::Warehouse, name))
            .map(|(name, warehouse)| {
                let value = |key: &str| text_of(&warehouse.settings, key);
                let size = match value("WAREHOUSE_SIZE").as_deref() {
                    Some("XSMALL") | None => "X-Small".to_owned(),
                    Some(other) => other.to_owned(),
                };
                vec![
                    ("name", some(name)),
                    ("state", some("SUSPENDED")),
                    ("type", some("STANDARD")),
                    ("size", Some(size)),
                    ("auto_suspend", value("AUTO_SUSPEND").or_else(|| some("600"))),
                    ("auto_resume", value("AUTO_RESUME").map(|text| text.to_lowercase())),
                    ("created_on", time(warehouse.created_at)),
                    ("owner", self.owner(On::Warehouse, name)),
                    // On, where nothing was said: all new warehouses since autumn 2026.
                    (
                        "enable_query_acceleration",
                        value("ENABLE_QUERY_ACCELERATION")
                            .map(|text| text.to_lowercase())
                            .or_else(|| some("true")),
                    ),
                    ("comment", value("COMMENT").or_else(|| some(""))),
                ]
            })
            .collect()
    }

    fn show_databases(&self, filter: &Filter, session: &Session) -> Vec<Row> {
        let known = self.catalog.databases.keys();
        known
            .filter(|name| filter.fits(name) && self.sees(session, On::Database, name))
            .map(|name| {
                vec![
                    ("name", some(name)),
                    ("is_current", yes(session.place.database.as_ref() == Some(name))),
                    ("owner", self.owner(On::Database, name)),
                    ("retention_time", some("1")),
                    ("kind", some("STANDARD")),
                ]
            })
            .collect()
    }

    fn show_users(&self, filter: &Filter) -> Vec<Row> {
        let known = self.catalog.users.iter().filter(|(name, _)| filter.fits(name));
        known
            .map(|(name, user)| {
                let value = |key: &str| text_of(&user.settings, key);
                let has_key = value("RSA_PUBLIC_KEY").is_some();
                vec![
                    ("name", some(name)),
                    ("created_on", time(user.created_at)),
                    ("login_name", value("LOGIN_NAME").or_else(|| some(name))),
                    ("disabled", some("false")),
                    ("default_warehouse", value("DEFAULT_WAREHOUSE")),
                    ("default_namespace", value("DEFAULT_NAMESPACE")),
                    ("default_role", value("DEFAULT_ROLE")),
                    ("has_rsa_public_key", some(if has_key { "true" } else { "false" })),
                    ("type", value("TYPE").map(|text| text.to_uppercase())),
                ]
            })
            .collect()
    }

    fn show_integrations(&self, filter: &Filter, session: &Session) -> Vec<Row> {
        let known = self.catalog.integrations.iter();
        known
            .filter(|(name, _)| filter.fits(name) && self.sees(session, On::Integration, name))
            .map(|(name, integration)| {
                let enabled =
                    text_of(&integration.settings, "ENABLED").map(|text| text.to_lowercase());
                vec![
                    ("name", some(name)),
                    ("type", some("EXTERNAL_STAGE")),
                    ("category", some("STORAGE")),
                    ("enabled", enabled),
                    ("comment", text_of(&integration.settings, "COMMENT")),
                    ("created_on", time(integration.created_at)),
                ]
            })
            .collect()
    }

    fn show_schemas(&self, filter: &Filter, session: &Session) -> Vec<Row> {
        let databases = self.catalog.databases.iter();
        let chosen =
            databases.filter(|(name, _)| filter.database.as_ref().is_none_or(|one| one == *name));
        let all = chosen.flat_map(|(database, schemas)| {
            schemas.iter().map(move |(schema, created_at)| (database, schema, created_at))
        });
        all.filter(|(database, schema, _)| {
            filter.fits(schema) && self.sees(session, On::Schema, &format!("{database}.{schema}"))
        })
        .map(|(database, schema, created_at)| {
            vec![
                ("created_on", time(*created_at)),
                ("name", some(schema)),
                ("database_name", some(database)),
                ("owner", self.owner(On::Schema, &format!("{database}.{schema}"))),
                ("retention_time", some("1")),
            ]
        })
        .collect()
    }

    fn in_schemas(&self, on: On, filter: &Filter, session: &Session) -> Vec<Row> {
        let catalog = &self.catalog;
        let mut names: Vec<(On, &Name)> = match on {
            On::Stage => catalog.stages.keys().map(|name| (on, name)).collect(),
            On::FileFormat => catalog.formats.keys().map(|name| (on, name)).collect(),
            On::Pipe => catalog.pipes.keys().map(|name| (on, name)).collect(),
            On::Table => catalog.tables.keys().map(|name| (on, name)).collect(),
            _ => Vec::new(),
        };
        // A list of tables has the dynamic ones too.
        if [On::Table, On::DynamicTable].contains(&on) {
            names.extend(catalog.dynamic_tables.keys().map(|name| (On::DynamicTable, name)));
        }
        names.retain(|(kind, name)| {
            filter.database.as_ref().is_none_or(|database| *database == name.database)
                && filter.schema.as_ref().is_none_or(|schema| *schema == name.schema)
                && filter.fits(&name.object)
                && self.sees(session, *kind, &name.text())
        });
        names.into_iter().map(|(kind, name)| self.schema_object(kind, name)).collect()
    }

    /// One row of `SHOW`, for any kind that lives in a schema; columns of other kinds are cut off later.
    pub(super) fn schema_object(&self, on: On, name: &Name) -> Row {
        let mut row: Row = vec![
            ("name", some(&name.object)),
            ("database_name", some(&name.database)),
            ("schema_name", some(&name.schema)),
            ("owner", self.owner(on, &name.text())),
            ("comment", some("")),
        ];
        match on {
            On::Stage => {
                if let Some(stage) = self.catalog.stages.get(name) {
                    row.extend([
                        ("created_on", time(stage.created_at)),
                        ("url", some(&stage.url)),
                        ("has_credentials", yes(false)),
                        ("type", some("EXTERNAL")),
                        ("cloud", some("AWS")),
                        ("storage_integration", stage.integration.clone()),
                    ]);
                }
            }
            On::FileFormat => {
                if let Some(format) = self.catalog.formats.get(name) {
                    row.extend([
                        ("created_on", time(format.created_at)),
                        ("type", text_of(&format.settings, "TYPE").map(|text| text.to_uppercase())),
                        ("format_options", Some(options_json(&format.settings))),
                    ]);
                }
            }
            On::Pipe => {
                if let Some(pipe) = self.catalog.pipes.get(name) {
                    row.extend([
                        ("created_on", time(pipe.created_at)),
                        ("definition", some(&pipe.definition)),
                        ("notification_channel", self.channel(pipe)),
                        ("pattern", pipe.copy.pattern.clone()),
                        ("owner_role_type", some("ROLE")),
                        ("comment", pipe.comment.clone()),
                    ]);
                }
            }
            On::DynamicTable => {
                if let Some(table) = self.catalog.dynamic_tables.get(name) {
                    row.extend([
                        ("created_on", time(table.created_at)),
                        ("kind", some("TABLE")),
                        ("is_dynamic", yes(true)),
                        ("target_lag", text_of(&table.settings, "TARGET_LAG")),
                        ("warehouse", text_of(&table.settings, "WAREHOUSE")),
                        ("refresh_mode", Some(table.refresh_mode.0.clone())),
                        ("refresh_mode_reason", table.refresh_mode.1.clone()),
                        ("scheduling_state", some("ACTIVE")),
                        ("text", some(&table.text)),
                    ]);
                }
            }
            _ => {
                if let Some(table) = self.catalog.tables.get(name) {
                    row.extend([
                        ("created_on", time(table.created_at)),
                        ("kind", some("TABLE")),
                        ("is_dynamic", yes(false)),
                        ("rows", self.row_count(name)),
                        ("retention_time", some("1")),
                        ("comment", table.comment.clone()),
                    ]);
                }
            }
        }
        row
    }

    fn row_count(&self, name: &Name) -> Option<String> {
        let count = format!("select count(*)::varchar from {}", name.quoted());
        self.engine.scalar(&count).ok().flatten()
    }

    fn show_grants(&self, role: &str) -> Outcome<Rows> {
        if !self.access.roles.contains_key(role) {
            return Err(Problem::no_operation());
        }
        let now = self.now();
        let row = |privilege: &str, on: On, object: &str| -> Row {
            vec![
                ("created_on", time(now)),
                ("privilege", some(privilege)),
                ("granted_on", Some(on.word().replace(' ', "_"))),
                ("name", some(object)),
                ("granted_to", some("ROLE")),
                ("grantee_name", some(role)),
                ("grant_option", some("false")),
                ("granted_by", some("")),
            ]
        };
        let owned = self.access.owners.iter().filter(|(_, owner)| *owner == role);
        let owned = owned.map(|((on, object), _)| row("OWNERSHIP", *on, object));
        let granted = self.access.grants.iter().filter(|grant| grant.role == role);
        let granted = granted.map(|grant| row(&grant.privilege, grant.on, &grant.object));
        let below = self.access.roles.get(role).into_iter().flatten();
        let below = below.map(|below| row("USAGE", On::Role, below));
        let rows = owned.chain(granted).chain(below).collect();
        Ok(table(&GRANTS, rows))
    }

    fn show_future_grants(&self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        cursor.expect("IN SCHEMA")?;
        let (database, schema) = session.place.resolve_schema(&cursor.name()?)?;
        cursor.end()?;
        if !self.catalog.has_schema(&database, &schema)
            || !self.access.enters(&session.role, &database, &schema)
        {
            return Err(Problem::no_operation());
        }
        let (place, now) = (format!("{database}.{schema}"), self.now());
        let grants = self.access.future.iter().filter(|grant| grant.object == place);
        let rows = grants.map(|grant| -> Row {
            vec![
                ("created_on", time(now)),
                ("privilege", some(&grant.privilege)),
                ("grant_on", Some(grant.on.word().replace(' ', "_"))),
                ("name", Some(format!("{place}.<{}>", grant.on.word()))),
                ("grant_to", some("ROLE")),
                ("grantee_name", some(&grant.role)),
                ("grant_option", some("false")),
            ]
        });
        Ok(table(&FUTURE_GRANTS, rows.collect()))
    }

    /// Who has the role.
    fn show_members(&self, role: &str) -> Outcome<Rows> {
        if !self.access.roles.contains_key(role) {
            return Err(Problem::no_operation());
        }
        let now = self.now();
        let row = |granted_to: &str, grantee: &str| -> Row {
            vec![
                ("created_on", time(now)),
                ("role", some(role)),
                ("granted_to", some(granted_to)),
                ("grantee_name", some(grantee)),
                ("granted_by", some("")),
            ]
        };
        let users = self.access.users.iter().filter(|(_, roles)| roles.contains(role));
        let users = users.map(|(name, _)| row("USER", name));
        let above = self.access.roles.iter().filter(|(_, below)| below.contains(role));
        let rows = above.map(|(name, _)| row("ROLE", name)).chain(users).collect();
        Ok(table(&MEMBERS, rows))
    }

    fn sees(&self, session: &Session, on: On, object: &str) -> bool {
        self.access.sees(&session.role, on, object)
    }

    pub(super) fn owner(&self, on: On, object: &str) -> Option<String> {
        self.access.owners.get(&(on, object.to_owned())).cloned()
    }
}

impl Filter {
    fn fits(&self, name: &str) -> bool {
        self.like.as_ref().is_none_or(|pattern| is_like(name, pattern))
    }
}

/// `LIKE` of SHOW, which is blind to case.
fn is_like(name: &str, pattern: &str) -> bool {
    fn fits(name: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some(('%', rest)) => (0..=name.len()).any(|skip| fits(&name[skip..], rest)),
            Some(('_', rest)) => !name.is_empty() && fits(&name[1..], rest),
            Some(('\\', rest)) => fits(name, rest),
            Some((letter, rest)) => name.first() == Some(letter) && fits(&name[1..], rest),
        }
    }
    let chars = |text: &str| text.to_uppercase().chars().collect::<Vec<char>>();
    fits(&chars(name), &chars(pattern))
}
