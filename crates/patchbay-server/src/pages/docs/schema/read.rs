//! Reads a schema as a tree.

use serde_json::Value;

use crate::pages::docs::text::shortened;

/// How deep members are shown.
const MOST_LEVELS: usize = 7;
/// The number of members and choices that a tree contains.
const MOST_SHAPES: usize = 300;
/// The number of values of an enum that are shown.
const MOST_VALUES: usize = 60;
/// The longest value that is shown, in characters.
const MOST_VALUE_CHARS: usize = 120;
/// The longest name of a type, in characters.
const MOST_TYPE_CHARS: usize = 40;
/// The longest description, in characters.
const MOST_DESCRIPTION_CHARS: usize = 1_500;

/// What a schema says of a value.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// The type: `string`, `list of objects`, `integer or null`.
    pub(crate) kind: String,
    /// The description, Markdown.
    pub(crate) description: String,
    /// The default, limits, values and an example.
    pub(crate) facts: Vec<Fact>,
    /// Whether it should no longer be used.
    pub(crate) is_deprecated: bool,
    /// The members of the object, or of each object of the list.
    pub(crate) members: Vec<Member>,
    /// The forms, of which the value has one.
    pub(crate) choices: Vec<Shape>,
    /// The number of members and choices that are left out.
    pub(crate) left_out: usize,
}

/// A property of a value, with the values to show as code.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) values: Vec<String>,
    /// The number of values that are left out.
    pub(crate) left_out: usize,
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    /// The name; `None` for members of any name.
    pub(crate) name: Option<String>,
    pub(crate) is_required: bool,
    pub(crate) shape: Shape,
}

/// Reads a schema of a document, into which its references lead.
pub(crate) fn read(document: &Value, schema: &Value) -> Shape {
    Reader { document, left: MOST_SHAPES, open: Vec::new() }.shape(schema, 0)
}

struct Reader<'a> {
    document: &'a Value,
    /// How many shapes may still be added.
    left: usize,
    /// The references that are being read: a schema that contains itself is shown once.
    open: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn shape(&mut self, schema: &'a Value, level: usize) -> Shape {
        let Some(reference) = schema["$ref"].as_str() else { return self.resolved(schema, level) };
        let name = reference.rsplit('/').next().unwrap_or(reference);
        let target = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
        let mut shape = match target {
            Some(_) if self.open.contains(&reference) => {
                Shape { kind: format!("object, as {name} above"), ..Shape::default() }
            }
            Some(target) => {
                self.open.push(reference);
                let shape = self.shape(target, level);
                self.open.pop();
                shape
            }
            None => Shape { kind: shortened(name, MOST_TYPE_CHARS), ..Shape::default() },
        };
        // OpenAPI 3.1 allows keywords next to a reference; they are about this place.
        if let Some(description) = schema["description"].as_str() {
            shape.description = description_of(description);
        }
        shape.is_deprecated |= schema["deprecated"] == true;
        for fact in facts(schema) {
            shape.facts.retain(|known| known.label != fact.label);
            shape.facts.push(fact);
        }
        shape
    }

    fn resolved(&mut self, schema: &'a Value, level: usize) -> Shape {
        let mut shape = Shape {
            description: schema["description"].as_str().map(description_of).unwrap_or_default(),
            is_deprecated: schema["deprecated"] == true,
            facts: facts(schema),
            ..Shape::default()
        };
        if let Some(parts) = schema["allOf"].as_array() {
            for part in parts {
                let part = self.shape(part, level);
                shape.members.extend(part.members);
                shape.left_out += part.left_out;
                if shape.description.is_empty() {
                    shape.description = part.description;
                }
                if shape.kind.is_empty() {
                    shape.kind = part.kind;
                }
            }
        }
        self.add_members(schema, &mut shape, level);
        let is_null = |schema: &&Value| schema["type"] == "null";
        let forms = ["oneOf", "anyOf"].iter().filter_map(|key| schema[key].as_array()).flatten().collect::<Vec<_>>();
        let is_nullable = forms.iter().any(is_null);
        let forms = forms.into_iter().filter(|form| !is_null(form)).collect::<Vec<_>>();
        match forms.as_slice() {
            [] => {}
            [only] if shape.members.is_empty() => {
                let only = self.shape(only, level);
                shape = Shape {
                    description: if shape.description.is_empty() { only.description } else { shape.description },
                    is_deprecated: shape.is_deprecated || only.is_deprecated,
                    facts: only.facts.into_iter().chain(shape.facts).collect(),
                    ..only
                };
            }
            forms => self.add_choices(forms, &mut shape, level),
        }
        if shape.kind.is_empty() {
            shape.kind = self.kind(schema, &mut shape, level);
        }
        if is_nullable && !shape.kind.ends_with("or null") {
            shape.kind.push_str(" or null");
        }
        shape
    }

    fn add_members(&mut self, schema: &'a Value, shape: &mut Shape, level: usize) {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let named = schema["properties"].as_object().into_iter().flatten().map(|(name, schema)| (Some(name), schema));
        let any = Some(&schema["additionalProperties"]).filter(|any| any.is_object()).map(|schema| (None, schema));
        for (name, schema) in named.chain(any) {
            if self.left == 0 || level >= MOST_LEVELS {
                shape.left_out += 1;
                continue;
            }
            self.left -= 1;
            let is_required = name.is_some_and(|name| required.iter().any(|required| required == name));
            let member = self.shape(schema, level + 1);
            shape.members.push(Member { name: name.cloned(), is_required, shape: member });
        }
    }

    /// Adds the forms of a value. Forms without members are only named in its type.
    fn add_choices(&mut self, forms: &[&'a Value], shape: &mut Shape, level: usize) {
        let mut choices = Vec::new();
        for form in forms {
            if self.left == 0 || level >= MOST_LEVELS {
                shape.left_out += 1;
                continue;
            }
            self.left -= 1;
            choices.push(self.shape(form, level + 1));
        }
        if shape.kind.is_empty() && shape.members.is_empty() {
            let mut kinds: Vec<&str> = Vec::new();
            for choice in &choices {
                if !kinds.contains(&choice.kind.as_str()) {
                    kinds.push(&choice.kind);
                }
            }
            shape.kind = kinds.join(" or ");
        }
        let is_plain =
            |choice: &Shape| choice.members.is_empty() && choice.choices.is_empty() && choice.facts.is_empty();
        if choices.iter().all(is_plain) && choices.iter().all(|choice| choice.description.is_empty()) {
            return;
        }
        shape.choices = choices;
    }

    /// Returns the type, and takes over the members of a list's items.
    fn kind(&mut self, schema: &'a Value, shape: &mut Shape, level: usize) -> String {
        let names = match &schema["type"] {
            Value::String(name) => vec![name.as_str()],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ if !shape.members.is_empty() => vec!["object"],
            _ => match schema["enum"].as_array().and_then(|values| values.first()).unwrap_or(&schema["const"]) {
                Value::String(_) => vec!["string"],
                Value::Number(_) => vec!["number"],
                Value::Bool(_) => vec!["boolean"],
                _ => vec!["any value"],
            },
        };
        let mut kinds = Vec::new();
        for name in names {
            kinds.push(match name {
                "array" if schema["items"].is_object() => {
                    let items = self.shape(&schema["items"], level);
                    if shape.description.is_empty() {
                        shape.description = items.description;
                    }
                    shape.members.extend(items.members);
                    shape.choices.extend(items.choices);
                    shape.left_out += items.left_out;
                    shape.facts.splice(0..0, items.facts);
                    format!("list of {}", plural(&items.kind))
                }
                "array" => "list".to_owned(),
                "string" => match schema["format"].as_str() {
                    Some(format) => format!("string ({})", shortened(format, MOST_TYPE_CHARS)),
                    None => "string".to_owned(),
                },
                other => shortened(other, MOST_TYPE_CHARS),
            });
        }
        kinds.join(" or ")
    }
}

