//! Reads `verification`, and rejects proofs that prove nothing.

use crate::{
    definition::{
        ContentPiece, HMAC_ALGORITHMS, HmacVerification, JwtAlgorithm, JwtKeys, JwtVerification, SecretEncoding,
        SignatureEncoding, SignatureSource, TimestampFormat, TimestampRule, TimestampSource, TokenSource,
        TokenVerification, ValueSource, Verification,
    },
    diagnostic::code,
    expr::Template,
    syntax::{Mapping, Reader},
};

pub(crate) const HMAC_KEYS: [&str; 8] =
    ["scheme", "algorithm", "secret", "secretEncoding", "content", "urlDecode", "signature", "timestamp"];
pub(crate) const SIGNATURE_KEYS: [&str; 7] = ["header", "query", "prefix", "separator", "key", "many", "encoding"];
pub(crate) const TIMESTAMP_KEYS: [&str; 4] = ["header", "pick", "format", "tolerance"];
pub(crate) const PIECE_KEYS: [&str; 4] = ["text", "header", "query", "pick"];
pub(crate) const TOKEN_KEYS: [&str; 5] = ["scheme", "header", "query", "bodyPath", "equals"];
pub(crate) const JWT_KEYS: [&str; 9] =
    ["scheme", "header", "prefix", "jwks", "secret", "algorithms", "issuer", "audience", "claims"];
pub(crate) const NONE_KEYS: [&str; 2] = ["scheme", "reason"];
pub(crate) const SCHEMES: [(&str, Scheme); 4] =
    [("hmac", Scheme::Hmac), ("token", Scheme::Token), ("jwt", Scheme::Jwt), ("none", Scheme::None)];
pub(crate) const SECRET_ENCODINGS: [(&str, SecretEncoding); 3] =
    [("text", SecretEncoding::Text), ("base64", SecretEncoding::Base64), ("hex", SecretEncoding::Hex)];
pub(crate) const ENCODINGS: [(&str, SignatureEncoding); 3] = [
    ("hex", SignatureEncoding::Hex),
    ("base64", SignatureEncoding::Base64),
    ("base64url", SignatureEncoding::Base64Url),
];
pub(crate) const TIME_FORMATS: [(&str, TimestampFormat); 3] =
    [("seconds", TimestampFormat::Seconds), ("millis", TimestampFormat::Millis), ("iso", TimestampFormat::Iso)];
/// The longest permitted difference between the time of a signature and the clock, in seconds.
pub(crate) const MAX_TOLERANCE: u32 = 3600;
/// The maximum number of parts of the hashed content.
const MAX_PIECES: usize = 16;

/// A scheme by its name.
#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    Hmac,
    Token,
    Jwt,
    None,
}

pub(super) fn read(reader: Reader<'_>) -> Option<Verification> {
    let Some(scheme) = reader.peek("scheme") else {
        // Reports the missing key.
        reader.mapping("a verification", &HMAC_KEYS)?.require("scheme");
        return None;
    };
    Some(match scheme.choice(&SCHEMES)? {
        Scheme::Hmac => Verification::Hmac(hmac(reader)?),
        Scheme::Token => Verification::Token(token(reader)?),
        Scheme::Jwt => Verification::Jwt(jwt(reader)?),
        Scheme::None => {
            let mapping = reader.mapping("a verification with `scheme: none`", &NONE_KEYS)?;
            let place = mapping.require("reason")?;
            let reason = place.text()?;
            if reason.trim().is_empty() {
                place.error(code::MISSING_KEY, "the reason is empty; say why nothing verifies the provider's events");
            }
            Verification::None { reason }
        }
    })
}

