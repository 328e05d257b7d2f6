//! The connector format as a JSON Schema, for editors and other tools.
//!
//! The lists of keys and names are the loader's own, so that neither knows a key that the other does
//! not. What a schema cannot say (names that lead nowhere, expressions that do not parse) is the
//! loader's alone; a key without a value, which the loader takes for absent, is an error here.

use serde_json::{Map, Value, json};

use super::steps;
use crate::definition::OAuth1Method;
use crate::load::{action, auth, authorization, input, mapping, oauth1, root, sync};

/// The schema of a connector's main file; a partial is its `#/$defs/actions`.
pub fn format_schema() -> Value {
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
        &["info", "authentication", "actions"],
        &[
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
            ("events", json!({ "type": "object" })),
            ("syncedActions", texts()),
            ("mcp", object(&["instructions"], &[], &[])),
        ],
    );
    schema["anyOf"] = json!([{ "required": ["Patchbay"] }, { "required": ["StackOne"] }]);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Patchbay connector");
    schema["description"] =
        json!("A provider, described: how to sign in, what to tell its administrators, what it can do.");
    schema["$defs"] = definitions();
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
    add("authorization", authorization());
    add("signing", signing());
    add(
        "actions",
        json!({ "type": "array", "items": { "anyOf": [reference("action"), object(&["$ref"], &["$ref"], &[])] } }),
    );
    add("action", action(&["actionId", "label", "steps"]));
    add("nestedAction", action(&["steps"]));
    add("input", input_schema(&["name", "type", "in"]));
    add("property", input_schema(&["name", "type"]));
    add("variant", input_schema(&["type"]));
    add("fieldMapping", field_mapping("fieldMapping", &mapping::KEYS));
    add("typecastField", field_mapping("typecastField", &mapping::TYPECAST));
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
            ("type", names(&["custom", "oauth2", "mcp", "oauth1"])),
            ("grantType", names(&["authorization_code", "client_credentials"])),
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
            (
                "authorizationFlow",
                object(
                    &["serverUrl", "discovery", "clientRegistration", "scopes"],
                    &["serverUrl"],
                    &[
                        ("discovery", boolean()),
                        ("clientRegistration", names(&["cimd", "dcr"])),
                        ("scopes", texts_or_text()),
                    ],
                ),
            ),
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
            ("display", json!(true)),
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

fn authorization() -> Value {
    let kind = |name: &str| ("type", json!({ "const": name }));
    let args = list(&reference("argument"));
    let pairs = || map_of(&text());
    let response = object(&["acceptTokenTypes", "accessToken", "refreshToken"], &[], &[("acceptTokenTypes", texts())]);
    json!({ "oneOf": [
        object(&authorization::NONE, &["type"], &[kind("none"), ("signing", reference("signing"))]),
        object(&authorization::BASIC, &["type"], &[kind("basic"), ("encoding", names(&["base64"]))]),
        object(&authorization::BEARER, &["type", "token"], &[kind("bearer"), ("includeBearer", boolean())]),
        object(&authorization::API_KEY, &["type", "key", "value"], &[kind("apiKey"), ("in", choice(&authorization::API_KEY_PLACES))]),
        object(&authorization::CUSTOM, &["type", "args"], &[kind("custom"), ("args", args)]),
        object(&authorization::WS_SECURITY, &["type", "username", "password"], &[
            kind("ws_security"), ("passwordType", choice(&authorization::PASSWORD_TYPES)),
        ]),
        object(&authorization::OAUTH2, &["type", "token"], &[
            kind("oauth2"), ("includeBearer", boolean()), ("pkce", boolean()), ("tokenExpiresIn", whole()),
            ("tokenRefreshExpiresIn", whole()), ("authorizationParams", pairs()), ("tokenParams", pairs()), ("revocationParams", pairs()),
            ("customHeaders", pairs()), ("additionalTokenFields", pairs()), ("callbackParams", pairs()),
            ("tokenResponse", response),
        ]),
        object(&oauth1::SIGN_IN, &oauth1::REQUIRED, &[
            kind("oauth1"), ("requestTokenParams", pairs()), ("authorizationParams", pairs()), ("tokenParams", pairs()),
            ("tokenMethod", choice(&oauth1::TOKEN_METHODS)), ("tokenExpiresIn", whole()),
            ("additionalTokenFields", pairs()), ("callbackParams", pairs()),
            ("signatureMethod", choice(&OAuth1Method::ALL)),
        ]),
    ] })
}

fn signing() -> Value {
    let strategy = |name: &str| ("strategy", json!({ "const": name }));
    let hmac = [
        strategy("hmac"),
        ("algorithm", names(&["sha1", "sha256", "sha512"])),
        ("dateFormat", names(&["iso8601", "rfc2822"])),
        ("includeHost", boolean()),
        ("includeBodyHash", boolean()),
        ("outputFormat", names(&["header", "basic"])),
    ];
    json!({ "oneOf": [
        object(&authorization::AWS4, &["strategy", "service"], &[strategy("aws4")]),
        object(&authorization::HMAC, &["strategy"], &hmac),
        object(&oauth1::SIGNING, &["strategy"], &[strategy("oauth1"), ("signatureMethod", choice(&OAuth1Method::ALL))]),
    ] })
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
            ("entrypointHttpMethod", names(&["get", "post", "put", "patch", "delete"])),
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
            ("type", choice(&input::TYPES)),
            ("in", choice(&input::LOCATIONS)),
            ("required", boolean()),
            ("array", boolean()),
            ("hidden", boolean()),
            ("properties", list(&reference("property"))),
            ("variants", list(&reference("variant"))),
            ("oneOf", one_of),
            ("rules", rules),
        ],
    )
}

fn field_mapping(name: &str, keys: &[&str]) -> Value {
    let rule = object(&["matchExpression", "value"], &["matchExpression", "value"], &[]);
    let matcher = json!({ "anyOf": [text(), list(&rule)] });
    let overrides = [
        ("values", json!(true)),
        ("type", choice(&input::TYPES)),
        ("array", boolean()),
        ("custom", boolean()),
        ("hidden", boolean()),
        ("enumMapper", object(&["matcher"], &["matcher"], &[("matcher", matcher)])),
        ("properties", list(&reference(name))),
        ("requiredScopes", texts()),
    ];
    object(keys, &["targetFieldKey", "type"], &overrides)
}

/// A mapping with these keys; those that `known` does not describe are texts.
pub(super) fn object(keys: &[&str], required: &[&str], known: &[(&str, Value)]) -> Value {
    let schema =
        |key: &str| known.iter().find(|(name, _)| *name == key).map_or_else(text, |(_, schema)| schema.clone());
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), schema(key))).collect();
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// A mapping with these keys; those that `known` does not describe are anything.
pub(super) fn any_of_keys(keys: &[&str], known: &[(&str, Value)]) -> Value {
    let schema =
        |key: &str| known.iter().find(|(name, _)| *name == key).map_or(json!(true), |(_, schema)| schema.clone());
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), schema(key))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// A text; YAML's numbers and booleans are read as they are spelled.
pub(super) fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

pub(super) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn whole() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(super) fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

pub(super) fn texts() -> Value {
    list(&text())
}

fn texts_or_text() -> Value {
    json!({ "anyOf": [text(), texts()] })
}

pub(super) fn map_of(of: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": of })
}

pub(super) fn names(names: &[&str]) -> Value {
    json!({ "enum": names })
}

pub(super) fn choice<T>(choices: &[(&str, T)]) -> Value {
    json!({ "enum": choices.iter().map(|(name, _)| *name).collect::<Vec<_>>() })
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}
