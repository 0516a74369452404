//! Charts: each a figure with its sentence, its picture, its table and its SQL.
//!
//! In: values that the questions gave. Out: HTML. A picture is SVG of classes alone, so that one style sheet serves light, dark and
//! paper; names stand in HTML within it, where they can be isolated and cut off.

mod bars;
mod columns;
mod frame;
mod grid;
mod lines;

use maud::{Markup, html};

pub(super) use bars::{Bar, bars, two_sided_bars};
pub(super) use columns::{Column, columns};
pub(super) use grid::{Grid, grid};
pub(super) use lines::{Line, Point, lines};

use super::words::{grouped, shown_name};

/// How wide each picture is, in its own units: about what a card has on a phone and in three columns.
const WIDTH: f64 = 400.0;

/// A chart and what belongs to it.
pub(super) struct Chart {
    /// No other chart has it.
    pub(super) title: &'static str,
    /// What the chart shows, in a sentence with its figures and no name of anybody's.
    pub(super) finding: String,
    pub(super) picture: Picture,
    pub(super) table: Table,
    /// What was asked.
    pub(super) sql: &'static str,
}

/// The drawing, and what its colours say.
pub(super) struct Picture {
    height: f64,
    body: Markup,
    legend: Vec<Text>,
}

impl Picture {
    /// What stands where there is nothing to draw.
    pub(super) fn nothing(words: &str) -> Self {
        let (height, inset) = (72.0, 1.0);
        let body = html! {
            rect.frame x=(inset) y=(inset) width=(WIDTH - 2.0 * inset) height=(height - 2.0 * inset) rx="8" {}
            text.tick x=(WIDTH / 2.0) y=(height / 2.0 + 4.0) text-anchor="middle" { (words) }
        };
        Self { height, body, legend: Vec::new() }
    }
}

/// The values of a chart, as a table.
pub(super) struct Table {
    pub(super) head: &'static [&'static str],
    pub(super) rows: Vec<Vec<Text>>,
}

/// A cell, a label, or an entry of a list.
#[derive(Debug, Clone)]
pub(super) enum Text {
    /// Words of our own.
    Own(String),
    /// A figure.
    Figure(String),
    /// A name from outside.
    Name(String),
    /// A name behind the number that it has in the picture.
    Numbered { number: usize, name: String },
    /// A name, with the page of Spotify's that shows what it names.
    Linked { name: String, page: String },
}

/// How much of a name is shown where there is room for it.
const NAME_LIMIT: usize = 100;

/// How much of one is shown at the head of a card.
const TITLE_LIMIT: usize = 44;

impl Text {
    pub(super) fn own(text: impl Into<String>) -> Self {
        Self::Own(text.into())
    }

    pub(super) fn count(count: u64) -> Self {
        Self::Figure(grouped(count))
    }

    pub(super) fn figure(text: impl Into<String>) -> Self {
        Self::Figure(text.into())
    }

    pub(super) fn name(name: Option<&str>) -> Self {
        Self::Name(shown_name(name, NAME_LIMIT))
    }

    /// A name at the head of a card, or in a legend.
    pub(super) fn title(name: Option<&str>) -> Self {
        Self::Name(shown_name(name, TITLE_LIMIT))
    }

    pub(super) fn linked(name: Option<&str>, page: Option<String>) -> Self {
        let name = shown_name(name, NAME_LIMIT);
        match page {
            Some(page) => Self::Linked { name, page },
            None => Self::Name(name),
        }
    }

    pub(super) fn numbered(number: usize, name: Option<&str>) -> Self {
        Self::Numbered { number, name: shown_name(name, NAME_LIMIT) }
    }

    /// The text by itself.
    pub(super) fn html(&self) -> Markup {
        match self {
            Self::Own(text) | Self::Figure(text) => html! { (text) },
            Self::Name(name) => html! { bdi { (name) } },
            Self::Numbered { number, name } => html! { (number) " " bdi { (name) } },
            Self::Linked { name, page } => {
                html! { a href=(page) rel="noopener noreferrer" { bdi { (name) } } }
            }
        }
    }

    /// As a label of a picture, which has little room and no links.
    fn label(&self) -> Markup {
        match self {
            Self::Own(text) | Self::Figure(text) => html! { span.label { (text) } },
            Self::Name(name) | Self::Linked { name, .. } => {
                html! { bdi.label { (shown_name(Some(name), LABEL_LIMIT)) } }
            }
            Self::Numbered { number, name } => html! {
                bdi.label { (shown_name(Some(name), LABEL_LIMIT - 3)) } span.number { (number) }
            },
        }
    }
}

/// How much of a name can be seen at most in a label.
const LABEL_LIMIT: usize = 26;

/// A label of a picture: at the right of its place, and cut off where that ends.
fn label_at(x: f64, y: f64, width: f64, text: &Text) -> Markup {
    html! {
        foreignObject x=(x) y=(y) width=(width) height="20" { div.place { (text.label()) } }
    }
}

/// The figure of a chart; `number` tells its parts from those of the others.
pub(super) fn figure(chart: &Chart, number: usize) -> Markup {
    let Chart { title, finding, picture, table, sql } = chart;
    let (title_id, text_id) = (format!("chart-{number}-title"), format!("chart-{number}-text"));
    html! {
        figure {
            figcaption { h3 { (title) } p { (finding) } }
            @if !picture.legend.is_empty() { (legend(&picture.legend)) }
            svg.chart viewBox=(format!("0 0 {WIDTH} {}", round(picture.height))) role="img"
                aria-labelledby=(title_id) aria-describedby=(text_id) {
                title id=(title_id) { (title) }
                desc id=(text_id) { (finding) }
                (picture.body)
            }
            div.more {
                details { summary { "Table" span.unseen { ": " (title) } } (table_of(table)) }
                details { summary { "SQL" span.unseen { ": " (title) } } pre { code { (sql) } } }
            }
        }
    }
}

fn legend(names: &[Text]) -> Markup {
    html! {
        ul.legend {
            @for (at, name) in names.iter().enumerate() {
                li {
                    svg aria-hidden="true" width="10" height="10" { rect class=(series(at)) width="10" height="10" rx="2" {} }
                    (name.html())
                }
            }
        }
    }
}

fn table_of(table: &Table) -> Markup {
    html! {
        table {
            thead { tr { @for (at, head) in table.head.iter().enumerate() {
                th scope="col" class=[is_figure(table, at).then_some("figure")] { (head) }
            } } }
            tbody {
                @for row in &table.rows { tr { @for (at, cell) in row.iter().enumerate() {
                    @let figure = matches!(cell, Text::Figure(_)).then_some("figure");
                    @if at == 0 { th scope="row" class=[figure] { (cell.html()) } }
                    @else { td class=[figure] { (cell.html()) } }
                } } }
                @if table.rows.is_empty() {
                    tr { th scope="row" { "none" } @for _ in 1..table.head.len() { td {} } }
                }
            }
        }
    }
}

/// Whether a column holds figures.
fn is_figure(table: &Table, column: usize) -> bool {
    table.rows.iter().any(|row| matches!(row.get(column), Some(Text::Figure(_))))
}

/// The class of a colour, by its place.
fn series(at: usize) -> String {
    format!("s{}", at % 6)
}

/// A place in a picture: a tenth of a unit is finer than what can be seen.
fn round(value: f64) -> f64 {
    (super::words::finite(value) * 10.0).round() / 10.0
}
