//! Token requests: at the provider's token endpoint (RFC 6749, section 3.2), or by the connector's own action.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use patchbay_connector::{
    definition::{AuthKind, AuthMethod, Authorization, GrantType, OAuth2, Refresh},
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_egress::{ClientCertificate, InboundResponse, OutboundRequest};
use patchbay_model::CallId;
use patchbay_vault::Secret;
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::{
    discovered_server::DiscoveredServer,
    token_context::TokenContext,
    token_error::{self, TokenError},
    token_response::{self, REFRESH_TOKEN, TokenSet},
};
use crate::{Error, ErrorCode, PublicUrls};
use patchbay_runtime::{self as runtime, Host, IntoError as _, RawInputs, Redactor, RunContext, RuntimeConfig};

/// The grant of a token request.
pub(crate) enum Grant {
    /// The account's or the client's own credentials (RFC 6749, section 4.4, or a login at the provider).
    ClientCredentials,
    /// The refresh token among the credentials (RFC 6749, section 6).
    RefreshToken,
    /// The code of a callback (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
    AuthorizationCode { code: Secret, redirect_uri: String, verifier: Option<Secret> },
}

/// The HTTP client and the limits of token requests.
#[derive(Clone, Copy)]
pub(crate) struct TokenClient<'a> {
    pub(crate) host: &'a Host,
    pub(crate) config: RuntimeConfig,
    pub(crate) urls: &'a dyn PublicUrls,
}

impl TokenClient<'_> {
    pub(crate) fn new_call_id(&self) -> CallId {
        CallId::generate(self.host.clock().now(), self.host.entropy())
    }
}

/// A failed token request.
#[derive(Debug)]
pub(crate) struct TokenFailure {
    /// The classified cause.
    pub(crate) cause: TokenError,
    /// The error for the caller, with account secrets redacted.
    pub(crate) error: Error,
}

/// Checks whether a method requests a token when an account is linked, without the customer's presence at the provider.
pub(crate) fn gets_token_at_link(method: &AuthMethod) -> bool {
    match method.kind {
        AuthKind::OAuth2(GrantType::ClientCredentials) => true,
        AuthKind::Custom => method.refresh.is_some(),
        AuthKind::OAuth2(GrantType::AuthorizationCode) | AuthKind::Mcp | AuthKind::OAuth1 => false,
    }
}

/// Checks whether a method's tokens need nobody's consent: the account's own credentials (a client, an assertion, a
/// password) are still there after a refusal, so each attempt is as good as the first.
pub(crate) fn has_own_credentials(method: &AuthMethod) -> bool {
    gets_token_at_link(method) && !needs_authorization(method)
}

/// Checks whether a method needs the customer's authorization at the provider.
pub(crate) fn needs_authorization(method: &AuthMethod) -> bool {
    method.is_interactive()
}

/// Checks whether a method uses a token that the provider issues.
pub(crate) fn uses_token(method: &AuthMethod) -> bool {
    needs_authorization(method) || gets_token_at_link(method)
}

/// Returns the grant that refreshes a token of this method; none when it cannot be refreshed.
pub(crate) fn refresh_grant(method: &AuthMethod, has_refresh_token: bool) -> Option<Grant> {
    if gets_token_at_link(method) {
        return Some(Grant::ClientCredentials);
    }
    let by_action = method.refresh.as_ref().is_some_and(Refresh::gives_token);
    (needs_authorization(method) && (has_refresh_token || by_action)).then_some(Grant::RefreshToken)
}

/// Requests a token by the method's own action, or at the token endpoint.
pub(super) async fn request_by_method(
    client: TokenClient<'_>,
    token_context: &TokenContext<'_>,
    grant: &Grant,
) -> Result<TokenSet, TokenFailure> {
    let deadline = client.config.deadline();
    let by_action = !matches!(grant, Grant::AuthorizationCode { .. });
    // After an authorization, an action without a token in its result only fetches what belongs to the token.
    let returns_token = |refresh: &&Refresh| refresh.gives_token() || !needs_authorization(token_context.method);
    if let Some(refresh) = token_context.method.refresh.as_ref().filter(|_| by_action).filter(returns_token) {
        return token_from_action(client, token_context, &refresh.action, deadline).await;
    }
    match &token_context.method.authorization {
        Authorization::OAuth2(oauth2) => token_from_endpoint(client, token_context, oauth2, grant, deadline).await,
        _ => Err(connector_error(token_context, "it has neither a token endpoint nor `refreshAuthentication`")),
    }
}

