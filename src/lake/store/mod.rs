//! Where files go: the local lake as it is, or an S3 bucket beside it.
//!
//! In: a bucket's name and AWS's own configuration. Out: a [`Store`], with one method for each call that an upload makes. This
//! folder alone knows the AWS SDK. It never overwrites or deletes an object unless it is told to (`conditional`, `versions`, and a
//! bucket that is [`Bucket::overwriting`]), and no error of it carries a key or a token.

mod answer;
mod body;
mod conditional;
mod limit;
mod listing;
mod open;
mod probe;
mod told;
mod versions;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

pub use self::conditional::{Condition, Object, Put, Told};
pub use self::open::{StaticKeys, StoreSettings, StoreTiming};
pub(crate) use self::open::{custom_endpoint, is_address, load as aws_config};
pub use self::versions::ObjectVersion;
use super::error::{Error, Refusal};
use body::Payload;

/// Where files go.
#[derive(Debug, Clone)]
pub enum Store {
    /// An S3 bucket.
    S3(Bucket),
    /// The local lake: every file is there already.
    Dir,
}

/// An S3 bucket and who we are to it.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    name: String,
    region: String,
    /// For people: the custom endpoint, or `Amazon S3`.
    endpoint: String,
    /// Before a write is tried again that was refused for nothing that can be seen.
    pause: Duration,
    /// Whether a write replaces what is under its key.
    overwrites: bool,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// The digest of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sha256Sum([u8; 32]);

impl Sha256Sum {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub(super) fn finish(hash: Sha256) -> Self {
        Self(hash.finalize().into())
    }

    /// As the manifest writes it.
    pub(super) fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// As S3 writes it.
    fn base64(&self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// What S3 computes for an object of parts.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>
    pub(super) fn of_parts(parts: &[Self]) -> String {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.0);
        }
        format!("{}-{}", Self::finish(hash).base64(), parts.len())
    }
}

/// What is under a key.
#[derive(Debug)]
pub(super) enum ObjectAt {
    There(Remote),
    Absent,
    /// S3 says so little to this question that the next call must find out: it answers 403 also for an absent key to who may
    /// not list, and without a body that would say why.
    Unknown,
}

/// An object as the store describes it.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) size_bytes: u64,
    /// As S3 writes it; of parts where it ends with `-` and their number.
    pub(super) checksum: Option<String>,
    /// What the uploader said, hexadecimal.
    pub(super) claimed_sha256: Option<String>,
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// And the store says so with our own checksum.
    Done,
    /// The store says that it was, and nothing of what it holds.
    Unproven,
    /// Something is under the key: another's, or ours when the answer to an earlier try was lost.
    Exists,
}

/// An object of parts that was begun.
#[derive(Debug, Clone)]
pub(super) struct InParts {
    /// The object's key.
    pub(super) key: String,
    /// What S3 calls the upload.
    pub(super) upload_id: String,
}

/// A part that arrived.
#[derive(Debug)]
pub(super) struct SentPart {
    pub(super) number: i32,
    pub(super) sha256: Sha256Sum,
    pub(super) size_bytes: u64,
    e_tag: Option<String>,
}

/// How often bytes that arrived damaged are sent again.
const DAMAGE_RETRIES: u32 = 2;

/// Our own word about an object, for stores that keep no checksums.
const CLAIM: &str = "sha256";

impl Bucket {
    /// The same bucket, for what is replaced each time.
    pub fn overwriting(self) -> Self {
        Self { overwrites: true, ..self }
    }

