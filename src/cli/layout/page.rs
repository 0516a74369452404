//! What a command has to say, block by block.

use std::borrow::Cow;

use super::canvas::Canvas;
use super::table::{Drawn, Grid};
use super::text::sentence;
use super::tone::Tone;
use crate::cli::harmless::harmless;

/// A part of what is said.
#[derive(Debug, Clone)]
enum Block {
    /// A line of words, which is broken where it is too long; one word of it may have a colour.
    Sentence { text: String, toned: Toned },
    /// What is pasted, and so never broken: a command, SQL, a path, an address.
    Pasted(String),
    /// A table.
    Grid(Grid),
    /// One that is drawn already, with whatever colours it has.
    Drawn(String),
}

/// A word, and its colour.
#[derive(Debug, Clone)]
struct Toned {
    word: String,
    tone: Tone,
}

/// What a command has to say.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Page(Vec<Block>);

impl Page {
    /// Words, a sentence a line.
    pub(in crate::cli) fn of_words(text: &str) -> Self {
        let mut page = Self::default();
        text.split('\n').for_each(|line| page.say(line));
        page
    }

    /// Adds a line of words.
    pub(in crate::cli) fn say(&mut self, line: impl Into<String>) {
        self.say_toned(line, "", Tone::Plain);
    }

    /// The same with a colour for the first place where `word` stands.
    pub(in crate::cli) fn say_toned(
        &mut self,
        line: impl Into<String>,
        word: &str,
        tone: impl Into<Tone>,
    ) {
        let toned = Toned { word: word.to_owned(), tone: tone.into() };
        self.0.push(Block::Sentence { text: line.into(), toned });
    }

    /// Adds lines that stay as they are.
    pub(in crate::cli) fn paste(&mut self, text: impl Into<String>) {
        self.0.push(Block::Pasted(text.into()));
    }

    /// Adds a table.
    pub(in crate::cli) fn table(&mut self, table: Grid) {
        self.0.push(Block::Grid(table));
    }

    /// Adds a table that is drawn already.
    pub(in crate::cli) fn drawn_table(&mut self, drawn: Drawn) {
        self.0.push(Block::Drawn(drawn.text));
    }

    /// Adds an empty line.
    pub(in crate::cli) fn gap(&mut self) {
        self.say("");
    }

    /// The page as text; `completed` gives the commands in it what they need before they are pasted, which makes lines longer.
    pub(in crate::cli) fn drawn(
        self,
        canvas: &Canvas,
        completed: impl Fn(&str) -> Cow<'_, str>,
    ) -> String {
        let draw = |block| match block {
            Block::Sentence { text, toned } => {
                let text = completed(&text);
                let lines = text.split('\n').map(|line| sentence(&harmless(line), canvas.width));
                let line = lines.collect::<Vec<_>>().join("\n");
                match canvas.is_coloured {
                    true => line.replacen(&toned.word, &toned.tone.paint(&toned.word), 1),
                    false => line,
                }
            }
            Block::Pasted(text) => harmless(&completed(&text)).into_owned(),
            Block::Drawn(text) => text,
            Block::Grid(mut table) => {
                table.with_notes(|note| completed(note).into_owned());
                let Drawn { mut text, mut left_out, .. } = table.drawn(canvas);
                // One without a head says itself what it is, where it stands.
                left_out.retain(|name| !name.is_empty());
                if !left_out.is_empty() {
                    let line = format!("  (no room for: {})", left_out.join(", "));
                    text.push('\n');
                    text.push_str(&sentence(&line, canvas.width));
                }
                text
            }
        };
        self.0.into_iter().map(draw).collect::<Vec<_>>().join("\n")
    }
}
