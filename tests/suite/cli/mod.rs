//! What a person types, and what is printed.

mod doctor;
mod manual;
mod output;
mod pasted;
mod settings;
mod usage;
