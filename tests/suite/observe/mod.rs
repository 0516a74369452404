//! What a run tells the outside: metrics, traces, alerts. Every number is compared with somebody else's count.

mod alerts;
mod metrics;
mod receiver;
mod topics;
mod traces;
