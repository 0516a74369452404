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

/// Labels that fit side by side.
const MOST_LABELS: usize = 5;

pub(in crate::report) fn columns(columns: &[Column], legend: &[&str]) -> Picture {
    let sum = |column: &Column| column.parts.iter().copied().map(finite).sum();
    let axis = Axis::up_to(columns.iter().map(sum).fold(0.0, f64::max));
    let count = columns.len().max(1) as f64;
    // A column by itself is no wall.
    let width = (0.78 / count).min(0.12);
    let middle = |at: usize| (at as f64 + 0.5) / count;
    let every = columns.len().div_ceil(MOST_LABELS).max(1);
    let body = html! {
        (axis.lines())
        @for (at, column) in columns.iter().enumerate() {
            @let left = x(middle(at) - width / 2.0);
            @let right = x(middle(at) + width / 2.0);
            @for part in stacked(column) {
                rect class=(series(part.place)) x=(left) y=(axis.y(part.to)) width=(round((right - left).max(0.8)))
                    height=(round((axis.y(part.from) - axis.y(part.to)).max(0.8))) {}
            }
            @if at % every == 0 && has_room(at, columns.len(), every) { (below(middle(at), &column.label)) }
            @else if at + 1 == columns.len() { (below(middle(at), &column.label)) }
        }
    };
    let legend = legend.iter().map(|name| Text::own(*name)).collect();
    Picture { height: HEIGHT, body, legend }
}

/// Whether the last label, which always stands, leaves room for this one.
const fn has_room(at: usize, count: usize, every: usize) -> bool {
    at + 1 == count || at + every < count + every / 3
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
