//! `DESC …` and `GET_DDL`.

use super::State;
use super::access::On;
use super::catalog::Name;
use super::cursor::{Cursor, Setting};
use super::engine::{ResultColumn, Rows};
use super::lexer::Kind;
use super::listing::{columns_of, listing, printed, some, table};
use super::problem::{Outcome, Problem};
use super::session::Session;
use super::types::Type;

const PROPERTIES: [&str; 4] = ["property", "property_type", "property_value", "property_default"];

impl State {
    /// Everything behind `DESC`.
    pub(super) fn describe(&mut self, cursor: &mut Cursor<'_>, session: &Session) -> Outcome<Rows> {
        let kinds = [
            ("FILE FORMAT", On::FileFormat),
            ("STORAGE INTEGRATION", On::Integration),
            ("INTEGRATION", On::Integration),
            ("DYNAMIC TABLE", On::DynamicTable),
            ("TABLE", On::Table),
            ("PIPE", On::Pipe),
            ("STAGE", On::Stage),
        ];
        let Some((_, on)) = kinds.iter().find(|(words, _)| cursor.eat(words)).copied() else {
            return cursor.unexpected();
        };
        let parts = cursor.name()?;
        cursor.end()?;
        if on == On::Integration {
            return self.describe_integration(&parts.join("."), session);
        }
        let name = session.place.resolve(&parts, "DESCRIBE")?;
        self.visible(on, &name, session)?;
        match on {
            On::Pipe | On::Stage => Ok(table(&columns_of(on), vec![self.schema_object(on, &name)])),
            On::FileFormat => {
                let settings =
                    self.catalog.formats.get(&name).map(|format| format.settings.clone());
                let mut settings = settings.unwrap_or_default();
                // It is listed whether it was set or not.
                if !settings.iter().any(|(name, _)| name == "NULL_IF") {
                    let default = Setting::List(vec![Setting::Text("\\N".to_owned())]);
                    settings.push(("NULL_IF".to_owned(), default));
                }
                Ok(properties(&settings))
            }
            _ => self.describe_columns(&name),
        }
    }

    /// Missing and not allowed look alike.
    fn visible(&self, on: On, name: &Name, session: &Session) -> Outcome<()> {
        let role = &session.role;
        let is_visible = self.access.enters(role, &name.database, &name.schema)
            && self.access.sees(role, on, &name.text());
        if is_visible { Ok(()) } else { Err(Problem::missing(on.word(), &name.text())) }
    }

    fn describe_columns(&self, name: &Name) -> Outcome<Rows> {
        let heads = [
            "name",
            "type",
            "kind",
            "null?",
            "default",
            "primary key",
            "unique key",
            "check",
            "expression",
            "comment",
            "policy name",
        ];
        let mut columns: Vec<(String, String, bool, Option<String>)> = Vec::new();
        if let Some(known) = self.catalog.tables.get(name) {
            for column in &known.columns {
                let text = column.kind.text();
                columns.push((
                    column.name.clone(),
                    text,
                    !column.is_required,
                    column.comment.clone(),
                ));
            }
        } else {
            let said = self.catalog.dynamic_tables.get(name).map(|table| table.comments.clone());
            let mut said = said.unwrap_or_default().into_iter();
            for (column, kind) in
                self.engine.describe(&format!("select * from {}", name.quoted()))?
            {
                let comment = said.next().flatten();
                columns.push((column, Type::of_duckdb(&kind)?.text(), true, comment));
            }
        }
        let rows = columns.into_iter().map(|(column, kind, is_nullable, comment)| {
            let no = || some("N");
            vec![
                Some(column),
                Some(kind),
                some("COLUMN"),
                some(if is_nullable { "Y" } else { "N" }),
                None,
                no(),
                no(),
                None,
                None,
                comment,
                None,
            ]
        });
        Ok(listing(&heads, rows.collect()))
    }

