//! How a patch distinguishes `null` from absence.

#![expect(clippy::option_option, reason = "absent leaves a value as it is, null clears it")]

use serde::{Deserialize, Deserializer};

/// Deserializes a field of a patch: `null` becomes `Some(None)`. With `#[serde(default)]` an absent field is `None`.
pub(super) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
