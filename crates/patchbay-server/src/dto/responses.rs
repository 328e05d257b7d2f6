//! Responses that many operations share, as components of the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{
        Components, ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder,
        schema::{SchemaType, Type},
    },
};

/// A response component: its name, the schema of its body, its headers, and its description.
struct SharedResponse {
    name: &'static str,
    schema: &'static str,
    headers: &'static [(&'static str, &'static str)],
    description: &'static str,
}

const RETRY_AFTER: (&str, &str) = ("retry-after", "The seconds to wait before the next attempt.");
const CHALLENGE: (&str, &str) =
    ("www-authenticate", "`Basic realm=\"patchbay\"`; absent for requests of this server's own pages.");

const API: &str = "Error";
const HUB: &str = "HubError";

const SHARED: [SharedResponse; 30] = [
    shared(
        "BadRequest",
        API,
        &[],
        "The request is not valid; `errors` lists every problem, and `problems` too, for programs.",
    ),
    shared("Unauthorized", API, &[CHALLENGE], "The API key or the browser's session is missing or not valid."),
    shared(
        "Forbidden",
        API,
        &[],
        "The API key lacks a scope, or a browser's change did not come from this server's pages.",
    ),
    shared("NotFound", API, &[], "The project does not exist, or nothing in it has this id."),
    shared("RequestTimeout", API, &[], "The body did not arrive in time, or the provider did not respond in time."),
    shared("Conflict", API, &[], "Another request changed the same object; try again."),
    shared(
        "IdempotencyConflict",
        API,
        &[RETRY_AFTER],
        "A request with this `idempotency-key` is running, was interrupted, or has a response that is not kept; or the provider responded with 409.",
    ),
    shared(
        "IdempotencyKeyReused",
        API,
        &[],
        "The `idempotency-key` was used with another request; or the provider responded with 422.",
    ),
    shared("PayloadTooLarge", API, &[], "The body is too large."),
    shared("UnsupportedMediaType", API, &[], "The body is not of a media type that this operation reads."),
    shared("TooManyRequests", API, &[RETRY_AFTER], "A rate limit was reached; the message says whose."),
    shared("InternalServerError", API, &[], "The server failed; its log says why."),
    shared("NotImplemented", API, &[], "The connector or the provider does not support this."),
    shared("BadGateway", API, &[], "The provider is unreachable or returned an invalid response."),
    shared(
        "ProviderRejected",
        API,
        &[],
        "The provider responded with this status; `provider_errors` contains its response.",
    ),
    shared(
        "ProviderFailed",
        API,
        &[],
        "The provider responded with this status; `provider_errors` contains its response.",
    ),
    shared("ServiceUnavailable", API, &[], "The storage is not available."),
    shared("HubBadRequest", HUB, &[], "The request is not valid, or the provider rejects the credentials."),
    shared("HubUnauthorized", HUB, &[], "The connect session has expired or does not exist."),
    shared("HubNotFound", HUB, &[], "The connect session does not include this."),
    shared("HubConflict", HUB, &[], "The connect session was used up, or another request changed the same account."),
    shared("HubIdempotencyKeyReused", HUB, &[], "The `idempotency-key` was used with another request."),
    shared("HubPreconditionFailed", HUB, &[], "The connector profile is disabled."),
    shared("HubProviderFailed", HUB, &[], "The provider failed; `provider_response` is its response."),
    shared("HubRequestTimeout", HUB, &[], "The body did not arrive in time, or the provider did not respond in time."),
    shared("HubPayloadTooLarge", HUB, &[], "The body is too large."),
    shared("HubUnsupportedMediaType", HUB, &[], "The body is not JSON."),
    shared("HubTooManyRequests", HUB, &[RETRY_AFTER], "A rate limit was reached; the message says whose."),
    shared("HubInternalServerError", HUB, &[], "The server failed; its log says why."),
    shared("HubServiceUnavailable", HUB, &[], "The storage is not available."),
];

