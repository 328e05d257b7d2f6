//! How much values may take that are built, and how deep they may nest.

use serde_json::Value;

use super::error::EvalError;

/// The most bytes, roughly, that one expression, one template or one step builds.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// The deepest nesting of what a step leaves. JSON from outside nests at most 128 deep; steps that wrap what steps left
/// would go on without end, and copying, writing and dropping a value recurse.
const MAX_DEPTH: usize = 200;
/// What a value takes beside its texts, roughly.
pub(super) const NODE: usize = 64;

/// Room for values that are kept side by side.
#[derive(Debug)]
pub struct Room {
    left: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: MAX_BYTES }
    }
}

impl Room {
    /// Makes room for a value: `Large` when there is none left, `Deep` when it nests too deep.
    pub fn take(&mut self, value: &Value) -> Result<(), EvalError> {
        let size = measured(value, MAX_DEPTH).ok_or(EvalError::Deep)?;
        self.take_bytes(size)
    }

    /// Makes room for so many bytes.
    pub fn take_bytes(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.left = self.left.checked_sub(bytes).ok_or(EvalError::Large)?;
        Ok(())
    }
}

/// Roughly how many bytes a value takes in memory.
pub(super) fn size(value: &Value) -> usize {
    measured(value, usize::MAX).unwrap_or(usize::MAX)
}

/// The same; none when it nests deeper than `depth`.
fn measured(value: &Value, depth: usize) -> Option<usize> {
    let below = || depth.checked_sub(1);
    Some(match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => NODE,
        Value::String(text) => NODE + text.len(),
        Value::Array(items) => {
            let below = below()?;
            items.iter().try_fold(NODE, |sum, item| Some(sum + measured(item, below)?))?
        }
        Value::Object(members) => {
            let below = below()?;
            members.iter().try_fold(NODE, |sum, (key, member)| Some(sum + key.len() + measured(member, below)?))?
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inner, _| json!([inner]))
    }

    #[test]
    fn values_are_bounded_in_size_and_depth() {
        assert_eq!(size(&json!({ "ab": ["cde", null] })), 4 * NODE + 5);
        let mut room = Room::default();
        assert_eq!(room.take(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(room.take(&nested(MAX_DEPTH + 1)), Err(EvalError::Deep));
        assert_eq!(room.take_bytes(MAX_BYTES), Err(EvalError::Large));
        assert_eq!(room.take_bytes(MAX_BYTES / 2), Ok(()));
        assert_eq!(room.take_bytes(MAX_BYTES / 2), Err(EvalError::Large));
    }
}
