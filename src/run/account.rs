//! Asking the account of a run.

use super::Run;
use super::error::Error;
use crate::config::Account;
use crate::event::What;
use crate::ids::Table;
use crate::snowflake::{Answer, Rows, Statement, Usage};

/// A question whose answer may have to wait: what Snowflake cannot be asked now is unknown, not wrong.
pub(crate) async fn query(
    run: &Run<'_>,
    account: &Account,
    statement: Statement,
) -> Result<Answer<Rows>, Error> {
    // What Snowflake's query history shows beside our statements.
    let statement = Statement { query_tag: Some(run.id().to_string()), ..statement };
    match account.connection.run(&statement, run.stop).await {
        Ok(rows) => Ok(Answer::Given(rows)),
        Err(error) if error.is_transient() => Ok(Answer::Unknown(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// The same about a landing table: a column that it lacks is named.
pub(crate) async fn query_table(
    run: &Run<'_>,
    account: &Account,
    table: Table,
    statement: Statement,
) -> Result<Answer<Rows>, Error> {
    let place = account.names.table(table);
    query(run, account, statement).await.map_err(|error| match error {
        Error::Snowflake(error) => Error::of_table(*error, &place, table),
        other => other,
    })
}

/// A statement with one bound text.
pub(crate) fn bound(sql: String, value: String) -> Statement {
    Statement { bindings: vec![value], ..Statement::new(sql) }
}

/// What calls cost, as an event.
pub(crate) const fn usage(usage: Usage) -> What {
    let Usage { request_count, retry_count, statement_count, poll_count, token_count, waited } =
        usage;
    What::SnowflakeUsage {
        request_count,
        retry_count,
        statement_count,
        poll_count,
        token_count,
        waited,
    }
}
