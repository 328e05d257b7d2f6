//! A buffer that reserves its memory from the budget of the process while it grows.

use std::io;

use bytes::Bytes;
use patchbay_model::{MemorySpent, Reservation};

/// Bytes with the reservation of their memory.
#[derive(Debug)]
pub struct ReservedBuffer {
    bytes: Vec<u8>,
    memory: Reservation,
    max_bytes: usize,
}

impl ReservedBuffer {
    /// Creates an empty buffer. `max_bytes` is how many bytes are expected at most: until then its capacity doubles.
    pub fn new(max_bytes: usize) -> Self {
        Self { bytes: Vec::new(), memory: Reservation::default(), max_bytes }
    }

    /// Creates an empty buffer for `capacity` bytes.
    ///
    /// # Errors
    ///
    /// [`MemorySpent`] if the budget has no memory left for them.
    pub fn with_capacity(capacity: usize) -> Result<Self, MemorySpent> {
        let mut memory = Reservation::default();
        memory.grow_to(capacity)?;
        Ok(Self { bytes: Vec::with_capacity(capacity), memory, max_bytes: capacity })
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns true if it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// [`MemorySpent`] if the budget has no memory left for them.
    pub fn extend(&mut self, data: &[u8]) -> Result<(), MemorySpent> {
        let needed = self.bytes.len() + data.len();
        if needed > self.bytes.capacity() {
            let capacity = needed.max(self.bytes.capacity().saturating_mul(2).min(self.max_bytes));
            self.memory.grow_to(capacity)?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// Returns the bytes, which release their memory when the last clone is dropped.
    pub fn into_bytes(self) -> Bytes {
        if self.memory.bytes() == 0 { Bytes::from(self.bytes) } else { Bytes::from_owner(self) }
    }
}

/// Returns received bytes with the reservation of their memory.
///
/// # Errors
///
/// [`MemorySpent`] if the budget has no memory left for them.
pub fn reserved(bytes: Bytes) -> Result<Bytes, MemorySpent> {
    let mut memory = Reservation::default();
    memory.grow_to(bytes.len())?;
    Ok(if memory.bytes() == 0 { bytes } else { Bytes::from_owner(Received { bytes, _memory: memory }) })
}

struct Received {
    bytes: Bytes,
    _memory: Reservation,
}

impl AsRef<[u8]> for Received {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for ReservedBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl io::Write for ReservedBuffer {
    /// Appends bytes. The source of an error is [`MemorySpent`].
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.extend(data).map_err(io::Error::other)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{FREE_BYTES, LARGE_VALUES};

    use super::*;

    #[test]
    fn bytes_release_their_memory_with_the_last_clone() {
        LARGE_VALUES.set_limit(3 * FREE_BYTES);
        let mut buffer = ReservedBuffer::new(2 * FREE_BYTES);
        buffer.extend(&vec![b'x'; FREE_BYTES]).unwrap();
        assert_eq!(LARGE_VALUES.reserved(), 0, "a small buffer is free");
        buffer.extend(&vec![b'y'; FREE_BYTES]).unwrap();
        assert_eq!(LARGE_VALUES.reserved(), 2 * FREE_BYTES);
        let bytes = buffer.into_bytes();
        let second = reserved(Bytes::from(vec![b'z'; 2 * FREE_BYTES]));
        assert_eq!(second.unwrap_err().wanted, 2 * FREE_BYTES);
        let clone = bytes.slice(1..);
        drop(bytes);
        assert_eq!(LARGE_VALUES.reserved(), 2 * FREE_BYTES);
        assert_eq!((clone.len(), clone[FREE_BYTES]), (2 * FREE_BYTES - 1, b'y'));
        drop(clone);
        assert_eq!(LARGE_VALUES.reserved(), 0);
        assert_eq!(reserved(Bytes::from_static(b"small")).unwrap(), "small");
    }
}
