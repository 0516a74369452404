//! The double does what it says: the right request is answered as Snowflake would, and each rule bites one wrong one.

mod auth;
mod faults;
mod history;
mod loads;
mod oracle;
mod protocol;
mod rig;
mod setup;
mod snowpipe;
mod spec;
mod sql;
