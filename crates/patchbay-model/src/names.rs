//! Names of closed sets of values, in storage and on the wire.

/// Gives an enum without fields its names: `as_str`, and `FromStr` with [`UnknownName`] as the error.
macro_rules! wire_enum {
    ($type:ty { $($variant:ident = $text:literal),* $(,)? }) => {
        impl $type {
            /// Returns the name in storage and, for types that have no other name there, on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    other => Err(crate::names::UnknownName {
                        found: other.to_owned(),
                        known: concat!($($text, " "),*),
                    }),
                }
            }
        }
    };
}
pub(crate) use wire_enum;

/// The error of a name that is not in a closed set.
#[derive(Debug, thiserror::Error)]
#[error("`{found}` is not one of: {}", known.trim_end())]
pub struct UnknownName {
    pub(crate) found: String,
    pub(crate) known: &'static str,
}
