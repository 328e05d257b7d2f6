//! Limits the memory and the nesting depth of the values that an expression builds.

use serde_json::Value;

use super::error::EvalError;

/// The maximum number of bytes, estimated, that one expression, one template or one step builds.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// The maximum nesting depth of a step's output. JSON from outside nests at most 128 deep. Steps that wrap the output
/// of other steps would nest without limit, and copying, writing and dropping a value recurse.
const MAX_DEPTH: usize = 200;
/// The estimated size of a value without its strings, in bytes.
pub(super) const VALUE_BYTES: usize = 64;

/// A budget, in bytes, for values that are held in memory at the same time.
#[derive(Debug)]
pub struct MemoryBudget {
    remaining: usize,
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self { remaining: MAX_BYTES }
    }
}

impl MemoryBudget {
    /// Charges the estimated size of `value`, and returns it in bytes.
    ///
    /// # Errors
    /// [`EvalError::Large`] if the budget is used up, [`EvalError::Deep`] if the value nests too deep.
    pub fn charge(&mut self, value: &Value) -> Result<usize, EvalError> {
        let size = size_within(value, MAX_DEPTH).ok_or(EvalError::Deep)?;
        self.charge_bytes(size)?;
        Ok(size)
    }

    /// Charges `bytes`.
    ///
    /// # Errors
    /// [`EvalError::Large`] if the budget is used up.
    pub fn charge_bytes(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.remaining = self.remaining.checked_sub(bytes).ok_or(EvalError::Large)?;
        Ok(())
    }
}

/// Returns the estimated size of a value in memory, in bytes.
pub(super) fn size(value: &Value) -> usize {
    size_within(value, usize::MAX).unwrap_or(usize::MAX)
}

/// Returns the estimated size of a value in memory, in bytes, or `None` if it nests deeper than `depth`.
fn size_within(value: &Value, depth: usize) -> Option<usize> {
    let below = || depth.checked_sub(1);
    Some(match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => VALUE_BYTES,
        Value::String(text) => VALUE_BYTES + text.len(),
        Value::Array(items) => {
            let below = below()?;
            items.iter().try_fold(VALUE_BYTES, |sum, item| Some(sum + size_within(item, below)?))?
        }
        Value::Object(members) => {
            let below = below()?;
            members
                .iter()
                .try_fold(VALUE_BYTES, |sum, (key, member)| Some(sum + key.len() + size_within(member, below)?))?
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
        assert_eq!(size(&json!({ "ab": ["cde", null] })), 4 * VALUE_BYTES + 5);
        let mut budget = MemoryBudget::default();
        assert!(budget.charge(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(budget.charge(&nested(MAX_DEPTH + 1)), Err(EvalError::Deep));
        assert_eq!(budget.charge_bytes(MAX_BYTES), Err(EvalError::Large));
        assert_eq!(budget.charge_bytes(MAX_BYTES / 2), Ok(()));
        assert_eq!(budget.charge_bytes(MAX_BYTES / 2), Err(EvalError::Large));
    }
}
