//! Bars from left to right, each with its label and its figure; in parts, or to both sides.

use maud::{Markup, html};

use super::frame::short;
use super::{Picture, Text, WIDTH, label_at, round, series};
use crate::report::words::{finite, grouped};

/// A bar.
pub(in crate::report) struct Bar {
    pub(in crate::report) label: Text,
    /// One for each of the legend's names, or one alone.
    pub(in crate::report) parts: Vec<f64>,
    /// Behind the bar; the sum of its parts where nothing is given.
    pub(in crate::report) shown: Option<String>,
}

const LABEL_WIDTH: f64 = 146.0;
const ROW: f64 = 26.0;
const VALUE_WIDTH: f64 = 58.0;
const FROM: f64 = LABEL_WIDTH + 10.0;
const ROOM: f64 = WIDTH - FROM - VALUE_WIDTH;

impl Bar {
    fn sum(&self) -> f64 {
        self.parts.iter().copied().map(finite).sum()
    }

    fn words(&self) -> String {
        self.shown.clone().unwrap_or_else(|| whole(self.sum()))
    }
}

/// Bars from one line, whose parts are told apart by the legend. `whole` is how much a full bar is, where that is more than the
/// longest of them.
pub(in crate::report) fn bars(rows: &[Bar], legend: &[&str], whole: f64) -> Picture {
    let longest = rows.iter().map(Bar::sum).fold(whole.max(f64::MIN_POSITIVE), f64::max);
    let width = |value: f64| ROOM * finite(value) / longest;
    let body = html! {
        line.base x1=(FROM) x2=(FROM) y1="0" y2=(ROW * rows.len() as f64) {}
        @for (at, row) in rows.iter().enumerate() {
            @let top = ROW * at as f64;
            (label_at(0.0, top + 3.0, LABEL_WIDTH, &row.label))
            (parts(row, top, width))
            text.value x=(round(FROM + width(row.sum()) + 6.0)) y=(round(top + 17.5)) { (row.words()) }
        }
    };
    let legend = legend.iter().map(|name| Text::own(*name)).collect();
    Picture { height: height_of(rows), body, legend }
}

/// `12,345`, as long as there is room.
fn whole(value: f64) -> String {
    match value {
        _ if value < 1e5 && value.fract() == 0.0 => grouped(value.max(0.0) as u64),
        _ => short(value),
    }
}

/// A picture of a single bar is not too small to be seen as one.
fn height_of(rows: &[Bar]) -> f64 {
    (ROW * rows.len() as f64 + 2.0).max(56.0)
}

/// One behind the other.
fn parts(row: &Bar, top: f64, width: impl Fn(f64) -> f64) -> Markup {
    let starts = row.parts.iter().scan(FROM, |end, part| {
        let start = *end;
        *end += width(*part);
        Some(start)
    });
    html! {
        @for (at, (part, start)) in row.parts.iter().zip(starts).enumerate() {
            @if *part > 0.0 {
                rect class=(series(at)) x=(round(start)) y=(round(top + 5.0)) width=(round(width(*part).max(1.0)))
                    height=(ROW - 10.0) rx="2" {}
            }
        }
    }
}

/// Bars to the left and to the right of a line: what went, and what came.
pub(in crate::report) fn two_sided_bars(rows: &[Bar], legend: [&str; 2]) -> Picture {
    const SIDE: f64 = 52.0;
    let part = |row: &Bar, at: usize| row.parts.get(at).copied().map_or(0.0, finite);
    let longest = |at: usize| rows.iter().map(|row| part(row, at)).fold(0.0, f64::max);
    let (right, left) = (longest(0), longest(1));
    let (from, to) = (LABEL_WIDTH + 8.0, WIDTH - 4.0);
    let room = to - from - 2.0 * SIDE;
    let unit = room / (right + left).max(f64::MIN_POSITIVE);
    let line = round(from + SIDE + left * unit);
    let body = html! {
        @for (at, row) in rows.iter().enumerate() {
            @let top = ROW * at as f64;
            @let (came, went) = (part(row, 0), part(row, 1));
            (label_at(0.0, top + 3.0, LABEL_WIDTH, &row.label))
            @if came > 0.0 {
                rect class=(series(0)) x=(line) y=(round(top + 5.0)) width=(round((came * unit).max(1.0))) height=(ROW - 10.0) rx="2" {}
                text.value x=(round(line + came * unit + 5.0)) y=(round(top + 17.5)) { "+" (whole(came)) }
            }
            @if went > 0.0 {
                rect class=(series(1)) x=(round(line - (went * unit).max(1.0))) y=(round(top + 5.0)) width=(round((went * unit).max(1.0))) height=(ROW - 10.0) rx="2" {}
                text.value x=(round(line - went * unit - 5.0)) y=(round(top + 17.5)) text-anchor="end" { "−" (whole(went)) }
            }
        }
        line.base x1=(line) x2=(line) y1="0" y2=(ROW * rows.len() as f64) {}
    };
    let legend = legend.into_iter().map(Text::own).collect();
    Picture { height: height_of(rows), body, legend }
}
