//! Reads an object and skips the members that it does not have, without a copy of the body and without a second pass.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor, value::BorrowedStrDeserializer},
    forward_to_deserialize_any,
};

/// The maximum number of names that are kept.
const MAX_IGNORED: usize = 32;

/// A deserializer of a struct that adds the names of unknown members to `ignored`. Without `ignored`, such a member
/// is the error that serde reports for `deny_unknown_fields`. Shapes inside the struct are read as they are.
pub(super) struct Lenient<'i, D> {
    pub(super) inner: D,
    pub(super) ignored: Option<&'i mut Vec<String>>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Lenient<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let names = MemberNames { fields, ignored: self.ignored };
        self.inner.deserialize_struct(name, fields, StructVisitor { visitor, names })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct StructVisitor<'i, V> {
    visitor: V,
    names: MemberNames<'i>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for StructVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(KnownMembers { map, names: self.names })
    }
}

/// The members of a map that the struct has.
struct KnownMembers<'i, A> {
    map: A,
    names: MemberNames<'i>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for KnownMembers<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        loop {
            match self.map.next_key_seed(&mut self.names)? {
                None => return Ok(None),
                Some(Some(known)) => return seed.deserialize(BorrowedStrDeserializer::new(known)).map(Some),
                Some(None) => {
                    self.map.next_value::<IgnoredAny>()?;
                }
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Reads the names of members: `None` for one that the struct does not have.
struct MemberNames<'i> {
    fields: &'static [&'static str],
    ignored: Option<&'i mut Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for &mut MemberNames<'_> {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for &mut MemberNames<'_> {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        if let Some(known) = self.fields.iter().find(|known| **known == name) {
            return Ok(Some(known));
        }
        match &mut self.ignored {
            Some(ignored) if ignored.len() < MAX_IGNORED => ignored.push(name.to_owned()),
            Some(_) => {}
            None => return Err(E::unknown_field(name, self.fields)),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        x: u8,
    }

    #[derive(Deserialize, Debug)]
    struct Outer<'a> {
        #[serde(alias = "other_name")]
        name: String,
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(borrow, default)]
        raw: Option<&'a serde_json::value::RawValue>,
    }

    fn read<'a>(text: &'a str, ignored: Option<&mut Vec<String>>) -> Result<Outer<'a>, serde_json::Error> {
        let mut inner = serde_json::Deserializer::from_str(text);
        Outer::deserialize(Lenient { inner: &mut inner, ignored })
    }

    #[test]
    fn unknown_members_are_skipped_with_their_values_and_named() {
        let text = r#"{"a": {"name": [1, {"b": 2}]}, "other_name": "n", "inner": {"x": 1, "y": 2},
            "raw": {"z": 1.0}, "\u00e9": null, "": 1}"#;
        let mut ignored = Vec::new();
        let outer = read(text, Some(&mut ignored)).unwrap();
        assert_eq!((outer.name.as_str(), outer.raw.unwrap().get()), ("n", r#"{"z": 1.0}"#));
        assert!(outer.inner.is_some());
        assert_eq!(ignored, ["a", "\u{e9}", ""]);
    }

    #[test]
    fn without_a_list_an_unknown_member_is_an_error() {
        let error = read(r#"{"name": "n", "nmae": 1}"#, None).unwrap_err().to_string();
        assert!(
            error.starts_with("unknown field `nmae`, expected one of `name`, `other_name`, `inner`, `raw`"),
            "{error}"
        );
    }

    #[test]
    fn very_many_unknown_members_are_counted_no_further() {
        let members = (0..10_000).map(|number| format!("\"m{number}\": 1,")).collect::<Vec<_>>().concat();
        let mut ignored = Vec::new();
        read(&format!("{{{members} \"name\": \"n\"}}"), Some(&mut ignored)).unwrap();
        assert_eq!(ignored.len(), MAX_IGNORED);
    }
}
