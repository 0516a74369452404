//! What a person types, and what is printed.

mod complete;
mod doctor;
mod empty_folder;
mod manual;
mod output;
mod pasted;
mod progress;
mod queries;
mod settings;
mod usage;
