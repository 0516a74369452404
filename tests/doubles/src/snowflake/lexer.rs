//! Snowflake's SQL as tokens: its literals, comments and names, which are not DuckDB's.

use super::problem::Problem;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a plain identifier, in upper case: names that are not quoted have none other.
    Word,
    /// A quoted identifier, exactly as between its quotes.
    Quoted,
    /// A string; its escapes are resolved.
    Text,
    Number,
    /// `?`
    Bind,
    /// `@stage/path`, without the `@`.
    Stage,
    Symbol,
}

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Where it begins in the statement, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

const SYMBOLS: [&str; 8] = ["::", "=>", "<=", ">=", "<>", "!=", "||", "->"];

impl Token {
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    pub(super) const fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }
}

/// The tokens of a text, without its comments.
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, Problem> {
    let mut lexer = Lexer { sql, at: 0 };
    let mut found = Vec::new();
    while let Some((kind, text, start)) = lexer.next()? {
        found.push(Token { kind, text, start, end: lexer.at });
    }
    Ok(found)
}

/// The statements of a text, cut at `;`; what lies between two is not empty.
pub(super) fn statements(sql: &str) -> Result<Vec<String>, Problem> {
    let mut parts = Vec::new();
    let mut begin = None;
    let mut end = 0;
    for token in tokens(sql)? {
        if token.is_symbol(";") {
            parts.extend(begin.take().map(|begin: usize| sql[begin..end].to_owned()));
        } else {
            begin.get_or_insert(token.start);
            end = token.end;
        }
    }
    parts.extend(begin.map(|begin| sql[begin..end].to_owned()));
    Ok(parts)
}

struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.sql[self.at..]
    }

    fn next(&mut self) -> Result<Option<(Kind, String, usize)>, Problem> {
        self.skip_blanks()?;
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let (kind, text) = match first {
            '\'' => (Kind::Text, self.string()?),
            '"' => (Kind::Quoted, self.quoted()?),
            '?' => (Kind::Bind, self.take(1)),
            '@' => {
                self.at += 1;
                let is_part = |c: char| !c.is_whitespace() && !"(),;'".contains(c);
                (Kind::Stage, self.take_while(is_part))
            }
            '$' if self.rest().starts_with("$$") => (Kind::Text, self.dollars()?),
            c if c.is_ascii_digit() => {
                (Kind::Number, self.take_while(|c| c.is_ascii_alphanumeric() || c == '.'))
            }
            c if c.is_alphabetic() || c == '_' || c == '$' => {
                let word = self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '$');
                (Kind::Word, word.to_uppercase())
            }
            c => {
                let symbol = SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol));
                (Kind::Symbol, self.take(symbol.map_or(c.len_utf8(), |symbol| symbol.len())))
            }
        };
        Ok(Some((kind, text, start)))
    }

    fn skip_blanks(&mut self) -> Result<(), Problem> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            if blank > 0 {
                self.at += blank;
            } else if rest.starts_with("--") || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").ok_or_else(|| unexpected(self.sql, self.at, "<EOF>"))?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn take(&mut self, length: usize) -> String {
        let taken = self.rest()[..length].to_owned();
        self.at += length;
        taken
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let length = self.rest().find(|c| !fits(c)).unwrap_or(self.rest().len());
        self.take(length)
    }

    fn quoted(&mut self) -> Result<String, Problem> {
        let (start, mut name) = (self.at, String::new());
        self.at += 1;
        loop {
            name.push_str(&self.take_while(|c| c != '"'));
            match self.rest().get(..2) {
                Some("\"\"") => {
                    self.at += 2;
                    name.push('"');
                }
                _ if self.rest().starts_with('"') => {
                    self.at += 1;
                    return Ok(name);
                }
                _ => return Err(unexpected(self.sql, start, "\"")),
            }
        }
    }

    fn dollars(&mut self) -> Result<String, Problem> {
        let end = self.rest()[2..].find("$$");
        let end = end.ok_or_else(|| unexpected(self.sql, self.at, "$$"))?;
        let text = self.rest()[2..2 + end].to_owned();
        self.at += end + 4;
        Ok(text)
    }

    /// A backslash escapes in Snowflake's strings, unlike in DuckDB's: `'\N'` is the letter N.
    fn string(&mut self) -> Result<String, Problem> {
        let (start, mut text) = (self.at, String::new());
        self.at += 1;
        loop {
            text.push_str(&self.take_while(|c| c != '\'' && c != '\\'));
            let rest = self.rest();
            if rest.starts_with("''") {
                self.at += 2;
                text.push('\'');
            } else if rest.starts_with('\'') {
                self.at += 1;
                return Ok(text);
            } else if let Some(escaped) = rest.chars().nth(1) {
                self.at += 1 + escaped.len_utf8();
                text.push(match escaped {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'x' => self.code_point(2, start)?,
                    'u' => self.code_point(4, start)?,
                    '0' => '\0',
                    other => other,
                });
            } else {
                return Err(unexpected(self.sql, start, "'"));
            }
        }
    }

    fn code_point(&mut self, digits: usize, start: usize) -> Result<char, Problem> {
        let code = self.rest().get(..digits).and_then(|text| u32::from_str_radix(text, 16).ok());
        let found = code.and_then(char::from_u32);
        let found = found.ok_or_else(|| unexpected(self.sql, start, "'"))?;
        self.at += digits;
        Ok(found)
    }
}

/// Snowflake's syntax error at a place.
pub(super) fn unexpected(sql: &str, at: usize, what: &str) -> Problem {
    let before = &sql[..at.min(sql.len())];
    let line = before.matches('\n').count() + 1;
    let position = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
    Problem::syntax(&format!(
        "syntax error line {line} at position {position} unexpected '{what}'."
    ))
}
