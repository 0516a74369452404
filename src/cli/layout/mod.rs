//! How results look: tables that fit the screen, sentences that break between words, colours that mean something.
//!
//! In: what a command has to say, block by block, and how wide the screen is. Out: text. Nothing here prints or knows what is told;
//! csv and JSON do not come this way.

mod canvas;
mod fit;
mod page;
mod table;
mod text;
mod tone;

pub(super) use canvas::{Canvas, ColorWish, columns_of_stderr};
pub(super) use page::Page;
pub(super) use table::{Cell, Column, Drawn, Frame, Grid};
pub(super) use text::{cut, sentence};
pub(super) use tone::Tone;

#[cfg(test)]
mod tests;
