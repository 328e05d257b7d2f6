//! Classifies the failures of token requests (RFC 6749, section 5.2, and the words of providers).
//!
//! Only an error word in a parsed body says something about a grant. A status by itself never does: a firewall's page has the
//! status 403, a reverse proxy's page 400, a gateway's empty response 401, and after each of them the grant is as good as
//! before.

use serde_json::Value;

/// The cause of a failed token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// The provider says that the grant is invalid, expired or revoked. If a customer consented to it, the account must be
    /// reconnected; the account's own credentials may be accepted next time.
    InvalidGrant,
    /// The provider says that the client's credentials are wrong: the operator must correct the profile.
    InvalidClient,
    /// The provider says that the request is wrong: the operator must correct the connector, or the app at the provider.
    InvalidRequest,
    /// A refusal (400, 401 or 403) without an error word. It says nothing about the grant, and a retry may succeed.
    Unexplained,
    /// A retry may succeed.
    Transient,
}

/// The words of each cause, in the form that [`normalized`] returns.
const WORDS: [(TokenError, &[&str]); 4] = [
    (
        TokenError::InvalidGrant,
        &[
            "invalidgrant",
            // GitHub, HubSpot.
            "badrefreshtoken",
            // Slack.
            "invalidrefreshtoken",
            "tokenrevoked",
            "tokenexpired",
            "accountinactive",
            "expiredtoken",
            "accessdenied",
            // OpenID Connect Core 1.0, section 3.1.2.6: Microsoft reports them for a refresh token whose user must consent again.
            "interactionrequired",
            "consentrequired",
            "loginrequired",
        ],
    ),
    (
        TokenError::InvalidClient,
        &[
            "invalidclient",
            "unauthorizedclient",
            "incorrectclientcredentials",
            "badclientsecret",
            "invalidclientid",
            "invalidclientsecret",
        ],
    ),
    (
        TokenError::InvalidRequest,
        &[
            "invalidrequest",
            "invalidscope",
            "unsupportedgranttype",
            "unsupportedresponsetype",
            "redirecturimismatch",
            // RFC 8707, section 2.
            "invalidtarget",
        ],
    ),
    (TokenError::Transient, &["temporarilyunavailable", "servererror", "slowdown", "ratelimited"]),
];

/// Classifies a response without a token by the error words of its body, and by its status if there are none.
pub(crate) fn classify(status: u16, body: Option<&Value>) -> TokenError {
    match body.and_then(known_error) {
        Some(cause) => cause,
        // RFC 6749, section 5.2, gives errors the statuses 400 and 401; providers also send 403.
        None if matches!(status, 400 | 401 | 403) => TokenError::Unexplained,
        None => TokenError::Transient,
    }
}

/// Returns the cause that the first known word of a body names.
pub(crate) fn known_error(body: &Value) -> Option<TokenError> {
    error_words(body).into_iter().find_map(|word| {
        let word = normalized(word);
        WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(cause, _)| *cause)
    })
}

/// Returns the error code of a body, as a message repeats it.
pub(crate) fn error_code(body: &Value) -> Option<&str> {
    words(body, &CODE_MEMBERS).into_iter().next()
}

/// The members that contain the code of an error object.
const CODE_MEMBERS: [&str; 6] = ["error", "code", "errorCode", "error_code", "type", "errorType"];
/// The members that may contain one of [`WORDS`].
const WORD_MEMBERS: [&str; 8] = ["error", "code", "errorCode", "error_code", "type", "errorType", "status", "message"];

/// Returns the words that a body may name its error by.
fn error_words(body: &Value) -> Vec<&str> {
    let status = body.get("status").and_then(Value::as_str);
    words(body, &WORD_MEMBERS).into_iter().chain(status).collect()
}

/// Returns the words in `error` and in `errors` or its first item, each a string or an object with these members, then the
/// body's own `errorCode` and `error_code`.
fn words<'a>(body: &'a Value, members: &[&str]) -> Vec<&'a str> {
    let nested =
        ["error", "errors"].iter().filter_map(|name| body.get(*name)).flat_map(|error| words_of(error, members));
    let own = ["errorCode", "error_code"].iter().filter_map(|name| body.get(*name)?.as_str());
    nested.chain(own).filter(|word| !word.is_empty()).collect()
}

