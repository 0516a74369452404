//! How often answers are right.
