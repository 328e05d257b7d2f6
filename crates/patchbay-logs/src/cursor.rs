//! The place in a list after which its next page begins.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::row::RunId;

/// The last row of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The value that the list is ordered by.
    pub value: i64,
    /// The run.
    pub id: RunId,
    /// The step, in a list of steps.
    pub index: u32,
}

impl Cursor {
    /// Writes the cursor as opaque text.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(28);
        bytes.extend_from_slice(&self.value.to_be_bytes());
        bytes.extend_from_slice(&self.id.0);
        bytes.extend_from_slice(&self.index.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor; none if the text is not one.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (value, rest) = bytes.split_first_chunk::<8>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let index = rest.try_into().ok()?;
        Some(Self { value: i64::from_be_bytes(*value), id: RunId(*id), index: u32::from_be_bytes(index) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let cursor = Cursor { value: -5, id: RunId([7; 16]), index: 3 };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for wrong in ["", "x", "AAAA", &format!("{}A", cursor.encode()), &cursor.encode()[1..]] {
            assert_eq!(Cursor::decode(wrong), None, "{wrong}");
        }
    }
}
