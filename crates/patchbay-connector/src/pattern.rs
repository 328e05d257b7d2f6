//! Regular expressions, matched in linear time (the crate `regex`: no look-around, no backreferences) and limited in the
//! memory that they take.

use regex::{Regex, RegexBuilder};

/// The maximum size of a connector's compiled patterns, in bytes. A few characters may compile to a million bytes.
pub(crate) const MAX_PATTERN_BYTES: usize = 64 << 20;
/// The size limits that are tried for a pattern, in bytes, in order.
const PATTERN_SIZE_LIMITS_BYTES: [usize; 4] = [16 << 10, 64 << 10, 256 << 10, 1 << 20];

/// Returns the size limit of a pattern in bytes; `None` if it cannot be compiled within the limits.
pub(crate) fn pattern_size(pattern: &str) -> Option<usize> {
    compile(pattern, |_| {}).map(|(_, size)| size)
}

/// Compiles a pattern; returns it with its size limit in bytes. `None` if it cannot be compiled within the limits.
pub(crate) fn compile(pattern: &str, set: impl Fn(&mut RegexBuilder)) -> Option<(Regex, usize)> {
    PATTERN_SIZE_LIMITS_BYTES.into_iter().find_map(|size| {
        let mut builder = RegexBuilder::new(pattern);
        builder.size_limit(size);
        set(&mut builder);
        Some((builder.build().ok()?, size))
    })
}
