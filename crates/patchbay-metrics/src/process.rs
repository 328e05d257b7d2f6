//! Figures of the process, from `/proc` (`proc_pid_stat(5)`); other systems have none.

use std::fs::{read_dir, read_to_string};

/// Figures of the process.
#[derive(Debug, PartialEq)]
pub(crate) struct Process {
    pub(crate) cpu_seconds: f64,
    pub(crate) resident_bytes: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) threads: u64,
    pub(crate) open_files: u64,
    /// Since 1970-01-01; none if the time of the boot cannot be read.
    pub(crate) started_at: Option<f64>,
}

impl Process {
    /// Reads the figures of this process.
    pub(crate) fn read() -> Option<Self> {
        let stat = read_to_string("/proc/self/stat").ok()?;
        let boot = read_to_string("/proc/stat").ok().and_then(|text| boot_time(&text));
        let open_files = read_dir("/proc/self/fd").ok()?.count() as u64;
        let ticks = rustix::param::clock_ticks_per_second();
        parse(&stat, ticks, rustix::param::page_size() as u64, boot, open_files)
    }
}

fn boot_time(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The fields after the name of the program, which is in parentheses and can contain anything: the first is the state, number 3.
fn parse(stat: &str, ticks: u64, page: u64, boot: Option<u64>, open_files: u64) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields = rest.split_ascii_whitespace().collect::<Vec<_>>();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let seconds = |count: u64| seconds_of(count, ticks);
    Some(Process {
        cpu_seconds: seconds(field(14)? + field(15)?),
        threads: field(20)?,
        started_at: boot.zip(field(22)).map(|(boot, started)| seconds_of(boot, 1) + seconds(started)),
        virtual_bytes: field(23)?,
        resident_bytes: field(24)?.saturating_mul(page),
        open_files,
    })
}

fn seconds_of(count: u64, per_second: u64) -> f64 {
    let whole = u32::try_from(count / per_second.max(1)).unwrap_or(u32::MAX);
    let rest = u32::try_from(count % per_second.max(1)).unwrap_or_default();
    f64::from(whole) + f64::from(rest) / f64::from(u32::try_from(per_second.max(1)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_moves_no_field() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 9 18 300 1000000 25 26";
        let process = parse(stat, 100, 4096, boot_time("cpu 1 2\nbtime 1000\nx 1\n"), 7).unwrap();
        let expected = Process {
            cpu_seconds: 2.0,
            resident_bytes: 25 * 4096,
            virtual_bytes: 1_000_000,
            threads: 9,
            open_files: 7,
            started_at: Some(1_003.0),
        };
        assert_eq!(process, expected);
        assert_eq!(parse("1 (x) S", 100, 4096, None, 0), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_figures() {
        let process = Process::read().unwrap();
        assert!(process.resident_bytes > 100_000 && process.threads >= 1 && process.open_files >= 3, "{process:?}");
        assert!(process.started_at.unwrap() > 1_500_000_000.0);
    }
}
