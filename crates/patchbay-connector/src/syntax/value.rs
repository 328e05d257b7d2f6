//! Reads values whose strings may be expressions.

use super::{NodeValue, Reader};
use crate::expr::ValueTemplate;

impl ValueTemplate {
    /// Reads a value of any type.
    pub(crate) fn read(reader: &Reader<'_>) -> Option<Self> {
        Some(match &reader.node.value {
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => Self::Literal(reader.node.to_json()),
            NodeValue::Text(_) => Self::Text(reader.template()?),
            NodeValue::List(_) => Self::Array(reader.items().filter_map(|item| Self::read(&item)).collect()),
            NodeValue::Map(_) => {
                let members = reader.entries("a value").filter_map(|(key, member)| {
                    let (key, value) = (member.key_template(key), Self::read(&member));
                    Some((key?, value?))
                });
                Self::Object(members.collect())
            }
        })
    }
}
