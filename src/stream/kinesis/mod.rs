//! Kinesis, through AWS's SDK. This folder alone knows it. One stream holds the events of all tables, each in an envelope that says whose
//! it is.

mod envelope;
mod read;
mod send;

use std::time::{Duration, Instant};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::types::StreamStatus;

use super::Examined;
use super::error::Error;
use super::settings::StreamSettings;
use crate::causes::chain;
use crate::http::shortened;
use crate::lake::{aws_config, custom_endpoint};
use crate::retry::pause;
use crate::stop::Stop;

/// A stream that answered.
pub(crate) struct Kinesis {
    client: Client,
    address: String,
    name: String,
    region: String,
    arn: String,
    retention_hours: i32,
    shard_count: i32,
    /// What a record may have, its key included.
    record_limit: usize,
    timeout: Duration,
}

/// The limit of a record where the stream says none.
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
const RECORD_LIMIT: usize = 1 << 20;

/// What a failed call means.
enum Failure {
    /// It may pass by itself.
    Passing(String),
    /// Too much at once.
    Throttled,
    /// It does not.
    Final(Error),
}

impl Kinesis {
    /// Learns which stream it is, and waits until it takes records.
    pub(super) async fn open(
        settings: &StreamSettings,
        name: &str,
        stop: &Stop,
    ) -> Result<Self, Error> {
        let shared = aws_config(&settings.aws).await;
        let region = shared.region().map_or_else(|| "no region".to_owned(), ToString::to_string);
        let mut sdk = aws_sdk_kinesis::config::Builder::from(&shared);
        // An empty variable is how compose files say "not set".
        sdk.set_endpoint_url(custom_endpoint(&shared, "Kinesis"));
        let mut kinesis = Self {
            client: Client::from_conf(sdk.build()),
            address: settings.address.to_string(),
            name: name.to_owned(),
            region,
            arn: String::new(),
            retention_hours: 24,
            shard_count: 0,
            record_limit: RECORD_LIMIT,
            timeout: settings.timeout,
        };
        let began = Instant::now();
        loop {
            let asked = kinesis.client.describe_stream_summary().stream_name(name).send();
            let answer = stop.or(asked).await.ok_or(Error::Stopped)?;
            let reason = match answer {
                Ok(answer) => {
                    let summary = answer.stream_description_summary();
                    let summary = summary.filter(|it| {
                        matches!(it.stream_status(), StreamStatus::Active | StreamStatus::Updating)
                    });
                    if let Some(summary) = summary {
                        kinesis.arn = summary.stream_arn().to_owned();
                        kinesis.retention_hours = summary.retention_period_hours();
                        kinesis.shard_count = summary.open_shard_count();
                        let limit = summary.max_record_size_in_kib();
                        let limit = limit.and_then(|kib| usize::try_from(kib).ok());
                        kinesis.record_limit = limit.map_or(RECORD_LIMIT, |kib| kib << 10);
                        return Ok(kinesis);
                    }
                    "the stream is not active yet".to_owned()
                }
                Err(error) => match kinesis.failure(&error) {
                    Failure::Final(error) => return Err(error),
                    Failure::Passing(reason) => reason,
                    Failure::Throttled => "throttled".to_owned(),
                },
            };
            if kinesis.timeout <= began.elapsed() {
                return Err(kinesis.unreachable(reason));
            }
            stop.or(pause(Duration::from_millis(500))).await.ok_or(Error::Stopped)?;
        }
    }

    /// The stream's name in all of AWS.
    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// What it is, as it said when it was opened.
    pub(super) fn examine(&self) -> Examined {
        let Self { shard_count, retention_hours, .. } = self;
        let place =
            format!("{shard_count} open shard(s), records are kept for {retention_hours} hours");
        Examined { place, warnings: Vec::new(), limit_bytes: self.record_limit }
    }

    /// What keeps what was sent, in words.
    pub(super) fn retention(&self) -> String {
        format!(
            "the stream `{}` keeps every record for {} hours after it was sent, whatever came later; what consumers took is theirs",
            self.arn, self.retention_hours
        )
    }

    fn unreachable(&self, reason: String) -> Error {
        let (address, secs) = (self.address.clone(), self.timeout.as_secs());
        Error::Unreachable { address, secs, reason }
    }

    fn failure<E>(&self, error: &SdkError<E>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let reason = shortened(&chain(error));
        let is_login = |code: &str| {
            let codes = ["AccessDenied", "UnrecognizedClient", "InvalidSignature", "ExpiredToken"];
            codes.iter().any(|it| code.starts_with(it))
                || ["MissingAuthenticationToken", "IncompleteSignature", "InvalidClientTokenId"]
                    .iter()
                    .any(|it| code.starts_with(it))
        };
        match error.code() {
            Some("ResourceNotFoundException") => Failure::Final(Error::NoStream {
                name: self.name.clone(),
                region: self.region.clone(),
            }),
            Some(code) if is_login(code) => Failure::Final(self.login(reason)),
            Some(
                "ProvisionedThroughputExceededException"
                | "LimitExceededException"
                | "KMSThrottlingException"
                | "ThrottlingException",
            ) => Failure::Throttled,
            Some("InternalFailure" | "InternalFailureException" | "ServiceUnavailable") => {
                Failure::Passing(reason)
            }
            Some(_) => match error.raw_response().is_some_and(|it| it.status().is_server_error()) {
                true => Failure::Passing(reason),
                false => Failure::Final(Error::Refused { target: self.address.clone(), reason }),
            },
            // Nobody found who we are, or where it is: asked again, the same comes of it.
            None if reason.contains("credential") || reason.contains("region") => {
                Failure::Final(self.login(reason))
            }
            None => Failure::Passing(reason),
        }
    }

    fn login(&self, reason: String) -> Error {
        let what = "AWS's credentials, region and policies";
        Error::Login { address: self.address.clone(), reason, what }
    }
}
