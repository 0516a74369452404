//! What things cost, with source and date. Looked up on 2026-11-30; the only place to renew.
//!
//! | what | price | source |
//! |---|---|---|
//! | a warehouse of size X-Small | 1 credit an hour, each size twice the one before, at least 60 s when it wakes | <https://docs.snowflake.com/en/user-guide/warehouses-overview> |
//! | Snowpipe | 0.0037 credits a GB, since 2025-12-08 nothing for a file | <https://docs.snowflake.com/en/user-guide/data-load-snowpipe-billing> |
//! | a credit | 3.00 US dollars (Enterprise on demand, AWS US East; Standard 2.00) | <https://www.snowflake.com/legal-files/CreditConsumptionTable.pdf> |
//! | S3 | 0.005 US dollars for 1,000 writes (Standard, US East) | <https://aws.amazon.com/s3/pricing/> |
//! | Spotify's Web API | nothing | <https://developer.spotify.com/terms> |
//!
//! Sizes of warehouses and how long they stay awake are in `snowflake::Cost`, which reads them from the account.

/// When these prices were looked up.
pub(crate) const AS_OF: &str = "2026-11-30";
/// Snowpipe, for 10^9 bytes as they are in the bucket.
pub(super) const PIPE_CREDITS_PER_GB: f64 = 0.0037;
/// A credit.
pub(super) const DOLLARS_PER_CREDIT: f64 = 3.0;
/// One write to S3.
pub(super) const DOLLARS_PER_PUT: f64 = 0.005 / 1_000.0;