fn connector_error(token_context: &TokenContext<'_>, why: &str) -> TokenFailure {
    let title = &token_context.connector.title;
    let error = Error::new(
        ErrorCode::Connector,
        format!("the connector {title} cannot request a token for `{}`: {why}", token_context.method.key),
    );
    TokenFailure { cause: TokenError::Transient, error }
}

/// Returns the run context of the connector's own actions: no event sink and no trace.
pub(super) fn run_context<'a>(
    client: TokenClient<'a>,
    token_context: &'a TokenContext<'_>,
    deadline: Instant,
) -> RunContext<'a> {
    let TokenContext { connector, method, credentials, .. } = token_context;
    let ids = token_context.run_ids(client.new_call_id());
    RunContext {
        api_host_uri: Value::from(client.urls.base()),
        ..RunContext::new(connector, method, credentials, ids, client.config, deadline)
    }
}

/// Returns the token in the result of an action.
pub(super) async fn token_from_action(
    client: TokenClient<'_>,
    token_context: &TokenContext<'_>,
    action: &patchbay_connector::definition::Action,
    deadline: Instant,
) -> Result<TokenSet, TokenFailure> {
    let run = run_context(client, token_context, deadline);
    let inputs = runtime::check_inputs(action, RawInputs::default()).map_err(|error| {
        connector_error(token_context, &format!("its action has required inputs ({})", error.message))
    })?;
    match runtime::run_for_credentials(client.host, run, action, &inputs).await {
        Ok(result) => token_response::from_action(result)
            .ok_or_else(|| connector_error(token_context, "the result of `refreshAuthentication` contains no token")),
        Err(error) => {
            let cause = classify_login(token_context.method, &error);
            Err(TokenFailure { cause, error })
        }
    }
}

/// Classifies the error of an action that requests a token. The status is the one that the connector declares
/// (`customErrors`). If the action logs in with the account's own credentials, a 401 with a JSON object is the API's own
/// rejection of them; pages and empty responses may come from anything between here and there.
fn classify_login(method: &AuthMethod, error: &Error) -> TokenError {
    let Some(provider) = error.provider.as_ref().filter(|provider| provider.status.is_some()) else {
        return TokenError::Transient;
    };
    match token_error::classify(error.status(), Some(&provider.body)) {
        TokenError::Unexplained
            if error.status() == 401 && has_own_credentials(method) && provider.body.is_object() =>
        {
            TokenError::InvalidGrant
        }
        cause => classify_for_method(method, cause),
    }
}

/// Turns an invalid client into an invalid grant if the client's credentials are the account's own fields.
fn classify_for_method(method: &AuthMethod, cause: TokenError) -> TokenError {
    match cause {
        TokenError::InvalidClient if method.setup_fields.is_empty() => TokenError::InvalidGrant,
        other => other,
    }
}

async fn token_from_endpoint(
    client: TokenClient<'_>,
    token_context: &TokenContext<'_>,
    oauth2: &OAuth2,
    grant: &Grant,
    deadline: Instant,
) -> Result<TokenSet, TokenFailure> {
    let title = &token_context.connector.title;
    let mut request =
        token_request(client, token_context, oauth2, grant).map_err(|why| connector_error(token_context, &why))?;
    request.certificate =
        certificate(client, token_context).map_err(|error| TokenFailure { cause: TokenError::Transient, error })?;
    let mut redactor = token_context.credentials.redactor();
    if let Grant::AuthorizationCode { code, verifier, .. } = grant {
        redactor.add(code.expose());
        verifier.iter().for_each(|verifier| redactor.add(verifier.expose()));
    }
    if let Some(server) = discovered_server(token_context) {
        server.add_secrets_to(&mut redactor);
    }
    let redacted = |error| runtime::redact_error(error, &redactor);
    let incoming =
        client.host.http.send(request, deadline).await.map_err(|failure| TokenFailure {
            cause: TokenError::Transient,
            error: redacted(failure.into_error(title)),
        })?;
    let body = token_response::parse_body(&incoming.body);
    let status = incoming.status.as_u16();
    if incoming.status.is_success()
        && let Some(token_set) = body.as_ref().and_then(|body| token_response::from_endpoint(body, oauth2))
    {
        return Ok(token_set);
    }
    // Some providers return 200 with an error in the body. Neither a token nor an error: the page of a proxy, or another API.
    let cause = classify_for_method(token_context.method, token_error::classify(status, body.as_ref()));
    let cause = if has_dynamic_client(token_context) && matches!(cause, TokenError::InvalidClient) {
        TokenError::InvalidGrant
    } else {
        cause
    };
    Err(TokenFailure { cause, error: redacted(rejection(client, title, body.as_ref(), &incoming, &redactor)) })
}

