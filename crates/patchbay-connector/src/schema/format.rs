//! The connector format as a JSON Schema (2020-12), for editors and other tools.
//!
//! The keys and names are those of the loader, so the schema and the loader accept the same keys. The loader checks
//! more than a schema can express (references, expressions). A key without a value is absent for the loader and an
//! error in the schema.

use serde_json::{Map, Value, json};

use super::{events, steps};
use crate::{
    authorization::{self, AUTH_TYPES, mcp, oauth2::GRANT_TYPES},
    field_mapping,
    http::HttpMethod,
    input_type::InputType,
    json_schema::{
        any_of_keys, boolean, choice, list, map_of, names, object, reference, text, texts, texts_or_text, whole,
    },
    load::{action, auth, input, root, sync},
};

/// Returns the schema of a connector's files: a main file (`#/$defs/connector`), or a partial, which is a list of actions
/// (`#/$defs/actions`) or has them under `actions` (`#/$defs/partial`). They are distinguished by `if`, so an editor reports
/// the mistakes of one of them.
pub fn format_schema() -> Value {
    let mut definitions = definitions();
    definitions["connector"] = connector();
    definitions["partial"] = object(&["actions"], &["actions"], &[("actions", reference("actions"))]);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Patchbay connector",
        "description":
            "A connector: how an account of a provider is authenticated, how it is set up, and which actions it has.",
        "if": { "type": "array" },
        "then": reference("actions"),
        "else": {
            "if": { "type": "object", "required": ["actions"], "maxProperties": 1 },
            "then": reference("partial"),
            "else": reference("connector"),
        },
        "$defs": definitions,
    })
}

/// Returns the schema of a main file.
fn connector() -> Value {
    let info = object(
        &["title", "key", "version", "description", "assets"],
        &["title", "key", "version", "description"],
        &[
            ("key", json!({ "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" })),
            ("version", json!({ "type": "string", "pattern": "^\\d+\\.\\d+\\.\\d+" })),
            ("assets", object(&["icon"], &[], &[])),
        ],
    );
    let mut schema = object(
        &root::KEYS,
        &["info", "authentication"],
        &[
            ("$ref", text()),
            ("Patchbay", json!({ "const": "1.0.0" })),
            ("StackOne", json!({ "const": "1.0.0" })),
            ("info", info),
            (
                "rateLimit",
                any_of_keys(
                    &["mainRatelimit", "subPools", "mappedRatelimitErrors"],
                    &[("mainRatelimit", json!({ "type": "number" }))],
                ),
            ),
            ("resources", texts_or_text()),
            ("context", json!(true)),
            ("concurrency", any_of_keys(&["maxConcurrentRequests", "max", "limit"], &[])),
            (
                "documentation",
                object(
                    &["references"],
                    &[],
                    &[("references", list(&object(&["title", "url", "description"], &["title", "url"], &[])))],
                ),
            ),
            (
                "changelog",
                object(
                    &["summary", "labels"],
                    &[],
                    &[("labels", list(&names(&["auth", "downstream-change", "bug-fix", "new-actions"])))],
                ),
            ),
            ("categories", texts()),
            ("releaseStage", choice(&root::STAGES)),
            ("scopeDefinitions", map_of(&object(&["description", "includes"], &[], &[("includes", texts_or_text())]))),
            ("enums", map_of(&json!({ "type": "array", "minItems": 1 }))),
            ("authentication", json!({ "type": "array", "minItems": 1, "items": map_of(&reference("authMethod")) })),
            (
                "actions",
                json!({ "anyOf": [reference("actions"), { "type": "object", "properties": { "$ref": text() }, "additionalProperties": false }] }),
            ),
            ("events", reference("events")),
            ("syncedActions", texts()),
            ("mcp", object(&["instructions"], &[], &[])),
        ],
    );
    schema["allOf"] = json!([
        { "anyOf": [{ "required": ["Patchbay"] }, { "required": ["StackOne"] }] },
        { "anyOf": [{ "required": ["actions"] }, { "required": ["$ref"] }] },
    ]);
    schema
}

