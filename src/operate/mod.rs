//! What an operator does between runs.

mod checks;
mod doctor;
mod reconcile;
mod setup;
mod state;

pub(crate) use checks::{Everything, check_everything};
pub(crate) use doctor::{Area, Finding, Health, doctor};
pub(crate) use reconcile::{Reconciliation, reconcile};
pub(crate) use setup::{PipeReport, SetupWishes, apply_plan, pipes, plan, remedies};
pub(crate) use state::StateWork;
