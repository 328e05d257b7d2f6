//! The frame of the API's OpenAPI 3.1 document; the routes and the DTOs add their operations and schemas.

use serde_json::Value;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ServerBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::dto::{
    actions::{ExcludedPart, GroupBy, IncludedPart},
    errors::{ErrorOut, HubErrorOut},
    responses,
    webhook_events::{self, AccountEventOut, ConnectorEventOut, WebhookEventOut},
};

/// The description of the whole API.
const DESCRIPTION: &str = "Link your customers' accounts, then act on them through one API.\n\n\
    Send the API key as the user name of Basic authentication, with an empty password. The operations under `/hub` take \
    the token of a connect session in `x-hub-session-token` instead.\n\n\
    Unknown parameters of lists are ignored, unless they can only be filters, and so are unknown members of bodies on the \
    routes of the original contract; the header `x-ignored-fields` of the response names them. With `Prefer: handling=strict` \
    they are errors.\n\n\
    Every response to a valid API key has `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`: the requests that \
    the key may send in a minute, those that are left, and the seconds until it has all of them again. Too many get 429 with \
    `Retry-After`.\n\n\
    Every path responds with 404 `RouteNotFoundError` if it does not exist and with 405 `MethodNotAllowedError` for another \
    method. Clients should ignore members of responses that they do not know: members are added without a new version.";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Patchbay API",
        description = DESCRIPTION,
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "Patchbay", url = "https://github.com/patchbay/patchbay"),
    ),
    components(schemas(
        ErrorOut,
        HubErrorOut,
        IncludedPart,
        ExcludedPart,
        GroupBy,
        AccountEventOut,
        ConnectorEventOut,
        WebhookEventOut,
    )),
    modifiers(&Components),
    security(("key" = []), ("browser" = [])),
    tags(
        (name = "Connect sessions", description = "The right of one customer to link one account."),
        (name = "Accounts", description = "Linked accounts: your customers' accounts at providers."),
        (name = "Connectors", description = "The connectors that a project can use, and their versions."),
        (name = "Connector profiles", description = "The settings with which a project uses a connector."),
        (name = "Actions", description = "The catalog of actions, and running them."),
        (name = "Agents", description = "The tools of linked accounts, which `/mcp` gives to agents."),
        (name = "Proxy", description = "Requests to a provider's own API with an account's credentials."),
        (name = "Webhooks", description = "Addresses of your software that receive events, and their deliveries."),
        (name = "Logs", description = "What calls did: runs of actions, raw requests, their steps and the requests to providers."),
        (name = "API keys", description = "The keys of a project."),
        (name = "Hub", description = "What the Hub uses, with the token of a connect session."),
        (name = "OAuth", description = "This server as an OAuth client of providers."),
        (name = "Dashboard login", description = "The login of a browser to the dashboard."),
        (name = "Health", description = "Probes for the operator's platform."),
    ),
)]
pub(crate) struct Document;

/// Adds the security schemes and the shared responses.
struct Components;

impl Modify for Components {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        responses::register(components);
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("The API key as the user name, with an empty password."))
            .build();
        components.add_security_scheme("key", SecurityScheme::Http(key));
        let session =
            ApiKey::Header(ApiKeyValue::with_description("x-hub-session-token", "The token of a connect session."));
        components.add_security_scheme("session", SecurityScheme::ApiKey(session));
        let browser = ApiKey::Cookie(ApiKeyValue::with_description(
            "patchbay_session",
            "A browser that is logged in to the dashboard. Over https the name is `__Host-patchbay_session`. Changes also need the header `x-requested-with: patchbay`.",
        ));
        components.add_security_scheme("browser", SecurityScheme::ApiKey(browser));
    }
}

/// Completes a document that contains all operations, for the server at `public_url`, and returns it as JSON.
pub(crate) fn complete(mut document: utoipa::openapi::OpenApi, public_url: &str) -> Value {
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    let server = ServerBuilder::new().url(public_url).description(Some("This server.")).build();
    document.servers = Some(vec![server]);
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    document["webhooks"] = webhook_events::document();
    document
}
