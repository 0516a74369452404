//! The `snowtrack` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    snowtrack::cli::main()
}
