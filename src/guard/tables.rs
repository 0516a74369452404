//! What there is to ask.

use serde::Deserialize;

use super::{Guard, Question, Refusal};
use crate::warehouse::{ListedTable, TABLES_OF_A_FILE, counts};

#[derive(Deserialize)]
struct Counted {
    place: usize,
    row_count: u64,
}

impl Guard {
    /// Each table and view of the question's file with its rows and its comment. Where the views cannot be counted within its limits,
    /// the tables are.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub(crate) async fn tables(&self, question: &Question) -> Result<Vec<ListedTable>, Refusal> {
        let of = |sql: String| Question { sql, ..question.clone() };
        let mut listed: Vec<ListedTable> = self.rows(&of(TABLES_OF_A_FILE.to_owned())).await?;
        let counted = match self.count(&of(counts(&listed))).await {
            Err(Refusal::Time { .. } | Refusal::Memory { .. }) => {
                listed.sort_by_key(|it| it.kind != "table");
                let tables = listed.iter().take_while(|it| it.kind == "table").count();
                self.count(&of(counts(&listed[..tables]))).await?
            }
            other => other?,
        };
        for Counted { place, row_count } in counted {
            if let Some(table) = listed.get_mut(place) {
                table.row_count = Some(row_count);
            }
        }
        listed.sort_by(|one, other| (&one.schema, &one.table).cmp(&(&other.schema, &other.table)));
        Ok(listed)
    }

    async fn count(&self, question: &Question) -> Result<Vec<Counted>, Refusal> {
        match question.sql.is_empty() {
            true => Ok(Vec::new()),
            false => self.rows(question).await,
        }
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
