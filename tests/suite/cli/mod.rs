//! What a person types, and what is printed.

mod doctor;
mod manual;
mod output;
mod queries;
mod settings;
mod usage;
