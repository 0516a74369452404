//! What one statement runs with: role, warehouse, place, zone.

use super::catalog::Place;

/// What one statement runs with.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) role: String,
    pub(super) warehouse: Option<String>,
    pub(super) place: Place,
    /// How far the session's zone is behind UTC.
    pub(super) minutes_behind: i64,
    pub(super) query_tag: Option<String>,
}

impl Session {
    /// `-08:00` with a colon, `-0800` without.
    pub(super) fn offset(&self, colon: &str) -> String {
        let sign = if self.minutes_behind > 0 { '-' } else { '+' };
        let minutes = self.minutes_behind.abs();
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }
}

/// How far a zone is behind UTC; an account that never chose one has Los Angeles (the double knows no summer).
pub(super) fn minutes_behind(zone: Option<&str>) -> Option<i64> {
    match zone.map(str::to_uppercase).as_deref() {
        Some("UTC" | "ETC/UTC") => Some(0),
        None | Some("AMERICA/LOS_ANGELES") => Some(480),
        Some(_) => None,
    }
}
