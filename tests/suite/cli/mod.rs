//! What a person types, and what is printed.

mod doctor;
mod manual;
mod output;
mod settings;
mod usage;
