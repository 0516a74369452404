//! A Snowflake select as DuckDB runs it.
//!
//! Only what is known to mean the same passes; everything else fails, so that no test leans on DuckDB's own dialect.

use std::collections::BTreeSet;

use super::access::On;
use super::bindings::Bound;
use super::catalog::{Name, literal, quoted};
use super::cursor::Cursor;
use super::lexer::{Kind, Token, unexpected};
use super::problem::{Outcome, Problem};
use super::session::Session;
use super::types::Type;
use super::{State, functions};

/// Words that are part of the grammar; every other word is a name.
const KEYWORDS: [&str; 67] = [
    "SELECT",
    "DISTINCT",
    "ALL",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "HAVING",
    "QUALIFY",
    "ORDER",
    "ASC",
    "DESC",
    "NULLS",
    "FIRST",
    "LAST",
    "LIMIT",
    "OFFSET",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "OUTER",
    "CROSS",
    "ON",
    "USING",
    "AS",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "NULL",
    "TRUE",
    "FALSE",
    "LIKE",
    "ILIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "EXISTS",
    "OVER",
    "PARTITION",
    "ROWS",
    "RANGE",
    "UNBOUNDED",
    "PRECEDING",
    "FOLLOWING",
    "CURRENT",
    "ROW",
    "INTERVAL",
    "WITH",
    "ESCAPE",
    "CAST",
    "TABLE",
    "LATERAL",
    "VALUES",
    "RECURSIVE",
    "PIVOT",
    "MINUS",
    "SET",
];
/// Keywords that end a list of tables.
const AFTER_TABLES: [&str; 10] = [
    "WHERE",
    "GROUP",
    "HAVING",
    "QUALIFY",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "SELECT",
];
const SYMBOLS: [&str; 16] =
    ["(", ")", ",", ".", "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "%", "||"];

/// What a select touches, beside its result.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Landing tables and dynamic tables.
    pub(super) tables: BTreeSet<Name>,
    /// Pipes whose status was asked for.
    pub(super) pipes: BTreeSet<Name>,
    pub(super) reads_history: bool,
    pub(super) reads_usage: bool,
}

/// Translates one statement.
pub(super) struct Translator<'a> {
    pub(super) state: &'a State,
    pub(super) session: &'a Session,
    pub(super) uses: Uses,
    sql: &'a str,
    bindings: &'a [Bound],
    next_binding: usize,
    /// Names that `WITH` gave.
    ctes: Vec<String>,
    /// Quoted names that the statement itself gives.
    aliases: BTreeSet<String>,
}

impl<'a> Translator<'a> {
    pub(super) fn new(
        state: &'a State,
        session: &'a Session,
        sql: &'a str,
        bindings: &'a [Bound],
    ) -> Self {
        Self {
            state,
            session,
            uses: Uses::default(),
            sql,
            bindings,
            next_binding: 0,
            ctes: Vec::new(),
            aliases: BTreeSet::new(),
        }
    }

    /// The whole select; every binding must be used.
    pub(super) fn select(&mut self) -> Outcome<String> {
        let tokens = Cursor::new(self.sql)?.tokens;
        for pair in tokens.windows(2) {
            if pair[0].is_word("AS") && pair[1].kind == Kind::Quoted {
                self.aliases.insert(pair[1].text.clone());
            }
        }
        self.clause(&tokens)
    }

    /// Tokens to the end of the statement; every binding must be used.
    pub(super) fn clause(&mut self, tokens: &[Token]) -> Outcome<String> {
        let sql = self.part(tokens)?;
        if self.next_binding < self.bindings.len() {
            return Err(Problem::syntax(&format!(
                "{} values are bound, but the statement has {} placeholders",
                self.bindings.len(),
                self.next_binding
            )));
        }
        Ok(sql)
    }

    pub(super) fn unexpected<T>(&self, token: &Token) -> Outcome<T> {
        Err(unexpected(self.sql, token.start, &token.text))
    }

