//! What dbt's definitions become: ready questions, LookML, and a semantic view.

mod generated;
mod questions;
