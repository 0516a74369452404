//! A reading position in the tokens of one statement.

use super::lexer::{Kind, Token, tokens, unexpected};
use super::problem::{Outcome, Problem};

/// Reads tokens one after the other.
pub(super) struct Cursor<'a> {
    pub(super) sql: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
}

/// What stands behind `name =`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setting {
    Word(String),
    Text(String),
    Number(String),
    List(Vec<Setting>),
    /// `(name = …, …)`
    Settings(Settings),
}

/// Settings in the order they were written.
pub(super) type Settings = Vec<(String, Setting)>;

impl<'a> Cursor<'a> {
    pub(super) fn new(sql: &'a str) -> Outcome<Self> {
        Ok(Self { sql, tokens: tokens(sql)?, at: 0 })
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The next token is not what the grammar wants.
    pub(super) fn unexpected<T>(&self) -> Outcome<T> {
        Err(match self.peek() {
            Some(token) => unexpected(self.sql, token.start, &token.text),
            None => unexpected(self.sql, self.sql.len(), "<EOF>"),
        })
    }

    /// Steps over these words, or stays where it is.
    pub(super) fn eat(&mut self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        let next = self.tokens.get(self.at..self.at + wanted.len());
        let fits = next
            .is_some_and(|next| next.iter().zip(&wanted).all(|(token, word)| token.is_word(word)));
        if fits {
            self.at += wanted.len();
        }
        fits
    }

    pub(super) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let fits = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.at += usize::from(fits);
        fits
    }

    pub(super) fn expect(&mut self, words: &str) -> Outcome<()> {
        if self.eat(words) { Ok(()) } else { self.unexpected() }
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Outcome<()> {
        if self.eat_symbol(symbol) { Ok(()) } else { self.unexpected() }
    }

    pub(super) fn end(&self) -> Outcome<()> {
        if self.is_done() { Ok(()) } else { self.unexpected() }
    }

    fn take(&mut self, kind: Kind) -> Outcome<String> {
        match self.peek() {
            Some(token) if token.kind == kind => {
                let text = token.text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => self.unexpected(),
        }
    }

    pub(super) fn word(&mut self) -> Outcome<String> {
        self.take(Kind::Word)
    }

    pub(super) fn text(&mut self) -> Outcome<String> {
        self.take(Kind::Text)
    }

    pub(super) fn number(&mut self) -> Outcome<u32> {
        let text = self.take(Kind::Number)?;
        text.parse().map_err(|_| Problem::syntax(&format!("syntax error: number '{text}'")))
    }

    pub(super) fn stage(&mut self) -> Outcome<String> {
        self.take(Kind::Stage)
    }

    pub(super) fn identifier(&mut self) -> Outcome<String> {
        match self.peek() {
            Some(token) if token.is_name() => {
                let text = token.text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => self.unexpected(),
        }
    }

    /// `a`, `a.b` or `a.b.c`.
    pub(super) fn name(&mut self) -> Outcome<Vec<String>> {
        let mut parts = vec![self.identifier()?];
        while self.eat_symbol(".") {
            parts.push(self.identifier()?);
        }
        if parts.len() > 3 { self.unexpected() } else { Ok(parts) }
    }

    /// `name = value` as long as they come, with or without commas.
    pub(super) fn settings(&mut self) -> Outcome<Settings> {
        let mut found = Settings::new();
        while self.peek().is_some_and(Token::is_name)
            && self.tokens.get(self.at + 1).is_some_and(|token| token.is_symbol("="))
        {
            let name = self.identifier()?;
            self.at += 1;
            let value = self.setting()?;
            if found.iter().any(|(known, _)| *known == name) {
                return Err(Problem::invalid_option(&format!("duplicate property '{name}'")));
            }
            found.push((name, value));
            self.eat_symbol(",");
        }
        Ok(found)
    }

    fn setting(&mut self) -> Outcome<Setting> {
        let Some(token) = self.peek().cloned() else { return self.unexpected() };
        if self.eat_symbol("(") {
            let is_settings = self.peek().is_some_and(Token::is_name)
                && self.tokens.get(self.at + 1).is_some_and(|token| token.is_symbol("="));
            let value = if is_settings {
                Setting::Settings(self.settings()?)
            } else {
                let mut list = Vec::new();
                while !self.peek().is_none_or(|token| token.is_symbol(")")) {
                    list.push(self.setting()?);
                    self.eat_symbol(",");
                }
                Setting::List(list)
            };
            self.expect_symbol(")")?;
            return Ok(value);
        }
        match token.kind {
            Kind::Text => {
                self.at += 1;
                Ok(Setting::Text(token.text))
            }
            Kind::Number => {
                self.at += 1;
                Ok(Setting::Number(token.text))
            }
            Kind::Word | Kind::Quoted => Ok(Setting::Word(self.name()?.join("."))),
            Kind::Bind | Kind::Stage | Kind::Symbol => self.unexpected(),
        }
    }

    /// The text of the statement from here on.
    pub(super) fn rest(&self) -> &'a str {
        self.peek().map_or("", |token| &self.sql[token.start..])
    }
}

impl Setting {
    /// A word or a string: Snowflake takes either for most options.
    pub(super) fn as_text(&self) -> Outcome<&str> {
        match self {
            Self::Word(text) | Self::Text(text) | Self::Number(text) => Ok(text),
            Self::List(_) | Self::Settings(_) => {
                Err(Problem::invalid_option("invalid value for a property: a list"))
            }
        }
    }

    pub(super) fn as_bool(&self) -> Outcome<bool> {
        match self.as_text()?.to_uppercase().as_str() {
            "TRUE" => Ok(true),
            "FALSE" => Ok(false),
            other => {
                Err(Problem::invalid_option(&format!("invalid value [{other}] for a boolean")))
            }
        }
    }

    pub(super) fn as_texts(&self) -> Outcome<Vec<String>> {
        match self {
            Self::List(list) => list.iter().map(|one| Ok(one.as_text()?.to_owned())).collect(),
            other => Ok(vec![other.as_text()?.to_owned()]),
        }
    }
}