    /// Tokens of one level of parentheses.
    pub(super) fn part(&mut self, tokens: &[Token]) -> Outcome<String> {
        let mut out = Vec::new();
        let (mut at, mut is_in_from, mut wants_table) = (0, false, false);
        while let Some(token) = tokens.get(at) {
            if wants_table {
                let (table, next) = self.table(tokens, at)?;
                out.push(table);
                (at, wants_table) = (next, false);
                continue;
            }
            match token.kind {
                Kind::Word if token.text == "WITH" => {
                    let (with, next) = self.with(tokens, at + 1)?;
                    out.push(with);
                    at = next;
                    continue;
                }
                Kind::Word if token.text == "FROM" || token.text == "JOIN" => {
                    out.push(token.text.clone());
                    (is_in_from, wants_table) = (true, true);
                }
                Kind::Symbol if token.text == "," && is_in_from => {
                    out.push(",".to_owned());
                    wants_table = true;
                }
                Kind::Symbol if token.text == "(" => {
                    let close = self.close(tokens, at)?;
                    let inner = self.part(&tokens[at + 1..close])?;
                    out.push(format!("({inner})"));
                    at = close;
                }
                _ => {
                    is_in_from &= !AFTER_TABLES.contains(&token.text.as_str());
                    let (text, next) = self.item(tokens, at)?;
                    out.push(text);
                    at = next;
                    continue;
                }
            }
            at += 1;
        }
        Ok(out.join(" "))
    }

    /// One operand, operator or keyword, and where the next begins.
    fn item(&mut self, tokens: &[Token], at: usize) -> Outcome<(String, usize)> {
        let token = &tokens[at];
        let next = tokens.get(at + 1);
        let is_call = next.is_some_and(|next| next.is_symbol("("));
        match token.kind {
            Kind::Word if is_call && functions::is_known(&token.text) => {
                let close = self.close(tokens, at + 1)?;
                let call = functions::call(self, &token.text, &tokens[at + 2..close])?;
                Ok((call, close + 1))
            }
            Kind::Word if functions::is_constant(&token.text) && !is_call => {
                Ok((functions::call(self, &token.text, &[])?, at + 1))
            }
            Kind::Word if token.text == "MINUS" => Ok(("EXCEPT".to_owned(), at + 1)),
            Kind::Word if ["LATERAL", "RECURSIVE", "PIVOT"].contains(&token.text.as_str()) => {
                Err(Problem::unknown(&token.text))
            }
            // `DATE '2026-01-05'`
            Kind::Word
                if ["DATE", "TIMESTAMP"].contains(&token.text.as_str())
                    && next.is_some_and(|next| next.kind == Kind::Text) =>
            {
                Ok((token.text.clone(), at + 1))
            }
            Kind::Word if KEYWORDS.contains(&token.text.as_str()) => {
                Ok((token.text.clone(), at + 1))
            }
            Kind::Word if is_call => Err(Problem::unknown_function(&token.text)),
            Kind::Word | Kind::Quoted => Ok((self.column(token)?, at + 1)),
            Kind::Text => self.string(tokens, at),
            Kind::Number => Ok((token.text.clone(), at + 1)),
            Kind::Bind => Ok((self.bound()?, at + 1)),
            Kind::Symbol if token.text == "::" => {
                let (kind, next) = self.kind(tokens, at + 1)?;
                Ok((format!("::{}", cast_target(kind)), next))
            }
            Kind::Symbol if SYMBOLS.contains(&token.text.as_str()) => {
                Ok((token.text.clone(), at + 1))
            }
            Kind::Symbol | Kind::Stage => self.unexpected(token),
        }
    }

    fn column(&self, token: &Token) -> Outcome<String> {
        let has_lower_case = token.text.chars().any(char::is_lowercase);
        if token.kind == Kind::Quoted && has_lower_case && !self.aliases.contains(&token.text) {
            return Err(Problem::invalid_identifier(&format!("\"{}\"", token.text)));
        }
        Ok(quoted(&token.text))
    }

    /// A string; `'…'::TIMESTAMP_TZ` is understood whole.
    fn string(&self, tokens: &[Token], at: usize) -> Outcome<(String, usize)> {
        let text = &tokens[at].text;
        if tokens.get(at + 1).is_some_and(|token| token.is_symbol("::"))
            && tokens.get(at + 2).is_some_and(|token| token.is_word("TIMESTAMP_TZ"))
        {
            return Ok((functions::timestamp_tz(text)?, at + 3));
        }
        Ok((literal(text), at + 1))
    }

    fn bound(&mut self) -> Outcome<String> {
        let value = self.bindings.get(self.next_binding).map(|bound| bound.sql.clone());
        self.next_binding += 1;
        value.ok_or_else(|| Problem::new("002049", "42601", "Bind variable ? not set.".to_owned()))
    }

    /// The type that stands at a place, and where the next token is.
    pub(super) fn kind(&self, tokens: &[Token], at: usize) -> Outcome<(Type, usize)> {
        let mut cursor = Cursor { sql: self.sql, tokens: tokens.to_vec(), at };
        let kind = Type::parse(&mut cursor)?;
        Ok((kind, cursor.at))
    }

