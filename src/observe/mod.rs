//! Sinks of events: each is a file, and a line in `usual`, or in `of_run`, which has what the configuration asks for.
//!
//! In: what happened, with its run and its time. Out: whatever the sink makes of it. A sink never fails a run; the terminal is
//! one too, and belongs to `cli`, which draws. `words` is what a person reads of an event, wherever that is.

mod alerts;
mod emf;
mod log;
mod metrics;
mod prometheus;
mod traces;
pub(crate) mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

use crate::config::{Config, Metrics};
use crate::event::Event;
use crate::shell::Flags;

pub(crate) use log::{STAGES, UnderWay, WAITS, under_way};
pub(crate) use traces::current as trace_id;

/// A list of sinks: each is given every event, in the order in which they were added, where it happens. One that takes its time, such
/// as a call over the network, hands the event to a thread or task of its own.
#[derive(Default)]
pub struct Sinks<'a>(Vec<Guarded<'a>>);

/// A sink that is given nothing more once it has panicked.
struct Guarded<'a> {
    sink: Boxed<'a>,
    is_broken: AtomicBool,
}

type Boxed<'a> = Box<dyn Fn(&Event) + Send + Sync + 'a>;

impl<'a> Sinks<'a> {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, sink: impl Fn(&Event) + Send + Sync + 'a) -> Self {
        self.0.push(Guarded { sink: Box::new(sink), is_broken: AtomicBool::new(false) });
        self
    }

    /// Gives an event to each. A panic of one ends that sink, and neither the run nor the others.
    pub fn tell(&self, event: &Event) {
        for Guarded { sink, is_broken } in &self.0 {
            if is_broken.load(Ordering::Relaxed) {
                continue;
            }
            // What it leaves half done is its own, and is not looked at again.
            if catch_unwind(AssertUnwindSafe(|| sink(event))).is_err() {
                is_broken.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// The sinks of every command.
pub(crate) fn usual<'a>() -> Sinks<'a> {
    Sinks::new().with(log::log())
}

/// What the sinks of a run take from the outside.
pub(crate) struct Outside<'a> {
    /// This machine's time.
    pub(crate) clock: fn() -> DateTime<Utc>,
    /// Writes a line into the log as it is.
    pub(crate) write_line: &'a (dyn Fn(&str) + Send + Sync),
    /// Where calls are made from.
    pub(crate) runtime: Handle,
    /// What commands carry that somebody is told.
    pub(crate) flags: Flags,
}

/// The sinks of a run: those of every command, and what is configured.
pub(crate) fn of_run<'a>(config: &'a Config, outside: Outside<'a>) -> Sinks<'a> {
    let Outside { clock, write_line, runtime, flags } = outside;
    let observe = &config.observe;
    // It begins before the others, so that every line carries its id.
    let trace = observe.traces.as_ref().and_then(|it| traces::traces(it, runtime.clone(), clock));
    let mut sinks = usual();
    match &observe.metrics {
        Some(Metrics::Emf) => sinks = sinks.with(emf::emf(&observe.metrics_namespace, write_line)),
        Some(Metrics::Prometheus(path)) => sinks = sinks.with(prometheus::prometheus(path)),
        None => {}
    }
    if observe.alert_url.is_some() || observe.alert_sns_topic.is_some() {
        sinks = sinks.with(alerts::alerts(config, runtime, flags));
    }
    // It ends after them, so that nobody waits for the collector.
    match trace {
        Some(trace) => sinks.with(trace),
        None => sinks,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chrono::DateTime;

    use super::*;
    use crate::event::What;

    #[test]
    fn a_sink_that_panics_is_given_nothing_more_and_the_others_everything() {
        let (heard, tries) = (Mutex::new(Vec::new()), Mutex::new(0));
        let broken = |_: &Event| {
            *tries.lock().unwrap() += 1;
            panic!("a sink of a test, which panics on purpose")
        };
        let sinks =
            Sinks::new().with(broken).with(|event| heard.lock().unwrap().push(event.clone()));
        let events = [1, 2, 3].map(|row_count| Event {
            run: None,
            at: DateTime::UNIX_EPOCH,
            what: What::RowsLanded { row_count },
        });
        // The lock is released before the panic: it is not poisoned.
        events.iter().for_each(|event| sinks.tell(event));
        assert_eq!(*tries.lock().unwrap(), 1);
        assert_eq!(*heard.lock().unwrap(), events);
    }
}
