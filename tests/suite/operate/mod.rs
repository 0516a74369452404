//! What is done between runs.

mod forecasts;
mod forget;
mod forget_between;
mod health;
mod prune;
