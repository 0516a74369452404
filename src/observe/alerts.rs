//! Calls somebody: a webhook that takes Slack's JSON, an SNS topic, or both.
//!
//! In: an alert, of which a run has one at most. Out: the message, and a receipt where one of them took it; a sink that is down is a
//! warning, and the next run tells it again. The webhook's path is its secret: nothing of it but its host is ever told.

use std::time::Duration;

use chrono::SecondsFormat;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Handle;

use crate::blocking::blocking;
use crate::causes::chain;
use crate::config::Config;
use crate::event::{Alert, AlertKind, Event, Incident, What};
use crate::http;
use crate::ids::RunId;
use crate::lake::{StoreSettings, StoreTiming, aws_config, custom_endpoint};
use crate::retry::{RetryPolicy, pause};
use crate::shell::Flags;

/// The longest that a run waits for one of the two.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of one try.
const TIMEOUT: Duration = Duration::from_secs(4);

/// A sink that passes alerts on.
pub(super) fn alerts(
    config: &Config,
    runtime: Handle,
    flags: Flags,
) -> impl Fn(&Event) + Send + Sync + '_ {
    move |event| {
        if let What::Alert(alert) = &event.what {
            let mut message = Message::new(alert, event.run.as_ref());
            message.text = flags.completed(&message.text).into_owned();
            let is_taken = blocking(|| runtime.block_on(deliver(config, &message)));
            if is_taken {
                alert.receipt.give();
            }
        }
    }
}

/// Whether anybody took it.
async fn deliver(config: &Config, message: &Message) -> bool {
    let webhook = async {
        let url = config.observe.alert_url.as_ref()?;
        Some(in_time(post(url, message)).await.map_err(|why| {
            let host = Url::parse(url.expose_secret()).ok();
            let host = host.as_ref().and_then(Url::host_str).unwrap_or("…").to_owned();
            format!("the webhook at `{host}` did not take the alert: {why}")
        }))
    };
    let topic = async {
        let topic = config.observe.alert_sns_topic.as_ref()?;
        let store = config.store_settings(timing());
        Some(
            in_time(publish(&store, topic, message))
                .await
                .map_err(|why| format!("the topic `{topic}` did not take the alert: {why}")),
        )
    };
    let (webhook, topic) = tokio::join!(webhook, topic);
    let mut is_taken = false;
    for taken in [webhook, topic].into_iter().flatten() {
        match taken {
            Ok(()) => is_taken = true,
            Err(warning) => tracing::warn!("{warning}"),
        }
    }
    is_taken
}

async fn in_time(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let ended = tokio::time::timeout(PATIENCE, work).await;
    ended.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}

/// What is told.
struct Message {
    /// In one short line of ASCII, as SNS wants it.
    subject: String,
    /// In a few lines.
    text: String,
}

impl Message {
    fn new(alert: &Alert, run: Option<&RunId>) -> Self {
        let names: Vec<&str> = alert.incidents.iter().map(|it| it.kind.name()).collect();
        let names = names.join(", ");
        let lines: Vec<String> = alert.incidents.iter().map(of_incident).collect();
        let (subject, last) = match alert.alert {
            AlertKind::Began => (format!("snowtrack: {names}"), "continue with"),
            AlertKind::Over => (format!("snowtrack: {names} is over"), "see"),
        };
        let mut text = format!("{subject}\n{}\n", lines.join("\n"));
        if let Some(reason) = &alert.reason {
            text.push_str(&format!("why: {reason}\n"));
        }
        if let Some(run) = run {
            text.push_str(&format!("run: {run}\n"));
        }
        text.push_str(&format!("{last}: `{}`", alert.command));
        Self { subject, text }
    }
}

/// `mismatch since 2026-01-05T12:00:00Z: a, b`
fn of_incident(incident: &Incident) -> String {
    let since = incident.since.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("{} since {since}: {}", incident.kind.name(), incident.what.join(", "))
}

async fn post(url: &SecretString, message: &Message) -> Result<(), String> {
    let client = http::client(TIMEOUT).map_err(http::describe)?;
    // Slack reads these three as the beginning of markup.
    let text = message.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = serde_json::json!({ "text": text });
    let mut why = String::new();
    for attempt in 0..2 {
        if 0 < attempt {
            pause(Duration::from_millis(500)).await;
        }
        // Not `http::exchange`, which tells of its calls by their paths.
        match client.post(url.expose_secret()).json(&body).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                why = format!("status {}", answer.status().as_u16());
                // What it refuses now it refuses again.
                if !answer.status().is_server_error() {
                    break;
                }
            }
            Err(error) => why = http::describe(error),
        }
    }
    Err(why)
}

async fn publish(store: &StoreSettings, topic: &str, message: &Message) -> Result<(), String> {
    let shared = aws_config(store).await;
    // The topic is where its name says, whatever the bucket's region is.
    let region =
        topic.split(':').nth(3).map(|name| aws_sdk_sns::config::Region::new(name.to_owned()));
    let mut sdk = aws_sdk_sns::config::Builder::from(&shared).region(region);
    // An empty variable is how compose files say "not set".
    sdk.set_endpoint_url(custom_endpoint(&shared, "SNS"));
    let client = aws_sdk_sns::Client::from_conf(sdk.build());
    let request =
        client.publish().topic_arn(topic).subject(&message.subject).message(&message.text);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(http::shortened(&chain(&error))),
    }
}

const fn timing() -> StoreTiming {
    let retry = RetryPolicy {
        max_retries: 1,
        first_delay: Duration::from_millis(500),
        max_delay: Duration::from_secs(1),
    };
    StoreTiming { retry, connect: TIMEOUT, answer: TIMEOUT }
}
