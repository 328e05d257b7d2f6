//! The two requests for tokens (RFC 5849, sections 2.1 and 2.3), and what their refusals mean.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use patchbay_connector::{
    definition::{HttpMethod, OAuth1SignIn},
    expr::{Bindings, Escape, EvalError, Template},
};
use serde_json::Value;
use tokio::time::{Duration, Instant};
use url::{Url, form_urlencoded};

use crate::{
    Engine, Error, ErrorCode,
    http::{InboundResponse, OutboundRequest},
    runtime::{self, Culprit, Handshake, IntoError as _, OAuthProblem, Redactor},
    tokens::{self, Applicant, Failure, Refusal, Wire, token_body},
};

/// Which of the two.
pub(super) enum Step<'a> {
    /// For a request token. No token signs it, also where the account has one already.
    Request {
        /// Where the browser is to come back.
        callback: &'a str,
    },
    /// For the token.
    Trade {
        /// The request token, its secret, and what the browser brought back.
        token: &'a str,
        secret: &'a str,
        verifier: &'a str,
    },
}

impl Step<'_> {
    /// What it asks for, in words.
    const fn asks_for(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request token",
            Self::Trade { .. } => "token",
        }
    }

    fn handshake(&self) -> Handshake<'_> {
        match self {
            Self::Request { callback } => Handshake { token: None, parameter: ("oauth_callback", callback) },
            Self::Trade { token, secret, verifier } => {
                Handshake { token: Some((token, secret)), parameter: ("oauth_verifier", verifier) }
            }
        }
    }
}

/// A request for a token.
pub(super) struct TokenRequest<'a> {
    pub(super) engine: &'a Engine,
    /// For whom.
    pub(super) applicant: &'a Applicant<'a>,
    pub(super) flow: &'a OAuth1SignIn,
}