fn description_of(text: &str) -> String {
    shortened(text, MOST_DESCRIPTION_CHARS)
}

/// Returns the plural of a type.
fn plural(kind: &str) -> String {
    let (first, rest) = kind.split_once(' ').unwrap_or((kind, ""));
    match first {
        "any" => "any values".to_owned(),
        "list" => format!("lists {rest}").trim_end().to_owned(),
        _ if kind.contains(" or ") => format!("values, each {kind}"),
        _ => {
            let comma = if first.ends_with(',') { "," } else { "" };
            format!("{}s{comma} {rest}", first.trim_end_matches(',')).trim_end().to_owned()
        }
    }
}

/// Returns the facts of a schema that stand for themselves.
fn facts(schema: &Value) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |label: &'static str, values: &[Value]| {
        let shown = values.iter().filter(|value| !value.is_null()).take(MOST_VALUES).map(value_text);
        let shown = shown.collect::<Vec<_>>();
        if !shown.is_empty() {
            facts.push(Fact { label, values: shown, left_out: values.len().saturating_sub(MOST_VALUES) });
        }
    };
    if let Some(values) = schema["enum"].as_array() {
        add(if values.len() == 1 { "Always" } else { "One of" }, values);
    }
    for (keyword, label) in [
        ("const", "Always"),
        ("default", "Default"),
        ("minimum", "Minimum"),
        ("exclusiveMinimum", "More than"),
        ("maximum", "Maximum"),
        ("exclusiveMaximum", "Less than"),
        ("minLength", "Least characters"),
        ("maxLength", "Most characters"),
        ("minItems", "Least items"),
        ("maxItems", "Most items"),
        ("pattern", "Pattern"),
        ("example", "Example"),
    ] {
        // A whole object is shown as the sample of the page.
        if !schema[keyword].is_object() {
            add(label, std::slice::from_ref(&schema[keyword]));
        }
    }
    if schema["readOnly"] == true {
        facts.push(Fact { label: "Only in responses", values: Vec::new(), left_out: 0 });
    }
    facts
}

