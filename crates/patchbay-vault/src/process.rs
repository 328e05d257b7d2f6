//! Protection of plaintexts in memory against core dumps.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Disables core dumps, and debuggers that other processes of the user attach (`PR_SET_DUMPABLE`, prctl(2)). Best effort: a
/// system that rejects it, for example a container with a fixed policy, does not prevent the start.
pub fn forbid_core_dumps() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_files_are_disabled() {
        forbid_core_dumps();
        let limits = rustix::process::getrlimit(Resource::Core);
        assert_eq!((limits.current, limits.maximum), (Some(0), Some(0)));
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
