//! The comparison of Cargo.lock with the known holes, which `make lint` makes: it must be able to fail.

use std::process::{Command, Output};

use crate::support::World;

/// `None` on a machine that cannot lint.
fn compare(world: &World, lock: &str) -> Option<Output> {
    world.write("Cargo.lock", lock);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lint/advisories.py");
    let mut command = Command::new("python3");
    let output = command.arg(script).arg("--lock").arg(world.path("Cargo.lock")).output();
    output.ok()
}

fn package(name: &str, version: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
}

#[test]
fn a_locked_version_with_a_known_hole_fails_the_lint_and_is_named() {
    let world = World::new();
    // Accepted with a reason, so it must be there.
    let rsa = package("rsa", "0.9.10");
    let cases = [
        ("zstd", "0.13.5", Some("RUSTSEC-2026-0391")),
        ("zstd", "0.14.2", Some("RUSTSEC-2026-0391")),
        ("zstd", "0.14.3", None),
        ("rustls", "0.23.45", Some("RUSTSEC-2026-0346")),
        ("rustls", "0.23.46", None),
        ("h2", "0.3.25", Some("RUSTSEC-2024-0332")),
        ("h2", "0.4.16", None),
        ("time", "0.3.5", None),
        ("time", "0.3.46", Some("RUSTSEC-2026-0009")),
        ("zstd-sys", "2.1.3+zstd.1.5.7", None),
    ];
    for (name, version, wanted) in cases {
        let lock = format!("{rsa}{}", package(name, version));
        let Some(output) = compare(&world, &lock) else {
            eprintln!("skipped: python3 cannot be run");
            return;
        };
        let error = String::from_utf8(output.stderr).unwrap();
        let code = if wanted.is_some() { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{name} {version}: {error}");
        assert!(wanted.is_none_or(|id| error.contains(id)), "{name} {version}: {error}");
    }
    let Some(output) = compare(&world, &package("zstd", "0.14.4")) else {
        eprintln!("skipped: python3 cannot be run");
        return;
    };
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("RUSTSEC-2023-0071"), "{error}");
}

#[test]
fn what_is_locked_has_no_known_hole() {
    let lock = include_str!("../../Cargo.lock");
    let Some(output) = compare(&World::new(), lock) else {
        eprintln!("skipped: python3 cannot be run");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
