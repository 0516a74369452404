//! A table: columns by name, rows, and what is said of a row below it.
//!
//! `comfy-table`, which drew them before, wraps cells where there is no room, and leaves out no column in an order of ours.
//! Widths come from `unicode-width`.

use std::fmt::Write;

use super::canvas::Canvas;
use super::fit::{MARK, Need, Rank, fitted};
use super::text::{cut, padded, sentence, width};
use super::tone::Tone;
use crate::cli::harmless::one_line;

/// What stands around and between the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Frame {
    /// Nothing; it begins so many columns from the left.
    Open {
        /// Columns before it.
        indent: usize,
    },
    /// A box: what is in it are somebody's rows.
    Boxed,
}

impl Frame {
    /// What it takes itself.
    const fn width(self) -> usize {
        match self {
            Self::Open { indent } => indent,
            Self::Boxed => 4,
        }
    }
}

/// Spaces between two columns.
const GAP: usize = 2;
/// What a column of text says something with.
const LEAST: usize = 12;
/// The same of one of names, or of sentences.
const LEAST_OF_NAME: usize = 20;

/// A column.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Column {
    head: String,
    kind: Option<String>,
    is_number: bool,
    is_pasted: bool,
    may_be_below: bool,
    least: usize,
    rank: Rank,
}

impl Column {
    /// Of texts, which may be cut.
    pub(in crate::cli) fn text(head: &str) -> Self {
        let (head, rank) = (one_line(head), Rank::Usual);
        let kind = None;
        let (is_number, is_pasted, may_be_below) = (false, false, false);
        Self { head, kind, is_number, is_pasted, may_be_below, least: LEAST, rank }
    }

    /// Of names, of which more is wanted.
    pub(in crate::cli) fn name(head: &str) -> Self {
        Self { least: LEAST_OF_NAME, ..Self::text(head) }
    }

    /// Of numbers, which are never cut: half a number is another one.
    pub(in crate::cli) fn number(head: &str) -> Self {
        Self { is_number: true, least: usize::MAX, ..Self::text(head) }
    }

    /// Of words that mean nothing in part.
    pub(in crate::cli) fn word(head: &str) -> Self {
        Self { least: usize::MAX, ..Self::text(head) }
    }

    /// Of what is pasted, such as paths; it is the last, and runs over rather than being cut.
    pub(in crate::cli) fn pasted(head: &str) -> Self {
        Self { is_pasted: true, rank: Rank::Major, ..Self::text(head) }
    }

    /// The same, in a line of its own below its row where there is no room beside it.
    pub(in crate::cli) fn or_below(self) -> Self {
        Self { may_be_below: true, ..self }
    }

    /// The same with the type that stands below its name.
    pub(in crate::cli) fn of_type(self, kind: &str) -> Self {
        Self { kind: Some(one_line(kind)), ..self }
    }

    /// The same, left out before others.
    pub(in crate::cli) fn minor(self) -> Self {
        Self { rank: Rank::Minor, ..self }
    }

    /// The same, left out after others.
    pub(in crate::cli) fn major(self) -> Self {
        Self { rank: Rank::Major, ..self }
    }
}

/// What stands in one place.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A text in a colour.
    pub(in crate::cli) fn toned(text: impl AsRef<str>, tone: impl Into<Tone>) -> Self {
        Self { text: one_line(text.as_ref()), tone: tone.into() }
    }

    /// A number.
    pub(in crate::cli) fn number(number: impl ToString) -> Self {
        Self::from(number.to_string())
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// A line of a table.
#[derive(Debug, Clone)]
enum Line {
    Row(Vec<Cell>),
    /// What is pasted of the row above it.
    Below(Cell),
    /// What is said of the row above it.
    Note(Cell),
}

/// Columns, rows, and what is said of them.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Grid {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
}

/// A table as text, and what of it is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Drawn {
    /// The table.
    pub(in crate::cli) text: String,
    /// The columns that are left out.
    pub(in crate::cli) left_out: Vec<String>,
    /// Whether a text ends in `…` because there was no room for it.
    pub(in crate::cli) is_cut: bool,
}

impl Grid {
    /// Without a row.
    pub(in crate::cli) fn new(frame: Frame, columns: Vec<Column>) -> Self {
        Self { frame, columns, lines: Vec::new() }
    }

