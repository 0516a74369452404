//! Files in the lake: written, uploaded, damaged, lied about.

mod archive;
mod bucket_forms;
mod lake_damage;
mod s3_lies;
pub(crate) mod upload;
