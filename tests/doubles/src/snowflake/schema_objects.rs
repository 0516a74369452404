//! `CREATE` of what lives in a schema.

use std::collections::BTreeMap;
use std::time::Duration;

use super::State;
use super::access::On;
use super::catalog::{Column, DynamicTable, FileFormat, Name, Stage, Table};
use super::copy::{Copy, Format, Reading};
use super::create::known;
use super::cursor::{Cursor, Settings};
use super::pipe::{Pipe, PipeState};
use super::problem::{Outcome, Problem};
use super::session::Session;
use super::translate::Translator;
use super::types::Type;

impl State {
    pub(super) fn create_stage(
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

    pub(super) fn create_format(&mut self, name: &Name, cursor: &mut Cursor<'_>) -> Outcome<()> {
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

    pub(super) fn create_table(&mut self, name: &Name, cursor: &mut Cursor<'_>) -> Outcome<()> {
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
        // A pipe goes on by itself when its table is there again; what was submitted meanwhile is not queued.
        for pipe in self.catalog.pipes.values_mut().filter(|pipe| pipe.copy.table == *name) {
            if pipe.state.state == "STOPPED_MISSING_TABLE" {
                pipe.state = PipeState::new("RUNNING", None);
            }
        }
        Ok(())
    }

    pub(super) fn create_pipe(
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
        if !copy.path.is_empty() && !copy.path.ends_with('/') {
            self.violate(format!("`{}` is a prefix: it has no slash at its end", copy.path));
        }
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

    pub(super) fn create_dynamic_table(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<()> {
        let named = named_columns(cursor)?;
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
        let made = self.engine.describe(&format!("select * from {}", name.quoted()))?;
        let is_of = |((made, _), named): (&(String, String), &Column)| {
            made.eq_ignore_ascii_case(&named.name)
        };
        if !named.is_empty() && (made.len() != named.len() || !made.iter().zip(&named).all(is_of)) {
            return Err(Problem::syntax("the column list is not that of the query"));
        }
        let comments = named.into_iter().map(|column| column.comment).collect();
        let now = self.now();
        let refresh_mode = self.refresh_mode(&settings, &text)?;
        let (refreshed_at, created_at) = (now, now);
        let table = DynamicTable {
            text,
            sql,
            comments,
            settings,
            lag,
            refresh_mode,
            refreshed_at,
            created_at,
        };
        self.catalog.dynamic_tables.insert(name.clone(), table);
        Ok(())
    }
}

/// The column list of a dynamic table, where there is one.
fn named_columns(cursor: &mut Cursor<'_>) -> Outcome<Vec<Column>> {
    let mut columns = Vec::new();
    if !cursor.eat_symbol("(") {
        return Ok(columns);
    }
    loop {
        let (name, kind) = (cursor.identifier()?, Type::parse(cursor)?);
        let comment = if cursor.eat("COMMENT") { Some(cursor.text()?) } else { None };
        columns.push(Column { name, kind, is_required: false, comment });
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    cursor.expect_symbol(")")?;
    Ok(columns)
}

impl State {
    /// The mode of a dynamic table for ever: as it was said, or Snowflake's choice of that hour.
    ///
    /// <https://docs.snowflake.com/en/user-guide/dynamic-tables/supported-queries>
    fn refresh_mode(
        &mut self,
        settings: &Settings,
        query: &str,
    ) -> Outcome<(String, Option<String>)> {
        let said = settings.iter().find(|(name, _)| name == "REFRESH_MODE");
        let said = said.map_or_else(
            || Ok("AUTO".to_owned()),
            |(_, value)| Ok(value.as_text()?.to_uppercase()),
        )?;
        let sql = query.to_uppercase();
        let forbids = [" EXISTS", " IN (", " LIMIT ", " EXCEPT ", " MINUS ", "ANY_VALUE"];
        let forbidden = forbids.iter().find(|word| sql.contains(*word));
        match (said.as_str(), forbidden) {
            ("INCREMENTAL", Some(word)) => Err(Problem::invalid_option(&format!(
                "Dynamic Tables cannot be incrementally refreshed with '{}'",
                word.trim()
            ))),
            ("INCREMENTAL" | "FULL", _) => Ok((said, None)),
            ("AUTO", _) => {
                self.expensive(
                    "a dynamic table without REFRESH_MODE may be refreshed in full for ever",
                );
                let reason = forbidden.map(|word| format!("not incremental: {}", word.trim()));
                let mode = if reason.is_some() { "FULL" } else { "INCREMENTAL" };
                Ok((mode.to_owned(), reason))
            }
            (other, _) => {
                Err(Problem::invalid_option(&format!("invalid value [{other}] for 'REFRESH_MODE'")))
            }
        }
    }
}

fn comment_of(settings: &Settings) -> Outcome<Option<String>> {
    let found = settings.iter().find(|(name, _)| name == "COMMENT");
    found.map(|(_, value)| Ok(value.as_text()?.to_owned())).transpose()
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