    /// `s3://bucket/key`, for people.
    pub(super) fn object(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// What is under `key`.
    pub(super) async fn look(&self, key: &str) -> Result<ObjectAt, Error> {
        let request = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(key)
            .checksum_mode(ChecksumMode::Enabled);
        match request.send().await {
            Ok(head) => Ok(ObjectAt::There(Remote {
                size_bytes: head
                    .content_length()
                    .and_then(|size| size.try_into().ok())
                    .unwrap_or(0),
                checksum: head.checksum_sha256,
                claimed_sha256: head.metadata.and_then(|mut claims| claims.remove(CLAIM)),
            })),
            Err(error) => match answer::status(&error) {
                Some(404) => Ok(ObjectAt::Absent),
                Some(status) if (300..500).contains(&status) && status != 429 => {
                    Ok(ObjectAt::Unknown)
                }
                _ => Err(self.failed("look for", key, "s3:GetObject", error)),
            },
        }
    }

    /// Writes a small object in one call, if nothing is under its key.
    pub(super) async fn put(
        &self,
        key: &str,
        body: Vec<u8>,
        sha256: Sha256Sum,
    ) -> Result<Written, Error> {
        let body = Payload::new(body);
        let mut damage_count = 0;
        let mut condition = (!self.overwrites).then_some("*");
        loop {
            let request = self
                .client
                .put_object()
                .bucket(&self.name)
                .key(key)
                .content_type(content_type(key))
                .metadata(CLAIM, sha256.hex())
                .checksum_sha256(sha256.base64())
                .set_if_none_match(condition.map(str::to_owned))
                .body(body.stream())
                .customize()
                // The signature covers the checksum, and the checksum the payload.
                .disable_payload_signing();
            match request.send().await {
                Ok(put) => return self.check(key, put.checksum_sha256, &sha256.base64()),
                Err(error) if answer::is_occupied(&error) => return Ok(Written::Exists),
                Err(error) if answer::is_damaged(&error) && damage_count < DAMAGE_RETRIES => {
                    damage_count += 1;
                }
                Err(error) if condition.is_some() && answer::knows_no_conditions(&error) => {
                    self.require_absent(key).await?;
                    condition = None;
                }
                Err(error) => return Err(self.failed("upload", key, "s3:PutObject", error)),
            }
        }
    }

    /// Begins an object of parts.
    pub(super) async fn begin(&self, key: &str, claimed_sha256: &str) -> Result<InParts, Error> {
        let begun = self
            .client
            .create_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type(key))
            .metadata(CLAIM, claimed_sha256)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .send()
            .await
            .map_err(|error| self.failed("upload", key, "s3:PutObject", error))?;
        let upload_id = begun.upload_id.ok_or_else(|| {
            self.refused("upload", key, answer::unintelligible("the upload has no id"))
        })?;
        Ok(InParts { key: key.to_owned(), upload_id })
    }

    /// Sends one part.
    pub(super) async fn send_part(
        &self,
        upload: &InParts,
        number: i32,
        body: Vec<u8>,
        sha256: Sha256Sum,
    ) -> Result<SentPart, Error> {
        let InParts { key, upload_id } = upload;
        let body = Payload::new(body);
        let mut damage_count = 0;
        loop {
            let request = self
                .client
                .upload_part()
                .bucket(&self.name)
                .key(key)
                .upload_id(upload_id)
                .part_number(number)
                .checksum_sha256(sha256.base64())
                .body(body.stream())
                .customize()
                // The signature covers the checksum, and the checksum the payload.
                .disable_payload_signing();
            match request.send().await {
                Ok(part) => {
                    self.check(key, part.checksum_sha256, &sha256.base64())?;
                    let size_bytes = body.size_bytes();
                    return Ok(SentPart { number, sha256, size_bytes, e_tag: part.e_tag });
                }
                Err(error) if answer::is_damaged(&error) && damage_count < DAMAGE_RETRIES => {
                    damage_count += 1;
                }
                Err(error) => return Err(self.failed("upload", key, "s3:PutObject", error)),
            }
        }
    }

