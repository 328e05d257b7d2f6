//! Merges a schema with everything that it refers to (`$ref`) and consists of (`allOf`).

use std::collections::HashSet;

use serde_json::Value;

use crate::import::refs::ApiDocument;

/// The maximum depth of references and `allOf`.
const MAX_DEPTH: usize = 24;
/// The maximum number of parts of a schema.
const MAX_PARTS: usize = 256;

/// The member that selects an alternative; its values, each with the schema that it selects.
type Kinds<'d> = (&'d str, Vec<(&'d str, &'d str)>);

/// A schema and its parts, merged. If two parts have the same key, the first one takes precedence, and the outer one
/// over the one that it refers to.
#[derive(Debug, Default)]
pub(in crate::import) struct MergedSchema<'d> {
    /// The references that were followed.
    pub(in crate::import) refs: Vec<&'d str>,
    pub(in crate::import) types: Vec<&'d str>,
    pub(in crate::import) format: Option<&'d str>,
    pub(in crate::import) values: Option<&'d [Value]>,
    pub(in crate::import) constant: Option<&'d Value>,
    pub(in crate::import) properties: Vec<(&'d str, &'d Value)>,
    /// The names of the properties.
    named: HashSet<&'d str>,
    pub(in crate::import) required: Vec<&'d str>,
    pub(in crate::import) items: Option<&'d Value>,
    /// `oneOf` and `anyOf`.
    pub(in crate::import) alternatives: Vec<&'d Value>,
    /// The `discriminator`.
    pub(in crate::import) kinds: Option<Kinds<'d>>,
    pub(in crate::import) nullable: bool,
    pub(in crate::import) description: &'d str,
    pub(in crate::import) default: Option<&'d Value>,
    pub(in crate::import) pattern: Option<&'d str>,
    pub(in crate::import) min_length: Option<u64>,
    pub(in crate::import) max_length: Option<u64>,
    pub(in crate::import) min_items: Option<u64>,
    pub(in crate::import) max_items: Option<u64>,
    pub(in crate::import) minimum: Option<&'d Value>,
    pub(in crate::import) maximum: Option<&'d Value>,
    /// Whether `additionalProperties` permits further properties.
    pub(in crate::import) open: bool,
    pub(in crate::import) read_only: bool,
    /// Whether the string is binary (`contentEncoding` or `contentMediaType` of OpenAPI 3.1).
    pub(in crate::import) is_file: bool,
    /// Whether it is a list (`repeated` of Google discovery).
    pub(in crate::import) repeated: bool,
    /// An unresolved reference.
    pub(in crate::import) broken: Option<&'d str>,
    parts: usize,
}

/// Merges a schema.
pub(in crate::import) fn merge<'d>(document: ApiDocument<'d>, schema: &'d Value) -> MergedSchema<'d> {
    let mut merged = MergedSchema::default();
    merged.take(document, schema, 0);
    merged
}

impl<'d> MergedSchema<'d> {
    fn take(&mut self, document: ApiDocument<'d>, schema: &'d Value, depth: usize) {
        self.parts += 1;
        if depth > MAX_DEPTH || self.parts > MAX_PARTS {
            return;
        }
        let Some(members) = schema.as_object() else { return };
        let text = |key: &str| members.get(key).and_then(Value::as_str);
        let flag = |key: &str| members.get(key).and_then(Value::as_bool);
        let whole = |key: &str| members.get(key).and_then(Value::as_u64);
        let list = |key: &str| members.get(key).and_then(Value::as_array).map(Vec::as_slice);

        if self.description.is_empty() {
            self.description = text("description").or_else(|| text("title").filter(|_| depth == 0)).unwrap_or_default();
        }
        match members.get("type") {
            Some(Value::String(one)) => self.add_type(one),
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).for_each(|one| self.add_type(one)),
            _ => {}
        }
        self.nullable |= flag("nullable") == Some(true) || flag("x-nullable") == Some(true);
        self.read_only |= flag("readOnly") == Some(true);
        self.repeated |= flag("repeated") == Some(true);
        let encoding = text("contentEncoding");
        self.is_file |= encoding == Some("binary") || (text("contentMediaType").is_some() && encoding.is_none());
        self.format = self.format.or_else(|| text("format"));
        self.values = self.values.or_else(|| list("enum"));
        self.constant = self.constant.or_else(|| members.get("const"));
        self.default = self.default.or_else(|| members.get("default"));
        self.pattern = self.pattern.or_else(|| text("pattern"));
        self.min_length = self.min_length.or_else(|| whole("minLength"));
        self.max_length = self.max_length.or_else(|| whole("maxLength"));
        self.min_items = self.min_items.or_else(|| whole("minItems"));
        self.max_items = self.max_items.or_else(|| whole("maxItems"));
        self.minimum = self.minimum.or_else(|| members.get("minimum"));
        self.maximum = self.maximum.or_else(|| members.get("maximum"));
        self.items = self.items.or_else(|| members.get("items"));
        self.open |= match members.get("additionalProperties") {
            Some(Value::Bool(open)) => *open,
            Some(Value::Object(_)) => true,
            _ => false,
        };
        for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if self.named.insert(name) {
                self.properties.push((name, property));
            }
        }
        self.required.extend(list("required").unwrap_or_default().iter().filter_map(Value::as_str));
        for key in ["oneOf", "anyOf"] {
            self.alternatives.extend(list(key).unwrap_or_default());
        }
        self.kinds = self.kinds.take().or_else(|| kinds(members.get("discriminator")?));
        for part in list("allOf").unwrap_or_default() {
            self.take(document, part, depth + 1);
        }
        if let Some(reference) = text("$ref")
            && !self.refs.contains(&reference)
        {
            self.refs.push(reference);
            match document.target(reference) {
                Some(target) => self.take(document, target, depth + 1),
                None => self.broken = Some(reference),
            }
        }
    }

    fn add_type(&mut self, name: &'d str) {
        if name == "null" {
            self.nullable = true;
        } else if !self.types.contains(&name) {
            self.types.push(name);
        }
    }

    /// Returns true if it only lists required properties, like a branch of `anyOf`.
    pub(in crate::import) fn only_requires(&self) -> bool {
        self.types.iter().all(|name| *name == "object")
            && self.properties.is_empty()
            && self.values.is_none()
            && self.constant.is_none()
            && self.alternatives.is_empty()
            && !self.required.is_empty()
    }

    /// Returns true if it only permits null.
    pub(in crate::import) fn only_null(&self) -> bool {
        self.nullable
            && self.types.is_empty()
            && self.properties.is_empty()
            && self.alternatives.is_empty()
            && self.items.is_none()
            && self.values.is_none_or(|values| values.iter().all(Value::is_null))
    }
}

/// Returns the member of a `discriminator`, with the values that it maps.
fn kinds(discriminator: &Value) -> Option<Kinds<'_>> {
    let name = discriminator.get("propertyName")?.as_str()?;
    let mapping = discriminator.get("mapping")?.as_object()?;
    Some((name, mapping.iter().filter_map(|(value, target)| Some((value.as_str(), target.as_str()?))).collect()))
}
