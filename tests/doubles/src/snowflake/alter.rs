//! `ALTER` and `DROP`: what a person does to an account between two runs.

use super::State;
use super::access::On;
use super::catalog::{Column, Name, quoted};
use super::cursor::{Cursor, Settings};
use super::engine::Rows;
use super::listing::said;
use super::pipe::{Pipe, PipeState};
use super::problem::{Outcome, Problem};
use super::session::Session;
use super::types::Type;

const DROPPABLE: [(&str, On); 5] = [
    ("DYNAMIC TABLE", On::DynamicTable),
    ("FILE FORMAT", On::FileFormat),
    ("TABLE", On::Table),
    ("STAGE", On::Stage),
    ("PIPE", On::Pipe),
];

impl State {
    /// Everything behind `ALTER`.
    pub(super) fn alter(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        if cursor.eat("WAREHOUSE") {
            return self.alter_warehouse(cursor, session);
        }
        let kinds = [
            ("DYNAMIC TABLE", On::DynamicTable),
            ("PIPE", On::Pipe),
            ("TABLE", On::Table),
            ("STAGE", On::Stage),
            ("FILE FORMAT", On::FileFormat),
        ];
        let Some((_, on)) = kinds.iter().find(|(words, _)| cursor.eat(words)).copied() else {
            return Err(Problem::unknown("ALTER of this kind"));
        };
        let is_optional = cursor.eat("IF EXISTS");
        let name = session.place.resolve(&cursor.name()?, "ALTER")?;
        let is_visible = self.access.enters(&session.role, &name.database, &name.schema)
            && self.access.sees(&session.role, on, &name.text());
        if !is_visible {
            return match is_optional {
                true => Ok(said("Statement executed successfully.")),
                false => Err(Problem::missing(on.word(), &name.text())),
            };
        }
        match on {
            On::Pipe => self.alter_pipe(&name, cursor, session)?,
            On::Table => self.alter_table(&name, cursor, session)?,
            On::DynamicTable => self.alter_dynamic_table(&name, cursor, session)?,
            On::FileFormat => self.alter_file_format(&name, cursor, session)?,
            _ => self.alter_stage(&name, cursor, session)?,
        }
        .map_or_else(|| Ok(said("Statement executed successfully.")), Ok)
    }

    fn alter_warehouse(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        let name = cursor.identifier()?;
        cursor.expect("SET")?;
        let settings = only(cursor)?;
        if !self.access.may(&session.role, "MODIFY", On::Warehouse, &name) {
            return Err(Problem::insufficient("warehouse", &name));
        }
        let Some(warehouse) = self.catalog.warehouses.get_mut(&name) else {
            return Err(Problem::missing("Warehouse", &name));
        };
        for (option, value) in settings {
            warehouse.settings.retain(|(known, _)| *known != option);
            warehouse.settings.push((option, value));
        }
        Ok(said("Statement executed successfully."))
    }

