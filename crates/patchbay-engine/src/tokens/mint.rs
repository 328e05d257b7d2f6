//! Asking a provider for a token: at its token endpoint (RFC 6749), or by the connector's own action.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use patchbay_connector::{
    Connector,
    definition::{AuthKind, AuthMethod, Authorization, GrantType, OAuth2, Refresh},
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_model::{AccountId, CallId, Owner, Profile};
use patchbay_vault::Secret;
use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};
use url::{Url, form_urlencoded};

use super::{
    answer::{self, Minted, REFRESH_TOKEN, Refusal},
    server::TokenServer,
};
use crate::{
    Engine, EngineConfig, Error, ErrorCode,
    http::{ClientCertificate, InboundResponse, OutboundRequest},
    runtime::{self, Credentials, Host, IntoError as _, RawInputs, Redactor, RunContext, RunFacts},
};

/// What a token is asked for with.
pub(crate) enum Grant {
    /// The account's or the app's own credentials (RFC 6749 section 4.4, or a log-in).
    Own,
    /// The refresh token among the credentials (RFC 6749 section 6).
    Refresh,
    /// What the customer came back with (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    Code { code: Secret, redirect_uri: String, verifier: Option<Secret> },
}

/// What the authorization server is reached with.
#[derive(Clone, Copy)]
pub(crate) struct Wire<'a> {
    pub(crate) host: &'a Host,
    pub(crate) config: &'a EngineConfig,
}

impl<'a> Wire<'a> {
    pub(crate) fn of(engine: &'a Engine) -> Self {
        Self { host: engine.host(), config: engine.config() }
    }
}

/// For whom a token is asked for.
pub(crate) struct Applicant<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) method: &'a AuthMethod,
    pub(crate) profile: &'a Profile,
    pub(crate) environment: &'a str,
    pub(crate) owner: &'a Owner,
    pub(crate) account_id: Option<&'a AccountId>,
    pub(crate) credentials: &'a Credentials,
}

/// Why there is no token.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What it means.
    pub(crate) refusal: Refusal,
    /// What to tell. Account secrets are redacted.
    pub(crate) error: Error,
}

/// Whether accounts of a method work by a token that is minted without the customer's presence at the provider.
pub(crate) fn mints_at_link(method: &AuthMethod) -> bool {
    match method.kind {
        AuthKind::OAuth2(GrantType::ClientCredentials) => true,
        AuthKind::Custom => method.refresh.is_some(),
        AuthKind::OAuth2(GrantType::AuthorizationCode) | AuthKind::Mcp | AuthKind::OAuth1 => false,
    }
}

/// Whether the customer signs in at the provider.
pub(crate) fn signs_in(method: &AuthMethod) -> bool {
    method.signs_in()
}

/// Whether accounts of a method work by a token that is minted.
pub(crate) fn works_by_token(method: &AuthMethod) -> bool {
    signs_in(method) || mints_at_link(method)
}

/// How a token of this method is renewed; none when nothing renews it.
pub(crate) fn renewal(method: &AuthMethod, has_refresh_token: bool) -> Option<Grant> {
    if mints_at_link(method) {
        return Some(Grant::Own);
    }
    let by_action = method.refresh.as_ref().is_some_and(Refresh::gives_token);
    (signs_in(method) && (has_refresh_token || by_action)).then_some(Grant::Refresh)
}

/// Asks for a token. Whether the provider takes the app's own credentials is kept with the profile.
pub(crate) async fn mint(engine: &Engine, applicant: &Applicant<'_>, grant: &Grant) -> Result<Minted, Failure> {
    // In a box: futures within futures grow too deep for the compiler otherwise.
    let outcome = Box::pin(ask(Wire::of(engine), applicant, grant)).await;
    if let Some(app) = applicant.credentials.earlier_app() {
        return outcome.map_err(|failure| of_earlier_app(failure, app));
    }
    match &outcome {
        Ok(_) => engine.clear_alarm(applicant.profile).await,
        Err(Failure { refusal: Refusal::Client, error }) => {
            engine.raise_alarm(applicant.profile, &applicant.connector.title, error).await;
        }
        Err(_) => {}
    }
    outcome
}

/// An app that the profile has no more concerns no other account, and no profile: where the provider refuses it, its
/// accounts are linked again, by the app that the profile has now.
fn of_earlier_app(Failure { refusal, mut error }: Failure, app: &str) -> Failure {
    let refusal = match refusal {
        Refusal::Later => Refusal::Later,
        Refusal::Grant | Refusal::Client => {
            error.message =
                format!("{}; its token was minted by the app `{app}`, which its profile had before", error.message);
            Refusal::Grant
        }
    };
    Failure { refusal, error }
}

