//! Taking an account's credentials back at the provider: by the connector's own action, or at its revocation address
//! (RFC 7009).

use http::StatusCode;
use patchbay_connector::definition::{Action, AuthKind, AuthMethod, Authorization, OAuth2};
use tokio::time::Instant;

use super::{
    ACCESS_TOKEN, REFRESH_TOKEN, answer,
    mint::{Applicant, Endpoint, Form, Place, Wire, certificate, context, found_server, signs_in},
};
use crate::{
    Error, ErrorCode,
    runtime::{self, IntoError as _, RawInputs},
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

/// Whether a method's credentials can be taken back by program, as far as the connector knows: an MCP server says at the
/// sign-in whether and where. What customers typed themselves they end themselves.
pub(crate) fn can_revoke(method: &AuthMethod) -> bool {
    let has_address = matches!(&method.authorization, Authorization::OAuth2(oauth2) if oauth2.revocation_url.is_some());
    method.revoke.is_some() || method.kind == AuthKind::Mcp || (signs_in(method) && has_address)
}

/// Takes an account's credentials back, until `deadline`.
pub(crate) async fn revoke(wire: Wire<'_>, applicant: &Applicant<'_>, deadline: Instant) -> Result<Revocation, Error> {
    let method = applicant.method;
    if !can_revoke(method) {
        return Ok(Revocation::Unsupported);
    }
    if signs_in(method) && token(applicant).is_none() {
        return Ok(Revocation::Nothing);
    }
    match (&method.revoke, &method.authorization) {
        (Some(action), _) => by_action(wire, applicant, action, deadline).await,
        (None, Authorization::OAuth2(oauth2)) => at_endpoint(wire, applicant, oauth2, deadline).await,
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
    wire: Wire<'_>,
    applicant: &Applicant<'_>,
    action: &Action,
    deadline: Instant,
) -> Result<Revocation, Error> {
    let context = context(wire, applicant, deadline);
    let inputs = runtime::check_inputs(action, RawInputs::default())?;
    runtime::run(wire.host, context, action, &inputs).await.map(|_| Revocation::Confirmed)
}

async fn at_endpoint(
    wire: Wire<'_>,
    applicant: &Applicant<'_>,
    oauth2: &OAuth2,
    deadline: Instant,
) -> Result<Revocation, Error> {
    let title = &applicant.connector.title;
    let broken = |why: &str| {
        let message = format!("the connector {title} cannot revoke a token by `{}`: {why}", applicant.method.key);
        Error::new(ErrorCode::Connector, message)
    };
    let server = found_server(applicant);
    let found = server.as_ref().and_then(|server| Some((server, server.revocation_url.as_deref()?)));
    let place = match (&oauth2.revocation_url, found) {
        // The connector's author knows better than the server.
        (Some(place), _) => Place::Written(place),
        (None, Some((server, url))) => Place::FoundRevocation(server, url),
        (None, None) => return Ok(Revocation::Unsupported),
    };
    let (token, hint) = token(applicant).ok_or_else(|| broken("there is no token"))?;
    let mut form = Form::default();
    form.set("token", token.to_owned());
    form.set("token_type_hint", hint.to_owned());
    let endpoint =
        Endpoint { place, name: "revocationUrl", form, fixed: &[], scopes: None, params: &oauth2.revocation_params };
    let mut request = endpoint.request(wire, applicant, oauth2).map_err(|why| broken(&why))?;
    request.certificate = certificate(wire, applicant)?;
    let mut redactor = applicant.credentials.redactor();
    if let Some(server) = &server {
        server.know(&mut redactor);
    }
    let sent = wire.host.http.send(request, deadline).await;
    let incoming = sent.map_err(|failure| runtime::redact_error(failure.into_error(title), &redactor))?;
    let body = answer::body(&incoming.body);
    let code = body.as_ref().and_then(answer::error_of);
    match (incoming.status, code) {
        (status, None) if status.is_success() => Ok(Revocation::Confirmed),
        // It does not know the token (any more): what section 2.2 answers with 200, some answer so.
        (StatusCode::OK | StatusCode::BAD_REQUEST, Some("invalid_token" | "token_revoked")) => {
            Ok(Revocation::Confirmed)
        }
        (_, code) => {
            let mut error = runtime::provider_error(wire.host.clock(), title, &incoming);
            if let Some(code) = code {
                error.message = format!("{title} answered {code}");
            }
            if incoming.status.is_success() {
                error.set_status(502);
            }
            Err(runtime::redact_error(error, &redactor))
        }
    }
}
