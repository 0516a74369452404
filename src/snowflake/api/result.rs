//! Reads a finished statement's whole result: the first answer holds the first partition, the others are asked for.
//!
//! In: the answer `200` of a statement. Out: [`Rows`], of which every one came that Snowflake counted, or an error; never a part.
//!
//! <https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses#getting-the-data-from-the-results>

use reqwest::Method;

use super::client::{Call, Connection};
use super::error::Error;
use super::rows::{Column, Rows};
use super::wire::{self, MetaData, ResultSet, Status};
use crate::phrase::counted;
use crate::stop::Stop;

/// The answer is 200, but the result was too large and is cut off.
const CUT_OFF: &str = "391908";
/// What every code of a success begins with (090001: executed).
const SUCCESS: &str = "0900";

impl Connection {
    /// The whole result that begins with `body`.
    pub(super) async fn read_whole(&self, body: &[u8], stop: &Stop) -> Result<Rows, Error> {
        let doing = "read a result";
        let status = Status::read(body);
        let words = status.words();
        let handle = status.statement_handle.unwrap_or_default();
        let incomplete = |reason| Error::Incomplete { handle: handle.clone(), reason };
        if status.code == CUT_OFF {
            return Err(incomplete(format!(
                "Snowflake cut it off ({CUT_OFF}): {}",
                status.message
            )));
        }
        let set: ResultSet = serde_json::from_slice(body)
            .map_err(|error| self.unexpected(doing, 200, &error.to_string()))?;
        let (meta, data) = (set.result_set_meta_data, set.data);
        let is_result = data.is_some() && meta.as_ref().is_some_and(|it| !it.row_type.is_empty());
        // Every statement has a result, if only the word that it was done: what names no column is none, and not an empty one.
        if !status.code.is_empty() && !status.code.starts_with(SUCCESS) || !is_result {
            let said = format!("it is no result ({})", shortened(&words));
            return Err(self.unexpected(doing, 200, &said));
        }
        let (meta, mut rows) = (meta.unwrap_or_default(), data.unwrap_or_default());
        self.read_partitions(&handle, &meta, &mut rows, stop).await?;
        let width = meta.row_type.len();
        if rows.iter().any(|cells| cells.len() != width) {
            return Err(incomplete(format!("a row has not {width} cells")));
        }
        let columns = meta.row_type;
        let columns = columns
            .into_iter()
            .map(|column| Column { name: column.name, kind: column.kind.to_ascii_uppercase() })
            .collect();
        Ok(Rows { handle, columns, rows })
    }

    /// Reads the partitions behind the first and counts what came.
    async fn read_partitions(
        &self,
        handle: &str,
        meta: &MetaData,
        rows: &mut Vec<Vec<Option<String>>>,
        stop: &Stop,
    ) -> Result<(), Error> {
        let incomplete = |reason| Error::Incomplete { handle: handle.to_owned(), reason };
        for (number, partition) in meta.partition_info.iter().enumerate() {
            let before = if number == 0 { 0 } else { rows.len() };
            if 0 < number {
                rows.extend(self.partition(handle, number, stop).await?);
            }
            let (came, wanted) = (rows.len() - before, partition.row_count);
            if u64::try_from(came) != Ok(wanted) {
                let reason =
                    format!("{came} of {} of partition {number} came", counted(wanted, "row"));
                return Err(incomplete(reason));
            }
        }
        match meta.num_rows {
            Some(wanted) if u64::try_from(rows.len()) != Ok(wanted) => {
                Err(incomplete(format!("{} of {} came", rows.len(), counted(wanted, "row"))))
            }
            _ => Ok(()),
        }
    }

    async fn partition(
        &self,
        handle: &str,
        number: usize,
        stop: &Stop,
    ) -> Result<Vec<Vec<Option<String>>>, Error> {
        let call = Call {
            doing: "read a part of a result",
            method: Method::GET,
            path: self.path(handle)?,
            query: vec![("partition", number.to_string())],
            body: None,
            query_again: None,
        };
        let answer = self.send(&call, stop).await?;
        if answer.status != 200 {
            return Err(self.failure(call.doing, &answer));
        }
        let partition: wire::Partition = serde_json::from_slice(&answer.body)
            .map_err(|error| self.unexpected(call.doing, 200, &error.to_string()))?;
        Ok(partition.data)
    }
}

/// The beginning of what somebody else wrote.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}
