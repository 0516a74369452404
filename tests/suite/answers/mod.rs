//! Questions from programs and people: the server for programs with a model in them, and questions in plain words.

mod asked;
mod client;
mod evaluated;
mod official;
mod served;