fn value_text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    shortened(&text, MOST_VALUE_CHARS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(schema: &Value) -> String {
        read(&Value::Null, schema).kind
    }

    #[test]
    fn types_are_named_in_words() {
        for (schema, expected) in [
            (json!({ "type": "string" }), "string"),
            (json!({ "type": "string", "format": "date-time" }), "string (date-time)"),
            (json!({ "type": ["integer", "null"], "format": "int32" }), "integer or null"),
            (json!({ "type": "array", "items": { "type": "string" } }), "list of strings"),
            (json!({ "type": "array", "items": { "type": "string", "format": "uuid" } }), "list of strings (uuid)"),
            (json!({ "type": "array" }), "list"),
            (json!({ "enum": ["a", "b"] }), "string"),
            (json!({ "enum": [1] }), "number"),
            (json!({ "const": true }), "boolean"),
            (json!({}), "any value"),
            (json!({ "type": "array", "items": {} }), "list of any values"),
            (json!({ "oneOf": [{ "type": "string" }, { "type": "null" }] }), "string or null"),
            (json!({ "anyOf": [{ "type": "string" }, { "type": "number" }] }), "string or number"),
            (json!({ "properties": { "a": {} } }), "object"),
            (
                json!({ "type": "array", "items": { "type": "array", "items": { "type": "number" } } }),
                "list of lists of numbers",
            ),
        ] {
            assert_eq!(kind(&schema), expected);
        }
    }

    #[test]
    fn references_are_resolved_and_a_schema_that_contains_itself_is_shown_once() {
        let document = json!({ "components": { "schemas": { "Tree": {
            "type": "object", "description": "A tree.", "required": ["name"],
            "properties": {
                "name": { "type": "string" },
                "children": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } },
            },
        } } } });
        let schema = json!({ "$ref": "#/components/schemas/Tree", "description": "The tree." });
        let shape = read(&document, &schema);
        assert_eq!((shape.kind.as_str(), shape.description.as_str()), ("object", "The tree."));
        let members = shape.members.iter().map(|member| (member.name.as_deref().unwrap(), member.is_required));
        assert_eq!(members.collect::<Vec<_>>(), [("name", true), ("children", false)]);
        let children = &shape.members.iter().find(|member| !member.is_required).unwrap().shape;
        assert_eq!((children.kind.as_str(), children.members.len()), ("list of objects, as Tree above", 0));
        assert_eq!(read(&document, &json!({ "$ref": "#/missing" })).kind, "missing");
    }

    #[test]
    fn parts_are_joined_and_forms_are_listed() {
        let schema = json!({ "allOf": [
            { "type": "object", "properties": { "a": { "type": "string" } }, "description": "One." },
            { "type": "object", "properties": { "b": { "type": "string" } } },
        ] });
        let shape = read(&Value::Null, &schema);
        assert_eq!((shape.members.len(), shape.description.as_str()), (2, "One."));
        let schema = json!({ "oneOf": [
            { "type": "object", "properties": { "a": { "type": "string" } } },
            { "type": "object", "properties": { "b": { "type": "string" } } },
            { "type": "null" },
        ] });
        let shape = read(&Value::Null, &schema);
        assert_eq!((shape.kind.as_str(), shape.choices.len()), ("object or null", 2));
        let schema = json!({ "type": "object", "additionalProperties": { "type": "integer" } });
        let shape = read(&Value::Null, &schema);
        assert!(shape.members[0].name.is_none() && shape.members[0].shape.kind == "integer");
    }

    #[test]
    fn large_and_deep_schemas_are_bounded() {
        let mut deep = json!({ "type": "string" });
        for _ in 0..200 {
            deep = json!({ "type": "object", "properties": { "a": deep } });
        }
        let mut shape = &read(&Value::Null, &deep);
        let mut levels = 0;
        while let Some(member) = shape.members.first() {
            shape = &member.shape;
            levels += 1;
        }
        assert_eq!((levels, shape.left_out), (MOST_LEVELS, 1));
        let properties = (0..1000).map(|at| (format!("m{at}"), json!({}))).collect::<serde_json::Map<_, _>>();
        let shape = read(&Value::Null, &json!({ "properties": properties }));
        assert_eq!((shape.members.len(), shape.left_out), (MOST_SHAPES, 1000 - MOST_SHAPES));
        let values = (0..100).collect::<Vec<_>>();
        let facts = read(&Value::Null, &json!({ "enum": values })).facts;
        assert_eq!((facts[0].values.len(), facts[0].left_out), (MOST_VALUES, 100 - MOST_VALUES));
    }

    #[test]
    fn facts_are_kept() {
        let schema = json!({ "type": "integer", "default": 25, "minimum": 1, "maximum": 100, "example": 10 });
        let facts = read(&Value::Null, &schema).facts;
        let facts = facts.iter().map(|fact| (fact.label, fact.values[0].as_str())).collect::<Vec<_>>();
        assert_eq!(facts, [("Default", "25"), ("Minimum", "1"), ("Maximum", "100"), ("Example", "10")]);
    }
}