const fn shared(
    name: &'static str,
    schema: &'static str,
    headers: &'static [(&'static str, &'static str)],
    description: &'static str,
) -> SharedResponse {
    SharedResponse { name, schema, headers, description }
}

/// Adds the response components to the document's components.
pub(crate) fn register(components: &mut Components) {
    for SharedResponse { name, schema, headers, description } in &SHARED {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(*schema))).build();
        let mut response = ResponseBuilder::new().description(*description).content("application/json", content);
        for (header, text) in *headers {
            let kind = if *header == RETRY_AFTER.0 { Type::Integer } else { Type::String };
            let schema = ObjectBuilder::new().schema_type(SchemaType::new(kind)).build();
            let header_out = HeaderBuilder::new().schema(Some(schema)).description(Some(*text)).build();
            response = response.header(*header, header_out);
        }
        components.responses.insert((*name).to_owned(), RefOr::T(response.build()));
    }
    let unchanged = "The response has not changed since the client got it with the tag in `If-None-Match`.";
    let unchanged = ResponseBuilder::new().description(unchanged).build();
    components.responses.insert("NotModified".to_owned(), RefOr::T(unchanged));
}

macro_rules! responses {
    ($($(#[$doc:meta])* $name:ident { $($status:literal = $component:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(($status.to_owned(), RefOr::Ref(Ref::from_response_name($component)))),+])
            }
        }
    )+};
}

responses! {
    /// The errors of every operation that reads the storage.
    ServerErrors {
        "500" = "InternalServerError",
        "503" = "ServiceUnavailable",
    }
    /// The errors of every operation with an API key.
    KeyErrors {
        "401" = "Unauthorized",
        "403" = "Forbidden",
        "404" = "NotFound",
        "429" = "TooManyRequests",
        "500" = "InternalServerError",
        "503" = "ServiceUnavailable",
    }
    /// The errors of every operation with a body.
    BodyErrors {
        "400" = "BadRequest",
        "408" = "RequestTimeout",
        "413" = "PayloadTooLarge",
        "415" = "UnsupportedMediaType",
    }
    /// The response to a request with the tag of the current response in `If-None-Match`.
    NotModified {
        "304" = "NotModified",
    }
    /// The error of a change that did not come from this server's pages.
    CsrfErrors {
        "403" = "Forbidden",
    }
    /// The error of too many wrong passwords.
    LoginErrors {
        "429" = "TooManyRequests",
    }
    /// The errors of operations with parameters in the query.
    ValidationErrors {
        "400" = "BadRequest",
    }
    /// The errors of operations that change something which others may change too.
    ConflictErrors {
        "409" = "Conflict",
    }
    /// The errors of operations that send requests to a provider.
    ProviderErrors {
        "429" = "TooManyRequests",
        "501" = "NotImplemented",
        "502" = "BadGateway",
        "4XX" = "ProviderRejected",
        "5XX" = "ProviderFailed",
    }
    /// The errors of every operation of the Hub API.
    HubErrors {
        "401" = "HubUnauthorized",
        "429" = "HubTooManyRequests",
        "500" = "HubInternalServerError",
        "503" = "HubServiceUnavailable",
    }
    /// The error of operations of the Hub API with parameters in the query.
    HubValidationErrors {
        "400" = "HubBadRequest",
    }
    /// The errors of operations of the Hub API on one object.
    HubNotFoundErrors {
        "404" = "HubNotFound",
    }
    /// The errors of operations of the Hub API with a body.
    HubBodyErrors {
        "400" = "HubBadRequest",
        "404" = "HubNotFound",
        "408" = "HubRequestTimeout",
        "413" = "HubPayloadTooLarge",
        "415" = "HubUnsupportedMediaType",
    }
    /// The errors of operations of the Hub API that send requests to a provider.
    HubProviderErrors {
        "409" = "HubConflict",
        "412" = "HubPreconditionFailed",
        "429" = "HubTooManyRequests",
        "5XX" = "HubProviderFailed",
    }
}