fn hmac(reader: Reader<'_>) -> Option<HmacVerification> {
    let mapping = reader.mapping("a verification with `scheme: hmac`", &HMAC_KEYS)?;
    let algorithm = mapping.require("algorithm").and_then(|place| place.choice(&HMAC_ALGORITHMS));
    let secrets = mapping.require("secret").map(|place| secrets(&place));
    let (content, signature) = (mapping.require("content"), mapping.require("signature"));
    let pieces = content.map(|place| content_pieces(&place));
    let signature_source = signature.and_then(signature_source);
    let timestamp = mapping.get("timestamp").and_then(|place| Some((place, timestamp(place)?)));
    let (pieces, signature_source) = (pieces?, signature_source?);
    if let Some((place, rule)) = &timestamp {
        let is_signed = pieces.iter().any(|piece| match (&rule.source, piece) {
            (TimestampSource::Header(name), ContentPiece::Header(signed)) => name == signed,
            (TimestampSource::Pick(key), ContentPiece::Pick(signed)) => key == signed,
            _ => false,
        });
        if !is_signed {
            let message = "the time is not a part of `content`; who resends an old request can change it";
            place.error_with_hint(code::INVALID, message, "add the header or key of `timestamp` to `content`");
        }
    }
    let picks = pieces.iter().any(|piece| matches!(piece, ContentPiece::Pick(_)))
        || timestamp.as_ref().is_some_and(|(_, rule)| matches!(rule.source, TimestampSource::Pick(_)));
    if picks && signature_source.separator.is_none() {
        let message = "`pick` reads a key of the signature, but the signature has no `separator`";
        signature?.error_with_hint(code::INVALID, message, "add `separator`, for example `\",\"`");
    }
    Some(HmacVerification {
        algorithm: algorithm?,
        secrets: secrets?,
        secret_encoding: chosen(&mapping, "secretEncoding", &SECRET_ENCODINGS).unwrap_or_default(),
        content: pieces,
        url_decode: mapping.flag("urlDecode", false),
        signature: signature_source,
        timestamp: timestamp.map(|(_, rule)| rule),
    })
}

fn chosen<T: Copy>(mapping: &Mapping<'_>, key: &str, choices: &[(&str, T)]) -> Option<T> {
    mapping.get(key).and_then(|place| place.choice(choices))
}

/// Reads one expression or a list of them; a secret that is a part of the file is reported.
fn secrets(place: &Reader<'_>) -> Vec<Template> {
    let places = if place.is_list() { place.items().collect() } else { vec![*place] };
    if places.is_empty() {
        place.error(code::INVALID, "the list is empty");
    }
    let each = places.iter().filter_map(|place| {
        let template = place.template()?;
        if template.references().is_empty() {
            let hint = "read a field of the profile or account, for example `$.credentials.signingSecret`";
            place.error_with_hint(code::INVALID, "the secret is a part of the file, which is public", hint);
        }
        Some(template)
    });
    each.collect()
}

fn one_or_many_templates(place: &Reader<'_>) -> Vec<Template> {
    let places = if place.is_list() { place.items().collect() } else { vec![*place] };
    places.iter().filter_map(Reader::template).collect()
}

fn content_pieces(place: &Reader<'_>) -> Vec<ContentPiece> {
    let pieces = place.items().filter_map(|item| content_piece(&item)).collect::<Vec<_>>();
    if pieces.len() > MAX_PIECES {
        place.error(code::INVALID, format!("`content` has more than {MAX_PIECES} parts"));
    }
    if !pieces.contains(&ContentPiece::Body) {
        let message = "`content` does not contain `body`; a changed event would have a valid signature";
        place.error_with_hint(code::INVALID, message, "add `body`, where the provider adds it");
    }
    pieces
}

fn content_piece(place: &Reader<'_>) -> Option<ContentPiece> {
    let is_mapping = PIECE_KEYS.iter().any(|key| place.peek(key).is_some());
    if !is_mapping {
        return Some(match place.text()?.as_str() {
            "method" => ContentPiece::Method,
            "url" => ContentPiece::Url,
            "body" => ContentPiece::Body,
            text => ContentPiece::Text(text.to_owned()),
        });
    }
    let mapping = place.mapping("a part of `content`", &PIECE_KEYS)?;
    let (key, value) = exactly_one(&mapping, &PIECE_KEYS)?;
    Some(match key {
        "text" => ContentPiece::Text(value.text()?),
        "header" => ContentPiece::Header(header_name(&value)?),
        "query" => ContentPiece::Query(value.text()?),
        _ => ContentPiece::Pick(value.text()?),
    })
}

