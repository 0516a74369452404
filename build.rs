//! Tells the binaries where to find the prebuilt `libduckdb` when they start (rpath).
//!
//! In: `DUCKDB_LIB_DIR`, which `.cargo/config.toml` points at `.duckdb/`. Out: linker arguments.
//! Never fetches anything: `make duckdb` does. Never links either: that is `libduckdb-sys`'s
//! business. With `--features bundled` the library is inside the binary: nothing to find.
#![expect(clippy::disallowed_methods, reason = "cargo talks to build scripts by environment")]

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return;
    }

    // Beside the binary, or in the `lib` next to its `bin`: an installed copy finds the library
    // that came with it, before any other.
    let is_macos = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "macos");
    let (origin, file_name) =
        if is_macos { ("@loader_path", "libduckdb.dylib") } else { ("$ORIGIN", "libduckdb.so") };
    add_rpath(origin);
    add_rpath(&format!("{origin}/../lib"));

    // Unset or empty: the library is where the system's linker looks.
    let Some(lib_dir) = env::var_os("DUCKDB_LIB_DIR").filter(|dir| !dir.is_empty()) else { return };
    let lib_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(lib_dir);
    let library = lib_dir.join(file_name);
    println!("cargo::rerun-if-changed={}", library.display());
    if library.exists() {
        add_rpath(&lib_dir.display().to_string());
    } else {
        println!(
            "cargo::error=no `{file_name}` in `{}`: run `make duckdb`, or set DUCKDB_LIB_DIR to a \
             folder that holds libduckdb 1.5, or build with `--features bundled`",
            lib_dir.display()
        );
    }
}

fn add_rpath(dir: &str) {
    println!("cargo::rustc-link-arg=-Wl,-rpath,{dir}");
}