    /// Makes the parts an object, if nothing is under its key.
    pub(super) async fn complete(
        &self,
        upload: &InParts,
        parts: &[SentPart],
    ) -> Result<Written, Error> {
        let InParts { key, upload_id } = upload;
        let sums: Vec<Sha256Sum> = parts.iter().map(|part| part.sha256).collect();
        let completed = |part: &SentPart| {
            CompletedPart::builder()
                .part_number(part.number)
                .set_e_tag(part.e_tag.clone())
                .checksum_sha256(part.sha256.base64())
                .build()
        };
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts.iter().map(completed).collect()))
            .build();
        let mut condition = (!self.overwrites).then_some("*");
        loop {
            let request = self
                .client
                .complete_multipart_upload()
                .bucket(&self.name)
                .key(key)
                .upload_id(upload_id)
                .multipart_upload(parts.clone())
                .set_if_none_match(condition.map(str::to_owned));
            match request.send().await {
                Ok(done) => {
                    let wanted = Sha256Sum::of_parts(&sums);
                    // Some servers leave the number of parts out.
                    let is_bare = |found: &String| {
                        wanted.strip_suffix(&format!("-{}", sums.len())) == Some(found)
                    };
                    let found = done
                        .checksum_sha256
                        .map(|it| if is_bare(&it) { wanted.clone() } else { it });
                    return self.check(key, found, &wanted);
                }
                // An upload that is gone was completed by a try whose answer was lost, or aborted by somebody else.
                Err(error) if answer::is_occupied(&error) || answer::is_gone(&error) => {
                    return Ok(Written::Exists);
                }
                Err(error) if condition.is_some() && answer::knows_no_conditions(&error) => {
                    self.require_absent(key).await?;
                    condition = None;
                }
                Err(error) => return Err(self.failed("complete", key, "s3:PutObject", error)),
            }
        }
    }

    /// Forgets an unfinished upload and its parts. One try: the next run looks for leftovers.
    pub(super) async fn abort(&self, upload: &InParts) -> Result<(), Error> {
        let InParts { key, upload_id } = upload;
        let once = aws_sdk_s3::config::Config::builder()
            .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled());
        let request =
            self.client.abort_multipart_upload().bucket(&self.name).key(key).upload_id(upload_id);
        match request.customize().config_override(once).send().await {
            Ok(_) => Ok(()),
            Err(error) if answer::is_gone(&error) => Ok(()),
            Err(error) => Err(self.failed("abort", key, "s3:AbortMultipartUpload", error)),
        }
    }

    /// For stores that cannot write on condition: the look is all that keeps an object from being overwritten.
    async fn require_absent(&self, key: &str) -> Result<(), Error> {
        match self.look(key).await? {
            ObjectAt::Absent => Ok(()),
            ObjectAt::There(_) | ObjectAt::Unknown => Err(self.unreadable(key)),
        }
    }

    /// Something is under the key, and we may not see what.
    pub(super) fn unreadable(&self, key: &str) -> Error {
        let refusal = Refusal::Denied {
            action: "s3:GetObject",
            resource: self.resource(key),
            message: "the store says that something is there, but not what".to_owned(),
        };
        self.refused("compare", key, refusal)
    }

    /// Each write is refused because of something that is not there.
    pub(super) fn never_writes(&self, key: &str) -> Error {
        self.refused("upload", key, Refusal::RefusesWrites { endpoint: self.endpoint.clone() })
    }

    /// How long to wait before such a write is tried again.
    pub(super) const fn pause(&self) -> Duration {
        self.pause
    }

    fn check(&self, key: &str, found: Option<String>, wanted: &str) -> Result<Written, Error> {
        match found {
            None => Ok(Written::Unproven),
            Some(found) if found == wanted => Ok(Written::Done),
            Some(found) => {
                let wanted = wanted.to_owned();
                Err(self.refused("upload", key, Refusal::WrongChecksum { wanted, found }))
            }
        }
    }

    fn failed<E>(
        &self,
        doing: &'static str,
        key: &str,
        action: &'static str,
        error: SdkError<E>,
    ) -> Error
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        self.refused(doing, key, self.refusal(action, key, error))
    }

    fn refused(&self, doing: &'static str, key: &str, source: Refusal) -> Error {
        Error::Store { doing, object: self.object(key), source: Box::new(source) }
    }

    /// As IAM writes it.
    fn resource(&self, key: &str) -> String {
        format!("arn:aws:s3:::{}/{key}", self.name)
    }
}

/// So that a browser or `aws s3 cp` knows what it has; Snowflake looks at the name alone.
fn content_type(key: &str) -> &'static str {
    match key.rsplit('.').next() {
        Some("parquet") => "application/vnd.apache.parquet",
        Some("gz") => "application/gzip",
        Some("zst") => "application/zstd",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_parts_is_the_one_that_s3_computes() {
        // hashlib: b64(sha256(sha256(b"hello ").digest() + sha256(b"world").digest())) + "-2"
        let parts = [Sha256Sum::of(b"hello "), Sha256Sum::of(b"world")];
        assert_eq!(Sha256Sum::of_parts(&parts), "Zhie15keHg/OBlOZxcoF/BXCgYZaeimRvdZnwUZqkaQ=-2");
    }
}
