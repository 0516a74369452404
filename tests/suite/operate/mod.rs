//! What is done between runs.

mod forecasts;
mod forget;
mod health;
mod prune;
