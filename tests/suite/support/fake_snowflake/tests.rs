//! The double does what it says.
