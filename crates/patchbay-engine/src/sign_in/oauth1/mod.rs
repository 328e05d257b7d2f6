//! OAuth 1.0a (RFC 5849, section 2), in three steps:
//!
//! 1. A request token is got, by a signed request that says where the browser is to come back ([`request`]).
//! 2. The browser goes to the provider with it, and comes back with it and a verifier.
//! 3. Both are traded for the token and its secret, by which all requests are signed from then on.
//!
//! `state` stands in the query of the callback address. A provider that drops that query still names the request
//! token, by whose hash the ticket is found then ([`pointer`]).

mod pointer;
mod request;

use patchbay_connector::{
    definition::{Authorization, OAuth1SignIn},
    expr::Escape,
};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use zeroize::Zeroize;

pub(super) use self::pointer::state_of;
use self::request::{Step, TokenRequest};
use super::{
    finish::{SignInAnswer, changed, denied, refused},
    way::{Errand, Return, Sent, Way},
};
use crate::{
    Error, ErrorCode,
    linking::no_token,
    tokens::{Failure, Minted, Refusal, minted_by_oauth1},
};

/// What an answer is checked by and traded with: the temporary credentials.
#[derive(Serialize, Deserialize, Zeroize)]
pub(super) struct RequestToken {
    token: String,
    secret: String,
}

/// What the names of the protocol's own parameters begin with (section 3.1).
const PROTOCOL: &str = "oauth_";

/// Gets a request token, and gives the provider's page for it.
pub(super) async fn out(errand: &Errand<'_>, flow: &OAuth1SignIn) -> Result<Sent, Error> {
    let kept = request_token(errand, flow).await?;
    let location = location(errand, flow, &kept).map_err(|why| errand.broken(&why))?;
    pointer::keep(errand, &kept).await?;
    Ok(Sent { location, way: Way::OAuth1(kept) })
}

async fn request_token(errand: &Errand<'_>, flow: &OAuth1SignIn) -> Result<RequestToken, Error> {
    let applicant = &errand.applicant;
    let title = &applicant.connector.title;
    let callback = callback(errand).map_err(|why| errand.broken(&why))?;
    let request = TokenRequest { engine: errand.engine, applicant, flow };
    let answer = request.send(&Step::Request { callback: &callback }).await;
    let answer = answer.map_err(|failure| no_token(failure, applicant.profile))?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(token), Some(secret)) = (text("oauth_token"), text("oauth_token_secret")) else {
        return Err(unusable(title, "with something that is no request token"));
    };
    // Section 2.1. Without it the provider speaks the first revision, in which whoever began a sign-in could have it
    // finished by someone else (OAuth Security Advisory 2009.1).
    if !text("oauth_callback_confirmed").is_some_and(|confirmed| confirmed.eq_ignore_ascii_case("true")) {
        return Err(unusable(
            title,
            "without `oauth_callback_confirmed`: it speaks OAuth 1.0 before its revision A, by which one can be made \
             to link a stranger's account",
        ));
    }
    Ok(RequestToken { token: token.to_owned(), secret: secret.to_owned() })
}

fn unusable(title: &str, what: &str) -> Error {
    let message = format!("{title} answered the request for a request token {what}");
    Error::new(ErrorCode::TokenAnswer, message)
}

/// The redirect address, with `state`.
fn callback(errand: &Errand<'_>) -> Result<String, String> {
    let mut callback = Url::parse(errand.redirect_uri).map_err(|error| format!("the redirect address: {error}"))?;
    callback.query_pairs_mut().append_pair("state", errand.state.expose());
    Ok(callback.into())
}

/// The provider's page (section 2.2).
fn location(errand: &Errand<'_>, flow: &OAuth1SignIn, kept: &RequestToken) -> Result<Url, String> {
    let mut url = errand.page(&flow.authorization_url, "authorizationUrl")?;
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (name, value) in &flow.authorization_params {
        if let Some(value) = errand.text(value, Escape::None)?.filter(|value| !value.is_empty()) {
            query.retain(|(known, _)| known != name);
            query.push((name.clone(), value));
        }
    }
    // Ours, whatever the address says: what the answer is checked by, and no other place to come back to.
    query.retain(|(name, _)| !name.starts_with(PROTOCOL));
    query.push(("oauth_token".to_owned(), kept.token.clone()));
    url.query_pairs_mut().clear().extend_pairs(&query);
    Ok(url)
}

/// Trades the verifier for the token.
pub(super) async fn back(back: &Return<'_>, kept: &RequestToken) -> Result<Minted, Error> {
    let Return { engine, applicant, answer, .. } = back;
    let Authorization::OAuth1(flow) = &applicant.method.authorization else { return Err(changed()) };
    if let Some(refusal) = refusal(answer) {
        return Err(refusal);
    }
    let text = |name: &str| answer.get(name).filter(|text| !text.is_empty());
    let Some(token) = text("oauth_token") else {
        return Err(refused("the provider sent the browser back without a token; start again in the Hub"));
    };
    if *token != Secret::new(kept.token.as_str()) {
        return Err(refused(
            "the answer belongs to another sign-in than the one that was begun; start again in the Hub",
        ));
    }
    let Some(verifier) = text("oauth_verifier") else {
        return Err(refused(
            "the provider sent the browser back without a verifier, so that nobody knows who allowed access; start again in the Hub",
        ));
    };
    let step = Step::Trade { token: &kept.token, secret: &kept.secret, verifier: verifier.expose() };
    let failed = |failure| no_token(failure, applicant.profile);
    let body = TokenRequest { engine, applicant, flow }.send(&step).await.map_err(failed)?;
    let Some(mut minted) = minted_by_oauth1(&body, flow) else {
        let title = &applicant.connector.title;
        let message = format!("{title} answered the request for a token with something that holds none");
        let error = Error::new(ErrorCode::TokenAnswer, message);
        return Err(failed(Failure { refusal: Refusal::Later, error }));
    };
    for (name, parameter) in &flow.callback_params {
        if let Some(value) = text(parameter) {
            minted.secrets.push((name.clone(), value.clone()));
        }
    }
    Ok(minted)
}

/// What the customer, or the provider, said in place of a consent. The standard names no way to say it: X sends
/// `denied` with the request token, others report a problem.
fn refusal(answer: &SignInAnswer) -> Option<Error> {
    if answer.get("denied").is_some() {
        return Some(denied("access_denied", None));
    }
    let problem = answer.get("oauth_problem").or_else(|| answer.get("error")).filter(|problem| !problem.is_empty())?;
    let words = answer.get("oauth_problem_advice").or_else(|| answer.get("error_description"));
    Some(match problem.expose() {
        "permission_denied" | "user_refused" => denied("access_denied", None),
        other => denied(other, words.map(Secret::expose)),
    })
}