/// Returns the discovered authorization server of an MCP server's account.
pub(super) fn discovered_server(token_context: &TokenContext<'_>) -> Option<DiscoveredServer> {
    (token_context.method.kind == AuthKind::Mcp)
        .then(|| DiscoveredServer::from_credentials(token_context.credentials))
        .flatten()
}

/// Checks whether the account's client was registered dynamically. If the server no longer knows it, the token is invalid
/// too, and a new authorization registers another client.
fn has_dynamic_client(token_context: &TokenContext<'_>) -> bool {
    let configured = token_context.credentials.values().get("clientId").and_then(Value::as_str);
    discovered_server(token_context).is_some_and(|server| configured != Some(server.client_id.as_str()))
}

/// Returns the method's client certificate, which may authenticate the client (RFC 8705).
pub(crate) fn certificate(
    client: TokenClient<'_>,
    token_context: &TokenContext<'_>,
) -> Result<Option<Arc<ClientCertificate>>, Error> {
    let Some(certificates) = &token_context.method.certificates else { return Ok(None) };
    let run_ids = token_context.run_ids(client.new_call_id());
    let context = run_ids.context(token_context.connector, token_context.method);
    let roots = [("credentials", token_context.credentials.values()), ("context", &context)];
    runtime::read_certificates(certificates, &token_context.connector.title, &run_ids, &Bindings { roots: &roots })
}

/// Returns the error of a rejected token request, with the provider's own description if it sent one (RFC 6749,
/// section 5.2).
fn rejection(
    client: TokenClient<'_>,
    title: &str,
    body: Option<&Value>,
    incoming: &InboundResponse,
    redactor: &Redactor,
) -> Error {
    let member = |name: &str| body.and_then(|body| body.get(name)).and_then(Value::as_str);
    let mut error = runtime::provider_error(client.host.clock(), title, incoming, redactor);
    error.message = match (body.and_then(token_error::error_code), member("error_description")) {
        (Some(code), Some(description)) => format!("{title} rejected the token request: {description} ({code})"),
        (Some(code), None) => format!("{title} rejected the token request: {code}"),
        _ if incoming.status.is_success() => {
            format!("{title}'s token response contains no token")
        }
        _ => error.message,
    };
    if incoming.status.is_success() {
        error.set_code(ErrorCode::TokenAnswer);
    }
    runtime::redact_error(error, redactor)
}

/// The parameters of a request, in order, each name once.
#[derive(Default)]
pub(super) struct FormParameters(Vec<(String, String)>);

impl FormParameters {
    pub(super) fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// JSON where the headers say so, else a form, which the headers then say.
    fn encode(self, headers: &mut HeaderMap) -> Bytes {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("json")) {
            let members = self.0.into_iter().map(|(name, value)| (name, Value::String(value)));
            return Bytes::from(Value::Object(members.collect::<Map<_, _>>()).to_string());
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        Bytes::from(form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish())
    }
}

fn token_request(
    client: TokenClient<'_>,
    token_context: &TokenContext<'_>,
    oauth2: &OAuth2,
    grant: &Grant,
) -> Result<OutboundRequest, String> {
    let mut form = FormParameters::default();
    let mut reserved: &[&str] = &[];
    match grant {
        Grant::ClientCredentials => form.set("grant_type", "client_credentials".to_owned()),
        Grant::RefreshToken => {
            reserved = &["grant_type", "refresh_token", "code", "redirect_uri", "code_verifier"];
            form.set("grant_type", "refresh_token".to_owned());
            let token = token_context.credentials.text(REFRESH_TOKEN).ok_or("the account has no refresh token")?;
            form.set("refresh_token", token.to_owned());
        }
        Grant::AuthorizationCode { code, redirect_uri, verifier } => {
            reserved = &["grant_type", "code", "redirect_uri", "code_verifier"];
            form.set("grant_type", "authorization_code".to_owned());
            form.set("code", code.expose().to_owned());
            form.set("redirect_uri", redirect_uri.clone());
            if let Some(verifier) = verifier {
                form.set("code_verifier", verifier.expose().to_owned());
            }
        }
    }
    let server = discovered_server(token_context);
    let source = match &server {
        Some(server) => EndpointSource::Discovered(server),
        None => EndpointSource::Configured(oauth2.token_url.as_ref().ok_or("it has no `tokenUrl`")?),
    };
    EndpointRequest {
        source,
        name: "tokenUrl",
        form,
        reserved,
        scopes: oauth2.scopes.as_ref().filter(|_| matches!(grant, Grant::ClientCredentials)),
        params: &oauth2.token_params,
    }
    .request(client, token_context, oauth2)
}

