//! Each call to the store, told to whoever listens to calls.

use std::time::Instant;

use aws_sdk_s3::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::http::calls::{self, Call};
use crate::http::place;

/// Tells of each try.
#[derive(Debug)]
pub(super) struct Told;

/// A request on its way; its answer no longer knows it.
#[derive(Debug)]
struct Sent {
    method: String,
    url: String,
    began: Instant,
}

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Told {
    fn name(&self) -> &'static str {
        "Told"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let (method, url) = (request.method().to_owned(), request.uri().to_owned());
        config.interceptor_state().store_put(Sent { method, url, began: Instant::now() });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(sent) = config.load::<Sent>() else { return Ok(()) };
        let status = context.response().map(|response| response.status().as_u16());
        calls::tell(|| Call {
            method: sent.method.clone(),
            url: place(&sent.url),
            status,
            error: status.is_none().then(|| "no answer came".to_owned()),
            duration: sent.began.elapsed(),
        });
        Ok(())
    }
}
