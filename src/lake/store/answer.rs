//! What S3 said, sorted by what the reader does next.
//!
//! In: an error of the SDK. Out: a [`Refusal`] with the few words of it that are safe to show.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

use super::Bucket;
use crate::lake::error::{Refusal, chain};

/// The response's status; `None` where there was no response.
pub(super) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether something is under the key already (or is being written there at this moment).
pub(super) fn is_occupied<E>(error: &SdkError<E>) -> bool {
    // 304 is what some servers say instead of 412.
    matches!(status(error), Some(304 | 409 | 412))
}

/// Whether the upload of parts is no longer known.
pub(super) fn is_gone<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    code(error) == "NoSuchUpload"
}

/// Whether the bytes that arrived are not those that were sent.
pub(super) fn is_damaged<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(code(error), "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch")
}

/// Whether the store is one that cannot write on condition.
pub(super) fn knows_no_conditions<E>(error: &SdkError<E>) -> bool {
    status(error) == Some(501)
}

/// A refusal for an answer that makes no sense.
pub(super) fn unintelligible(message: &str) -> Refusal {
    Refusal::Other {
        code: "unintelligible".to_owned(),
        status: 200,
        message: message.to_owned(),
        request_id: String::new(),
    }
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> &str {
    match error {
        SdkError::ServiceError(context) => context.err().code().unwrap_or_default(),
        _ => "",
    }
}

/// What an answer says is wrong.
struct Said {
    code: String,
    message: String,
}

impl Bucket {
    /// Sorts an error of a call that needs `action` on `key`.
    pub(super) fn refusal<E>(&self, action: &'static str, key: &str, error: SdkError<E>) -> Refusal
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        if let SdkError::ServiceError(context) = &error {
            let message = shortened(context.err().message().unwrap_or("it gave no reason"), 300);
            let code = shortened(context.err().code().unwrap_or_default(), 60);
            return self.of_answer(action, key, Said { code, message }, context.raw());
        }
        // The SDK has no type for how far a call came; its words do say it.
        let (endpoint, reason) = (self.endpoint.clone(), chain(&error));
        let source = error.into_source().unwrap_or_else(|error| chain(&error).into());
        if reason.contains("credentials") {
            Refusal::NoCredentials { reason }
        } else if ["(Connect)", "connect timeout", "dns error"].iter().any(|w| reason.contains(w)) {
            Refusal::Unreachable { endpoint, source }
        } else {
            Refusal::Broken { endpoint, source }
        }
    }

    fn of_answer(
        &self,
        action: &'static str,
        key: &str,
        said: Said,
        response: &HttpResponse,
    ) -> Refusal {
        let Said { code, message } = said;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).map(|it| shortened(it, 100));
        match (code.as_str(), status) {
            ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired", _) => {
                Refusal::ExpiredCredentials
            }
            ("InvalidAccessKeyId" | "InvalidToken", _) => Refusal::UnknownAccessKey,
            ("SignatureDoesNotMatch", _) => Refusal::WrongSecretKey,
            ("RequestTimeTooSkewed", _) => Refusal::ClockSkew {
                server_time: header("date").unwrap_or_else(|| "another time".to_owned()),
            },
            ("PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed", _)
            | (_, 301 | 307) => {
                let right = header("x-amz-bucket-region").or_else(|| expected_region(&message));
                let unknown = "that `aws s3api get-bucket-location` names";
                Refusal::WrongRegion {
                    configured: self.region.clone(),
                    right: right.map_or(unknown.to_owned(), |region| format!("`{region}`")),
                }
            }
            ("NoSuchBucket", _) => Refusal::NoBucket { endpoint: self.endpoint.clone() },
            ("BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch", _) => {
                Refusal::Damaged { code }
            }
            ("AccessDenied" | "AllAccessDisabled" | "AccountProblem", _) | ("", 401 | 403) => {
                Refusal::Denied { action, resource: self.resource(key), message }
            }
            (_, 429 | 500 | 502 | 503 | 504) | ("SlowDown" | "RequestTimeout", _) => {
                let code = if code.is_empty() { "no code".to_owned() } else { code };
                Refusal::Busy { code, status }
            }
            _ => {
                let request_id = shortened(response.request_id().unwrap_or("none"), 100);
                Refusal::Other { code, status, message, request_id }
            }
        }
    }
}

/// A stranger's words, as far as a person reads them.
fn shortened(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `…the region 'us-east-1' is wrong; expecting 'eu-central-1'`
fn expected_region(message: &str) -> Option<String> {
    let rest = message.split("expecting '").nth(1)?;
    rest.split('\'').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_between_two_letters() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äöü…");
    }

    #[test]
    fn the_right_region_is_read_from_the_message() {
        let message = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'";
        assert_eq!(expected_region(message).as_deref(), Some("eu-central-1"));
        assert_eq!(expected_region("no"), None);
    }
}
