//! The file descriptors of the process: one for each connection of a client, and some for everything else.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The descriptors that the database, new files and the control socket may need, beyond those that are open at the start.
const RESERVED: usize = 32;
/// The number of open descriptors to assume if the system does not tell.
const ASSUMED_OPEN: usize = 64;
/// With fewer connections than this, the log says why.
const FEW_CONNECTIONS: usize = 256;

/// Raises the limit of open descriptors to the largest value that the system allows. Returns the limit; `None` if there
/// is none.
pub(crate) fn raise_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "cannot raise the limit of open file descriptors");
            current
        }
    }
}

/// Returns how many connections clients may open: at most `most`, and half of the descriptors that are left, because a
/// call needs another one for its provider.
pub(crate) fn connections(limit: Option<u64>, most: usize) -> usize {
    let open = std::fs::read_dir("/proc/self/fd").map_or(ASSUMED_OPEN, Iterator::count);
    let connections = share(limit, open, most);
    if connections < most.min(FEW_CONNECTIONS) {
        tracing::warn!(
            descriptors = limit,
            connections,
            "the system allows few file descriptors, which limits the number of connections; raise it with `ulimit -n`"
        );
    }
    connections
}

fn share(limit: Option<u64>, open: usize, most: usize) -> usize {
    let Some(limit) = limit else { return most };
    let left = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(open + RESERVED);
    (left / 2).clamp(1, most.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_and_the_database_have_descriptors_of_their_own() {
        assert_eq!(share(None, 40, 10_000), 10_000);
        assert_eq!(share(Some(1_048_576), 40, 10_000), 10_000);
        assert_eq!(share(Some(1_024), 40, 10_000), 476);
        assert_eq!(share(Some(40), 40, 10_000), 1);
    }
}
