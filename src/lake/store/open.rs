//! Opens a bucket: credentials, region and endpoint from AWS's own chain, unless the settings name them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::config::{
    Credentials, ProvideCredentials, SharedCredentialsProvider, SharedHttpClient,
};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_types::service_config::ServiceConfigKey;
use secrecy::{ExposeSecret, SecretString};

use super::limit::AnswerLimit;
use super::told::Told as TellsCalls;
use super::{Bucket, Store};
use crate::lake::error::{Error, Refusal, chain};
use crate::retry::RetryPolicy;

/// Where to upload, and who we are there. What is `None` comes from AWS's own chain: variables, profile, role.
#[derive(Debug, Clone, Default)]
pub struct StoreSettings {
    /// The bucket; without one the local lake is all there is.
    pub bucket: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// Keys that win over the chain.
    pub keys: Option<StaticKeys>,
    /// Base URL of a server that is not Amazon's; its buckets are addressed by path.
    pub endpoint: Option<String>,
    /// How patient we are.
    pub timing: StoreTiming,
}

/// Keys of an IAM user.
#[derive(Debug, Clone)]
pub struct StaticKeys {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: SecretString,
}

/// How patient the client is; tests shrink it.
#[derive(Debug, Clone, Copy)]
pub struct StoreTiming {
    /// Repetitions of what may pass: SlowDown, 5xx, resets, timeouts.
    pub retry: RetryPolicy,
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the answer begins, sending included: 8 MiB on a slow line take their time, and lines on which nothing moves are
    /// given up much sooner.
    pub answer: Duration,
}

impl Default for StoreTiming {
    fn default() -> Self {
        let retry = RetryPolicy {
            max_retries: 7,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(20),
        };
        Self { retry, connect: Duration::from_secs(5), answer: Duration::from_secs(300) }
    }
}

impl Store {
    /// Opens the bucket of `settings`. Asks nobody but the sources of credentials.
    ///
    /// # Errors
    /// [`Error::Open`] where credentials or region are missing.
    pub async fn open(settings: &StoreSettings) -> Result<Self, Error> {
        let Some(bucket) = &settings.bucket else { return Ok(Self::Dir) };
        let open = |source| Error::Open { bucket: bucket.clone(), source: Box::new(source) };
        let config = load(settings).await;
        let region = config.region().ok_or_else(|| open(Refusal::NoRegion))?.to_string();
        let reason = match config.credentials_provider() {
            Some(provider) => {
                // What each source of the chain says of itself.
                let not_enabled = "the credential provider was not enabled";
                let words = |error| chain(&error).replace(not_enabled, "not set up");
                provider.provide_credentials().await.err().map(words)
            }
            None => Some("there is no source for any".to_owned()),
        };
        if let Some(reason) = reason {
            return Err(open(Refusal::NoCredentials { reason }));
        }
        let endpoint = custom_endpoint(&config, "S3");
        if let Some(url) = &endpoint
            && !is_address(url)
        {
            return Err(open(Refusal::BadEndpoint { url: url.clone() }));
        }
        // A partition of our own: the default is shared by the process, and its quota ends retries early when all transfers meet
        // the same trouble.
        let partition = RetryPartition::custom("lake").token_bucket(TokenBucket::new(10_000));
        let mut sdk = aws_sdk_s3::config::Builder::from(&config)
            .retry_partition(partition.build())
            .force_path_style(endpoint.is_some())
            .interceptor(AnswerLimit)
            .interceptor(TellsCalls);
        // An empty variable is how compose files say "not set", and the SDK glues the bucket to a path without a slash at its end.
        sdk.set_endpoint_url(
            endpoint.as_ref().map(|url| format!("{}/", url.trim_end_matches('/'))),
        );
        let sdk = sdk.build();
        Ok(Self::S3(Bucket {
            client: Client::from_conf(sdk),
            name: bucket.clone(),
            region,
            endpoint: endpoint.map_or("Amazon S3".to_owned(), |url| format!("`{url}`")),
            pause: settings.timing.retry.first_delay,
            overwrites: false,
        }))
    }
}

/// What every AWS client of ours works with; no bucket is needed for it.
pub(crate) async fn load(settings: &StoreSettings) -> SdkConfig {
    let StoreTiming { retry, connect, answer } = settings.timing;
    // Not the adaptive mode: one early SlowDown makes it hold back everything for up to 20 s, because its measured rate is still
    // zero. How much is under way is bounded by the upload itself.
    let retries = RetryConfig::standard()
        .with_max_attempts(retry.max_retries + 1)
        .with_initial_backoff(retry.first_delay)
        .with_max_backoff(retry.max_delay);
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client())
        .retry_config(retries)
        .timeout_config(
            TimeoutConfig::builder().connect_timeout(connect).read_timeout(answer).build(),
        );
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(keys) = &settings.keys {
        let secret = keys.secret_access_key.expose_secret();
        let keys = Credentials::new(&keys.access_key_id, secret, None, None, "settings");
        loader = loader.credentials_provider(SharedCredentialsProvider::new(keys));
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// TLS by rustls on ring, certificates and proxies of the machine, as for every other client here.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build()
    })
}

/// The endpoint of a service that is not Amazon's, in the SDK's own order: settings, `AWS_ENDPOINT_URL_<SERVICE>` or the profile's,
/// `AWS_ENDPOINT_URL`.
pub(crate) fn custom_endpoint(config: &SdkConfig, service: &'static str) -> Option<String> {
    let general = || config.endpoint_url().filter(|url| !url.is_empty()).map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return general();
    }
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let own = config.service_config().and_then(|service| service.load_config(key));
    own.filter(|url| !url.is_empty()).or_else(general)
}

/// Whether this can be a server's base address.
pub(crate) fn is_address(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
    })
}
