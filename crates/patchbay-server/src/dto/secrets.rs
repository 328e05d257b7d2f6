//! Secrets in request bodies: each becomes a [`Secret`] directly from the request's bytes.
//!
//! serde's own way to a `String` with escapes goes through a buffer of the deserializer, which is freed with the secret in
//! it. So a value is taken as raw JSON, which borrows the body, and is unescaped into the one string that the secret owns.
//! The body itself is wiped after it was parsed (`extract::BodyBuffer`).

use std::{collections::BTreeMap, fmt};

use patchbay_engine::Error;
use patchbay_vault::Secret;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Unexpected, Visitor},
};
use serde_json::value::RawValue;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, RefOr, SchemaFormat,
        schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type},
    },
};

use super::problems::invalid;

/// A value of a form's field.
enum FieldValue {
    Secret(Secret),
    /// `null`: the field has no value.
    Absent,
    /// A list or an object, which no field has as its value.
    Nested,
}

/// The values of a form's fields, in the order of the request. A field may be secret or not: all are handled as secrets.
#[derive(Default)]
pub(crate) struct SecretFields(Vec<(String, FieldValue)>);

impl SecretFields {
    /// Returns the values that are not null. `path` is the name of the member in the body.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if a value is a list or an object.
    pub(crate) fn into_values(self, path: &str) -> Result<Vec<(String, Secret)>, Error> {
        let mut values = Vec::with_capacity(self.0.len());
        for (key, value) in self.0 {
            match value {
                FieldValue::Secret(secret) => values.push((key, secret)),
                FieldValue::Absent => {}
                FieldValue::Nested => {
                    return Err(invalid(&format!("{path}.{key}"), &format!("{key} must be a string")));
                }
            }
        }
        Ok(values)
    }
}

impl fmt::Debug for SecretFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(key, _)| key)).finish()
    }
}

impl<'de> Deserialize<'de> for SecretFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = SecretFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretFields, A::Error> {
                let mut fields: Vec<(String, FieldValue)> = Vec::new();
                // A search of the list would compare each of very many keys with all others.
                let mut positions = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, FieldValue>()? {
                    match positions.get(&key).and_then(|at: &usize| fields.get_mut(*at)) {
                        Some((_, earlier)) => *earlier = value,
                        None => {
                            positions.insert(key.clone(), fields.len());
                            fields.push((key, value));
                        }
                    }
                }
                Ok(SecretFields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match raw.as_bytes().first() {
            Some(b'"') => Self::Secret(unescape(raw).ok_or_else(|| not_a_string(raw))?),
            Some(b'{' | b'[') => Self::Nested,
            Some(b'n') => Self::Absent,
            Some(b't' | b'f') => Self::Secret(Secret::new(raw)),
            // In the spelling of a JSON number that was read: `1e2` is `100.0`.
            _ => {
                let number: serde_json::Number = serde_json::from_str(raw).map_err(D::Error::custom)?;
                Self::Secret(Secret::new(number.to_string()))
            }
        })
    }
}

/// Deserializes a secret from a JSON string, for `#[serde(deserialize_with)]`.
pub(super) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    if raw.starts_with('"') { unescape(raw) } else { None }.ok_or_else(|| not_a_string(raw))
}

/// Deserializes a secret from a JSON string, or nothing from `null`.
pub(super) fn optional_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    match raw.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => unescape(raw).ok_or_else(|| not_a_string(raw)).map(Some),
        _ => Err(not_a_string(raw)),
    }
}

/// The error for a value that is not a string. It does not show the value.
fn not_a_string<E: serde::de::Error>(raw: &str) -> E {
    let found = match raw.as_bytes().first() {
        Some(b'"') => Unexpected::Other("string that is not Unicode"),
        Some(b'{') => Unexpected::Map,
        Some(b'[') => Unexpected::Seq,
        Some(b'n') => Unexpected::Unit,
        Some(b't' | b'f') => Unexpected::Other("boolean"),
        _ => Unexpected::Other("number"),
    };
    E::invalid_type(found, &"a string")
}

