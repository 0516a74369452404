//! What a process takes from itself before it lets others' SQL run in it.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Address space beyond what the process has mapped and DuckDB counts, as a share of what it counts: the texts of the rows that are under
/// way (2,048 at a time and step), its threads' stacks, the tree of the query.
///
/// Measured on two cores with 256 MB, rows of a number and one text: up to 100 KB a row pass as csv and as JSON (463 MiB in the child,
/// 755 MiB of its address space, 51 MiB in the parent); at 120 KB DuckDB's own limit refuses them.
const fn beside_bytes(memory_bytes: u64) -> u64 {
    memory_bytes / 2 * 3
}

/// No file can be written, no memory is left on disk by a crash, and no more address space taken than the query's memory is worth.
pub(super) fn lower(memory_bytes: u64) -> std::io::Result<()> {
    for resource in [Resource::Core, Resource::Fsize] {
        setrlimit(resource, at_most(0))?;
    }
    // Elsewhere the system does not say what is mapped; DuckDB's own limit remains.
    if let Some(mapped) = mapped_bytes() {
        setrlimit(Resource::As, at_most(mapped + memory_bytes + beside_bytes(memory_bytes)))?;
    }
    Ok(())
}

const fn at_most(bytes: u64) -> Rlimit {
    Rlimit { current: Some(bytes), maximum: Some(bytes) }
}

/// The process's address space, as it says itself.
fn mapped_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes << 10)
}
