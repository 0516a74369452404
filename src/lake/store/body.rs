//! A request's body: bytes in memory, handed out in small pieces.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The HTTP client copies each piece once; of a part in one piece it would keep a second and a third copy.
const PIECE_SIZE_BYTES: usize = 128 << 10;

/// The bytes of one object or part; every try sends them from the start.
#[derive(Debug, Clone)]
pub(super) struct Payload(Bytes);

impl Payload {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.0.len() as u64
    }

    pub(super) fn stream(&self) -> ByteStream {
        let bytes = self.0.clone();
        ByteStream::new(SdkBody::retryable(move || SdkBody::from_body_1_x(Pieces(bytes.clone()))))
    }
}

struct Pieces(Bytes);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.0.len().min(PIECE_SIZE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.0.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}