fn definitions() -> Value {
    let mut all = Map::new();
    let mut add = |name: &str, schema: Value| _ = all.insert(name.to_owned(), schema);
    add("authMethod", auth_method());
    add("field", field());
    add("notice", notice());
    add("guides", object(&["setup", "config"], &[], &[("setup", reference("guide")), ("config", reference("guide"))]));
    add("guide", guide());
    authorization::definitions(&mut add);
    add(
        "actions",
        json!({ "type": "array", "items": { "anyOf": [reference("action"), object(&["$ref"], &["$ref"], &[])] } }),
    );
    add("action", action(&["actionId", "label", "steps"]));
    add("nestedAction", action(&["steps"]));
    add("input", input_schema(&["name", "type", "in"]));
    add("property", input_schema(&["name", "type"]));
    add("variant", input_schema(&["type"]));
    field_mapping::definitions(&mut add);
    events::definitions(&mut add);
    steps::definitions(&mut add);
    Value::Object(all)
}

fn auth_method() -> Value {
    let test = object(
        &["action", "required", "condition"],
        &["action"],
        &[("action", json!({ "anyOf": [text(), reference("nestedAction")] })), ("required", boolean())],
    );
    let support = object(&["link", "description", "guides"], &[], &[("guides", reference("guides"))]);
    object(
        &auth::KEYS,
        &["type", "label"],
        &[
            ("type", names(&AUTH_TYPES.each_ref().map(|auth_type| auth_type.name))),
            ("grantType", choice(&GRANT_TYPES)),
            ("support", support),
            ("setupFields", list(&reference("field"))),
            ("configFields", list(&reference("field"))),
            ("setupNotices", list(&reference("notice"))),
            ("configNotices", list(&reference("notice"))),
            ("authorization", reference("authorization")),
            ("certificates", reference("certificates")),
            (
                "refreshAuthentication",
                object(&["schedule", "action"], &["action"], &[("action", reference("nestedAction"))]),
            ),
            ("revokeAuthentication", object(&["action"], &["action"], &[("action", reference("nestedAction"))])),
            ("requiredScopes", texts_or_text()),
            ("environments", list(&object(&["key", "name"], &["key", "name"], &[]))),
            ("testActions", list(&test)),
            ("testActionsIds", texts()),
            ("authorizationFlow", mcp::flow_schema()),
            ("guides", json!(true)),
            ("key", json!(true)),
            ("description", json!(true)),
        ],
    )
}

fn field() -> Value {
    let validation = object(
        &["pattern", "format", "errorMessage"],
        &[],
        &[("format", names(&["email", "url", "uri", "uuid", "date", "datetime"]))],
    );
    object(
        &auth::FIELD_KEYS,
        &["key", "label"],
        &[
            ("type", choice(&auth::FIELD_TYPES)),
            ("required", boolean()),
            ("secret", boolean()),
            ("readOnly", boolean()),
            ("options", list(&object(&["value", "label"], &["value"], &[]))),
            ("validation", validation),
            ("value", json!(true)),
            ("externalSystemAccountIdentifier", boolean()),
            ("display", boolean()),
        ],
    )
}

fn notice() -> Value {
    object(
        &["key", "type", "description", "position", "anchor"],
        &["key", "description"],
        &[("type", names(&["warning", "info"])), ("position", names(&["top", "bottom"]))],
    )
}

fn guide() -> Value {
    let image = object(&["src", "alt"], &["src"], &[]);
    let step = object(
        &["title", "content", "list", "image", "displayScopes", "applicableScopes"],
        &["title"],
        &[("list", texts()), ("image", image.clone()), ("displayScopes", boolean()), ("applicableScopes", texts())],
    );
    let section = object(
        &["title", "content", "list", "image", "applicableScopes", "steps"],
        &["title"],
        &[("list", texts()), ("image", image), ("applicableScopes", texts()), ("steps", list(&step))],
    );
    object(&["warning", "sections"], &[], &[("sections", list(&section))])
}

