//! What a person types, and what is printed.

mod complete;
mod doctor;
mod manual;
mod output;
mod pasted;
mod queries;
mod settings;
mod usage;
