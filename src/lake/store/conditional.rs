//! Small objects that are replaced on condition, and large ones that are read back: what `state` keeps in a bucket.
//!
//! In: a key, and what must be true of it. Out: whether it was, and the store's own time, which every machine sees alike. Here alone
//! an object is read, replaced or deleted; nothing of the lake ever is.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use chrono::{DateTime, Utc};

use super::body::Payload;
use super::{Bucket, Sha256Sum, answer, content_type};
use crate::lake::error::{Error, Refusal};
use crate::retry::pause;

/// What must be true of a key for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Nothing is under it.
    Absent,
    /// What has this tag is.
    Is(&'a str),
    /// Nothing in particular.
    Any,
}

/// How such a write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It happened; this is the tag of what is there now.
    Done(String),
    /// The condition is not met. After a lost answer, by our own write perhaps.
    Unmet,
    /// The store knows no such condition.
    Refused,
}

/// An object as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its contents.
    pub bytes: Vec<u8>,
    /// By which a later write says that it means this one.
    pub tag: String,
}

/// An answer, and the store's time when it was given; `None` where the store gives none.
#[derive(Debug)]
pub struct Told<T> {
    /// The answer.
    pub what: T,
    /// When.
    pub at: Option<DateTime<Utc>>,
}

/// How often a write is repeated that met another under the same key.
const CONFLICT_RETRIES: u32 = 8;

/// Bytes of one piece of a large object; what the client's limit for any answer lets through.
const PIECE_BYTES: u64 = 8 << 20;

impl Bucket {
    /// What is under `key`.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend.
    pub async fn read(&self, key: &str) -> Result<Told<Option<Object>>, Error> {
        let dated = Dated::default();
        let request = self.client.get_object().bucket(&self.name).key(key);
        let what = match request.customize().interceptor(dated.clone()).send().await {
            Ok(found) => {
                let tag = found.e_tag.clone().unwrap_or_default();
                let bytes = found.body.collect().await.map_err(|error| self.cut_off(key, error))?;
                Some(Object { bytes: bytes.into_bytes().to_vec(), tag })
            }
            Err(error) if is_absent(&error) => None,
            Err(error) => return Err(self.failed("read", key, "s3:GetObject", error)),
        };
        Ok(Told { what, at: dated.time() })
    }

    /// Writes a small object on a condition. What meets another write under the same key (409) is repeated.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend.
    pub async fn write(
        &self,
        key: &str,
        bytes: &[u8],
        condition: Condition<'_>,
    ) -> Result<Told<Put>, Error> {
        let dated = Dated::default();
        let sha256 = Sha256Sum::of(bytes).base64();
        let body = Payload::new(bytes.to_vec());
        let (absent, is) = match condition {
            Condition::Absent => (Some("*"), None),
            Condition::Is(tag) => (None, Some(tag)),
            Condition::Any => (None, None),
        };
        for attempt in 0.. {
            let request = self
                .client
                .put_object()
                .bucket(&self.name)
                .key(key)
                .content_type(content_type(key))
                .checksum_sha256(&sha256)
                .set_if_none_match(absent.map(str::to_owned))
                .set_if_match(is.map(str::to_owned))
                .body(body.stream())
                .customize()
                .interceptor(dated.clone());
            let what = match request.send().await {
                Ok(done) => Put::Done(done.e_tag.unwrap_or_default()),
                Err(error) => match answer::status(&error) {
                    // 304 is what some servers say instead; 404, where what was meant is gone.
                    Some(304 | 412) => Put::Unmet,
                    Some(404) if is.is_some() && is_absent(&error) => Put::Unmet,
                    Some(409) if attempt < CONFLICT_RETRIES => {
                        pause(self.pause / 4).await;
                        continue;
                    }
                    Some(409) => Put::Unmet,
                    _ if condition != Condition::Any && is_unknown(&error) => Put::Refused,
                    _ => return Err(self.failed("write", key, "s3:PutObject", error)),
                },
            };
            return Ok(Told { what, at: dated.time() });
        }
        Ok(Told { what: Put::Unmet, at: dated.time() })
    }

    /// Deletes what is under `key`, if anything is.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(self.failed("delete", key, "s3:DeleteObject", error)),
        }
    }

    /// Reads a large object piece by piece into `to`; all pieces are of one and the same. Returns its bytes; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Store`], whose source says what to mend; [`Error::File`] where `to` cannot be written.
    pub async fn read_into(
        &self,
        key: &str,
        to: &mut (dyn Write + Send),
    ) -> Result<Option<u64>, Error> {
        let (mut at, mut tag) = (0, None);
        loop {
            let range = format!("bytes={at}-{}", at + PIECE_BYTES - 1);
            let request = self
                .client
                .get_object()
                .bucket(&self.name)
                .key(key)
                .range(range)
                .set_if_match(tag.clone());
            let piece = match request.send().await {
                Ok(piece) => piece,
                Err(error) if at == 0 && is_absent(&error) => return Ok(None),
                Err(error) => return Err(self.failed("read", key, "s3:GetObject", error)),
            };
            let whole = piece.content_range().and_then(|range| range.rsplit('/').next());
            let whole: Option<u64> = whole.and_then(|bytes| bytes.parse().ok());
            tag = tag.or_else(|| piece.e_tag.clone());
            let bytes = piece.body.collect().await.map_err(|error| self.cut_off(key, error))?;
            let bytes = bytes.into_bytes();
            to.write_all(&bytes).map_err(|source| Error::File {
                doing: "keep what was read of",
                path: self.object(key).into(),
                source,
            })?;
            at += bytes.len() as u64;
            // A store that knows no ranges gives all of it at once.
            if whole.is_none_or(|whole| whole <= at) || bytes.is_empty() {
                return Ok(Some(at));
            }
        }
    }

    fn cut_off(&self, key: &str, error: impl Into<BoxError>) -> Error {
        let (endpoint, source) = (self.endpoint.clone(), error.into());
        self.refused("read", key, Refusal::Broken { endpoint, source })
    }
}

fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    // A bucket that is not there is no key that is not there.
    answer::status(error) == Some(404) && error.code() != Some("NoSuchBucket")
}

/// Whether the store has never heard of conditions.
fn is_unknown<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    answer::knows_no_conditions(error)
        || matches!(error.code(), Some("NotImplemented"))
        || answer::status(error) == Some(400) && error.code() == Some("InvalidArgument")
}

/// Remembers the time that an answer says it is.
#[derive(Debug, Clone, Default)]
struct Dated(Arc<Mutex<Option<DateTime<Utc>>>>);

impl Dated {
    fn time(&self) -> Option<DateTime<Utc>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Dated {
    fn name(&self) -> &'static str {
        "Dated"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let time = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time.map(|time| time.to_utc());
        Ok(())
    }
}
