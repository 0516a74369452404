//! What an operator does between runs.

mod checks;
mod costs;
mod doctor;
mod forecast;
mod forget;
mod marts;
mod prune;
mod reconcile;
mod setup;
mod state;
mod streams;
mod watch;

pub(crate) use checks::{Everything, check_everything};
pub(crate) use costs::{CostError, Costs, costs};
pub(crate) use doctor::{Area, Finding, Health, doctor};
pub(crate) use forecast::{AS_OF, Forecast, forecast};
pub(crate) use forget::Error as ForgetError;
pub(crate) use forget::{ForgetRequest, Forgotten, Scope, Wish, forget};
pub(crate) use marts::export_marts;
pub(crate) use prune::{PruneRequest, PruneWish, Pruned, prune};
pub(crate) use reconcile::{Asked, Reconciliation, reconcile};
pub(crate) use setup::{PipeReport, SetupWishes, apply_plan, pipes, plan, remedies};
pub(crate) use state::StateWork;
pub(crate) use streams::{StreamProof, StreamVerdict, send_changes, verify_stream};
pub(crate) use watch::{CALLS_A_DAY, Pace, Round, Upkeep, watch};
