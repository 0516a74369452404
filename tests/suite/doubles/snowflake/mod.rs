//! The double does what it says: the right request is answered as Snowflake would, and each rule bites one wrong one.
//!
//! | rules | of | broken clients in |
//! |---|---|---|
//! | 1 to 6 | tokens, their types, headers | `auth` |
//! | 7 to 9, 11, 13, 19 | bodies and parameters, request ids, polls, partitions, cancelling | `protocol` |
//! | 10 | what network and gateways do, and `Retry-After` | `faults` |
//! | 12, 14 to 18 | cells, names, grants, bindings, several statements, what is refused | `sql` |
//! | 20 to 22, 24 | files and reports of pipes, their memory and states | `snowpipe` |
//! | 21, 23 | loads of real bytes, prefixes, `COPY INTO` | `loads` |
//! | 25 | `COPY_HISTORY` | `history` |
//!
//! Where Snowflake refuses, the refusal is the bite; where it would put up with something that ends badly, or that we promised not
//! to do, the double complains and fails the test that drops it. `spec` and `oracle` hold it to what others wrote.

mod auth;
mod faults;
mod history;
mod loads;
pub(crate) mod oracle;
mod protocol;
mod rig;
pub(crate) mod setup;
mod snowpipe;
mod spec;
mod sql;
