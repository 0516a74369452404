//! How old the current rows may be: a setting, and what it costs.

use std::fmt;
use std::str::FromStr;

use crate::phrase::counted;
use serde::Deserialize;

/// A dynamic table's `target_lag`: `<number> <seconds|minutes|hours|days>`, at least a minute.
///
/// <https://docs.snowflake.com/en/sql-reference/sql/create-dynamic-table>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TargetLag {
    text: String,
    secs: u64,
}

/// What a target lag has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number of minutes, hours or days such as `1 hour`, at least `1 minute`")]
pub struct InvalidLag;

const UNITS: [(&str, u64); 4] = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];

impl TargetLag {
    /// In seconds.
    pub const fn secs(&self) -> u64 {
        self.secs
    }
}

impl Default for TargetLag {
    fn default() -> Self {
        Self { text: "1 hour".to_owned(), secs: 3_600 }
    }
}

impl FromStr for TargetLag {
    type Err = InvalidLag;

    fn from_str(raw: &str) -> Result<Self, InvalidLag> {
        let lower = raw.trim().to_ascii_lowercase();
        let (count, unit) = lower.split_once(' ').ok_or(InvalidLag)?;
        let count: u64 = count.parse().map_err(|_| InvalidLag)?;
        let unit = unit.trim();
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let (name, secs) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(InvalidLag)?;
        let secs = count.checked_mul(*secs).filter(|secs| 60 <= *secs).ok_or(InvalidLag)?;
        Ok(Self { text: counted(count, name), secs })
    }
}

impl TryFrom<String> for TargetLag {
    type Error = InvalidLag;

    fn try_from(raw: String) -> Result<Self, InvalidLag> {
        raw.parse()
    }
}

impl fmt::Display for TargetLag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// What the dynamic tables' refreshes cost in a month of 30 days.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cost {
    /// How old rows may be.
    pub target_lag: TargetLag,
    /// Of the warehouse, as Snowflake calls it.
    pub size: String,
    /// What an hour of it costs.
    pub credits_per_hour: f64,
    /// How long one refresh keeps it awake; `None` where it never falls asleep.
    pub awake_secs: Option<u64>,
}

/// What Snowflake bills at least when a warehouse wakes up.
const LEAST_BILLED_SECS: u64 = 60;
/// Eight refreshes side by side, of the rows of one run.
const REFRESH_SECS: u64 = 30;
const MONTH_SECS: u64 = 30 * 86_400;

/// Each size costs twice the one before.
const SIZES: [&str; 10] = [
    "X-SMALL", "SMALL", "MEDIUM", "LARGE", "X-LARGE", "2X-LARGE", "3X-LARGE", "4X-LARGE",
    "5X-LARGE", "6X-LARGE",
];

impl Cost {
    /// Of a warehouse of this size that falls asleep after so many seconds; 0 = never.
    pub(super) fn new(target_lag: TargetLag, size: &str, auto_suspend_secs: u64) -> Self {
        let name = size.to_ascii_uppercase();
        let doublings = SIZES.iter().position(|known| *known == name).unwrap_or(0);
        let credits_per_hour = (0..doublings).fold(1.0, |credits, _| credits * 2.0);
        let awake_secs = (0 < auto_suspend_secs)
            .then(|| (REFRESH_SECS + auto_suspend_secs).max(LEAST_BILLED_SECS));
        Self { target_lag, size: size.to_owned(), credits_per_hour, awake_secs }
    }

    /// Of the warehouse that the setup makes.
    pub(crate) fn usual(target_lag: TargetLag) -> Self {
        Self::new(target_lag, "X-Small", 60)
    }

    /// Where every refresh finds new rows.
    pub(crate) fn at_most(&self) -> f64 {
        self.of(MONTH_SECS / self.target_lag.secs().max(1))
    }

    /// With one run a day: a refresh that finds nothing leaves the warehouse asleep.
    pub(crate) fn with_daily_runs(&self) -> f64 {
        self.of(MONTH_SECS / self.target_lag.secs().clamp(86_400, MONTH_SECS))
    }

    fn of(&self, refresh_count: u64) -> f64 {
        let secs = self.awake_secs.map_or(MONTH_SECS, |awake| awake * refresh_count);
        #[expect(clippy::cast_precision_loss, reason = "an estimate, of seconds in a month")]
        let hours = secs.min(MONTH_SECS) as f64 / 3_600.0;
        hours * self.credits_per_hour
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target_lag, size, .. } = self;
        let most = self.at_most();
        match self.awake_secs {
            Some(awake) => write!(
                out,
                "about {:.1} credits a month with one run a day, at most about {most:.0}, at target lag `{target_lag}` (a refresh without new rows leaves the {size} warehouse asleep, one with them keeps it awake for {awake} s)",
                self.with_daily_runs()
            ),
            None => write!(
                out,
                "about {most:.0} credits a month, whatever the target lag is: the {size} warehouse never falls asleep (auto_suspend is 0)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_read_as_people_and_snowflake_write_it() {
        for (text, shown, secs) in [
            ("1 hour", "1 hour", 3_600),
            (" 10 MINUTES ", "10 minutes", 600),
            ("1 minutes", "1 minute", 60),
            ("60 seconds", "60 seconds", 60),
            ("2 days", "2 days", 172_800),
        ] {
            let lag: TargetLag = text.parse().unwrap();
            assert_eq!((lag.to_string().as_str(), lag.secs()), (shown, secs), "{text}");
        }
        for text in
            ["", "1", "hour", "59 seconds", "0 hours", "-1 hour", "1 week", "1h", "1 hour'; drop"]
        {
            assert!(text.parse::<TargetLag>().is_err(), "{text}");
        }
        assert_eq!(TargetLag::default(), "1 hour".parse().unwrap());
    }

    #[test]
    fn the_cost_follows_lag_size_and_sleep() {
        let cost = |lag: &str, size: &str, suspend| Cost::new(lag.parse().unwrap(), size, suspend);
        let about = |one: f64, other: f64| (one - other).abs() < 0.01;
        // 720 refreshes of 90 s are 18 hours; 30 of them 45 minutes.
        let hourly = cost("1 hour", "X-Small", 60);
        assert!(about(hourly.at_most(), 18.0) && about(hourly.with_daily_runs(), 0.75), "{hourly}");
        assert!(about(cost("1 hour", "Medium", 60).at_most(), 72.0));
        // A warehouse that never sleeps costs each of the month's 720 hours, as one that is woken every minute does.
        assert!(about(cost("1 hour", "X-Small", 0).at_most(), 720.0));
        assert!(about(cost("1 minute", "X-Small", 60).at_most(), 720.0));
        assert!(about(cost("1 minute", "X-Small", 60).with_daily_runs(), 0.75));
        // A warehouse that wakes is billed for a minute.
        assert!(about(cost("2 days", "X-Small", 1).with_daily_runs(), 15.0 / 60.0));
    }
}