fn action(required: &[&str]) -> Value {
    let annotations = ["title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
    let hints = annotations[1..].iter().map(|hint| (*hint, boolean())).collect::<Vec<_>>();
    let rule = object(
        &["rule", "fields", "field", "condition", "errorMessage"],
        &["rule"],
        &[
            ("rule", names(&["atLeastOneOf", "mutuallyExclusive", "requiredIf"])),
            ("fields", texts()),
            (
                "condition",
                object(
                    &["field", "equals", "notEquals", "present"],
                    &["field"],
                    &[("equals", json!(true)), ("notEquals", json!(true)), ("present", boolean())],
                ),
            ),
        ],
    );
    object(
        &action::KEYS,
        required,
        &[
            ("actionId", json!({ "type": "string", "pattern": "^[a-z0-9_]{1,96}$" })),
            ("searchPhrases", texts()),
            ("categories", texts()),
            ("actionType", choice(&action::TYPES)),
            ("schemaType", names(&["native", "unified"])),
            ("resources", texts_or_text()),
            ("context", json!(true)),
            ("tags", texts()),
            ("effects", list(&choice(&action::EFFECTS))),
            ("annotations", object(&annotations, &[], &hints)),
            ("releaseStage", choice(&root::STAGES)),
            ("executionMode", names(&["sync", "async"])),
            ("requiresManualSetup", boolean()),
            ("prerequisiteActions", texts()),
            ("providerEvents", texts()),
            ("requiredScopes", texts_or_text()),
            ("authRequirements", map_of(&texts_or_text())),
            ("entrypointHttpMethod", choice(&HttpMethod::ALL)),
            ("inputs", list(&reference("input"))),
            ("validationRules", list(&rule)),
            ("steps", json!({ "type": "array", "minItems": 1, "items": reference("step") })),
            ("result", json!(true)),
            ("cursor", object(&["enabled", "pageSize"], &[], &[("enabled", boolean()), ("pageSize", whole())])),
            (
                "compositeIdentifiers",
                object(
                    &["enabled", "version", "fields"],
                    &[],
                    &[("enabled", boolean()), ("version", json!({ "const": 1 })), ("fields", list(&composite_id()))],
                ),
            ),
            ("fieldConfigs", list(&reference("fieldMapping"))),
            (
                "examples",
                list(&object(
                    &["exampleDescription", "input", "output"],
                    &[],
                    &[("input", json!(true)), ("output", json!(true))],
                )),
            ),
            ("dataSync", any_of_keys(&sync::KEYS, &[])),
            ("responses", json!(true)),
        ],
    )
}

fn composite_id() -> Value {
    let component = json!({ "anyOf": [{ "type": "string" }, object(&["name", "alias"], &["name"], &[])] });
    object(
        &["targetFieldKey", "remote", "components"],
        &["targetFieldKey", "components"],
        &[("components", json!({ "type": "array", "minItems": 1, "items": component }))],
    )
}

fn input_schema(required: &[&str]) -> Value {
    let one_of = object(&["values", "ref"], &[], &[("values", json!({ "type": "array" }))]);
    let rules = object(
        &["minLength", "maxLength", "pattern", "format", "min", "max", "errorMessage"],
        &[],
        &[
            ("minLength", whole()),
            ("maxLength", whole()),
            ("min", json!({ "type": "number" })),
            ("max", json!({ "type": "number" })),
            ("format", names(&["email", "url", "uri", "uuid", "date", "datetime"])),
        ],
    );
    object(
        &input::KEYS,
        required,
        &[
            ("type", choice(&InputType::ALL)),
            ("in", choice(&input::LOCATIONS)),
            ("required", boolean()),
            ("array", boolean()),
            ("hidden", boolean()),
            ("properties", list(&reference("property"))),
            ("variants", list(&reference("variant"))),
            ("filters", map_of(&map_of(&text()))),
            ("oneOf", one_of),
            ("rules", rules),
        ],
    )
}