    fn alter_dynamic_table(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<Option<Rows>> {
        self.must_own(On::DynamicTable, name, session)?;
        cursor.expect("SET")?;
        match only(cursor)?.as_slice() {
            [(option, value)] if ["TARGET_LAG", "WAREHOUSE"].contains(&option.as_str()) => {
                if let Some(table) = self.catalog.dynamic_tables.get_mut(name) {
                    table.settings.retain(|(known, _)| known != option);
                    table.settings.push((option.clone(), value.clone()));
                }
                Ok(None)
            }
            _ => Err(Problem::unknown("ALTER DYNAMIC TABLE … SET")),
        }
    }

    /// Whatever is loaded from then on is read so.
    fn alter_file_format(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<Option<Rows>> {
        self.must_own(On::FileFormat, name, session)?;
        cursor.expect("SET")?;
        let settings = only(cursor)?;
        let Some(format) = self.catalog.formats.get_mut(name) else {
            return Err(Problem::missing(On::FileFormat.word(), &name.text()));
        };
        for (option, value) in settings {
            format.settings.retain(|(known, _)| *known != option);
            format.settings.push((option, value));
        }
        Ok(None)
    }

    fn must_own(&self, on: On, name: &Name, session: &Session) -> Outcome<()> {
        match self.access.owns(&session.role, on, &name.text()) {
            true => Ok(()),
            false => Err(Problem::insufficient(&on.word().to_lowercase(), &name.text())),
        }
    }

    fn alter_pipe(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<Option<Rows>> {
        if !self.access.may(&session.role, "OPERATE", On::Pipe, &name.text()) {
            return Err(Problem::insufficient("pipe", &name.text()));
        }
        if cursor.eat("REFRESH") {
            let settings = cursor.settings()?;
            cursor.end()?;
            return self.refresh_pipe(name, &settings).map(Some);
        }
        cursor.expect("SET")?;
        match only(cursor)?.as_slice() {
            [(option, value)] if option == "PIPE_EXECUTION_PAUSED" => {
                let state = if value.as_bool()? { "PAUSED" } else { "RUNNING" };
                if let Some(pipe) = self.catalog.pipes.get_mut(name) {
                    pipe.state = PipeState::new(state, None);
                }
                Ok(None)
            }
            _ => Err(Problem::unknown("ALTER PIPE … SET")),
        }
    }

    /// A pipe notices that its stage points elsewhere.
    fn alter_stage(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<Option<Rows>> {
        self.must_own(On::Stage, name, session)?;
        cursor.expect("SET")?;
        match only(cursor)?.as_slice() {
            [(option, value)] if option == "URL" => {
                let url = value.as_text()?.to_owned();
                if let Some(stage) = self.catalog.stages.get_mut(name) {
                    stage.url = url;
                }
                self.stop_pipes("STOPPED_STAGE_ALTERED", |pipe| pipe.copy.stage == *name);
                Ok(None)
            }
            _ => Err(Problem::unknown("ALTER STAGE … SET")),
        }
    }

    fn alter_table(
        &mut self,
        name: &Name,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<Option<Rows>> {
        self.must_own(On::Table, name, session)?;
        let mut columns =
            self.catalog.tables.get(name).map(|table| table.columns.clone()).unwrap_or_default();
        let table = name.quoted();
        if cursor.eat("ADD") {
            cursor.eat("COLUMN");
            let is_optional = cursor.eat("IF NOT EXISTS");
            let column = cursor.identifier()?;
            let kind = Type::parse(cursor)?;
            let is_required = cursor.eat("NOT NULL");
            cursor.end()?;
            if columns.iter().any(|known| known.name == column) {
                return if is_optional { Ok(None) } else { Err(Problem::exists(&column)) };
            }
            if is_required && self.holds_rows(&table)? {
                let what =
                    format!("Non-nullable column '{column}' cannot be added to a non-empty table");
                return Err(Problem::syntax(&what));
            }
            let sql =
                format!("alter table {table} add column {} {}", quoted(&column), kind.duckdb());
            self.engine.run(&sql)?;
            columns.push(Column { name: column, kind, is_required, comment: None });
        } else if cursor.eat("DROP COLUMN") {
            let is_optional = cursor.eat("IF EXISTS");
            let column = cursor.identifier()?;
            cursor.end()?;
            if !columns.iter().any(|known| known.name == column) {
                return if is_optional {
                    Ok(None)
                } else {
                    Err(Problem::invalid_identifier(&column))
                };
            }
            self.engine.run(&format!("alter table {table} drop column {}", quoted(&column)))?;
            columns.retain(|known| known.name != column);
        } else {
            self.alter_column(&table, &mut columns, cursor)?;
        }
        if let Some(known) = self.catalog.tables.get_mut(name) {
            known.columns = columns;
        }
        Ok(None)
    }

    fn alter_column(
        &self,
        table: &str,
        columns: &mut [Column],
        cursor: &mut Cursor<'_>,
    ) -> Outcome<()> {
        cursor.expect("ALTER COLUMN")?;
        let name = cursor.identifier()?;
        let column = columns.iter_mut().find(|known| known.name == name);
        let column = column.ok_or_else(|| Problem::invalid_identifier(&name))?;
        if cursor.eat("SET DATA TYPE") {
            column.kind = Type::parse(cursor)?;
            let kind = column.kind.duckdb();
            self.engine
                .run(&format!("alter table {table} alter column {} type {kind}", quoted(&name)))?;
        } else if cursor.eat("SET NOT NULL") {
            column.is_required = true;
        } else {
            cursor.expect("DROP NOT NULL")?;
            column.is_required = false;
        }
        cursor.end()
    }

    fn holds_rows(&self, table: &str) -> Outcome<bool> {
        let found = self.engine.scalar(&format!("select '1' from {table} limit 1"))?;
        Ok(found.is_some())
    }

    /// Everything behind `DROP`; the program itself never drops anything.
    pub(super) fn drop_object(
        &mut self,
        cursor: &mut Cursor<'_>,
        session: &Session,
    ) -> Outcome<Rows> {
        if !self.is_aside {
            self.violate(format!("DROP loses what is there: {}", cursor.sql));
        }
        let Some((_, on)) = DROPPABLE.iter().find(|(words, _)| cursor.eat(words)).copied() else {
            return Err(Problem::unknown("DROP of this kind"));
        };
        let is_optional = cursor.eat("IF EXISTS");
        let name = session.place.resolve(&cursor.name()?, "DROP")?;
        cursor.end()?;
        if self.owner(on, &name.text()).is_none() {
            let done = "Drop statement executed successfully.";
            return if is_optional {
                Ok(said(done))
            } else {
                Err(Problem::missing(on.word(), &name.text()))
            };
        }
        self.must_own(on, &name, session)?;
        match on {
            On::Table => {
                self.engine.run(&format!("drop table {}", name.quoted()))?;
                self.catalog.tables.remove(&name);
                self.loads.retain(|load| load.table != name);
                self.stop_pipes("STOPPED_MISSING_TABLE", |pipe| pipe.copy.table == name);
            }
            On::DynamicTable => {
                self.engine.run(&format!("drop table {}", name.quoted()))?;
                self.catalog.dynamic_tables.remove(&name);
            }
            On::Stage => {
                self.catalog.stages.remove(&name);
                self.stop_pipes("STOPPED_STAGE_DROPPED", |pipe| pipe.copy.stage == name);
            }
            On::FileFormat => {
                self.catalog.formats.remove(&name);
                let format = super::copy::Format::Named(name.clone());
                self.stop_pipes("STOPPED_FILE_FORMAT_DROPPED", |pipe| pipe.copy.format == format);
            }
            _ => {
                self.catalog.pipes.remove(&name);
                self.loads.retain(|load| load.pipe.as_ref() != Some(&name));
            }
        }
        self.access.dropped(on, &name.text());
        Ok(said(&format!("{} successfully dropped.", name.object)))
    }

    fn stop_pipes(&mut self, state: &str, is_hit: impl Fn(&Pipe) -> bool) {
        for pipe in self.catalog.pipes.values_mut().filter(|pipe| is_hit(pipe)) {
            pipe.state = PipeState::new(state, None);
        }
    }
}

/// Settings and nothing behind them.
fn only(cursor: &mut Cursor<'_>) -> Outcome<Settings> {
    let settings = cursor.settings()?;
    cursor.end()?;
    Ok(settings)
}