async fn ask(wire: Wire<'_>, applicant: &Applicant<'_>, grant: &Grant) -> Result<Minted, Failure> {
    let deadline = Instant::now() + Duration::from_millis(wire.config.call_budget_millis);
    let by_action = !matches!(grant, Grant::Code { .. });
    // Where a customer signed in, an action that gives no token only fetches what goes with one.
    let gives = |refresh: &&Refresh| refresh.gives_token() || !signs_in(applicant.method);
    if let Some(refresh) = applicant.method.refresh.as_ref().filter(|_| by_action).filter(gives) {
        return from_action(wire, applicant, &refresh.action, deadline).await;
    }
    match &applicant.method.authorization {
        Authorization::OAuth2(oauth2) => from_endpoint(wire, applicant, oauth2, grant, deadline).await,
        _ => Err(broken(applicant, "it names no place where a token is got")),
    }
}

/// Runs `refreshAuthentication` once after a sign-in, with the token that was got: for what goes with it (the site, the
/// organisation), or for another token where that is what the provider wants.
pub(crate) async fn after_sign_in(engine: &Engine, applicant: &Applicant<'_>) -> Result<Option<Minted>, Failure> {
    let Some(refresh) = &applicant.method.refresh else { return Ok(None) };
    let deadline = Instant::now() + Duration::from_millis(engine.config().call_budget_millis);
    from_action(Wire::of(engine), applicant, &refresh.action, deadline).await.map(Some)
}

fn broken(applicant: &Applicant<'_>, why: &str) -> Failure {
    let title = &applicant.connector.title;
    let error = Error::new(
        ErrorCode::Connector,
        format!("the connector {title} cannot get a token by `{}`: {why}", applicant.method.key),
    );
    Failure { refusal: Refusal::Later, error }
}

/// What a request for a token says of itself.
pub(crate) fn facts(wire: Wire<'_>, applicant: &Applicant<'_>) -> RunFacts {
    RunFacts {
        organization_id: None,
        project_id: applicant.profile.project_id.clone(),
        account_id: applicant.account_id.cloned(),
        profile_id: applicant.profile.id.clone(),
        environment: applicant.environment.to_owned(),
        owner: Some(applicant.owner.clone()),
        call_id: CallId::generate(wire.host.clock().now(), wire.host.entropy()),
    }
}

/// What the connector's own actions run with: nobody listens, and nobody looks on.
pub(super) fn context<'a>(wire: Wire<'a>, applicant: &'a Applicant<'_>, deadline: Instant) -> RunContext<'a> {
    let Applicant { connector, method, credentials, .. } = applicant;
    RunContext::new(connector, method, credentials, facts(wire, applicant), wire.config.runtime(), deadline)
}

async fn from_action(
    wire: Wire<'_>,
    applicant: &Applicant<'_>,
    action: &patchbay_connector::definition::Action,
    deadline: Instant,
) -> Result<Minted, Failure> {
    let context = context(wire, applicant, deadline);
    let inputs = runtime::check_inputs(action, RawInputs::default())
        .map_err(|error| broken(applicant, &format!("its action wants inputs ({})", error.message)))?;
    match runtime::run_for_credentials(wire.host, context, action, &inputs).await {
        Ok(result) => answer::of_action(result)
            .ok_or_else(|| broken(applicant, "the result of `refreshAuthentication` holds no token")),
        Err(error) => {
            let said = error.provider.as_ref();
            let refusal = match said.and_then(|said| said.status) {
                Some(status) => own_grant(
                    applicant.method,
                    answer::judge(status, said.and_then(|said| answer::error_of(&said.body))),
                    status,
                ),
                None => Refusal::Later,
            };
            Err(Failure { refusal, error })
        }
    }
}

/// Where the app's credentials are the account's own fields, what is wrong with them is the account's to mend.
fn own_grant(method: &AuthMethod, refusal: Refusal, status: u16) -> Refusal {
    match refusal {
        Refusal::Client if method.setup_fields.is_empty() && matches!(status, 200 | 400 | 401 | 403) => Refusal::Grant,
        other => other,
    }
}