impl TokenRequest<'_> {
    /// Sends it, and gives what is in the answer. Whether the provider takes the app's own credentials is kept with
    /// the profile.
    pub(super) async fn send(&self, step: &Step<'_>) -> Result<Value, Failure> {
        let Self { engine, applicant, .. } = self;
        let outcome = Box::pin(self.ask(step)).await;
        match &outcome {
            Ok(_) => engine.clear_alarm(applicant.profile).await,
            Err(Failure { refusal: Refusal::Client, error }) => {
                engine.raise_alarm(applicant.profile, &applicant.connector.title, error).await;
            }
            Err(_) => {}
        }
        outcome
    }

    async fn ask(&self, step: &Step<'_>) -> Result<Value, Failure> {
        let Self { engine, applicant, .. } = self;
        let title = &applicant.connector.title;
        let deadline = Instant::now() + Duration::from_millis(engine.config().call_budget_millis);
        let later = |error| Failure { refusal: Refusal::Later, error };
        let mut outgoing = self.outgoing(step).map_err(later)?;
        outgoing.certificate = tokens::certificate(Wire::of(engine), applicant).map_err(later)?;
        let mut redactor = applicant.credentials.redactor();
        if let Step::Trade { secret, verifier, .. } = step {
            redactor.add(secret);
            redactor.add(verifier);
        }
        let sent = engine.http().send(outgoing, deadline).await;
        let incoming = sent.map_err(|failure| later(runtime::redact_error(failure.into_error(title), &redactor)))?;
        match token_body(&incoming.body) {
            // Some say 200 and put the problem into the body.
            Some(body) if incoming.status.is_success() && body.get("oauth_problem").is_none() => Ok(body),
            _ => Err(self.refused(step, &incoming, &redactor)),
        }
    }

    /// The signed request.
    fn outgoing(&self, step: &Step<'_>) -> Result<OutboundRequest, Error> {
        let Self { engine, applicant, flow } = self;
        let facts = tokens::facts(Wire::of(engine), applicant);
        let context = facts.context(applicant.connector, applicant.method);
        let public_url = Value::String(engine.config().public_url.clone());
        let roots =
            [("credentials", applicant.credentials.values()), ("context", &context), ("apiHostUri", &public_url)];
        let bindings = Bindings { roots: &roots };
        let (place, name, params) = match step {
            Step::Request { .. } => (&flow.request_token_url, "requestTokenUrl", &flow.request_token_params),
            Step::Trade { .. } => (&flow.token_url, "tokenUrl", &flow.token_params),
        };
        let title = &applicant.connector.title;
        let broken = |error: &EvalError| runtime::expression_error(title, name, error);
        let text = |template: &Template, escape| template.eval_text(&bindings, escape).map_err(|error| broken(&error));
        let address = text(place, Escape::Host)?.unwrap_or_default();
        let mut url = Url::parse(&address).map_err(|error| {
            let refused = EvalError::Refused { path: format!("authorization.{name}"), reason: error.to_string() };
            broken(&refused)
        })?;
        let mut pairs = Vec::new();
        for (name, value) in params {
            pairs.extend(text(value, Escape::None)?.map(|value| (name.as_str(), value)));
        }
        let (mut headers, mut body) = (HeaderMap::new(), Bytes::new());
        if !pairs.is_empty() {
            if flow.token_method == HttpMethod::Get {
                url.query_pairs_mut().extend_pairs(&pairs);
            } else {
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.insert(header::CONTENT_TYPE, kind);
                body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish().into();
            }
        }
        let method = if flow.token_method == HttpMethod::Get { Method::GET } else { Method::POST };
        let mut outgoing = OutboundRequest { method, url, headers, body, idempotent: false, certificate: None };
        let (now, entropy) = (engine.clock().now(), &*engine.parts().entropy);
        runtime::sign_handshake(&flow.signing, &step.handshake(), &bindings, &mut outgoing, now, entropy)
            .map_err(|error| broken(&error))?;
        Ok(outgoing)
    }

    /// What an answer without a token means, in the provider's own words where it has some.
    fn refused(&self, step: &Step<'_>, incoming: &InboundResponse, redactor: &Redactor) -> Failure {
        let Self { engine, applicant, .. } = self;
        let (title, what) = (&applicant.connector.title, step.asks_for());
        let mut error = runtime::provider_error(engine.clock(), title, incoming);
        let problem = OAuthProblem::of(incoming);
        let status = incoming.status.as_u16();
        let refusal = match (problem.as_ref().map(OAuthProblem::culprit), step) {
            (Some(Culprit::App), _) => Refusal::Client,
            (Some(Culprit::Token | Culprit::Customer), _) => Refusal::Grant,
            (Some(Culprit::Neither), _) => Refusal::Later,
            // The app's key, or the address that the browser is to come back to: the operator's to mend.
            (None, Step::Request { .. }) if matches!(status, 401 | 403) => Refusal::Client,
            (None, Step::Trade { .. }) if matches!(status, 400 | 401 | 403) => Refusal::Grant,
            (None, _) => Refusal::Later,
        };
        // Some answer with a form also when they refuse.
        let form = token_body(&incoming.body).filter(|form| form.get("error").is_some());
        let said = form.or_else(|| error.provider.as_ref().map(|said| said.body.clone()));
        let words = said.as_ref().and_then(runtime::words);
        let words = words.map(|words| format!(": {words}")).unwrap_or_default();
        error.message = match (&problem, step) {
            (Some(problem), _) => format!("{title} {}", problem.sentence(engine.clock().now())),
            (None, _) if incoming.status.is_success() => {
                format!("{title} answered the request for a {what} with something that holds none")
            }
            (None, Step::Request { .. }) if matches!(status, 400 | 403) => {
                let callback = engine.redirect_uri(&applicant.connector.key);
                format!("{title} gives no request token{words}; see that the app there allows {callback}")
            }
            _ => format!("{title} gives no {what}{words} ({status})"),
        };
        if incoming.status.is_success() {
            error.set_code(ErrorCode::TokenAnswer);
        }
        Failure { refusal, error: runtime::redact_error(error, redactor) }
    }
}