/// Returns the only one of these keys that a mapping has.
fn exactly_one<'n, 'k>(mapping: &Mapping<'n>, keys: &[&'k str]) -> Option<(&'k str, Reader<'n>)> {
    let mut found = keys.iter().filter_map(|key| Some((*key, mapping.get(key)?)));
    let first = found.next();
    let list = || keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    match (first, found.next()) {
        (Some(only), None) => Some(only),
        (Some(_), Some((_, second))) => {
            second.error(code::INVALID, format!("only one of {} is possible", list()));
            None
        }
        (None, _) => {
            mapping.reader.error(code::MISSING_KEY, format!("one of the keys {} is missing", list()));
            None
        }
    }
}

/// Reads the name of a header, in lower case.
fn header_name(place: &Reader<'_>) -> Option<String> {
    let name = place.text()?.to_ascii_lowercase();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        place.error(code::INVALID, format!("`{name}` is not a name of a header"));
        return None;
    }
    Some(name)
}

fn value_source(mapping: &Mapping<'_>) -> Option<ValueSource> {
    let (key, place) = exactly_one(mapping, &["header", "query"])?;
    Some(if key == "header" { ValueSource::Header(header_name(&place)?) } else { ValueSource::Query(place.text()?) })
}

fn signature_source(reader: Reader<'_>) -> Option<SignatureSource> {
    let mapping = reader.mapping("`signature`", &SIGNATURE_KEYS)?;
    let (source, encoding) = (value_source(&mapping), mapping.require("encoding"));
    let encoding = encoding.and_then(|place| place.choice(&ENCODINGS));
    let separator = mapping.get("separator").and_then(|place| {
        let text = place.text()?;
        if text.is_empty() {
            place.error(code::INVALID, "the separator is empty");
        }
        Some(text).filter(|text| !text.is_empty())
    });
    for key in ["key", "many"] {
        if let Some(place) = mapping.get(key).filter(|_| mapping.get("separator").is_none()) {
            let message = format!("`{key}` has no effect without `separator`");
            place.error_with_hint(code::INVALID, message, "add `separator`, for example `\",\"`");
        }
    }
    Some(SignatureSource {
        source: source?,
        prefix: mapping.text("prefix"),
        separator,
        key: mapping.text("key"),
        many: mapping.flag("many", false),
        encoding: encoding?,
    })
}

fn timestamp(reader: Reader<'_>) -> Option<TimestampRule> {
    let mapping = reader.mapping("`timestamp`", &TIMESTAMP_KEYS)?;
    let source = exactly_one(&mapping, &["header", "pick"]);
    let (format, tolerance) = (mapping.require("format"), mapping.require("tolerance"));
    let format = format.and_then(|place| place.choice(&TIME_FORMATS));
    let tolerance = tolerance.and_then(|place| {
        let seconds = u32::try_from(place.whole()?).ok().filter(|seconds| (1..=MAX_TOLERANCE).contains(seconds));
        if seconds.is_none() {
            place.error(code::INVALID, format!("the tolerance must be between 1 and {MAX_TOLERANCE} seconds"));
        }
        seconds
    });
    let (key, place) = source?;
    let source = match key {
        "header" => TimestampSource::Header(header_name(&place)?),
        _ => TimestampSource::Pick(place.text()?),
    };
    Some(TimestampRule { source, format: format?, tolerance_seconds: tolerance? })
}