/// The source of an endpoint's URL.
pub(super) enum EndpointSource<'a> {
    /// The connector's definition.
    Configured(&'a Template),
    /// The discovered token endpoint.
    Discovered(&'a DiscoveredServer),
    /// The discovered revocation endpoint.
    DiscoveredRevocation(&'a DiscoveredServer, &'a str),
}

/// A request to an endpoint of the authorization server at which the client authenticates.
pub(super) struct EndpointRequest<'a> {
    pub(super) source: EndpointSource<'a>,
    /// The key of the URL in the connector's definition.
    pub(super) name: &'static str,
    /// The parameters of the request itself.
    pub(super) form: FormParameters,
    /// The names of the parameters that the connector cannot set.
    pub(super) reserved: &'a [&'a str],
    /// The scopes to request.
    pub(super) scopes: Option<&'a Template>,
    /// The connector's own parameters. One that evaluates to null removes the parameter of its name.
    pub(super) params: &'a [(String, Template)],
}

impl EndpointRequest<'_> {
    /// Builds the request, with the client's authentication (RFC 6749, section 2.3).
    pub(super) fn request(
        self,
        client: TokenClient<'_>,
        token_context: &TokenContext<'_>,
        oauth2: &OAuth2,
    ) -> Result<OutboundRequest, String> {
        let Self { source, name, mut form, reserved, scopes, params } = self;
        let context =
            token_context.run_ids(client.new_call_id()).context(token_context.connector, token_context.method);
        let public_url = Value::from(client.urls.base());
        let roots =
            [("credentials", token_context.credentials.values()), ("context", &context), ("apiHostUri", &public_url)];
        let bindings = Bindings { roots: &roots };
        let text = |template: &Template, escape| {
            template.eval_text(&bindings, escape).map_err(|error: EvalError| error.to_string())
        };
        let (url, server, client_authentication) = match source {
            EndpointSource::Configured(source) => {
                (text(source, Escape::Host)?.ok_or_else(|| format!("its `{name}` is empty"))?, None, Vec::new())
            }
            EndpointSource::Discovered(server) => (server.token_url.clone(), Some(server), server.token_parameters()),
            EndpointSource::DiscoveredRevocation(server, url) => {
                (url.to_owned(), Some(server), server.client_authentication())
            }
        };
        let url = Url::parse(&url).map_err(|error| format!("its `{name}` is not a URL: {error}"))?;
        if let Some(scopes) = scopes
            && let Some(scopes) = text(scopes, Escape::None)?.filter(|scopes| !scopes.is_empty())
        {
            form.set("scope", scopes);
        }
        for (name, value) in params.iter().filter(|(name, _)| !reserved.contains(&name.as_str())) {
            match text(value, Escape::None)? {
                Some(value) => form.set(name, value),
                None => form.remove(name),
            }
        }
        for (name, value) in client_authentication {
            form.set(name, value);
        }
        let mut headers = HeaderMap::new();
        if let Some(basic) = server.and_then(DiscoveredServer::basic_header) {
            headers.insert(header::AUTHORIZATION, basic);
        }
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &oauth2.custom_headers {
            let Some(value) = text(value, Escape::Header)? else { continue };
            let name = HeaderName::try_from(name.as_str()).map_err(|_| format!("`{name}` is not a header name"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| format!("the header `{name}` cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        // Unless the connector authenticates the client otherwise, its id and secret go into the body.
        if !headers.contains_key(header::AUTHORIZATION) && !form.has("client_assertion") {
            for (name, key) in [("client_id", "clientId"), ("client_secret", "clientSecret")] {
                if let Some(value) = token_context.credentials.text(key).filter(|_| !form.has(name)) {
                    form.set(name, value.to_owned());
                }
            }
        }
        let body = form.encode(&mut headers);
        Ok(OutboundRequest { method: Method::POST, url, headers, body, idempotent: false, certificate: None })
    }
}
