//! Cells in rows and columns, the more the darker.

use maud::html;

use super::{Picture, Text, WIDTH, label_at, round};
use crate::report::words::finite;

/// What is drawn as a grid.
pub(in crate::report) struct Grid {
    /// One for each row.
    pub(in crate::report) rows: Vec<Text>,
    /// One for each column; an empty one is not written.
    pub(in crate::report) columns: Vec<String>,
    /// By row and column; nothing, where a cell means nothing.
    pub(in crate::report) values: Vec<Vec<Option<f64>>>,
    pub(in crate::report) label_width: f64,
    /// Whether a cell says its value.
    pub(in crate::report) has_figures: bool,
}

/// A figure that fits into a cell: `4k`.
fn tight(value: f64) -> String {
    match value {
        _ if value >= 1e6 => format!("{:.0}M", value / 1e6),
        _ if value >= 1e4 => format!("{:.0}k", value / 1e3),
        _ if value >= 1e3 => format!("{}k", round(value / 1e3)),
        _ => format!("{value}"),
    }
}

/// How many shades there are besides that of nothing.
const SHADES: f64 = 5.0;

pub(in crate::report) fn grid(grid: &Grid) -> Picture {
    let left = grid.label_width + 8.0;
    let width = ((WIDTH - left) / grid.columns.len().max(1) as f64).min(44.0);
    let height = width.clamp(22.0, 28.0);
    let all = || grid.values.iter().flatten().flatten().copied().map(finite);
    let highest = all().fold(f64::MIN_POSITIVE, f64::max);
    let shade = |value: f64| (finite(value) / highest * SHADES).ceil().clamp(0.0, SHADES);
    let foot = grid.rows.len() as f64 * height;
    let body = html! {
        @for (at, (label, values)) in grid.rows.iter().zip(&grid.values).enumerate() {
            @let top = at as f64 * height;
            (label_at(0.0, top + height / 2.0 - 11.0, grid.label_width, label))
            @for (column, value) in values.iter().enumerate() {
                @if let Some(value) = value {
                    @let x = left + column as f64 * width;
                    rect class=(format!("q{}", shade(*value))) x=(round(x)) y=(round(top)) width=(round(width - 2.0))
                        height=(round(height - 2.0)) rx="2" {}
                    @if grid.has_figures {
                        text class=(if shade(*value) > 3.0 { "on" } else { "off" }) x=(round(x + width / 2.0 - 1.0))
                            y=(round(top + height / 2.0 + 3.0)) text-anchor="middle" { (tight(*value)) }
                    }
                }
            }
        }
        @for (column, label) in grid.columns.iter().enumerate() {
            @if !label.is_empty() {
                text.tick x=(round(left + (column as f64 + 0.5) * width - 1.0)) y=(round(foot + 14.0)) text-anchor="middle" { (label) }
            }
        }
    };
    Picture { height: foot + 20.0, body, legend: Vec::new() }
}
