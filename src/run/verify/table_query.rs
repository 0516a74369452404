//! When a landing table is looked into again: each look costs warehouse time, so without news ever more rarely.

use chrono::{DateTime, Utc};

use crate::snowflake::{Answer, FileReport};

/// Without news, a table is asked ever more rarely, up to so many rounds apart: each look costs warehouse time.
const RAREST_LOOK: u32 = 8;

/// One query of the landing table, and when the next one is due.
pub(crate) struct TableQuery {
    round: u32,
    /// Rounds until it is asked again where nothing has happened.
    gap: u32,
    signs: PipeSigns,
}

/// What would have changed had anything happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PipeSigns {
    /// What is reported.
    pub(crate) reports: Answer<Vec<FileReport>>,
    /// Of each pipe, where it says how it is.
    pub(crate) pipes: Vec<Option<PipeSign>>,
}

/// What changes where a pipe does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PipeSign {
    /// When it last loaded.
    pub(crate) last_ingested_at: Option<DateTime<Utc>>,
    /// How many files wait.
    pub(crate) pending_file_count: u64,
}

impl TableQuery {
    pub(crate) fn after(before: Option<Self>, round: u32, signs: PipeSigns) -> Self {
        let gap = match before {
            Some(before) if before.signs == signs => (before.gap * 2).min(RAREST_LOOK),
            _ => 1,
        };
        Self { round, gap, signs }
    }

    pub(crate) fn is_due_again(&self, round: u32, signs: &PipeSigns) -> bool {
        self.round + self.gap <= round || self.signs != *signs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_without_news_is_looked_at_ever_more_rarely() {
        let signs = |pending_file_count| PipeSigns {
            reports: Answer::Unknown(String::new()),
            pipes: vec![Some(PipeSign { last_ingested_at: None, pending_file_count })],
        };
        let mut looks = Vec::new();
        let mut last: Option<TableQuery> = None;
        for round in 1..=40 {
            // In round 30 a pipe has taken a file.
            let signs = signs(u64::from(round < 30));
            if last.as_ref().is_none_or(|query| query.is_due_again(round, &signs)) {
                looks.push(round);
                last = Some(TableQuery::after(last, round, signs));
            }
        }
        assert_eq!(looks, [1, 2, 4, 8, 16, 24, 30, 31, 33, 37]);
    }
}
