//! Keeping plaintexts out of core dumps.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps and attaching debuggers by other processes of the user. Best effort: a system
/// that refuses (a container with a fixed policy) is no reason not to run.
pub fn forbid_core_dumps() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_file_may_have_no_byte() {
        forbid_core_dumps();
        let limits = rustix::process::getrlimit(Resource::Core);
        assert_eq!((limits.current, limits.maximum), (Some(0), Some(0)));
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
