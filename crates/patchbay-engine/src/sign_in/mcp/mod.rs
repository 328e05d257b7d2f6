//! Signing in at an MCP server (Model Context Protocol, authorization): where one signs in is found out from the
//! server itself, and we become known to whom it names.
//!
//! 1. The server is called without a token; its 401 says where its metadata are ([`crate::http::bearer`]), else they are looked
//!    for at the well-known places ([`documents`]).
//! 2. The metadata name an authorization server, whose own metadata name its addresses.
//! 3. We are known there by a client's document or become known by registering ([`client`]).
//!
//! All that is said here is said by a stranger, and some of it goes to a person's browser. What closes the attacks is
//! listed in `docs/security.md`.

mod client;
mod documents;
mod fetch;

use patchbay_connector::{
    Connector,
    definition::McpFlow,
    expr::{Bindings, Escape},
};
use patchbay_model::Profile;
use patchbay_vault::Secret;
use tokio::time::{Duration, Instant};
use url::Url;

use self::{
    client::Registrar,
    documents::{Resource, Server},
};
use crate::{
    Engine, Error, ErrorCode,
    http::{BearerChallenge, OutboundRequest, bearer_challenge, parse_scope},
    runtime::Credentials,
    tokens::TokenServer,
};

/// Where one signs in, and as what.
pub(super) struct Found {
    /// Where the browser goes.
    pub(super) authorization: Url,
    /// Who must have issued the answer.
    pub(super) issuer: String,
    /// Whether the answer must name its issuer.
    pub(super) names_itself: bool,
    /// What is asked for; nothing in particular when absent.
    pub(super) scopes: Option<String>,
    /// Where the code is traded, and by whom.
    pub(super) token: TokenServer,
}

/// What keeps a server's sign-in from being found.
fn not_found(title: &str, why: &str) -> Error {
    let message = format!("where to sign in at {title} cannot be found out: {why}");
    Error::new(ErrorCode::SignInDiscovery, message)
}

/// Finds out where one signs in.
pub(super) async fn find(
    engine: &Engine,
    connector: &Connector,
    profile: &Profile,
    flow: &McpFlow,
    credentials: &Credentials,
) -> Result<Found, Error> {
    let title = &connector.title;
    let deadline = Instant::now() + Duration::from_millis(engine.config().call_budget_millis);
    let roots = [("credentials", credentials.values())];
    let server = flow.server_url.eval_text(&Bindings { roots: &roots }, Escape::Host);
    let server = server.map_err(|error| crate::runtime::expression_error(title, "serverUrl", &error))?;
    let server = documents::web_address(&server.unwrap_or_default(), "its `serverUrl`");
    let server = server.map_err(|why| not_found(title, &why))?;

    let challenge = knock(engine, title, &server, deadline).await?;
    let resource = resource(engine, title, &server, challenge.resource_metadata.as_deref(), deadline).await?;
    // Before there were such metadata, the server's own origin was the one to sign in at (revision 2025-03-26).
    let resource = resource.unwrap_or_else(|| Resource {
        id: server.as_str().trim_end_matches('/').to_owned(),
        servers: vec![server.origin().ascii_serialization()],
        scopes: None,
    });
    let found = authorization_server(engine, title, &resource, deadline).await?;
    let redirect_uri = engine.redirect_uri(&connector.key);
    let registrar = Registrar {
        engine,
        connector,
        profile,
        server: &found,
        resource: &resource.id,
        redirect_uri: &redirect_uri,
        deadline,
    };
    let client = registrar.client(flow.registration, credentials.values()).await?;
    let own = (!flow.scopes.is_empty()).then(|| flow.scopes.join(" "));
    let challenged = challenge.scope.as_deref().and_then(parse_scope);
    let mut scopes = own.or(challenged).or(resource.scopes);
    // A token that nothing renews would end the account within the hour.
    if found.knows_offline_access
        && let Some(scopes) = &mut scopes
        && !scopes.split(' ').any(|one| one == "offline_access")
    {
        scopes.push_str(" offline_access");
    }
    Ok(Found {
        token: registrar.token_server(&client),
        authorization: found.authorization.clone(),
        issuer: found.issuer.clone(),
        names_itself: found.names_itself,
        scopes,
    })
}

/// Calls the server without a token, to be told what it wants.
async fn knock(engine: &Engine, title: &str, server: &Url, deadline: Instant) -> Result<BearerChallenge, Error> {
    let (headers, body) = crate::runtime::protocols::mcp::probe::knock();
    let outgoing = OutboundRequest {
        method: http::Method::POST,
        url: server.clone(),
        headers,
        body,
        idempotent: true,
        certificate: None,
    };
    let incoming = fetch::ask(engine, title, outgoing, deadline).await?;
    if incoming.status.is_server_error() {
        return Err(crate::runtime::provider_error(engine.clock(), title, &incoming));
    }
    Ok(bearer_challenge(&incoming.headers))
}

async fn resource(
    engine: &Engine,
    title: &str,
    server: &Url,
    named: Option<&str>,
    deadline: Instant,
) -> Result<Option<Resource>, Error> {
    let wrong = |why: String| not_found(title, &why);
    let places = match named {
        Some(named) => {
            let place = documents::web_address(named, "`resource_metadata`").map_err(wrong)?;
            if place.origin() != server.origin() {
                return Err(wrong("`resource_metadata` leads to another origin than the server's".to_owned()));
            }
            vec![place]
        }
        None => documents::resource_places(server),
    };
    for place in places {
        if let Some(document) = fetch::document(engine, title, &place, deadline).await? {
            return Resource::read(&document, server).map(Some).map_err(wrong);
        }
    }
    match named {
        Some(_) => Err(wrong("there is no document at its `resource_metadata`".to_owned())),
        None => Ok(None),
    }
}

/// The first of a resource's authorization servers that can be used.
async fn authorization_server(
    engine: &Engine,
    title: &str,
    resource: &Resource,
    deadline: Instant,
) -> Result<Server, Error> {
    let mut last = not_found(title, "it names no authorization server");
    for issuer in &resource.servers {
        match metadata_of(engine, title, issuer, deadline).await {
            Ok(server) => return Ok(server),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn metadata_of(engine: &Engine, title: &str, issuer: &str, deadline: Instant) -> Result<Server, Error> {
    let wrong = |why: String| not_found(title, &why);
    let url = documents::web_address(issuer, "the authorization server").map_err(wrong)?;
    if url.query().is_some() {
        return Err(wrong("the authorization server's address has a query".to_owned()));
    }
    for place in documents::issuer_places(&url) {
        let Some(document) = fetch::document(engine, title, &place, deadline).await? else { continue };
        let server = Server::read(&document, issuer).map_err(wrong)?;
        // The browser will go there, and we will send codes and tokens there: none leads into a private network.
        let optional = [server.registration.as_ref(), server.revocation.as_ref()].into_iter().flatten();
        for place in [&server.authorization, &server.token].into_iter().chain(optional) {
            if let Err(refused) = engine.http().check_url(place) {
                return Err(wrong(refused));
            }
        }
        return Ok(server);
    }
    Err(wrong("its authorization server has no metadata at the well-known places".to_owned()))
}

impl Found {
    /// Where the code is traded, for the ticket.
    pub(super) fn kept(&self) -> Secret {
        self.token.to_secret()
    }

    /// Parameters of the way out beside those of every sign-in.
    pub(super) fn parameters(&self) -> [(&'static str, String); 2] {
        [("client_id", self.token.client_id.clone()), ("resource", self.token.resource.clone())]
    }
}
