//! No answer of a store is read without end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};

/// Ten times the longest list that S3 gives in one answer; what is larger is asked for in pieces of this size.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// Cuts every answer off at [`MAX_ANSWER_BYTES`].
#[derive(Debug)]
pub(super) struct AnswerLimit;

impl Intercept for AnswerLimit {
    fn name(&self) -> &'static str {
        "AnswerLimit"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let inner = std::mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Limited { inner, left_bytes: MAX_ANSWER_BYTES });
        Ok(())
    }
}

struct Limited {
    inner: SdkBody,
    left_bytes: usize,
}

impl Body for Limited {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        let size_bytes = frame.data_ref().map_or(0, Bytes::len);
        Poll::Ready(Some(match self.left_bytes.checked_sub(size_bytes) {
            Some(left_bytes) => {
                self.left_bytes = left_bytes;
                Ok(frame)
            }
            None => Err(format!("the answer is longer than {MAX_ANSWER_BYTES} bytes").into()),
        }))
    }
}
