//! One statement: what kind it is, whether it may run, and what it answers.

use super::State;
use super::access::On;
use super::account_usage::PastQuery;
use super::bindings::Bound;
use super::copy::Copy;
use super::cursor::Cursor;
use super::engine::Rows;
use super::problem::{Outcome, Problem};
use super::session::Session;
use super::translate::Translator;

/// Statements that the SQL API never runs.
const NEVER: [&str; 2] = ["PUT", "GET"];
/// Statements that it runs only beside others in one request.
const ONLY_TOGETHER: [&str; 7] = ["USE", "BEGIN", "START", "COMMIT", "ROLLBACK", "SET", "UNSET"];

impl State {
    /// Runs one statement.
    pub(super) fn execute(
        &mut self,
        sql: &str,
        bindings: &[Bound],
        session: &Session,
        is_alone: bool,
    ) -> Outcome<Rows> {
        let mut cursor = Cursor::new(sql)?;
        let first = cursor.peek().map(|token| token.text.clone()).unwrap_or_default();
        let is_alter_session =
            first == "ALTER" && cursor.tokens.get(1).is_some_and(|t| t.is_word("SESSION"));
        if NEVER.contains(&first.as_str())
            || (is_alone && (ONLY_TOGETHER.contains(&first.as_str()) || is_alter_session))
        {
            return Err(Problem::unsupported_kind(&first));
        }
        if ["SELECT", "WITH", "("].contains(&first.as_str()) {
            return self.query(sql, bindings, session);
        }
        if ["INSERT", "UPDATE", "DELETE"].contains(&first.as_str()) {
            return self.change_rows(sql, bindings, session);
        }
        if !bindings.is_empty() {
            return Err(Problem::unknown("bound values in anything but a select"));
        }
        cursor.at = 1;
        match first.as_str() {
            "CREATE" => self.create(&mut cursor, session),
            "GRANT" => self.grant(&mut cursor, session),
            "REVOKE" => self.revoke(&mut cursor, session),
            "DROP" => self.drop_object(&mut cursor, session),
            "ALTER" => self.alter(&mut cursor, session),
            "SHOW" => self.show(&mut cursor, session),
            "DESC" | "DESCRIBE" => self.describe(&mut cursor, session),
            "COPY" => {
                cursor.expect("INTO")?;
                let copy = Copy::parse(&mut cursor, &session.place, false)?;
                self.use_warehouse(sql, session)?;
                self.copy_into(&copy, session)
            }
            _ => {
                cursor.at = 0;
                cursor.unexpected()
            }
        }
    }

    fn query(&mut self, sql: &str, bindings: &[Bound], session: &Session) -> Outcome<Rows> {
        if let Some(ddl) = self.get_ddl(sql, session)? {
            return Ok(ddl);
        }
        self.engine.run(&format!(
            "set variable minutes_behind = {}; set variable \"offset\" = '{}'",
            session.minutes_behind,
            session.offset("")
        ))?;
        let mut translator = Translator::new(self, session, sql, bindings);
        let translated = translator.select()?;
        let uses = translator.uses;
        let asks_pipe = !uses.pipes.is_empty();
        if !uses.tables.is_empty()
            || uses.reads_history
            || uses.reads_usage
            || (asks_pipe && self.pipe_status_needs_warehouse)
        {
            self.use_warehouse(sql, session)?;
        }
        self.refresh_dynamic_tables(&uses.tables)?;
        let rows = self.engine.select(&translated)?;
        if uses.reads_history || !uses.tables.is_empty() {
            self.looked(None);
        }
        for pipe in &uses.pipes {
            self.asked_for_status(pipe);
        }
        Ok(rows)
    }

    /// A statement that needs a warehouse gets one, or 000606.
    pub(super) fn use_warehouse(&mut self, sql: &str, session: &Session) -> Outcome<()> {
        let is_usable = session.warehouse.as_ref().is_some_and(|name| {
            self.catalog.warehouses.contains_key(name)
                && self.access.may(&session.role, "USAGE", On::Warehouse, name)
        });
        if !is_usable {
            return Err(Problem::no_warehouse());
        }
        self.counters.warehouse_statement_count += 1;
        if !self.is_aside {
            self.past_queries.push(PastQuery {
                sql: sql.to_owned(),
                tag: session.query_tag.clone(),
                role: session.role.clone(),
                warehouse: session.warehouse.clone().unwrap_or_default(),
                at: self.now(),
            });
        }
        Ok(())
    }

    /// A dynamic table is as old as its lag allows.
    fn refresh_dynamic_tables(
        &mut self,
        tables: &std::collections::BTreeSet<super::catalog::Name>,
    ) -> Outcome<()> {
        let now = self.now();
        for name in tables {
            let Some(table) = self.catalog.dynamic_tables.get_mut(name) else { continue };
            let lag = chrono::TimeDelta::from_std(table.lag).unwrap_or_default();
            if now - table.refreshed_at >= lag {
                self.engine.refresh(name, &table.sql)?;
                table.refreshed_at = now;
            }
        }
        Ok(())
    }
}
