//! What there is to ask.

use std::time::Instant;

use serde::Deserialize;

use super::{Guard, Question, Refusal};
use crate::warehouse::{ListedTable, TABLES_OF_A_FILE, counts};

#[derive(Deserialize)]
struct Counted {
    place: usize,
    row_count: u64,
}

impl Guard {
    /// Each table and view of the question's file with its rows and its comment. A view has no count where that alone takes more than a
    /// query may.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub(crate) async fn tables(&self, question: &Question) -> Result<Vec<ListedTable>, Refusal> {
        let sql = TABLES_OF_A_FILE.to_owned();
        let mut listed: Vec<ListedTable> = self.rows(&Question { sql, ..question.clone() }).await?;
        listed.sort_by_key(|it| it.kind != "table");
        match self.count(question, &mut listed).await {
            Err(Refusal::Time { .. } | Refusal::Memory { .. }) => {
                self.count_apart(question, &mut listed).await?;
            }
            other => other?,
        }
        listed.sort_by(|one, other| (&one.schema, &one.table).cmp(&(&other.schema, &other.table)));
        Ok(listed)
    }

    /// Counts the tables at once, and each view by itself: what all take together, on a machine with much to do, says nothing of one.
    async fn count_apart(
        &self,
        question: &Question,
        listed: &mut [ListedTable],
    ) -> Result<(), Refusal> {
        let table_count = listed.partition_point(|it| it.kind == "table");
        let (tables, views) = listed.split_at_mut(table_count);
        self.count(question, tables).await?;
        // One that is endless leaves the others half of it.
        let mut left = question.timeout * 2;
        for view in views {
            let (begun, timeout) = (Instant::now(), left / 2);
            let alone = Question { timeout, ..question.clone() };
            match self.count(&alone, std::slice::from_mut(view)).await {
                Err(Refusal::Time { .. } | Refusal::Memory { .. }) => {}
                other => other?,
            }
            left = left.saturating_sub(begun.elapsed());
        }
        Ok(())
    }

    async fn count(&self, question: &Question, listed: &mut [ListedTable]) -> Result<(), Refusal> {
        if listed.is_empty() {
            return Ok(());
        }
        let counted = self.rows(&Question { sql: counts(listed), ..question.clone() }).await?;
        for Counted { place, row_count } in counted {
            if let Some(table) = listed.get_mut(place) {
                table.row_count = Some(row_count);
            }
        }
        Ok(())
    }

    async fn rows<T: serde::de::DeserializeOwned>(
        &self,
        question: &Question,
    ) -> Result<Vec<T>, Refusal> {
        let rows = self.ask(question).await?.rows.into_iter().map(serde_json::from_value);
        let unread = |error: serde_json::Error| Refusal::Unwritten { cause: error.to_string() };
        rows.collect::<Result<_, _>>().map_err(unread)
    }
}
