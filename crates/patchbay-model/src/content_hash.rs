//! A hash that tells contents apart, and protects nothing.

/// Returns the FNV-1a hash of bytes (64 bits): the same in every version and on every machine, and another one if the content
/// changes. Who can choose the content can make two with one hash.
pub fn content_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the authors (<http://www.isthe.com/chongo/tech/comp/fnv/>).
    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(content_hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(content_hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(content_hash(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
