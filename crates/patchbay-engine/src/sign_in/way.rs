//! The standards by which customers sign in: what a way out needs, and what is kept until the way back.

use patchbay_connector::{
    definition::Authorization,
    expr::{Bindings, Escape, Template},
};
use patchbay_model::Account;
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroize;

use super::{finish::SignInAnswer, oauth1, oauth2, ticket::Ticket};
use crate::{
    Engine, Error, ErrorCode,
    services::invalid_at,
    tokens::{Applicant, Minted},
};

/// What sends a browser to the provider.
pub(super) struct Errand<'a> {
    pub(super) engine: &'a Engine,
    /// For whom.
    pub(super) applicant: Applicant<'a>,
    /// The account that is linked again.
    pub(super) again: Option<&'a Account>,
    /// What the answer must bring back.
    pub(super) state: &'a Secret,
    /// Where it must come.
    pub(super) redirect_uri: &'a str,
}

impl Errand<'_> {
    /// A text of the connector's.
    pub(super) fn text(&self, template: &Template, escape: Escape) -> Result<Option<String>, String> {
        let public_url = Value::String(self.engine.config().public_url.clone());
        let context = json!({});
        let credentials = self.applicant.credentials.values();
        let roots = [("credentials", credentials), ("context", &context), ("apiHostUri", &public_url)];
        template.eval_text(&Bindings { roots: &roots }, escape).map_err(|error| error.to_string())
    }

    /// The address of a page, which stands under `key`.
    pub(super) fn page(&self, place: &Template, key: &str) -> Result<Url, String> {
        let text = self.text(place, Escape::Host)?.ok_or_else(|| format!("its `{key}` is empty"))?;
        let url = Url::parse(&text).map_err(|error| format!("its `{key}` is no URL: {error}"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(format!("its `{key}` is no web address"));
        }
        Ok(url)
    }

    /// 500: the connector sends nobody anywhere.
    pub(super) fn broken(&self, why: &str) -> Error {
        let title = &self.applicant.connector.title;
        let message = format!("the connector {title} cannot send anyone to sign in: {why}");
        Error::new(ErrorCode::Connector, message)
    }
}

/// Where a browser is sent.
pub(super) struct Sent {
    /// The provider's page.
    pub(super) location: Url,
    /// What its answer is checked by and traded with.
    pub(super) way: Way,
}

/// What an answer is checked by and traded with.
#[derive(Serialize, Deserialize, Zeroize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// OAuth 2.0, and MCP servers.
    OAuth2(oauth2::Expected),
    /// OAuth 1.0a.
    OAuth1(oauth1::RequestToken),
}

impl Way {
    /// The way of the applicant's method.
    pub(super) async fn out(errand: &Errand<'_>) -> Result<Sent, Error> {
        match &errand.applicant.method.authorization {
            Authorization::OAuth2(oauth2) => oauth2::out(errand, oauth2).await,
            Authorization::OAuth1(flow) => oauth1::out(errand, flow).await,
            _ => Err(not_by_sign_in()),
        }
    }

    /// What the answer is traded with beside what was typed: names and values of credentials.
    pub(super) fn known(&self) -> Vec<(String, Secret)> {
        match self {
            Self::OAuth2(expected) => expected.known(),
            Self::OAuth1(_) => Vec::new(),
        }
    }
}

/// 400: the profile's method is another.
pub(super) fn not_by_sign_in() -> Error {
    invalid_at("integration_id", "method", "this integration is not linked by signing in at the provider")
}

/// What takes a browser back.
pub(super) struct Return<'a> {
    pub(super) engine: &'a Engine,
    /// For whom.
    pub(super) applicant: &'a Applicant<'a>,
    /// What was kept.
    pub(super) ticket: &'a Ticket,
    /// What came back.
    pub(super) answer: &'a SignInAnswer,
}

impl Return<'_> {
    /// Trades the answer for a token. Who comes back, and where, is checked before.
    pub(super) async fn trade(&self) -> Result<Minted, Error> {
        match &self.ticket.way {
            Way::OAuth2(expected) => oauth2::back(self, expected).await,
            Way::OAuth1(kept) => oauth1::back(self, kept).await,
        }
    }
}
