//! Sinks of events: each is a file, and a line in `usual`.
//!
//! In: what happened, with its run and its time. Out: whatever the sink makes of it. A sink never fails a run; the terminal is
//! one too, and belongs to `cli`, which draws. `words` is what a person reads of an event, wherever that is.

mod log;
pub(crate) mod words;

use crate::event::Event;

/// A list of sinks: each is given every event, in the order in which they were added.
#[derive(Default)]
pub struct Sinks<'a>(Vec<Boxed<'a>>);

type Boxed<'a> = Box<dyn Fn(&Event) + Send + Sync + 'a>;

impl<'a> Sinks<'a> {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, sink: impl Fn(&Event) + Send + Sync + 'a) -> Self {
        self.0.push(Box::new(sink));
        self
    }

    /// Gives an event to each.
    pub fn tell(&self, event: &Event) {
        self.0.iter().for_each(|sink| sink(event));
    }
}

/// The sinks of every command.
pub(crate) fn usual<'a>() -> Sinks<'a> {
    Sinks::new().with(log::log())
}
