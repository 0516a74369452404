//! What an operator does between runs.

mod checks;
mod doctor;
mod forget;
mod prune;
mod reconcile;
mod setup;

pub(crate) use checks::{Everything, check_everything};
pub(crate) use doctor::{Area, Finding, Health, doctor};
pub(crate) use forget::Error as ForgetError;
pub(crate) use forget::{Forgotten, Scope, Wish, forget};
pub(crate) use prune::{PruneWish, Pruned, prune};
pub(crate) use reconcile::{Reconciliation, reconcile};
pub(crate) use setup::{PipeReport, SetupWishes, apply_plan, pipes, plan, remedies};
