//! The double does what it says: the right request is answered as Snowflake would, and each rule bites one wrong one.

mod auth;
mod rig;
mod snowpipe;
mod sql;