    fn describe_integration(&self, name: &str, session: &Session) -> Outcome<Rows> {
        let known = self.catalog.integrations.get(name);
        let known = known.filter(|_| self.access.sees(&session.role, On::Integration, name));
        let known = known.ok_or_else(|| Problem::missing("Integration", name))?;
        let mut settings = known.settings.clone();
        settings.retain(|(name, _)| name != "TYPE");
        for (_, value) in &mut settings {
            // Locations are joined with commas here.
            if let Setting::List(list) = value {
                let texts: Vec<String> = list.iter().map(printed).collect();
                *value = Setting::Text(texts.join(","));
            }
        }
        for (name, text) in [
            ("STORAGE_AWS_IAM_USER_ARN", "arn:aws:iam::987654321098:user/abc1-b-self1234"),
            ("STORAGE_AWS_EXTERNAL_ID", "MYACCOUNT_SFCRole=2_a123456/s0aBCDEfGHIJklmNoPq="),
        ] {
            settings.push((name.to_owned(), Setting::Text(text.to_owned())));
        }
        Ok(properties(&settings))
    }

    /// `SELECT GET_DDL('kind', 'name')`, and nothing beside it.
    pub(super) fn get_ddl(&self, sql: &str, session: &Session) -> Outcome<Option<Rows>> {
        let cursor = Cursor::new(sql)?;
        let tokens = &cursor.tokens;
        if !tokens.get(1).is_some_and(|token| token.is_word("GET_DDL")) {
            return Ok(None);
        }
        let [_, _, _, kind, _, name, _, rest @ ..] = tokens.as_slice() else {
            return cursor.unexpected();
        };
        if kind.kind != Kind::Text || name.kind != Kind::Text {
            return Err(Problem::unknown("GET_DDL of anything but two strings"));
        }
        let label = match rest {
            [] => "GET_DDL".to_owned(),
            [word, alias] if word.is_word("AS") && alias.is_name() => alias.text.clone(),
            _ => return Err(Problem::unknown("GET_DDL beside other columns")),
        };
        let on = match kind.text.to_uppercase().replace('_', " ").as_str() {
            "TABLE" => On::Table,
            "PIPE" => On::Pipe,
            "FILE FORMAT" => On::FileFormat,
            other => return Err(Problem::unknown(&format!("GET_DDL('{other}')"))),
        };
        let name = session.place.resolve(&Cursor::new(&name.text)?.name()?, "SELECT")?;
        self.visible(on, &name, session)?;
        let text = self.ddl(on, &name);
        let column = ResultColumn { name: label, kind: Type::Varchar(16_777_216) };
        Ok(Some(Rows { columns: vec![column], rows: vec![vec![Some(text)]], stats: None }))
    }

    fn ddl(&self, on: On, name: &Name) -> String {
        let object = &name.object;
        if let (On::Pipe, Some(pipe)) = (on, self.catalog.pipes.get(name)) {
            return format!(
                "create or replace pipe {object} auto_ingest={} as {};",
                pipe.is_auto, pipe.definition
            );
        }
        if let (On::FileFormat, Some(format)) = (on, self.catalog.formats.get(name)) {
            let settings: Vec<String> = format
                .settings
                .iter()
                .map(|(name, value)| format!("\t{name} = {}", printed(value)))
                .collect();
            return format!("create or replace file format {object}\n{}\n;", settings.join("\n"));
        }
        let columns = self.catalog.tables.get(name).map(|table| {
            let lines: Vec<String> = table
                .columns
                .iter()
                .map(|column| {
                    let required = if column.is_required { " NOT NULL" } else { "" };
                    format!("\t{} {}{required}", column.name, column.kind.text())
                })
                .collect();
            lines.join(",\n")
        });
        format!("create or replace TABLE {object} (\n{}\n);", columns.unwrap_or_default())
    }
}

fn properties(settings: &[(String, Setting)]) -> Rows {
    let rows = settings.iter().map(|(name, value)| {
        let kind = match value {
            Setting::List(_) => "List",
            Setting::Word(text) if ["TRUE", "FALSE"].contains(&text.as_str()) => "Boolean",
            _ => "String",
        };
        vec![some(name), some(kind), Some(printed(value)), None]
    });
    listing(&PROPERTIES, rows.collect())
}
