//! What a person types, and what is printed.

mod doctor;
mod empty_folder;
mod manual;
mod output;
mod pasted;
mod queries;
mod settings;
mod usage;
