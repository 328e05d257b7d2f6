//! The memory that this process may use: of the machine, or of the control group (container) that limits it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The share of the memory that large values may take by default: a half.
const SHARE: u64 = 2;
/// The memory that large values may take if the system does not tell how much there is, in MiB.
const UNKNOWN_MIB: u64 = 1024;
/// The least default, in MiB: one large call.
const LEAST_MIB: u64 = 128;
/// The largest budget, in MiB: a tebibyte.
pub const MOST_MIB: u64 = 1_048_576;

/// Returns the default budget of large values, in MiB.
pub fn default_budget_mib() -> u64 {
    let bytes = available(Path::new("/"));
    bytes.map_or(UNKNOWN_MIB, |bytes| bytes / SHARE / 1024 / 1024).clamp(LEAST_MIB, MOST_MIB)
}

/// Returns the memory that the process may use, in bytes: the least of what the system's files below `root` say.
fn available(root: &Path) -> Option<u64> {
    let machine = fs::read_to_string(root.join("proc/meminfo")).ok().and_then(|text| machine_bytes(&text));
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    groups.lines().flat_map(|line| group_limits(root, line)).chain(machine).min()
}

fn machine_bytes(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// Returns the limits of a control group and of those around it. `line` is `ID:CONTROLLERS:PATH`; within a container, the
/// path may be that of the machine, so the root of the mounted hierarchy counts too.
fn group_limits(root: &Path, line: &str) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return Vec::new() };
    let (mount, file) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        _ if controllers.split(',').any(|name| name == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        _ => return Vec::new(),
    };
    let path = Path::new(path).strip_prefix("/").map(PathBuf::from).unwrap_or_default();
    let folders = path.ancestors().map(|folder| root.join(mount).join(folder).join(file));
    // A group without a limit says `max`, or a number that no machine has.
    folders.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_least_limit_of_machine_and_control_groups_counts() {
        let machine = ("proc/meminfo", "MemTotal:        2097152 kB\nMemFree:  1 kB\n");
        for (files, bytes) in [
            (vec![], None),
            (vec![machine], Some(2048 * MIB)),
            (
                vec![
                    machine,
                    ("proc/self/cgroup", "0::/a.slice/b.service\n"),
                    ("sys/fs/cgroup/a.slice/b.service/memory.max", "max\n"),
                    ("sys/fs/cgroup/a.slice/memory.max", "536870912\n"),
                ],
                Some(512 * MIB),
            ),
            (
                vec![machine, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "268435456\n")],
                Some(256 * MIB),
            ),
            (
                vec![
                    machine,
                    ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/1\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ],
                Some(2048 * MIB),
            ),
            (
                vec![
                    machine,
                    ("proc/self/cgroup", "4:memory:/docker/1\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n"),
                ],
                Some(128 * MIB),
            ),
        ] {
            assert_eq!(available(system(&files).path()), bytes, "{files:?}");
        }
        assert!(default_budget_mib() >= LEAST_MIB);
    }
}