fn words_of<'a>(error: &'a Value, names: &[&str]) -> Vec<&'a str> {
    match error {
        Value::String(word) => vec![word],
        Value::Array(items) => items.first().map(|first| words_of(first, names)).unwrap_or_default(),
        Value::Object(members) => names.iter().filter_map(|name| members.get(*name)?.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// Returns a word without its case and its separators: `invalid_grant`, `InvalidGrant` and `INVALID-GRANT` are one word.
fn normalized(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_decides_and_a_status_alone_does_not() {
        let error = |word: &str| Some(json!({ "error": word }));
        for (status, body, expected) in [
            (400, error("invalid_grant"), TokenError::InvalidGrant),
            (401, error("invalid_grant"), TokenError::InvalidGrant),
            (500, error("invalid_grant"), TokenError::InvalidGrant),
            (200, error("bad_refresh_token"), TokenError::InvalidGrant),
            (401, error("invalid_client"), TokenError::InvalidClient),
            (400, error("unauthorized_client"), TokenError::InvalidClient),
            (400, error("invalid_request"), TokenError::InvalidRequest),
            (403, error("invalid_scope"), TokenError::InvalidRequest),
            (400, error("unsupported_grant_type"), TokenError::InvalidRequest),
            (503, error("temporarily_unavailable"), TokenError::Transient),
            (400, error("slow_down"), TokenError::Transient),
            // Not words of OAuth.
            (404, error("whatever"), TokenError::Transient),
            (400, error("the proxy is confused"), TokenError::Unexplained),
            (401, Some(json!({ "message": "Unauthorized" })), TokenError::Unexplained),
            (400, None, TokenError::Unexplained),
            (401, None, TokenError::Unexplained),
            (403, None, TokenError::Unexplained),
            (405, None, TokenError::Transient),
            (429, None, TokenError::Transient),
            (500, None, TokenError::Transient),
        ] {
            assert_eq!(classify(status, body.as_ref()), expected, "{status} {body:?}");
        }
    }

    #[test]
    fn words_are_found_in_every_form_of_an_error() {
        for body in [
            json!({ "error": { "code": "invalid_grant" } }),
            json!({ "error": { "code": 400, "type": "InvalidGrant" } }),
            json!({ "error": { "errors": [], "status": "INVALID_GRANT" } }),
            json!({ "error": ["invalid-grant"] }),
            json!({ "errors": ["invalid_grant"] }),
            json!({ "errors": [{ "errorType": "invalid_grant", "message": "Refresh token invalid" }], "success": false }),
            json!({ "errors": [{ "code": "invalid_grant" }, { "code": "invalid_scope" }] }),
            json!({ "errors": { "error": "invalid_grant" } }),
            json!({ "errorCode": "invalid_grant", "errorSummary": "no" }),
            json!({ "error_code": "invalid_grant" }),
            json!({ "status": "BAD_REFRESH_TOKEN", "message": "missing or unknown refresh token" }),
        ] {
            assert_eq!(classify(400, Some(&body)), TokenError::InvalidGrant, "{body}");
        }
        for body in [
            json!({}),
            json!({ "error": null }),
            json!({ "error": 5 }),
            json!({ "errors": [] }),
            json!({ "status": 400 }),
            json!({ "description": "invalid_grant" }),
            json!({ "error": "this is not an invalid_grant" }),
        ] {
            assert_eq!(known_error(&body), None, "{body}");
        }
    }

    #[test]
    fn the_code_of_a_message_is_the_first_word() {
        assert_eq!(error_code(&json!({ "error": "x", "errors": ["y"] })), Some("x"));
        assert_eq!(error_code(&json!({ "error": { "code": "x", "message": "a sentence" } })), Some("x"));
        assert_eq!(error_code(&json!({ "error": "", "error_code": "z" })), Some("z"));
        assert_eq!(error_code(&json!({ "error": false })), None);
        assert_eq!(error_code(&json!({ "error": { "message": "a sentence" }, "status": "x" })), None);
    }
}
