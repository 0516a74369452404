//! What this process may use of the machine: a container's memory is less than the machine's.

use std::path::Path;

/// No real limit is larger; version 1 writes "none" as a number near 2^63.
const MOST_BYTES: u64 = 1 << 50;

/// The memory that the process's control groups leave it, in bytes; `None` where nothing limits it.
///
/// Versions 1 and 2: <https://docs.kernel.org/admin-guide/cgroup-v2.html>,
/// <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>
pub(crate) fn memory_limit_bytes() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    limit_in(Path::new("/sys/fs/cgroup"), &groups)
}

/// The least limit on the way from the process's groups up to the root of each hierarchy.
fn limit_in(mounted: &Path, groups: &str) -> Option<u64> {
    let limits = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?);
        // Version 2 has one hierarchy and names no controllers.
        let (root, file) = if controllers.is_empty() {
            (mounted.to_owned(), "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            (mounted.join("memory"), "memory.limit_in_bytes")
        } else {
            return None;
        };
        least(&root, group.trim_start_matches('/'), file)
    });
    limits.min()
}

/// A container often sees the path of its group on the host, and under the mount only its own part: what is not there limits nothing.
fn least(root: &Path, group: &str, file: &str) -> Option<u64> {
    let folders = Path::new(group).ancestors().map(|part| root.join(part));
    let limits = folders.filter_map(|folder| {
        let text = std::fs::read_to_string(folder.join(file)).ok()?;
        text.trim().parse().ok().filter(|bytes| *bytes < MOST_BYTES)
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::limit_in;

    /// Files of a mounted hierarchy, what `/proc/self/cgroup` says, and what is left.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, Option<u64>);

    #[test]
    fn the_least_limit_on_the_way_up_holds_in_both_versions() {
        let none = "9223372036854771712\n";
        let cases: &[Case<'_>] = &[
            ("2, in a namespace", &[("memory.max", "536870912\n")], "0::/\n", Some(536_870_912)),
            ("2, none", &[("memory.max", "max\n")], "0::/\n", None),
            (
                "2, the parent's is less",
                &[
                    ("a/b/memory.max", "max\n"),
                    ("a/memory.max", "1000\n"),
                    ("memory.max", "2000\n"),
                ],
                "0::/a/b\n",
                Some(1000),
            ),
            ("2, the host's path", &[("memory.max", "70\n")], "0::/docker/4f\n", Some(70)),
            (
                "1",
                &[
                    ("memory/x/memory.limit_in_bytes", "300\n"),
                    ("memory/memory.limit_in_bytes", none),
                ],
                "5:cpu,cpuacct:/x\n4:memory:/x\n1:name=systemd:/x\n0::/\n",
                Some(300),
            ),
            ("1, none", &[("memory/memory.limit_in_bytes", none)], "4:memory:/\n", None),
            (
                "1, the host's path",
                &[("memory/memory.limit_in_bytes", "800\n")],
                "4:memory:/ecs/task/4f\n",
                Some(800),
            ),
            ("nonsense", &[("memory.max", "a lot\n")], "0::/\nx\n\n7:\n", None),
            ("no files", &[], "0::/\n", None),
        ];
        for (name, files, groups, limit) in cases {
            let mounted = tempfile::tempdir().unwrap();
            for (path, text) in *files {
                let path = mounted.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            assert_eq!(limit_in(mounted.path(), groups), *limit, "{name}");
        }
    }
}