fn token(reader: Reader<'_>) -> Option<TokenVerification> {
    let mapping = reader.mapping("a verification with `scheme: token`", &TOKEN_KEYS)?;
    let (source, equals) = (exactly_one(&mapping, &["header", "query", "bodyPath"]), mapping.require("equals"));
    let equals = equals.map(|place| secrets(&place));
    let (key, place) = source?;
    let source = match key {
        "header" => TokenSource::Header(header_name(&place)?),
        "query" => TokenSource::Query(place.text()?),
        _ => TokenSource::Body(body_path(&place)?),
    };
    Some(TokenVerification { source, equals: equals? })
}

/// Reads a path within the body, `value[*].clientState`; also as a whole expression, `$.body.value[*].clientState`.
fn body_path(place: &Reader<'_>) -> Option<Template> {
    let text = place.text()?;
    let whole = if text.starts_with('$') { text.clone() } else { format!("$.body.{text}") };
    match Template::parse(&whole) {
        Ok(path) if path.references().iter().all(|(root, _)| root == "body") && !path.is_literal() => Some(path),
        _ => {
            let hint = "write the path from the body, for example `value[*].clientState`";
            place.error_with_hint(code::EXPRESSION, format!("`{text}` is not a path in the body"), hint);
            None
        }
    }
}

fn jwt(reader: Reader<'_>) -> Option<JwtVerification> {
    let mapping = reader.mapping("a verification with `scheme: jwt`", &JWT_KEYS)?;
    let header = mapping.require("header").and_then(|place| header_name(&place));
    let scheme = mapping.get("prefix").map_or(Some("Bearer".to_owned()), |place| place.text());
    let keys = exactly_one(&mapping, &["jwks", "secret"]);
    let algorithms_place = mapping.require("algorithms");
    let algorithms: Option<Vec<_>> = algorithms_place
        .map(|place| place.items().filter_map(|item| Some((item, item.choice(&JwtAlgorithm::ALL)?))).collect());
    let issuers = mapping.get("issuer").map(|place| one_or_many_templates(&place)).unwrap_or_default();
    let audience = mapping.get("audience").map(|place| one_or_many_templates(&place)).unwrap_or_default();
    let claims = mapping.named_templates("claims");
    let (key, place) = keys?;
    let is_shared = key == "secret";
    let keys = if is_shared { JwtKeys::Secrets(secrets(&place)) } else { JwtKeys::Jwks(key_set(&place)?) };
    if !is_shared && audience.is_empty() && claims.is_empty() {
        let message = "without `audience`, a token that the issuer made for anyone else is accepted";
        mapping.reader.error_with_hint(code::INVALID, message, "add `audience`, for example `$.url`, or `claims`");
    }
    let algorithms = algorithms?;
    if algorithms.is_empty() {
        algorithms_place?.error(code::INVALID, "`algorithms` is empty; list what the provider signs with");
    }
    for (item, algorithm) in &algorithms {
        let is_hs = matches!(algorithm, JwtAlgorithm::Hs256 | JwtAlgorithm::Hs384 | JwtAlgorithm::Hs512);
        if is_hs != is_shared {
            let name = algorithm.as_str();
            let key = if is_hs { "a shared `secret`" } else { "a key set, `jwks`" };
            item.error(code::INVALID, format!("{name} is verified with {key}"));
        }
    }
    let algorithms = algorithms.into_iter().map(|(_, algorithm)| algorithm).collect();
    Some(JwtVerification { header: header?, scheme: scheme?, keys, algorithms, issuers, audience, claims })
}

/// Reads the URL of a key set. A request cannot choose it.
fn key_set(place: &Reader<'_>) -> Option<Template> {
    let url = place.template()?;
    if !url.source().starts_with("https://") {
        place.error(code::INVALID, "the URL of the key set must begin with https://");
    }
    if url.references().iter().any(|(root, _)| root != "credentials") {
        place.error(
            code::INVALID,
            "the URL of the key set may contain `credentials` only: a request must not choose its keys",
        );
    }
    Some(url)
}
