//! The AWS side of the setup, as JSON to paste: Snowflake cannot make it, and we ask for no rights to.
//!
//! In: the lake's bucket and prefix, what `desc integration` and `show pipes` print. Out: two IAM policies, a trust policy, a
//! lifecycle rule, a bucket notification. Pure.
//!
//! <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-auto-s3>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ids::Table;

/// What to set in AWS; what is `None` is not known before Snowflake's side is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AwsSide {
    /// What whoever uploads may do: the keys, profile or role that this program runs with.
    pub uploader_policy: Value,
    /// What the role that Snowflake assumes may do.
    pub iam_policy: Value,
    /// Who may assume it.
    pub trust_policy: Option<Value>,
    /// Forgets parts of uploads that were killed and never taken up again; they cost and nobody sees them.
    pub lifecycle: Value,
    /// Which events of the bucket go to which queue; only where pipes live on them.
    pub notification: Option<Value>,
}

/// Writing below the prefix, comparing what is there, and clearing away unfinished uploads; nothing is deleted or overwritten.
///
/// Both lists are of the whole bucket: S3 has no condition on a prefix for unfinished uploads, and without `ListBucket` it answers
/// 403, not 404, for an object that is not there.
pub(super) fn uploader_policy(bucket: &str, prefix: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"],
            "Resource": format!("arn:aws:s3:::{bucket}/{prefix}*")},
        {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:ListBucketMultipartUploads"],
            "Resource": format!("arn:aws:s3:::{bucket}")}
    ]})
}

/// Ends uploads of parts that are a week old.
pub(super) fn lifecycle(prefix: &str) -> Value {
    json!({"Rules": [
        {"ID": "snowtrack-unfinished-uploads", "Status": "Enabled", "Filter": {"Prefix": prefix},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
    ]})
}

/// Reading below the prefix, and listing it. Where the bucket lies is asked without a prefix, so that a condition on one would never
/// hold.
pub(super) fn iam_policy(bucket: &str, prefix: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": format!("arn:aws:s3:::{bucket}/{prefix}*")},
        {"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": format!("arn:aws:s3:::{bucket}")},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{bucket}"),
            "Condition": {"StringLike": {"s3:prefix": [format!("{prefix}*")]}}}
    ]})
}

/// Snowflake's own user, and only on behalf of this integration.
pub(super) fn trust_policy(iam_user_arn: &str, external_id: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": iam_user_arn},
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}}}
    ]})
}

/// New objects of the folders that pipes read. Pipes on one bucket share a queue as a rule; where they do not, each queue gets the
/// folders of its own tables, because S3 refuses overlapping prefixes.
pub(super) fn notification(prefix: &str, queues: &BTreeMap<Table, String>) -> Value {
    let mut tables_of: BTreeMap<&str, Vec<Table>> = BTreeMap::new();
    for (table, queue) in queues {
        tables_of.entry(queue).or_default().push(*table);
    }
    let is_shared = tables_of.len() == 1;
    let of_queue = |(queue, tables): (&str, Vec<Table>)| -> Vec<Value> {
        let folders = match is_shared {
            true => vec![("raw".to_owned(), format!("{prefix}raw/"))],
            false => tables
                .iter()
                .map(|table| (table.to_string(), format!("{prefix}raw/{table}/")))
                .collect(),
        };
        let configuration = |(name, folder): (String, String)| {
            json!({"Id": format!("snowtrack-{name}"), "QueueArn": queue, "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": folder}]}}})
        };
        folders.into_iter().map(configuration).collect()
    };
    let configurations: Vec<Value> = tables_of.into_iter().flat_map(of_queue).collect();
    json!({"QueueConfigurations": configurations})
}

/// One thing to set in AWS, as a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document<'a> {
    /// What the file is called.
    pub file_name: &'static str,
    /// What it is and what it is put to.
    pub what: &'static str,
    /// What stands in it; `None` where that is not known yet, or not needed.
    pub json: Option<&'a Value>,
    /// Why there is none.
    pub why_not: &'static str,
}

impl AwsSide {
    /// Each document, in the order in which they are set.
    pub(crate) fn documents(&self) -> [Document<'_>; 5] {
        let document = |file_name, what, json| Document { file_name, what, json, why_not: "" };
        [
            document(
                "uploader-policy.json",
                "IAM policy of whoever runs snowtrack (its keys, profile or task role)",
                Some(&self.uploader_policy),
            ),
            document(
                "snowflake-role-policy.json",
                "IAM policy of the role that Snowflake assumes",
                Some(&self.iam_policy),
            ),
            Document {
                why_not: "known once the storage integration exists; run this again then",
                ..document(
                    "snowflake-role-trust-policy.json",
                    "trust policy of that role",
                    self.trust_policy.as_ref(),
                )
            },
            document(
                "bucket-lifecycle.json",
                "lifecycle rule (`aws s3api put-bucket-lifecycle-configuration` replaces all rules: keep the others)",
                Some(&self.lifecycle),
            ),
            Document {
                why_not: "only `SNOWFLAKE_INGEST=auto` needs it, once its pipes exist",
                ..document(
                    "bucket-notification.json",
                    "notification (`aws s3api put-bucket-notification-configuration` replaces all: keep the others)",
                    self.notification.as_ref(),
                )
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_may_read_the_prefix_and_list_it_and_nothing_else() {
        insta::assert_snapshot!(iam_policy("lake", "spotify-data/"), @r#"{"Statement":[{"Action":["s3:GetObject","s3:GetObjectVersion"],"Effect":"Allow","Resource":"arn:aws:s3:::lake/spotify-data/*"},{"Action":"s3:GetBucketLocation","Effect":"Allow","Resource":"arn:aws:s3:::lake"},{"Action":"s3:ListBucket","Condition":{"StringLike":{"s3:prefix":["spotify-data/*"]}},"Effect":"Allow","Resource":"arn:aws:s3:::lake"}],"Version":"2012-10-17"}"#);
    }

    #[test]
    fn only_snowflakes_user_with_this_integrations_id_may_assume_the_role() {
        insta::assert_snapshot!(trust_policy("arn:aws:iam::1:user/x", "ID_1"), @r#"{"Statement":[{"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"ID_1"}},"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:user/x"}}],"Version":"2012-10-17"}"#);
    }

    #[test]
    fn one_queue_gets_one_prefix_and_several_get_folders_that_do_not_overlap() {
        let shared = Table::ALL.map(|table| (table, "arn:q".to_owned())).into();
        let one = notification("p/", &shared);
        assert_eq!(one["QueueConfigurations"].as_array().unwrap().len(), 1);
        let rules = &one["QueueConfigurations"][0]["Filter"]["Key"]["FilterRules"];
        assert_eq!(rules[0]["Value"], "p/raw/");
        let two = [(Table::Songs, "arn:q1".to_owned()), (Table::Genres, "arn:q2".to_owned())];
        let two = notification("p/", &two.into());
        let folders: Vec<_> = two["QueueConfigurations"].as_array().unwrap().iter().collect();
        let prefix = |at: usize| &folders[at]["Filter"]["Key"]["FilterRules"][0]["Value"];
        assert_eq!((prefix(0), prefix(1)), (&json!("p/raw/songs/"), &json!("p/raw/genres/")));
        assert_eq!(folders[0]["Events"], json!(["s3:ObjectCreated:*"]));
    }
}
