//! The Snowflake side of a run.

pub(crate) use crate::config::Account as Target;
