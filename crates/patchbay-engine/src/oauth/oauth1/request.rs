//! The two token requests of OAuth 1.0a (RFC 5849, sections 2.1 and 2.3), and the meaning of their error responses.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use patchbay_connector::{
    definition::{HttpMethod, OAuth1Flow},
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_egress::{InboundResponse, OutboundRequest, extend_query};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::{
    Error, ErrorCode,
    oauth::Oauth,
    tokens::{
        token_context::TokenContext,
        token_error::TokenError,
        token_request::{TokenFailure, certificate},
        token_response,
    },
};
use patchbay_runtime::{self as runtime, Handshake, IntoError as _, OAuthProblem, ProblemParty, Redactor};

/// A token request of the flow.
pub(super) enum TokenStep<'a> {
    /// Gets a request token. No token signs it, even if the account has one already.
    RequestToken {
        /// The callback URL.
        callback: &'a str,
    },
    /// Exchanges the request token and the verifier for an access token.
    AccessToken { token: &'a str, secret: &'a str, verifier: &'a str },
}

impl TokenStep<'_> {
    /// Returns the name of the requested token, for messages.
    const fn token_name(&self) -> &'static str {
        match self {
            Self::RequestToken { .. } => "request token",
            Self::AccessToken { .. } => "token",
        }
    }

    fn handshake(&self) -> Handshake<'_> {
        match self {
            Self::RequestToken { callback } => Handshake { token: None, parameter: ("oauth_callback", callback) },
            Self::AccessToken { token, secret, verifier } => {
                Handshake { token: Some((token, secret)), parameter: ("oauth_verifier", verifier) }
            }
        }
    }
}

/// A signed token request of OAuth 1.0a.
pub(super) struct OAuth1TokenRequest<'a> {
    pub(super) oauth: &'a Oauth,
    /// The connector, profile, owner and credentials that the token will belong to.
    pub(super) token_context: &'a TokenContext<'a>,
    pub(super) flow: &'a OAuth1Flow,
}