    /// Where the parenthesis at `open` closes.
    pub(super) fn close(&self, tokens: &[Token], open: usize) -> Outcome<usize> {
        let mut depth = 0_i32;
        for (at, token) in tokens.iter().enumerate().skip(open) {
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            if depth == 0 {
                return Ok(at);
            }
        }
        Err(unexpected(self.sql, self.sql.len(), "<EOF>"))
    }

    /// `name [(columns)] AS (…), …`
    fn with(&mut self, tokens: &[Token], mut at: usize) -> Outcome<(String, usize)> {
        let mut parts = Vec::new();
        loop {
            let Some(name) = tokens.get(at).filter(|token| token.is_name()) else {
                return Err(unexpected(self.sql, self.sql.len(), "WITH"));
            };
            at += 1;
            let mut columns = String::new();
            if tokens.get(at).is_some_and(|token| token.is_symbol("(")) {
                let close = self.close(tokens, at)?;
                columns = format!("({})", self.part(&tokens[at + 1..close])?);
                at = close + 1;
            }
            let (Some(word), Some(open)) = (tokens.get(at), tokens.get(at + 1)) else {
                return self.unexpected(name);
            };
            if !word.is_word("AS") || !open.is_symbol("(") {
                return self.unexpected(word);
            }
            let close = self.close(tokens, at + 1)?;
            let body = self.part(&tokens[at + 2..close])?;
            self.ctes.push(name.text.clone());
            parts.push(format!("{}{columns} AS ({body})", quoted(&name.text)));
            at = close + 1;
            if tokens.get(at).is_some_and(|token| token.is_symbol(",")) {
                at += 1;
            } else {
                return Ok((format!("WITH {}", parts.join(", ")), at));
            }
        }
    }

    /// What stands behind FROM or JOIN.
    fn table(&mut self, tokens: &[Token], at: usize) -> Outcome<(String, usize)> {
        let token = &tokens[at];
        if token.is_symbol("(") {
            let close = self.close(tokens, at)?;
            return Ok((format!("({})", self.part(&tokens[at + 1..close])?), close + 1));
        }
        if token.is_word("TABLE") {
            let close = self.close(tokens, at + 1)?;
            let inner = tokens[at + 2..close].to_vec();
            return Ok((functions::table_function(self, inner)?, close + 1));
        }
        if !token.is_name() || ["LATERAL", "VALUES"].contains(&token.text.as_str()) {
            return self.unexpected(token);
        }
        let mut cursor = Cursor { sql: self.sql, tokens: tokens.to_vec(), at };
        let parts = cursor.name()?;
        if let [single] = parts.as_slice()
            && self.ctes.contains(single)
        {
            return Ok((quoted(single), cursor.at));
        }
        if let [database, schema, view] = parts.as_slice()
            && (database.as_str(), schema.as_str()) == ("SNOWFLAKE", "ACCOUNT_USAGE")
        {
            self.uses.reads_usage = true;
            return Ok((self.state.account_usage(view, &self.session.role)?, cursor.at));
        }
        let name = self.session.place.resolve(&parts, "SELECT")?;
        self.readable(&name)?;
        let sql = name.quoted();
        self.uses.tables.insert(name);
        Ok((sql, cursor.at))
    }

    /// What is not there and what may not be read look alike.
    fn readable(&self, name: &Name) -> Outcome<()> {
        let catalog = &self.state.catalog;
        let on = if catalog.tables.contains_key(name) {
            Some(On::Table)
        } else {
            catalog.dynamic_tables.contains_key(name).then_some(On::DynamicTable)
        };
        let role = &self.session.role;
        let access = &self.state.access;
        let is_readable = on.is_some_and(|on| {
            access.enters(role, &name.database, &name.schema)
                && access.may(role, "SELECT", on, &name.text())
        });
        if is_readable { Ok(()) } else { Err(Problem::missing("Object", &name.text())) }
    }

    /// Arguments of a call, cut at the commas.
    pub(super) fn arguments<'t>(&self, tokens: &'t [Token]) -> Vec<&'t [Token]> {
        let (mut found, mut begin, mut depth) = (Vec::new(), 0, 0_i32);
        for (at, token) in tokens.iter().enumerate() {
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            if depth == 0 && token.is_symbol(",") {
                found.push(&tokens[begin..at]);
                begin = at + 1;
            }
        }
        if begin < tokens.len() {
            found.push(&tokens[begin..]);
        }
        found
    }
}

/// A variant of a text stays text: only functions that want a variant look at it.
fn cast_target(kind: Type) -> String {
    if kind == Type::Variant { "VARCHAR".to_owned() } else { kind.duckdb() }
}
