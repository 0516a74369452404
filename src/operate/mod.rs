//! What an operator does between runs.

mod checks;
mod doctor;
mod reconcile;
mod setup;
mod state;

pub use checks::{Everything, check_everything};
pub use doctor::{Area, Finding, Health, doctor};
pub use reconcile::{Reconciliation, reconcile};
pub use setup::{PipeRemedy, PipeReport, SetupWishes, apply_plan, pipes, plan, remedies};
pub use state::StateWork;
