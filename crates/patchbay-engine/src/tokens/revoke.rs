//! Taking an account's credentials back at the provider: by the connector's own action, or at its revocation address
//! (RFC 7009).

use http::StatusCode;
use patchbay_connector::definition::{Action, AuthMethod, Authorization, OAuth2};
use tokio::time::Instant;

use super::{
    ACCESS_TOKEN, REFRESH_TOKEN, answer,
    mint::{Applicant, Endpoint, Form, Place, certificate, facts, signs_in},
};
use crate::{
    Engine, Error, ErrorKind,
    pipeline::{self, RawInputs, RunContext},
};

/// What came of taking an account's credentials back at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The provider said that it honours them no more.
    Confirmed,
    /// The connector knows no way, so they are worth what they were until a person ends them at the provider.
    Unsupported,
    /// There was nothing to take back: no token.
    Nothing,
    /// It was asked for, and the provider did not confirm it.
    Failed {
        /// Why, for a person.
        message: String,
    },
}

impl Revocation {
    /// Its name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unsupported => "unsupported",
            Self::Nothing => "nothing",
            Self::Failed { .. } => "failed",
        }
    }

    /// What it means, for a person.
    pub fn sentence(&self, provider: &str) -> String {
        match self {
            Self::Confirmed => format!("{provider} confirmed that it honours the credentials no more"),
            Self::Unsupported => format!(
                "there is no way to take these credentials back by program: end them at {provider} (delete the key, or \
                 remove the app's access)"
            ),
            Self::Nothing => "the account held no token that could be taken back".to_owned(),
            Self::Failed { message } => format!(
                "{provider} did not confirm that it honours the credentials no more: {message}; try again, or remove the \
                 app's access there"
            ),
        }
    }
}

/// Whether a method's credentials can be taken back by program. What customers typed themselves they end themselves.
pub(crate) fn can_revoke(method: &AuthMethod) -> bool {
    let has_address = matches!(&method.authorization, Authorization::OAuth2(oauth2) if oauth2.revocation_url.is_some());
    method.revoke.is_some() || (signs_in(method) && has_address)
}

/// Takes an account's credentials back, until `deadline`.
pub(crate) async fn revoke(engine: &Engine, applicant: &Applicant<'_>, deadline: Instant) -> Result<Revocation, Error> {
    let method = applicant.method;
    if !can_revoke(method) {
        return Ok(Revocation::Unsupported);
    }
    if signs_in(method) && token(applicant).is_none() {
        return Ok(Revocation::Nothing);
    }
    match (&method.revoke, &method.authorization) {
        (Some(action), _) => by_action(engine, applicant, action, deadline).await,
        (None, Authorization::OAuth2(oauth2)) => at_endpoint(engine, applicant, oauth2, deadline).await,
        (None, _) => Ok(Revocation::Unsupported),
    }
}

/// The token that is worth most, and what it is called: with the one that renews goes what it renewed (RFC 7009,
/// section 2.1).
fn token<'a>(applicant: &'a Applicant<'_>) -> Option<(&'a str, &'static str)> {
    let refresh = applicant.credentials.text(REFRESH_TOKEN).map(|token| (token, "refresh_token"));
    refresh.or_else(|| Some((applicant.credentials.text(ACCESS_TOKEN)?, "access_token")))
}

async fn by_action(
    engine: &Engine,
    applicant: &Applicant<'_>,
    action: &Action,
    deadline: Instant,
) -> Result<Revocation, Error> {
    let context = RunContext {
        connector: applicant.connector,
        method: applicant.method,
        credentials: applicant.credentials,
        facts: facts(engine, applicant),
        config: engine.config(),
        deadline,
        trace: None,
        events: None,
        hand_out: None,
        patience: None,
        granted: None,
    };
    let inputs = pipeline::check_inputs(action, RawInputs::default())?;
    pipeline::run(engine.http(), context, action, &inputs).await.map(|_| Revocation::Confirmed)
}

async fn at_endpoint(
    engine: &Engine,
    applicant: &Applicant<'_>,
    oauth2: &OAuth2,
    deadline: Instant,
) -> Result<Revocation, Error> {
    let title = &applicant.connector.title;
    let broken = |why: &str| {
        let message = format!("the connector {title} cannot revoke a token by `{}`: {why}", applicant.method.key);
        Error::new(ErrorKind::Internal, "ConnectorError", message)
    };
    let place = oauth2.revocation_url.as_ref().ok_or_else(|| broken("it has no `revocationUrl`"))?;
    let (token, hint) = token(applicant).ok_or_else(|| broken("there is no token"))?;
    let mut form = Form::default();
    form.set("token", token.to_owned());
    form.set("token_type_hint", hint.to_owned());
    let endpoint = Endpoint {
        place: Place::Written(place),
        name: "revocationUrl",
        form,
        fixed: &[],
        scopes: None,
        params: &oauth2.revocation_params,
    };
    let mut request = endpoint.request(engine, applicant, oauth2).map_err(|why| broken(&why))?;
    request.certificate = certificate(engine, applicant)?;
    let redactor = applicant.credentials.redactor();
    let sent = engine.http().send(request, deadline).await;
    let incoming = sent.map_err(|failure| pipeline::redact_error(failure.into_error(title), &redactor))?;
    let body = answer::body(&incoming.body);
    let code = body.as_ref().and_then(answer::error_of);
    match (incoming.status, code) {
        (status, None) if status.is_success() => Ok(Revocation::Confirmed),
        // It does not know the token (any more): what section 2.2 answers with 200, some answer so.
        (StatusCode::OK | StatusCode::BAD_REQUEST, Some("invalid_token" | "token_revoked")) => {
            Ok(Revocation::Confirmed)
        }
        (_, code) => {
            let mut error = pipeline::provider_error(engine.http(), title, &incoming);
            if let Some(code) = code {
                error.message = format!("{title} answered {code}");
            }
            if incoming.status.is_success() {
                error.kind = ErrorKind::BadGateway;
            }
            Err(pipeline::redact_error(error, &redactor))
        }
    }
}
