//! What charts with a value axis share: round steps, and the lines and figures that stand for them.

use maud::{Markup, html};

use super::{WIDTH, round};

/// Left of the drawing, for the axis' figures.
pub(super) const LEFT: f64 = 38.0;
const RIGHT: f64 = 6.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;
/// Of the whole picture.
pub(super) const HEIGHT: f64 = 190.0;

/// A value axis from nothing to a round figure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) top: f64,
    step: f64,
}

impl Axis {
    /// The axis for values up to `highest`, in whole steps where the values are counts.
    pub(super) fn up_to(highest: f64) -> Self {
        let least = (highest.max(1.0)) / 4.0;
        let magnitude = 10_f64.powf(least.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * magnitude);
        let fits = |step: &f64| *step >= least && *step >= 1.0 && step.fract() == 0.0;
        let step = steps.into_iter().find(fits).unwrap_or(1.0);
        Self { top: (highest.max(1.0) / step).ceil() * step, step }
    }

    /// Where a value stands.
    pub(super) fn y(self, value: f64) -> f64 {
        round(TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - value / self.top))
    }

    /// Lines and figures.
    pub(super) fn lines(self) -> Markup {
        let count = (self.top / self.step).round() as u32;
        html! {
            @for at in 0..=count {
                @let value = f64::from(at) * self.step;
                @let y = self.y(value);
                line class=(if at == 0 { "base" } else { "rule" }) x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                text.tick x=(LEFT - 6.0) y=(round(y + 4.0)) text-anchor="end" { (short(value)) }
            }
        }
    }
}

/// A part of the width between the axis and the right end, from 0 to 1.
pub(super) fn x(part: f64) -> f64 {
    round(LEFT + (WIDTH - LEFT - RIGHT) * part)
}

/// Words below the drawing: at a place from 0 to 1, and never beyond the picture.
pub(super) fn below(part: f64, words: &str) -> Markup {
    let half = LETTER_WIDTH / 2.0 * words.chars().count() as f64;
    let place = x(part).clamp(half.min(WIDTH / 2.0), (WIDTH - half).max(WIDTH / 2.0));
    html! { text.tick x=(round(place)) y=(HEIGHT - 6.0) text-anchor="middle" { (words) } }
}

/// How wide a letter of an axis is at most, on the whole.
const LETTER_WIDTH: f64 = 7.2;

/// `1500` as `1.5k`.
pub(super) fn short(value: f64) -> String {
    let tenths = |value: f64| (value * 10.0).round() / 10.0;
    match value {
        _ if value >= 1e6 => format!("{}M", tenths(value / 1e6)),
        _ if value >= 1e4 => format!("{}k", tenths(value / 1e3)),
        _ => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_figure_above_the_highest() {
        let cases = [
            (0.0, 1.0, 1.0),
            (1.0, 1.0, 1.0),
            (3.0, 3.0, 1.0),
            (7.0, 8.0, 2.0),
            (9.0, 10.0, 5.0),
            (40.0, 40.0, 10.0),
            (97.0, 100.0, 25.0),
            (100_000.0, 100_000.0, 25_000.0),
        ];
        for (highest, top, step) in cases {
            let axis = Axis::up_to(highest);
            assert!(
                (axis.top - top).abs() < 1e-9 && (axis.step - step).abs() < 1e-9,
                "{highest}: {axis:?}"
            );
        }
        assert_eq!(short(1500.0), "1500");
        assert_eq!(short(25_000.0), "25k");
        assert_eq!(short(2_500_000.0), "2.5M");
    }
}