impl OAuth1TokenRequest<'_> {
    /// Sends the request and returns the response's parameters. The profile's alert shows whether the provider
    /// accepts the client's credentials.
    pub(super) async fn send(&self, step: &TokenStep<'_>) -> Result<Value, TokenFailure> {
        let outcome = Box::pin(self.send_signed(step)).await;
        self.oauth.tokens.report_client_outcome(self.token_context, &outcome).await;
        outcome
    }

    async fn send_signed(&self, step: &TokenStep<'_>) -> Result<Value, TokenFailure> {
        let Self { oauth, token_context, .. } = self;
        let title = &token_context.connector.title;
        let deadline = oauth.runtime.deadline();
        let transient = |error| TokenFailure { cause: TokenError::Transient, error };
        let mut outgoing = self.outgoing(step).map_err(transient)?;
        outgoing.certificate = certificate(oauth.tokens.client(), token_context).map_err(transient)?;
        let mut redactor = token_context.credentials.redactor();
        if let TokenStep::AccessToken { secret, verifier, .. } = step {
            redactor.add(secret);
            redactor.add(verifier);
        }
        let sent = oauth.host.http.send(outgoing, deadline).await;
        let incoming =
            sent.map_err(|failure| transient(runtime::redact_error(failure.into_error(title), &redactor)))?;
        match token_response::parse_body(&incoming.body) {
            // Some providers return 200 with a problem in the body.
            Some(body) if incoming.status.is_success() && body.get("oauth_problem").is_none() => Ok(body),
            _ => Err(self.classify_response(step, &incoming, &redactor)),
        }
    }

    /// Builds and signs the request.
    fn outgoing(&self, step: &TokenStep<'_>) -> Result<OutboundRequest, Error> {
        let Self { oauth, token_context, flow } = self;
        let run_ids = token_context.run_ids(oauth.tokens.client().new_call_id());
        let context = run_ids.context(token_context.connector, token_context.method);
        let public_url = Value::from(oauth.urls.base());
        let roots =
            [("credentials", token_context.credentials.values()), ("context", &context), ("apiHostUri", &public_url)];
        let bindings = Bindings { roots: &roots };
        let (endpoint, name, params) = match step {
            TokenStep::RequestToken { .. } => (&flow.request_token_url, "requestTokenUrl", &flow.request_token_params),
            TokenStep::AccessToken { .. } => (&flow.token_url, "tokenUrl", &flow.token_params),
        };
        let title = &token_context.connector.title;
        let failed = |error: &EvalError| runtime::expression_error(title, name, error);
        let text = |template: &Template, escape| template.eval_text(&bindings, escape).map_err(|error| failed(&error));
        let url = text(endpoint, Escape::Host)?.unwrap_or_default();
        let mut url = Url::parse(&url).map_err(|error| {
            let refused = EvalError::Refused { path: format!("authorization.{name}"), reason: error.to_string() };
            failed(&refused)
        })?;
        let mut pairs = Vec::new();
        for (name, value) in params {
            pairs.extend(text(value, Escape::None)?.map(|value| (name.as_str(), value)));
        }
        let (mut headers, mut body) = (HeaderMap::new(), Bytes::new());
        if !pairs.is_empty() {
            if flow.token_method == HttpMethod::Get {
                extend_query(&mut url, &pairs);
            } else {
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.insert(header::CONTENT_TYPE, kind);
                body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish().into();
            }
        }
        let method = if flow.token_method == HttpMethod::Get { Method::GET } else { Method::POST };
        let mut outgoing = OutboundRequest { method, url, headers, body, idempotent: false, certificate: None };
        let (now, entropy) = (oauth.clock.now(), &*oauth.entropy);
        runtime::sign_handshake(&flow.signing, &step.handshake(), &bindings, &mut outgoing, now, entropy)
            .map_err(|error| failed(&error))?;
        Ok(outgoing)
    }

    /// Classifies a response without a token. The error has the provider's own text if it sent one.
    fn classify_response(&self, step: &TokenStep<'_>, incoming: &InboundResponse, redactor: &Redactor) -> TokenFailure {
        let Self { oauth, token_context, .. } = self;
        let (title, token) = (&token_context.connector.title, step.token_name());
        let mut error = runtime::provider_error(&*oauth.clock, title, incoming, redactor);
        let problem = OAuthProblem::from_response(incoming);
        let status = incoming.status.as_u16();
        let cause = match (problem.as_ref().map(OAuthProblem::party), step) {
            (Some(ProblemParty::App), _) => TokenError::InvalidClient,
            (Some(ProblemParty::Token | ProblemParty::Customer), _) => TokenError::InvalidGrant,
            (Some(ProblemParty::Neither), _) => TokenError::Transient,
            (None, _) if runtime::is_page(&incoming.body) => TokenError::Unexplained,
            // The consumer key or the callback URL: the operator must correct them.
            (None, TokenStep::RequestToken { .. }) if matches!(status, 401 | 403) => TokenError::InvalidClient,
            (None, TokenStep::AccessToken { .. }) if matches!(status, 400 | 401 | 403) => TokenError::InvalidGrant,
            (None, _) => TokenError::Transient,
        };
        // Some providers send a form in error responses too.
        let form = token_response::parse_body(&incoming.body).filter(|form| form.get("error").is_some());
        let body = form.or_else(|| error.provider.as_ref().map(|provider| provider.body.clone()));
        let text = body.as_ref().and_then(|body| runtime::provider_message(body, redactor));
        let text = text.map(|text| format!(": {text}")).unwrap_or_default();
        error.message = match (&problem, step) {
            (Some(problem), _) => format!("{title} {}", problem.sentence(oauth.clock.now(), redactor)),
            (None, _) if incoming.status.is_success() => {
                format!("{title}'s {token} response contains no {token}")
            }
            (None, TokenStep::RequestToken { .. }) if matches!(status, 400 | 403) => {
                let callback = oauth.urls.callback(&token_context.connector.key);
                format!(
                    "{title} rejected the request for a request token{text}; check that the OAuth app there allows the \
                     callback URL {callback}"
                )
            }
            _ => format!("{title} rejected the {token} request{text} ({status})"),
        };
        if incoming.status.is_success() {
            error.set_code(ErrorCode::TokenAnswer);
        }
        TokenFailure { cause, error: runtime::redact_error(error, redactor) }
    }
}
