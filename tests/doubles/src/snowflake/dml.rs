//! `INSERT`, `UPDATE` and `DELETE`.

use super::State;
use super::access::On;
use super::bindings::Bound;
use super::cursor::Cursor;
use super::engine::{ResultColumn, Rows, Stats};
use super::problem::{Outcome, Problem};
use super::session::Session;
use super::translate::Translator;
use super::types::Type;

impl State {
    /// A statement that changes rows: its verb, table, and what it says about both.
    pub(super) fn change_rows(
        &mut self,
        sql: &str,
        bindings: &[Bound],
        session: &Session,
    ) -> Outcome<Rows> {
        let mut cursor = Cursor::new(sql)?;
        let verb = cursor.word()?;
        match verb.as_str() {
            "INSERT" => cursor.expect("INTO")?,
            "DELETE" => cursor.expect("FROM")?,
            _ => {}
        }
        let name = session.place.resolve(&cursor.name()?, &verb)?;
        let is_allowed = self.catalog.tables.contains_key(&name)
            && self.access.enters(&session.role, &name.database, &name.schema)
            && self.access.may(&session.role, &verb, On::Table, &name.text());
        if !is_allowed {
            return Err(Problem::missing("Table", &name.text()));
        }
        let rest = cursor.tokens.split_off(cursor.at);
        let mut translator = Translator::new(self, session, sql, bindings);
        let (head, stats): (&str, fn(u64) -> Stats) = match verb.as_str() {
            "INSERT" => ("insert into", |count| Stats { inserted: count, ..Stats::default() }),
            "UPDATE" => ("update", |count| Stats { updated: count, ..Stats::default() }),
            _ => ("delete from", |count| Stats { deleted: count, ..Stats::default() }),
        };
        let translated = translator.clause(&rest)?;
        self.use_warehouse(sql, session)?;
        let count = self.engine.change(&format!("{head} {} {translated}", name.quoted()))?;
        let label = format!(
            "number of rows {}",
            match verb.as_str() {
                "INSERT" => "inserted",
                "UPDATE" => "updated",
                _ => "deleted",
            }
        );
        let column = ResultColumn { name: label, kind: Type::Number(19, 0) };
        let rows = vec![vec![Some(count.to_string())]];
        Ok(Rows { columns: vec![column], rows, stats: Some(stats(count)) })
    }
}
