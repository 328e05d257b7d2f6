//! OAuth 2.0 authorization code (RFC 6749 section 4.1), with PKCE (RFC 7636), the issuer of the answer (RFC 9207) and
//! the ID token of `OpenID` Connect; and MCP servers, which say themselves where one signs in.

mod id_token;
mod location;

use patchbay_connector::definition::{Authorization, OAuth2};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroize;

use self::location::Destination;
use super::{
    finish::{SignInAnswer, changed, denied, refused},
    mcp,
    way::{Errand, Return, Sent, Way},
};
use crate::{
    Error,
    linking::no_token,
    tokens::{Grant, Minted, TOKEN_SERVER, TokenServer, mint},
};

/// What an answer is checked by and traded with.
#[derive(Serialize, Deserialize, Zeroize)]
pub(super) struct Expected {
    /// The code verifier (RFC 7636).
    verifier: Option<String>,
    /// What an ID token must name (`OpenID` Connect Core 1.0, section 3.1.2.1), where one was asked for.
    nonce: Option<String>,
    /// The redirect address as it was sent.
    redirect_uri: String,
    /// Who must have issued the answer (RFC 9207): an issuer that the connector names, else the origin that the
    /// browser was sent to.
    issuer: String,
    /// Whether `issuer` is the connector's word.
    issuer_is_named: bool,
    /// Whether an answer that names no issuer is refused.
    issuer_must_come: bool,
    /// Where an MCP server's code is traded, and as whom.
    server: Option<String>,
}

impl Expected {
    /// The token server among the credentials, where one was found.
    pub(super) fn known(&self) -> Vec<(String, Secret)> {
        self.server.iter().map(|server| (TOKEN_SERVER.to_owned(), Secret::new(server.as_str()))).collect()
    }

    /// Whether the answer was issued by who was asked.
    fn check_issuer(&self, answer: &SignInAnswer) -> Result<(), Error> {
        let Some(issuer) = answer.get("iss").map(Secret::expose) else {
            let why = "the answer does not say which server issued it, which this provider's answers do";
            return if self.issuer_must_come { Err(refused(why)) } else { Ok(()) };
        };
        let is_theirs = if self.issuer_is_named {
            issuer == self.issuer
        } else {
            Url::parse(issuer).is_ok_and(|issuer| issuer.origin().ascii_serialization() == self.issuer)
        };
        if is_theirs {
            Ok(())
        } else {
            Err(refused("the answer was issued by another server than the one that was asked"))
        }
    }
}

/// The authorization page, which an MCP server names itself.
pub(super) async fn out(errand: &Errand<'_>, oauth2: &OAuth2) -> Result<Sent, Error> {
    let Errand { engine, applicant, redirect_uri, .. } = errand;
    let connector = applicant.connector;
    let found = match &applicant.method.mcp {
        Some(flow) => Some(mcp::find(engine, connector, applicant.profile, flow, applicant.credentials).await?),
        None => None,
    };
    let entropy = &*engine.parts().entropy;
    let verifier = oauth2.pkce.then(|| Secret::new(entropy.token()));
    let to = Destination { errand, oauth2, found: found.as_ref() };
    let broken = |why: String| errand.broken(&why);
    let mut location = to.location(verifier.as_ref()).map_err(broken)?;
    let nonce = location::asks_for_identity(&location).then(|| entropy.token());
    if let Some(nonce) = &nonce {
        location.query_pairs_mut().append_pair("nonce", nonce);
    }
    let named = match &found {
        Some(found) => Some(found.issuer.clone()),
        None => to.text(oauth2.issuer.as_ref()).map_err(broken)?,
    };
    let expected = Expected {
        verifier: verifier.map(|verifier| verifier.expose().to_owned()),
        nonce,
        redirect_uri: (*redirect_uri).to_owned(),
        issuer_is_named: named.is_some(),
        issuer_must_come: found.as_ref().is_some_and(|found| found.names_itself),
        server: found.as_ref().map(|found| found.kept().expose().to_owned()),
        issuer: named.unwrap_or_else(|| location.origin().ascii_serialization()),
    };
    Ok(Sent { location, way: Way::OAuth2(expected) })
}

/// Trades the code for a token.
pub(super) async fn back(back: &Return<'_>, expected: &Expected) -> Result<Minted, Error> {
    let Return { engine, applicant, answer, .. } = back;
    expected.check_issuer(answer)?;
    if let Some(error) = answer.get("error") {
        return Err(denied(error.expose(), answer.get("error_description").map(Secret::expose)));
    }
    let code = answer
        .get("code")
        .filter(|code| !code.is_empty())
        .ok_or_else(|| refused("the provider sent the browser back without a code; start again in the Hub"))?;
    let Authorization::OAuth2(oauth2) = &applicant.method.authorization else {
        return Err(changed());
    };
    let grant = Grant::Code {
        code: code.clone(),
        redirect_uri: expected.redirect_uri.clone(),
        verifier: expected.verifier.as_deref().map(Secret::new),
    };
    let minted = mint(engine, applicant, &grant).await;
    let mut minted = minted.map_err(|failure| no_token(failure, applicant.profile))?;
    let found = TokenServer::of(applicant.credentials).map(|server| server.client_id.clone());
    let client_id = applicant.credentials.values().get("clientId").and_then(serde_json::Value::as_str);
    if let Some(why) = id_token::mismatch(minted.id_token.as_ref(), expected, found.as_deref().or(client_id)) {
        return Err(refused(&format!("the ID token that came with the answer {why}")));
    }
    minted.secrets.extend(expected.known());
    for (name, parameter) in &oauth2.callback_params {
        if let Some(value) = answer.get(parameter).filter(|value| !value.is_empty()) {
            minted.secrets.push((name.clone(), value.clone()));
        }
    }
    Ok(minted)
}
