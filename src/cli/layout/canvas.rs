//! What results are written on: how wide it is, and whether it shows colours.

use std::io::IsTerminal;

use clap::ValueEnum;

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ColorWish {
    // No help of their own: it would turn every page into clap's long form.
    Auto,
    Always,
    Never,
}

impl ColorWish {
    /// Whether what is written there is coloured.
    pub(in crate::cli) fn holds_for(self, output: &impl anstream::stream::RawStream) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => anstream::AutoStream::choice(output) != anstream::ColorChoice::Never,
        }
    }
}

/// What results are written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Canvas {
    /// Columns.
    pub(in crate::cli) width: usize,
    /// Whether it shows colours.
    pub(in crate::cli) is_coloured: bool,
}

/// Where there is no terminal, lines are as long.
const PIPED: usize = 100;

/// Narrower than this, nothing can be told.
const NARROWEST: usize = 20;

impl Canvas {
    /// Standard output; `columns` is what the user's shell says of it (`COLUMNS`).
    pub(in crate::cli) fn of_stdout(columns: Option<usize>, wish: ColorWish) -> Self {
        let output = std::io::stdout();
        let of_terminal = || match output.is_terminal() {
            true => terminal_size::terminal_size_of(&output).map(|(width, _)| width.0.into()),
            false => None,
        };
        let width = columns.or_else(of_terminal).filter(|width| 0 < *width).unwrap_or(PIPED);
        Self { width: width.max(NARROWEST), is_coloured: wish.holds_for(&output) }
    }
}

/// Columns of the terminal on standard error; where there is none, nothing is too wide.
pub(in crate::cli) fn columns_of_stderr() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(usize::MAX, |(width, _)| width.0.into())
}

impl Default for Canvas {
    fn default() -> Self {
        Self { width: PIPED, is_coloured: false }
    }
}
