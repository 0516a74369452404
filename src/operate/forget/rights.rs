//! Whether everything may be deleted that is to go: asked before anything is, and without changing anything.

use std::collections::BTreeSet;

use super::error::{Error, MissingRight};
use super::places::Places;
use crate::config::Account;
use crate::ids::Table;
use crate::lake::{self, Bucket, Refusal};
use crate::snowflake::api::FailureKind;

/// The rights that are missing, in the bucket and on the landing tables of `tables`.
pub(super) async fn missing(
    places: &Places<'_>,
    tables: &BTreeSet<Table>,
) -> Result<Vec<MissingRight>, Error> {
    let mut missing = Vec::new();
    if let Some(bucket) = places.bucket() {
        let prefix = places.job.config.prefix();
        missing.extend(missing_in(bucket, &prefix).await?);
    }
    for (bucket, prefix) in places.elsewhere.buckets() {
        for right in missing_in(bucket, prefix).await? {
            if !missing.contains(&right) {
                missing.push(right);
            }
        }
    }
    if let Some(account) = &places.account {
        for table in tables {
            if let Some(right) = may_delete(places, account, *table).await? {
                missing.push(right);
            }
        }
    }
    Ok(missing)
}

/// Those on what begins with `prefix`.
async fn missing_in(bucket: &Bucket, prefix: &str) -> Result<Vec<MissingRight>, Error> {
    let mut missing = Vec::new();
    for asked in [
        bucket.may_list_versions(prefix).await,
        bucket.may_delete(prefix).await,
        bucket.may_delete_versions(prefix).await,
    ] {
        missing.extend(denied(asked)?);
    }
    Ok(missing)
}

fn denied(asked: Result<(), lake::Error>) -> Result<Option<MissingRight>, Error> {
    let error = match asked {
        Ok(()) => return Ok(None),
        Err(error) => error,
    };
    if let lake::Error::Store { source, .. } = &error
        && let Refusal::Denied { action, resource, .. } = &**source
    {
        // Listing is a right on the bucket, and not on what is in it.
        let resource = match *action {
            "s3:ListBucketVersions" => {
                let name = resource.split_once('/').map_or(resource.as_str(), |(name, _)| name);
                name.to_owned()
            }
            _ => match resource.rsplit_once("raw/") {
                Some((before, _)) => format!("{before}*"),
                None => resource.clone(),
            },
        };
        return Ok(Some(MissingRight {
            right: (*action).to_owned(),
            grant: format!("allow `{action}` on `{resource}`"),
            is_in_snowflake: false,
        }));
    }
    Err(error.into())
}

async fn may_delete(
    places: &Places<'_>,
    account: &Account,
    table: Table,
) -> Result<Option<MissingRight>, Error> {
    match places.ask(account, account.names.may_delete(table), Vec::new()).await {
        Ok(_) => Ok(None),
        Err(error) if is_denied(&error) => {
            let (name, role) = (account.names.table(table), &account.names.role);
            Ok(Some(MissingRight {
                right: format!("DELETE on {name}"),
                grant: format!("grant delete on table {name} to role {role}"),
                is_in_snowflake: true,
            }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Snowflake does not tell a table that is not there from one that the role may do nothing with.
fn is_denied(error: &crate::snowflake::Error) -> bool {
    let kind = error.statement().map(crate::snowflake::api::StatementFailure::kind);
    matches!(kind, Some(FailureKind::Missing | FailureKind::Denied))
}
