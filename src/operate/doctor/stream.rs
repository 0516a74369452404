//! The stream: whether it answers and lets us in, whether it is the one that was sent everything so far, where events go there, how large one
//! may be, and what it lacks.

use std::sync::Arc;
use std::time::Duration;

use super::{Area, Finding, Findings, Health, Known};
use crate::config::Config;
use crate::ledger::streams::KnownStream;
use crate::stop::Stop;
use crate::stream::{Examined, Stream, StreamSettings, StreamWarning};

/// A look is not worth more patience.
const PATIENCE: Duration = Duration::from_secs(5);

/// A row with long texts may have so many bytes.
const LONG_ROW_BYTES: usize = 64 << 10;

/// Looks at the stream, where one is configured.
pub(crate) async fn stream(config: &Config, known: &Known, findings: &mut Findings<'_>) {
    let finding = |what, health, detail: String| Finding::new(Area::Stream, what, health, detail);
    let Some(settings) = config.stream_settings() else {
        let detail = "no SNOWTRACK_STREAM is set; row changes are sent nowhere";
        return findings.push(finding("address", Health::Skipped, detail.to_owned()));
    };
    let timeout = settings.timeout.min(PATIENCE);
    let settings = StreamSettings { timeout, ..settings };
    let stop = Arc::new(Stop::default());
    let opened = match settings.address.require_known() {
        Ok(()) => Box::pin(Stream::open(&settings, &stop)).await,
        Err(error) => Err(error),
    };
    let stream = match opened {
        Ok(stream) => stream,
        Err(error) => {
            let ending = error.ending();
            let failed = finding("address", Health::Fail, error.to_string()).ends(ending);
            findings.push(failed);
            return;
        }
    };
    let (address, identity) = (&settings.address, stream.identity());
    findings.push(finding("address", Health::Ok, format!("`{address}` answers and lets us in")));
    let is_read = known.freshness.is_some();
    findings.push(identified(known.stream.as_ref().filter(|_| is_read), &identity));
    let Examined { place, warnings, limit_bytes } = stream.examine().await;
    findings.push(finding("place", Health::Ok, place));
    for StreamWarning { seen, fix } in warnings {
        findings.push(finding("place", Health::Warn, seen).fix(fix));
    }
    let size = format!("an event may have {limit_bytes} bytes");
    findings.push(match limit_bytes < LONG_ROW_BYTES {
        false => finding("event size", Health::Ok, size),
        true => finding("event size", Health::Warn, format!("{size}, and rows with long texts have more"))
            .fix("raise `max.message.bytes` of the topics, or the stream's record size: a row that is too large stops the stream"),
    });
    if is_read && known.stream_standing.is_none() {
        let detail = "it was sent nothing yet: the next run sends every row";
        findings.push(finding("events", Health::Ok, detail.to_owned()));
    }
    if let Some(standing) = &known.stream_standing {
        let count = standing.acknowledged_count;
        findings.push(match standing.lacks() {
            None => {
                finding("events", Health::Ok, format!("{count} acknowledged; it lacks nothing"))
            }
            Some(lacks) => {
                finding("events", Health::Warn, format!("{count} acknowledged; {lacks}"))
                    .fix("the next run sends them, or `snowtrack stream` does it now")
            }
        });
    }
}

fn identified(known: Option<&KnownStream>, found: &str) -> Finding {
    let finding = |health, detail: String| Finding::new(Area::Stream, "identity", health, detail);
    match known {
        None => finding(Health::Ok, found.to_owned()),
        Some(known) if known.identity == found => {
            finding(Health::Ok, format!("{found}, the one that was sent everything so far"))
        }
        Some(known) => {
            let (known, ending) = (&known.identity, crate::event::Ending::Usage);
            let detail =
                format!("{found}, and {known} was sent everything so far: a run would end here");
            let fix = "send it every row with `snowtrack stream --replay`, or set `SNOWTRACK_STREAM` (and `SNOWTRACK_STREAM_PREFIX`) back";
            finding(Health::Fail, detail).fix(fix).ends(ending)
        }
    }
}