/// Returns the text of a JSON string (RFC 8259 section 7), or `None` if it contains half of a surrogate pair. The parser
/// has checked the syntax.
fn unescape(raw: &str) -> Option<Secret> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    // A string is never longer than its JSON, so the buffer is never moved.
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let mut chars = after.chars();
        let escaped = chars.next()?;
        rest = chars.as_str();
        text.push(match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let (first, after) = code_unit(rest)?;
                rest = after;
                if let Some(c) = char::from_u32(first) {
                    c
                } else {
                    let (second, after) = code_unit(rest.strip_prefix("\\u")?)?;
                    rest = after;
                    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
                    char::decode_utf16(units).next()?.ok()?
                }
            }
            plain => plain,
        });
    }
    text.push_str(rest);
    Some(Secret::new(text))
}

/// Reads four hexadecimal digits; returns their value and the text after them.
fn code_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

impl PartialSchema for SecretFields {
    fn schema() -> RefOr<Schema> {
        let types = [Type::String, Type::Number, Type::Boolean, Type::Null];
        let value = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter(types))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)));
        ObjectBuilder::new()
            .description(Some("Field values by the field's key, secret or not. Null is ignored."))
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(value.into()))))
            .examples([serde_json::json!({ "clientId": "client-1", "clientSecret": "secret-1" })])
            .into()
    }
}

impl ToSchema for SecretFields {
    fn name() -> std::borrow::Cow<'static, str> {
        "SecretFields".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug)]
    struct SecretBody {
        #[serde(default)]
        credentials: SecretFields,
        #[serde(default, deserialize_with = "optional_secret")]
        password: Option<Secret>,
    }

    fn body(text: &str) -> Result<SecretBody, String> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| error.to_string())
    }

    fn values(text: &str) -> Vec<(String, String)> {
        let fields = body(&format!(r#"{{"credentials": {text}}}"#)).unwrap().credentials;
        let values = fields.into_values("credentials").unwrap();
        values.into_iter().map(|(key, value)| (key, value.expose().to_owned())).collect()
    }

    #[test]
    fn strings_are_unescaped_as_serde_does() {
        for text in
            [r#""""#, r#""a""#, r#""a\"b\\c\/d\b\f\n\r\te""#, r#""\u00e4\u20AC""#, r#""\ud83d\ude00!""#, r#""ü€😀""#]
        {
            assert_eq!(unescape(text).unwrap().expose(), serde_json::from_str::<String>(text).unwrap(), "{text}");
        }
        for half in [r#""\ud83d""#, r#""\ud83dx""#, r#""\ud83d\n""#, r#""\ud83dA""#, r#""\ude00""#] {
            assert!(unescape(half).is_none() && serde_json::from_str::<String>(half).is_err(), "{half}");
        }
    }

    #[test]
    fn fields_keep_their_order_and_nulls_are_ignored() {
        let found = values(r#"{"b": "x\n", "a": 12, "c": null, "d": true, "e": 1.5, "b": "y"}"#);
        let found = found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>();
        assert_eq!(found, [("b", "y"), ("a", "12"), ("d", "true"), ("e", "1.5")]);
    }

    #[test]
    fn nested_values_are_rejected_and_no_value_is_shown() {
        let nested = body(r#"{"credentials": {"a": {"s3cret": 1}}}"#).unwrap();
        let error = nested.credentials.into_values("credentials").unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.problems[0].path.to_string()),
            ("a must be a string", "credentials.a".to_owned())
        );
        for (text, expected) in [
            (r#"{"password": 5417}"#, "password: invalid type: number, expected a string"),
            (
                r#"{"password": "\ud83d s3cret"}"#,
                "password: invalid type: string that is not Unicode, expected a string",
            ),
            (r#"{"credentials": "s3cret"}"#, "credentials: invalid type: string \"s3cret\", expected a map"),
        ] {
            assert!(body(text).unwrap_err().starts_with(expected), "{text}: {}", body(text).unwrap_err());
        }
        let debugged = format!("{:?}", body(r#"{"credentials": {"key": "s3cret"}, "password": "s3cret"}"#).unwrap());
        assert_eq!(debugged, r#"SecretBody { credentials: ["key"], password: Some(Secret(…)) }"#);
        assert_eq!(body(r#"{"password": null}"#).unwrap().password, None);
    }
}