async fn from_endpoint(
    wire: Wire<'_>,
    applicant: &Applicant<'_>,
    oauth2: &OAuth2,
    grant: &Grant,
    deadline: Instant,
) -> Result<Minted, Failure> {
    let title = &applicant.connector.title;
    let mut request = request(wire, applicant, oauth2, grant).map_err(|why| broken(applicant, &why))?;
    request.certificate = certificate(wire, applicant).map_err(|error| Failure { refusal: Refusal::Later, error })?;
    let mut redactor = applicant.credentials.redactor();
    if let Grant::Code { code, verifier, .. } = grant {
        redactor.add(code.expose());
        verifier.iter().for_each(|verifier| redactor.add(verifier.expose()));
    }
    if let Some(server) = found_server(applicant) {
        server.know(&mut redactor);
    }
    let redacted = |error| runtime::redact_error(error, &redactor);
    let incoming = wire
        .host
        .http
        .send(request, deadline)
        .await
        .map_err(|failure| Failure { refusal: Refusal::Later, error: redacted(failure.into_error(title)) })?;
    let body = answer::body(&incoming.body);
    let error = body.as_ref().and_then(answer::error_of);
    let status = incoming.status.as_u16();
    // Some say 200 and put the error into the body.
    if incoming.status.is_success()
        && error.is_none()
        && let Some(minted) = body.as_ref().and_then(|body| answer::of_endpoint(body, oauth2))
    {
        return Ok(minted);
    }
    let refusal = match (incoming.status.is_success(), error) {
        // Neither a token nor a reason: a page of a proxy, or another API than the one that was meant.
        (true, None) => Refusal::Later,
        (_, error) => own_grant(applicant.method, answer::judge(status, error), status),
    };
    let refusal = if is_registered(applicant) && matches!(refusal, Refusal::Client) { Refusal::Grant } else { refusal };
    Err(Failure { refusal, error: redacted(refused(wire, title, body.as_ref(), &incoming, &redactor)) })
}

/// What was found of the authorization server when the customer signed in at an MCP server.
pub(super) fn found_server(applicant: &Applicant<'_>) -> Option<TokenServer> {
    (applicant.method.kind == AuthKind::Mcp).then(|| TokenServer::of(applicant.credentials)).flatten()
}

/// Whether the client is one that was registered for the account's token: where the server has forgotten it, the token
/// is worth nothing either, and a new sign-in registers another.
fn is_registered(applicant: &Applicant<'_>) -> bool {
    let by_hand = applicant.credentials.values().get("clientId").and_then(Value::as_str);
    found_server(applicant).is_some_and(|server| by_hand != Some(server.client_id.as_str()))
}

/// The client certificate of the method (RFC 8705: it may stand for the app's secret).
pub(crate) fn certificate(wire: Wire<'_>, applicant: &Applicant<'_>) -> Result<Option<Arc<ClientCertificate>>, Error> {
    let Some(certificates) = &applicant.method.certificates else { return Ok(None) };
    let facts = facts(wire, applicant);
    let context = facts.context(applicant.connector, applicant.method);
    let roots = [("credentials", applicant.credentials.values()), ("context", &context)];
    runtime::read_certificates(certificates, &applicant.connector.title, &facts, &Bindings { roots: &roots })
}

/// The provider's own words where it has some.
fn refused(
    wire: Wire<'_>,
    title: &str,
    body: Option<&Value>,
    incoming: &InboundResponse,
    redactor: &Redactor,
) -> Error {
    let word = |name: &str| body.and_then(|body| body.get(name)).and_then(Value::as_str);
    let mut error = runtime::provider_error(wire.host.clock(), title, incoming);
    error.message = match (body.and_then(answer::error_of), word("error_description")) {
        (Some(code), Some(words)) => format!("{title} gives no token: {words} ({code})"),
        (Some(code), None) => format!("{title} gives no token: {code}"),
        _ if incoming.status.is_success() => {
            format!("{title} answered the request for a token with something that holds none")
        }
        _ => error.message,
    };
    if incoming.status.is_success() {
        error.set_code(ErrorCode::TokenAnswer);
    }
    runtime::redact_error(error, redactor)
}

/// The parameters of a request in the order in which they were written, each name once.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
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