    /// Adds a row.
    pub(in crate::cli) fn row(&mut self, cells: Vec<Cell>) {
        self.lines.push(Line::Row(cells));
    }

    /// Says something of the row before, in a line of its own.
    pub(in crate::cli) fn note(&mut self, text: impl AsRef<str>, tone: impl Into<Tone>) {
        self.lines.push(Line::Note(Cell::toned(text, tone)));
    }

    /// Changes what is said of rows.
    pub(super) fn with_notes(&mut self, change: impl Fn(&str) -> String) {
        for line in &mut self.lines {
            if let Line::Note(cell) = line {
                cell.text = change(&cell.text);
            }
        }
    }

    /// The table as it fits. One of ours is shown without columns in which nothing stands.
    pub(in crate::cli) fn drawn(&self, canvas: &Canvas) -> Drawn {
        match self.frame {
            Frame::Open { .. } => {
                self.without_empty().with_pasted_below(canvas).drawn_whole(canvas)
            }
            Frame::Boxed => self.drawn_whole(canvas),
        }
    }

    fn without_empty(&self) -> Self {
        let says = |at: usize| {
            self.lines.iter().any(|line| match line {
                Line::Row(cells) => cells.get(at).is_some_and(|cell| !cell.text.is_empty()),
                Line::Below(_) | Line::Note(_) => false,
            })
        };
        let has_rows = self.lines.iter().any(|line| matches!(line, Line::Row(_)));
        let is_kept = |at| at == 0 || !has_rows || says(at);
        let is_kept: Vec<bool> = (0..self.columns.len()).map(is_kept).collect();
        let mut table = Self::new(self.frame, kept(&self.columns, &is_kept));
        table.lines = self.lines.clone();
        for line in &mut table.lines {
            if let Line::Row(cells) = line {
                *cells = kept(cells, &is_kept);
            }
        }
        table
    }

    /// The same with what is pasted below its row, where it may be there and rows would be wider than the screen.
    fn with_pasted_below(self, canvas: &Canvas) -> Self {
        let last = self.columns.len().saturating_sub(1);
        let may_be = self.columns.last().is_some_and(|column| column.may_be_below);
        let needed = |(at, column)| self.need(at, column).width;
        let needed: usize = self.columns.iter().enumerate().map(needed).sum();
        let needed = needed + GAP * last + self.frame.width();
        if !may_be || last == 0 || needed <= canvas.width {
            return self;
        }
        let mut table = Self::new(self.frame, self.columns[..last].to_vec());
        for line in self.lines {
            match line {
                Line::Row(mut cells) => {
                    let below = (last < cells.len()).then(|| cells.remove(last));
                    table.lines.push(Line::Row(cells));
                    table.lines.extend(below.map(Line::Below));
                }
                other => table.lines.push(other),
            }
        }
        table
    }

    fn drawn_whole(&self, canvas: &Canvas) -> Drawn {
        let widths = self.widths(canvas);
        let pen = Pen { frame: self.frame, canvas, widths: &widths, columns: &self.columns };
        let mut drawn = Drawn { text: String::new(), left_out: Vec::new(), is_cut: false };
        let heads = |text: fn(&Column) -> &str| -> Vec<Cell> {
            self.columns.iter().map(|column| Cell::toned(text(column), Tone::Dim)).collect()
        };
        pen.rule(&mut drawn, ['┌', '─', '┐']);
        pen.row(&mut drawn, &heads(|column| &column.head));
        if self.columns.iter().any(|column| column.kind.is_some()) {
            pen.row(&mut drawn, &heads(|column| column.kind.as_deref().unwrap_or_default()));
        }
        pen.rule(&mut drawn, ['╞', '═', '╡']);
        for line in &self.lines {
            match line {
                Line::Row(cells) => pen.row(&mut drawn, cells),
                Line::Below(cell) => pen.below(&mut drawn, cell),
                Line::Note(cell) => pen.note(&mut drawn, cell),
            }
        }
        pen.rule(&mut drawn, ['└', '─', '┘']);
        let names = self.columns.iter().zip(&widths).filter(|(_, width)| width.is_none());
        drawn.left_out = names.map(|(column, _)| column.head.clone()).collect();
        drawn.text.truncate(drawn.text.trim_end_matches('\n').len());
        drawn
    }

