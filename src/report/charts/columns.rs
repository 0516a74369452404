//! Columns from left to right, in parts one above the other.

use maud::html;

use super::frame::{Axis, HEIGHT, below, x};
use super::{Picture, Text, round, series};
use crate::report::words::finite;

/// A column.
pub(in crate::report) struct Column {
    /// Below it, where there is room.
    pub(in crate::report) label: String,
    /// One for each of the legend's names, from below.
    pub(in crate::report) parts: Vec<f64>,
}

/// Letters that fit side by side below the drawing, and labels that are enough.
const LETTERS: usize = 52;
const MOST_LABELS: usize = 7;

pub(in crate::report) fn columns(columns: &[Column], legend: &[&str]) -> Picture {
    let sum = |column: &Column| column.parts.iter().copied().map(finite).sum();
    let axis = Axis::up_to(columns.iter().map(sum).fold(0.0, f64::max));
    let count = columns.len().max(1) as f64;
    // A column by itself is no wall.
    let width = (0.78 / count).min(0.12);
    let middle = |at: usize| (at as f64 + 0.5) / count;
    let labelled = labelled(columns);
    let body = html! {
        (axis.lines())
        @for (at, column) in columns.iter().enumerate() {
            @let left = x(middle(at) - width / 2.0);
            @let right = x(middle(at) + width / 2.0);
            @for part in stacked(column) {
                rect class=(series(part.place)) x=(left) y=(axis.y(part.to)) width=(round((right - left).max(0.8)))
                    height=(round((axis.y(part.from) - axis.y(part.to)).max(0.8))) {}
            }
            @if labelled.contains(&at) { (below(middle(at), &column.label)) }
        }
    };
    let legend = legend.iter().map(|name| Text::own(*name)).collect();
    Picture { height: HEIGHT, body, legend }
}

/// The columns whose labels are written: evenly, from the first to the last.
fn labelled(columns: &[Column]) -> Vec<usize> {
    let longest = columns.iter().map(|column| column.label.chars().count()).max().unwrap_or(1);
    let room = (LETTERS / (longest + 2)).clamp(1, MOST_LABELS);
    let gaps = match columns.len() {
        0 => return Vec::new(),
        count if count <= room => return (0..count).collect(),
        _ => room.saturating_sub(1).max(1),
    };
    let mut chosen: Vec<usize> = (0..=gaps).map(|at| at * (columns.len() - 1) / gaps).collect();
    chosen.dedup();
    chosen
}

/// A part of a column, between two values.
struct Part {
    place: usize,
    from: f64,
    to: f64,
}

fn stacked(column: &Column) -> Vec<Part> {
    let parts = column.parts.iter().copied().map(finite).enumerate();
    let parts = parts.scan(0.0, |end, (place, value)| {
        let from = *end;
        *end += value;
        Some(Part { place, from, to: *end })
    });
    parts.filter(|part| part.to > part.from).collect()
}
