//! The `events` block as a JSON Schema.

use serde_json::{Value, json};

use crate::{
    definition::{HMAC_ALGORITHMS, JwtAlgorithm},
    json_schema::{boolean, choice, list, map_of, object, reference, text, texts_or_text},
    load::events::{
        self, duration, handshake, polling,
        verification::{self, MAX_TOLERANCE},
    },
};

/// Adds the definitions of the block.
pub(super) fn definitions(add: &mut dyn FnMut(&str, Value)) {
    let action = || reference("nestedAction");
    let duration = || json!({ "type": "string", "pattern": duration::PATTERN });
    let renewal = object(&events::RENEWAL_KEYS, &events::RENEWAL_KEYS, &[("action", action()), ("before", duration())]);
    let setup = object(
        &events::SETUP_KEYS,
        &[],
        &[
            ("creation", action()),
            ("activation", action()),
            ("deletion", action()),
            ("renewal", renewal),
            ("isConsolidated", boolean()),
        ],
    );
    let then = object(&events::THEN_KEYS, &["action"], &[("input", map_of(&json!(true)))]);
    let rule = object(&events::RULE_KEYS, &events::RULE_KEYS, &[("then", then)]);
    let router =
        object(&events::ROUTER_KEYS, &[], &[("delivery", list(&rule)), ("itemsPath", text()), ("rules", list(&rule))]);
    let acknowledge = object(&events::ACKNOWLEDGE_KEYS, &[], &[("status", success())]);
    let capture = object(&handshake::CAPTURE_KEYS, &handshake::CAPTURE_KEYS, &[]);
    let polled = object(
        &polling::KEYS,
        &["action", "every", "id", "type"],
        &[("input", map_of(&json!(true))), ("every", duration())],
    );
    add(
        "events",
        object(
            &events::KEYS,
            &[],
            &[
                ("setup", setup),
                ("guides", reference("guides")),
                ("actions", list(&action())),
                ("router", router),
                ("externalAccountIdExtractor", action()),
                ("verification", list(&reference("verification"))),
                ("capture", capture),
                ("handshakes", list(&reference("handshake"))),
                ("acknowledge", acknowledge),
                ("polling", list(&polled)),
            ],
        ),
    );
    add("handshake", handshake());
    add("verification", verification());
}

fn success() -> Value {
    json!({ "type": "integer", "minimum": 200, "maximum": 299 })
}

fn handshake() -> Value {
    let respond = object(
        &handshake::RESPOND_KEYS,
        &[],
        &[
            ("status", success()),
            ("contentType", choice(&handshake::CONTENT_TYPES)),
            ("body", json!(true)),
            ("headers", map_of(&text())),
        ],
    );
    object(&handshake::KEYS, &handshake::KEYS, &[("verified", boolean()), ("respond", respond)])
}

fn verification() -> Value {
    let scheme = |name: &str| ("scheme", json!({ "const": name }));
    let piece = json!({ "anyOf": [text(), object(&verification::PIECE_KEYS, &[], &[])] });
    let signature = object(
        &verification::SIGNATURE_KEYS,
        &["encoding"],
        &[("many", boolean()), ("encoding", choice(&verification::ENCODINGS))],
    );
    let tolerance = json!({ "type": "integer", "minimum": 1, "maximum": MAX_TOLERANCE });
    let timestamp = object(
        &verification::TIMESTAMP_KEYS,
        &["format", "tolerance"],
        &[("format", choice(&verification::TIME_FORMATS)), ("tolerance", tolerance)],
    );
    let hmac = object(
        &verification::HMAC_KEYS,
        &["scheme", "algorithm", "secret", "content", "signature"],
        &[
            scheme("hmac"),
            ("algorithm", choice(&HMAC_ALGORITHMS)),
            ("secret", texts_or_text()),
            ("secretEncoding", choice(&verification::SECRET_ENCODINGS)),
            ("content", list(&piece)),
            ("urlDecode", boolean()),
            ("signature", signature),
            ("timestamp", timestamp),
        ],
    );
    let token =
        object(&verification::TOKEN_KEYS, &["scheme", "equals"], &[scheme("token"), ("equals", texts_or_text())]);
    let jwt = object(
        &verification::JWT_KEYS,
        &["scheme", "header", "algorithms"],
        &[
            scheme("jwt"),
            ("secret", texts_or_text()),
            ("algorithms", list(&choice(&JwtAlgorithm::ALL))),
            ("issuer", texts_or_text()),
            ("audience", texts_or_text()),
            ("claims", map_of(&text())),
        ],
    );
    let none = object(&verification::NONE_KEYS, &verification::NONE_KEYS, &[scheme("none")]);
    json!({ "oneOf": [hmac, token, jwt, none] })
}