fn request(
    wire: Wire<'_>,
    applicant: &Applicant<'_>,
    oauth2: &OAuth2,
    grant: &Grant,
) -> Result<OutboundRequest, String> {
    let mut form = Form::default();
    let mut fixed: &[&str] = &[];
    match grant {
        Grant::Own => form.set("grant_type", "client_credentials".to_owned()),
        Grant::Refresh => {
            fixed = &["grant_type", "refresh_token", "code", "redirect_uri", "code_verifier"];
            form.set("grant_type", "refresh_token".to_owned());
            let token = applicant.credentials.text(REFRESH_TOKEN).ok_or("the account has no refresh token")?;
            form.set("refresh_token", token.to_owned());
        }
        Grant::Code { code, redirect_uri, verifier } => {
            fixed = &["grant_type", "code", "redirect_uri", "code_verifier"];
            form.set("grant_type", "authorization_code".to_owned());
            form.set("code", code.expose().to_owned());
            form.set("redirect_uri", redirect_uri.clone());
            if let Some(verifier) = verifier {
                form.set("code_verifier", verifier.expose().to_owned());
            }
        }
    }
    let server = found_server(applicant);
    let place = match &server {
        Some(server) => Place::Found(server),
        None => Place::Written(oauth2.token_url.as_ref().ok_or("it has no `tokenUrl`")?),
    };
    Endpoint {
        place,
        name: "tokenUrl",
        form,
        fixed,
        scopes: oauth2.scopes.as_ref().filter(|_| matches!(grant, Grant::Own)),
        params: &oauth2.token_params,
    }
    .request(wire, applicant, oauth2)
}

/// Where one of the authorization server's own addresses is known from.
pub(super) enum Place<'a> {
    /// The connector writes it.
    Written(&'a Template),
    /// The server told it: its token endpoint.
    Found(&'a TokenServer),
    /// The server told it: its revocation endpoint.
    FoundRevocation(&'a TokenServer, &'a str),
}

/// A call to one of the authorization server's own addresses, at which the app proves itself.
pub(super) struct Endpoint<'a> {
    /// The address, and the key that it stands under.
    pub(super) place: Place<'a>,
    pub(super) name: &'static str,
    /// What the call is about.
    pub(super) form: Form,
    /// The parameters that the connector cannot set.
    pub(super) fixed: &'a [&'a str],
    /// Scopes to ask for.
    pub(super) scopes: Option<&'a Template>,
    /// The connector's own parameters; one that comes to nothing takes the parameter of its name out.
    pub(super) params: &'a [(String, Template)],
}

impl Endpoint<'_> {
    /// The request, with the app's proof in it.
    pub(super) fn request(
        self,
        wire: Wire<'_>,
        applicant: &Applicant<'_>,
        oauth2: &OAuth2,
    ) -> Result<OutboundRequest, String> {
        let Self { place, name, mut form, fixed, scopes, params } = self;
        let context = facts(wire, applicant).context(applicant.connector, applicant.method);
        let public_url = Value::String(wire.config.public_url.clone());
        let roots =
            [("credentials", applicant.credentials.values()), ("context", &context), ("apiHostUri", &public_url)];
        let bindings = Bindings { roots: &roots };
        let text = |template: &Template, escape| {
            template.eval_text(&bindings, escape).map_err(|error: EvalError| error.to_string())
        };
        let (url, server, proof) = match place {
            Place::Written(place) => {
                (text(place, Escape::Host)?.ok_or_else(|| format!("its `{name}` is empty"))?, None, Vec::new())
            }
            Place::Found(server) => (server.token_url.clone(), Some(server), server.parameters()),
            Place::FoundRevocation(server, url) => (url.to_owned(), Some(server), server.proof()),
        };
        let url = Url::parse(&url).map_err(|error| format!("its `{name}` is no URL: {error}"))?;
        if let Some(scopes) = scopes
            && let Some(scopes) = text(scopes, Escape::None)?.filter(|scopes| !scopes.is_empty())
        {
            form.set("scope", scopes);
        }
        for (name, value) in params.iter().filter(|(name, _)| !fixed.contains(&name.as_str())) {
            match text(value, Escape::None)? {
                Some(value) => form.set(name, value),
                None => form.remove(name),
            }
        }
        for (name, value) in proof {
            form.set(name, value);
        }
        let mut headers = HeaderMap::new();
        if let Some(basic) = server.and_then(TokenServer::basic) {
            headers.insert(header::AUTHORIZATION, basic);
        }
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &oauth2.custom_headers {
            let Some(value) = text(value, Escape::Header)? else { continue };
            let name = HeaderName::try_from(name.as_str()).map_err(|_| format!("`{name}` is no header name"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| format!("the header `{name}` cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        // Unless the connector says how the app proves itself, its id and secret go in the body.
        if !headers.contains_key(header::AUTHORIZATION) && !form.has("client_assertion") {
            for (name, key) in [("client_id", "clientId"), ("client_secret", "clientSecret")] {
                if let Some(value) = applicant.credentials.text(key).filter(|_| !form.has(name)) {
                    form.set(name, value.to_owned());
                }
            }
        }
        let body = form.encode(&mut headers);
        Ok(OutboundRequest { method: Method::POST, url, headers, body, idempotent: false, certificate: None })
    }
}
