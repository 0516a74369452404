//! Tells the binaries where to find the prebuilt `libduckdb` when they start (rpath), and lists the
//! models, checks and questions of `sql/duckdb` and dbt's marts and definitions, so that adding one is adding a file.
//!
//! In: `DUCKDB_LIB_DIR`, which `.cargo/config.toml` points at `.duckdb/`, and the folders. Out: linker
//! arguments, a list of names and texts for each folder, in name order, and dbt's `.yml` as one JSON
//! text, so that the program reads no YAML.
//! Never fetches anything: `make duckdb` does. Never links either: that is `libduckdb-sys`'s
//! business. With `--features bundled` the library is inside the binary: nothing to find.
#![expect(clippy::disallowed_methods, reason = "cargo talks to build scripts by environment")]

use std::env;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    // The doubles find the library in the same way, and have no SQL.
    if env::var_os("CARGO_PKG_NAME").is_some_and(|name| name == "snowtrack") {
        list_sql("models", "sql/duckdb/models")?;
        list_sql("checks", "sql/duckdb/checks")?;
        list_sql("forget_rows", "sql/duckdb/forget/rows")?;
        list_sql("marts", "dbt/models/marts")?;
        list_sql("report", "sql/duckdb/report")?;
        write_definitions("dbt/models")?;
        write_features("sql/duckdb/features/features.yml")?;
    }
    add_rpaths();
    Ok(())
}

/// Writes `<list>.rs`: an array of `(name, include_str!(file))` of the files below the folder.
fn list_sql(list: &str, folder: &str) -> io::Result<()> {
    let mut entries: Vec<String> = Vec::new();
    for file in files_below(&manifest_dir().join(folder), "sql")? {
        let name = file.file_stem().unwrap_or_default().display().to_string();
        entries.push(format!("    ({name:?}, include_str!({:?})),\n", file.display().to_string()));
    }
    entries.sort();
    fs::write(out_dir().join(list).with_extension("rs"), format!("&[\n{}]\n", entries.concat()))
}

/// Writes `definitions.json`: an array of what each `.yml` below the folder holds, in the order of their paths.
fn write_definitions(folder: &str) -> io::Result<()> {
    let mut documents: Vec<Value> = Vec::new();
    for file in files_below(&manifest_dir().join(folder), "yml")? {
        let read = serde_yaml_ng::from_str(&fs::read_to_string(&file)?);
        documents.push(read.map_err(|error| {
            io::Error::other(format!("cannot read `{}`: {error}", file.display()))
        })?);
    }
    fs::write(out_dir().join("definitions.json"), serde_json::to_vec(&documents)?)
}

/// Writes `features.json`: what the file holds.
fn write_features(file: &str) -> io::Result<()> {
    let path = manifest_dir().join(file);
    println!("cargo::rerun-if-changed={}", path.display());
    let read: Result<Value, _> = serde_yaml_ng::from_str(&fs::read_to_string(&path)?);
    let read = read.map_err(|error| io::Error::other(format!("cannot read `{file}`: {error}")))?;
    fs::write(out_dir().join("features.json"), serde_json::to_vec(&read)?)
}

/// The files with this ending in the folder and those within it, by path; a new one is found by itself.
fn files_below(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_below(&path, ending)?);
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn out_dir() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default())
}

fn add_rpaths() {
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
    // What is handed out names no folder of the machine that it was built on.
    println!("cargo::rerun-if-env-changed=SNOWTRACK_DIST");
    if env::var_os("SNOWTRACK_DIST").is_some() {
        return;
    }

    // Unset or empty: the library is where the system's linker looks.
    let Some(lib_dir) = env::var_os("DUCKDB_LIB_DIR").filter(|dir| !dir.is_empty()) else { return };
    let lib_dir = manifest_dir().join(lib_dir);
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

/// The package's folder as cargo says it now: a build script can outlive the folder that it was compiled in.
fn manifest_dir() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
}

fn add_rpath(dir: &str) {
    println!("cargo::rustc-link-arg=-Wl,-rpath,{dir}");
}