    fn widths(&self, canvas: &Canvas) -> Vec<Option<usize>> {
        let needs = self.columns.iter().enumerate().map(|(at, column)| self.need(at, column));
        let needs: Vec<Need> = needs.collect();
        fitted(&needs, canvas.width.saturating_sub(self.frame.width()), GAP)
    }

    /// What a column takes.
    fn need(&self, at: usize, column: &Column) -> Need {
        let cells = self.lines.iter().filter_map(|line| match line {
            Line::Row(cells) => cells.get(at),
            Line::Below(_) | Line::Note(_) => None,
        });
        let cells = cells.map(|cell| width(&cell.text)).max().unwrap_or(0);
        let kind = column.kind.as_deref().map_or(0, width);
        let width = cells.max(width(&column.head)).max(kind);
        Need { width, least: column.least.min(width), rank: column.rank }
    }
}

/// Those of some that are kept.
fn kept<T: Clone>(all: &[T], is_kept: &[bool]) -> Vec<T> {
    all.iter().zip(is_kept).filter(|(_, is_kept)| **is_kept).map(|(it, _)| it.clone()).collect()
}

/// Draws the lines of one table.
struct Pen<'t> {
    frame: Frame,
    canvas: &'t Canvas,
    widths: &'t [Option<usize>],
    columns: &'t [Column],
}

impl Pen<'_> {
    fn row(&self, drawn: &mut Drawn, cells: &[Cell]) {
        let mut line = String::new();
        let (mut is_first, mut is_marked) = (true, false);
        for (at, column_width) in self.widths.iter().enumerate() {
            let gap = if is_first { "" } else { "  " };
            let Some(column_width) = *column_width else {
                if !is_marked {
                    line.push_str(gap);
                    line.push_str(&self.painted("…", Tone::Dim));
                    is_marked = true;
                }
                continue;
            };
            line.push_str(gap);
            let Cell { text, tone } = cells.get(at).cloned().unwrap_or_default();
            let shown = match self.columns[at].is_pasted {
                true => text.as_str().into(),
                false => cut(&text, column_width),
            };
            drawn.is_cut |= *shown != text;
            let is_number = self.columns[at].is_number;
            let whole = padded(&shown, column_width, is_number);
            // Only the letters are coloured: what fills the column is not.
            line.push_str(&whole.replacen(&*shown, &self.painted(&shown, tone), 1));
            is_first = false;
        }
        let _ = match self.frame {
            Frame::Boxed => writeln!(drawn.text, "│ {line} │"),
            Frame::Open { indent } => {
                writeln!(drawn.text, "{:indent$}{}", "", line.trim_end_matches(' '))
            }
        };
    }

    /// It runs over rather than being cut.
    fn below(&self, drawn: &mut Drawn, cell: &Cell) {
        let indent = self.frame.width() + GAP;
        let _ = writeln!(drawn.text, "{:indent$}{}", "", self.painted(&cell.text, cell.tone));
    }

    fn note(&self, drawn: &mut Drawn, cell: &Cell) {
        let indent = self.frame.width();
        let line = format!("{:indent$}  → {}", "", cell.text);
        for line in sentence(&line, self.canvas.width).lines() {
            let letters = line.trim_start_matches(' ');
            let spaces = &line[..line.len() - letters.len()];
            let _ = writeln!(drawn.text, "{spaces}{}", self.painted(letters, cell.tone));
        }
    }

    fn rule(&self, drawn: &mut Drawn, signs: [char; 3]) {
        if self.frame != Frame::Boxed {
            return;
        }
        let [left, between, right] = signs;
        let shown = self.widths.iter().flatten();
        let count = shown.clone().count();
        let is_marked = count < self.widths.len();
        let mark = if is_marked { MARK + GAP } else { 0 };
        let inner = shown.sum::<usize>() + GAP * count.saturating_sub(1) + mark + 2;
        let line: String = std::iter::repeat_n(between, inner).collect();
        let _ = writeln!(drawn.text, "{left}{line}{right}");
    }

    fn painted(&self, text: &str, tone: Tone) -> String {
        if self.canvas.is_coloured { tone.paint(text) } else { text.to_owned() }
    }
}
