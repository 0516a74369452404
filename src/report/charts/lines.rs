//! Lines over days. Where nothing is known there is a gap, and a day that stands alone is a dot.

use chrono::NaiveDate;
use maud::html;

use super::frame::{Axis, HEIGHT, below, x};
use super::{Picture, Text, series};
use crate::report::words::finite;

/// A line: its name, and a value for each day that has one.
pub(in crate::report) struct Line {
    pub(in crate::report) name: Text,
    pub(in crate::report) points: Vec<Point>,
}

/// What is known of a day; nothing, where a reading gave no value.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Point {
    pub(in crate::report) day: NaiveDate,
    pub(in crate::report) value: Option<f64>,
}

/// The days between the first and the last of all lines.
struct Span {
    first: NaiveDate,
    last: NaiveDate,
}

impl Span {
    fn of(lines: &[Line]) -> Option<Self> {
        let days = || lines.iter().flat_map(|line| line.points.iter().map(|point| point.day));
        Some(Self { first: days().min()?, last: days().max()? })
    }

    fn part(&self, day: NaiveDate) -> f64 {
        match (self.last - self.first).num_days() {
            0 => 0.5,
            days => (day - self.first).num_days() as f64 / days as f64,
        }
    }

    fn day(&self, part: f64) -> NaiveDate {
        let days = (self.last - self.first).num_days() as f64 * part;
        self.first + chrono::Duration::days(days.round() as i64)
    }

    fn words(&self, day: NaiveDate) -> String {
        let is_long = (self.last - self.first).num_days() > 300;
        day.format(if is_long { "%b %Y" } else { "%-d %b" }).to_string()
    }
}

pub(in crate::report) fn lines(lines: &[Line]) -> Picture {
    let Some(span) = Span::of(lines) else { return Picture::nothing("Nothing was read yet") };
    let values = lines.iter().flat_map(|line| line.points.iter().filter_map(|point| point.value));
    let axis = Axis::up_to(values.map(finite).fold(0.0, f64::max));
    let ends: &[f64] = match (span.last - span.first).num_days() {
        0 => &[0.5],
        1..4 => &[0.0, 1.0],
        _ => &[0.0, 0.5, 1.0],
    };
    let place = |point: &Spot| format!("{},{}", x(span.part(point.day)), axis.y(point.value));
    let body = html! {
        (axis.lines())
        @for end in ends { (below(*end, &span.words(span.day(*end)))) }
        @for (at, line) in lines.iter().enumerate() {
            @for run in runs(&line.points) {
                @match run.as_slice() {
                    [only] => {
                        circle class=(series(at)) cx=(x(span.part(only.day))) cy=(axis.y(only.value)) r="3.5" {}
                    }
                    run => {
                        polyline class=(format!("line {}", series(at))) points=(run.iter().map(place).collect::<Vec<_>>().join(" ")) {}
                    }
                }
            }
        }
    };
    let legend = match lines {
        [_] => Vec::new(),
        lines => lines.iter().map(|line| line.name.clone()).collect(),
    };
    Picture { height: HEIGHT, body, legend }
}

/// A known value of a day.
struct Spot {
    day: NaiveDate,
    value: f64,
}

/// What is drawn without lifting the pen: a day without a value ends it, and so does a pause three times as long as is usual.
fn runs(points: &[Point]) -> Vec<Vec<Spot>> {
    let mut pauses: Vec<i64> =
        points.windows(2).map(|pair| (pair[1].day - pair[0].day).num_days()).collect();
    pauses.sort_unstable();
    let longest = 3 * pauses.get(pauses.len() / 2).copied().unwrap_or(1).max(1);
    let mut runs: Vec<Vec<Spot>> = vec![Vec::new()];
    let mut before: Option<NaiveDate> = None;
    for point in points {
        let is_far = before.is_some_and(|before| (point.day - before).num_days() > longest);
        if is_far || point.value.is_none() {
            runs.push(Vec::new());
        }
        if let (Some(value), Some(run)) = (point.value, runs.last_mut()) {
            run.push(Spot { day: point.day, value: finite(value) });
        }
        before = Some(point.day);
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_gap_where_nothing_is_known_and_where_nobody_looked() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
        let point = |(number, value)| Point { day: day(number), value };
        let known = [1, 2, 3, 5, 6, 20].map(|day| (day, Some(f64::from(day))));
        let points: Vec<Point> =
            known.into_iter().chain([(21, None), (22, Some(1.0))]).map(point).collect();
        let lengths: Vec<usize> = runs(&points).iter().map(Vec::len).collect();
        assert_eq!(lengths, [5, 1, 1]);
        assert!(runs(&[]).is_empty());
    }

    #[test]
    fn one_day_is_a_dot() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        let line = Line { name: Text::own("all"), points: vec![Point { day, value: Some(7.0) }] };
        let drawn = lines(&[line]).body.into_string();
        assert!(drawn.contains("<circle") && !drawn.contains("<polyline"), "{drawn}");
    }
}
