//! A run as a trace: `run` ▸ a stage ▸ each call, sent by OTLP over HTTP where OpenTelemetry's own variables ask for it.
//!
//! In: events, and the calls of every client. Out: spans, in batches from a thread of their own. Exporting never delays or fails a
//! run: the queue is bounded, what does not fit is dropped, the end waits [`FLUSH`] and no longer, and a collector that does not
//! answer is one warning. No span carries a query, a header, a statement or a value.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, Key, KeyValue, Value};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use reqwest::Url;
use tokio::runtime::Handle;

use crate::blocking::blocking;
use crate::config::Traces;
use crate::event::{Counts, Ending, Event, Stage, What};
use crate::http::calls::{self, Call};
use crate::http::{client, describe};

/// How long the end of a run waits for its last spans.
const FLUSH: Duration = Duration::from_secs(3);

/// The trace of the run under way, or of the last one: what each line of the log is marked with.
static CURRENT: RwLock<Option<String>> = RwLock::new(None);

/// Its id, as hexadecimal digits.
pub(crate) fn current() -> Option<String> {
    CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A sink that sends the run which begins now; `None` where nothing can be sent, which is a warning.
pub(super) fn traces(
    settings: &Traces,
    runtime: Handle,
    clock: fn() -> DateTime<Utc>,
) -> Option<impl Fn(&Event) + Send + Sync + use<>> {
    let Some(trace) = Trace::begin(settings, runtime, clock) else {
        // Its words could repeat an address with a password in it.
        tracing::warn!("no traces are sent: the variables `OTEL_EXPORTER_OTLP_*` name no address");
        return None;
    };
    let trace = Arc::new(trace);
    let listener = Arc::clone(&trace);
    calls::listen(move |call| listener.call(call));
    Some(move |event: &Event| trace.hear(event))
}

/// One run on its way to the collector.
struct Trace {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    clock: fn() -> DateTime<Utc>,
    root: Context,
    stage: Mutex<Option<Context>>,
    trouble: Trouble,
}

/// What the collector last said, or that it said nothing.
type Trouble = Arc<Mutex<Option<String>>>;

impl Trace {
    fn begin(settings: &Traces, runtime: Handle, clock: fn() -> DateTime<Utc>) -> Option<Self> {
        let trouble = Trouble::default();
        let carrier = Carrier {
            client: client(settings.timeout).ok()?,
            runtime,
            trouble: Arc::clone(&trouble),
        };
        let exporter =
            SpanExporter::builder().with_http().with_http_client(carrier).build().ok()?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource(settings.service_name.as_deref()))
            .with_batch_exporter(exporter)
            .build();
        let tracer = provider.tracer("snowtrack");
        let builder = tracer.span_builder("run").with_start_time(SystemTime::from(clock()));
        let root = Context::new().with_span(builder.start_with_context(&tracer, &Context::new()));
        let id = root.span().span_context().trace_id().to_string();
        *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Some(id);
        Some(Self { provider, tracer, clock, root, stage: Mutex::default(), trouble })
    }

    fn hear(&self, event: &Event) {
        match &event.what {
            What::RunStarted { .. } => {
                let run = event.run.as_ref().map(|run| run.to_string()).unwrap_or_default();
                self.root.span().set_attribute(KeyValue::new("snowtrack.run_id", run));
            }
            What::StageStarted { stage } => self.enter(*stage, event.at),
            What::StageEnded { ending, counts, .. } => self.leave(*ending, *counts, event.at),
            What::RunEnded { status, ending, .. } => {
                let status = KeyValue::new("snowtrack.status", status.name());
                self.root.span().set_attribute(status);
                self.end(*ending, event.at);
            }
            What::RunNotBegun { ending, .. } => self.end(*ending, event.at),
            _ => {}
        }
    }

    fn enter(&self, stage: Stage, at: DateTime<Utc>) {
        let builder = self.tracer.span_builder(stage.name()).with_start_time(SystemTime::from(at));
        let span = builder.start_with_context(&self.tracer, &self.root);
        *self.stage() = Some(self.root.with_span(span));
    }

    fn leave(&self, ending: Ending, counts: Counts, at: DateTime<Utc>) {
        let Some(stage) = self.stage().take() else { return };
        let counts = [
            ("snowtrack.row_count", counts.row_count),
            ("snowtrack.file_count", counts.file_count),
            ("snowtrack.call_count", counts.call_count),
            ("snowtrack.check_count", counts.check_count),
            ("snowtrack.size_bytes", counts.size_bytes),
        ];
        for (name, count) in counts {
            if let Some(count) = count {
                stage.span().set_attribute(KeyValue::new(name, number(count)));
            }
        }
        close(&stage, ending, at);
    }

    /// One call, which ended just now.
    fn call(&self, call: &Call) {
        let parent = self.stage().clone().unwrap_or_else(|| self.root.clone());
        let ended = SystemTime::from((self.clock)());
        let began = ended.checked_sub(call.duration).unwrap_or(ended);
        let builder = self
            .tracer
            .span_builder(Cow::Owned(call.method.clone()))
            .with_kind(SpanKind::Client)
            .with_start_time(began)
            .with_attributes(attributes(call));
        let span = Context::new().with_span(builder.start_with_context(&self.tracer, &parent));
        let is_failed = call.error.is_some() || call.status.is_some_and(|status| 400 <= status);
        if is_failed {
            span.span().set_status(Status::error(call.error.clone().unwrap_or_default()));
        }
        span.span().end_with_timestamp(ended);
    }

    /// The run is over: the rest is sent, as far as there is time for it.
    fn end(&self, ending: Ending, at: DateTime<Utc>) {
        calls::listen_no_more();
        self.leave(ending, Counts::default(), at);
        close(&self.root, ending, at);
        let sent = blocking(|| self.provider.shutdown_with_timeout(FLUSH));
        let said = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
        let why =
            said.or_else(|| sent.err().map(|_| format!("no answer within {} s", FLUSH.as_secs())));
        if let Some(why) = why {
            tracing::warn!("the collector did not take all of the traces: {why}");
        }
    }

    fn stage(&self) -> std::sync::MutexGuard<'_, Option<Context>> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a span; what a person must look at is an error.
fn close(span: &Context, ending: Ending, at: DateTime<Utc>) {
    if ending != Ending::Done {
        let words = format!("{ending:?}").to_ascii_lowercase();
        span.span().set_attribute(KeyValue::new("error.type", words.clone()));
        span.span().set_status(Status::error(words));
    }
    span.span().end_with_timestamp(SystemTime::from(at));
}

/// By the semantic conventions of HTTP clients.
///
/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>
fn attributes(call: &Call) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("http.request.method", call.method.clone()),
        KeyValue::new("url.full", call.url.clone()),
    ];
    if let Ok(url) = Url::parse(&call.url) {
        attributes.extend(url.host_str().map(|it| KeyValue::new("server.address", it.to_owned())));
        let port = url.port_or_known_default();
        attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
    }
    if let Some(status) = call.status {
        attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
        if 400 <= status {
            attributes.push(KeyValue::new("error.type", status.to_string()));
        }
    } else {
        attributes.push(KeyValue::new("error.type", "no_answer"));
    }
    attributes
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Who we are: as somebody says, else `snowtrack`.
fn resource(name: Option<&str>) -> Resource {
    let said = Resource::builder().build();
    let is_named = said
        .get(&Key::new("service.name"))
        .is_some_and(|name: Value| !name.as_str().starts_with("unknown_service"));
    let builder = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    match name {
        Some(name) => builder.with_service_name(name.to_owned()).build(),
        None if is_named => builder.build(),
        None => builder.with_service_name("snowtrack").build(),
    }
}

/// Carries the exporter's requests with the client that all others here use.
#[derive(Debug, Clone)]
struct Carrier {
    client: reqwest::Client,
    /// The exporter works in a thread of its own, where there is no runtime.
    runtime: Handle,
    trouble: Trouble,
}

#[async_trait::async_trait]
impl HttpClient for Carrier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let answer = self.runtime.spawn(async move {
            let (parts, body) = request.into_parts();
            let request = client.request(parts.method, parts.uri.to_string());
            let answer =
                request.headers(parts.headers).body(body).send().await.map_err(describe)?;
            let status = answer.status();
            let mut response = Response::builder().status(status);
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            let body = crate::http::body(answer).await.map_err(|error| error.to_string())?;
            let response = response.body(Bytes::from(body)).map_err(|error| error.to_string())?;
            Ok::<_, String>(response)
        });
        let answer = answer.await.unwrap_or_else(|_| Err("the run ended before it".to_owned()));
        let why = match &answer {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("status {}", response.status().as_u16())),
            Err(why) => Some(why.clone()),
        };
        if let Some(why) = why {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        }
        answer.map_err(HttpError::from)
    }
}
