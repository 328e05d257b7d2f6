//! Connect sessions: made by the operator's backend, spent in the Hub.

use patchbay_model::{AccountId, AccountKind, ConnectSession, Metadata, Owner, ProfileId};
use patchbay_model::{ApiScope, SessionId};
use patchbay_vault::{Secret, Vault};

use super::{Caller, Engine, invalid, invalid_at};
use crate::{Error, ErrorCode, Problem};

/// What a session is made from.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose account will be linked. Id and name must not be empty.
    pub owner: Owner,
    /// Shows only connectors of these categories.
    pub categories: Vec<String>,
    /// Shows only this connector; it must exist (400 with the nearest names).
    pub connector: Option<String>,
    /// Shows only this profile; it must exist in the project.
    pub profile_id: Option<ProfileId>,
    /// Edits this account; it must exist in the project.
    pub account_id: Option<AccountId>,
    /// Label of the account.
    pub label: Option<String>,
    /// Metadata of the account.
    pub metadata: Metadata,
    /// Kind of the account.
    pub kind: AccountKind,
    /// Links another account even where the owner has one; no effect with `account_id`.
    pub multiple: bool,
    /// Origins of the pages that may frame the Hub, such as `https://app.example.com`; the server's own may
    /// always.
    pub allowed_origins: Vec<String>,
    /// Where a browser that has signed in at a provider is sent with `confirmation`, for the operator's product to say
    /// who it is: `https`, or `http` on this very machine.
    pub confirm_url: Option<String>,
    /// Its life in seconds (1 to 31 536 000; default 1800).
    pub expires_in: Option<i64>,
}

/// A session with the token that is shown this once.
#[derive(Clone, Debug)]
pub struct CreatedSession {
    /// The session.
    pub session: ConnectSession,
    /// Its token.
    pub token: Secret,
    /// The link that opens the Hub in its own page (`{public_url}/embedded/integrations?token=…`).
    pub auth_link_url: Secret,
}

/// A session's life when its maker does not say, in seconds.
const DEFAULT_SESSION_TTL_SECS: i64 = 1_800;
/// The longest life, in seconds: a year.
const MAX_SESSION_TTL_SECS: i64 = 31_536_000;

impl Engine {
    /// Makes a session.
    pub async fn create_session(&self, caller: &Caller, new: NewSession) -> Result<CreatedSession, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let allowed_origins = check(&new)?;
        if let Some(connector) = &new.connector {
            self.known_connector(&caller.project_id, connector, "provider").await?;
        }
        if let Some(id) = &new.profile_id {
            let profile = self.profile(&caller.project_id, id).await?;
            if new.connector.as_ref().is_some_and(|connector| *connector != profile.connector) {
                return Err(invalid_at(
                    "integration_id",
                    "mismatch",
                    "the profile belongs to another connector than `provider`",
                ));
            }
        }
        if let Some(id) = &new.account_id {
            self.account(&caller.project_id, id).await?;
        }
        let entropy = &*self.parts().entropy;
        let token = Secret::new(entropy.token());
        let now = self.clock().now();
        let mut session = ConnectSession {
            id: SessionId(0),
            organization_id: caller.organization_id.clone(),
            project_id: caller.project_id.clone(),
            token_hash: Vault::hash_token(token.expose()),
            owner: new.owner,
            categories: new.categories,
            connector: new.connector,
            profile_id: new.profile_id,
            account_id: new.account_id,
            label: new.label,
            metadata: new.metadata,
            kind: new.kind,
            multiple: new.multiple,
            allowed_origins,
            confirm_url: new.confirm_url,
            external_trigger_token: entropy.uuid().to_string(),
            created_at: now,
            expires_at: now.plus_seconds(new.expires_in.unwrap_or(DEFAULT_SESSION_TTL_SECS)),
        };
        session.id = self.storage().sessions().create(&session).await?;
        let auth_link_url =
            Secret::new(format!("{}/embedded/integrations?token={}", self.config().public_url, token.expose()));
        Ok(CreatedSession { session, token, auth_link_url })
    }

    /// The session behind a token, when it belongs to the caller's project and has not expired.
    pub async fn authenticate_session(&self, caller: &Caller, token: &Secret) -> Result<ConnectSession, Error> {
        caller.require(ApiScope::PlatformRead)?;
        let session = self.live_session(token).await?.filter(|session| session.project_id == caller.project_id);
        session.ok_or_else(|| {
            Error::new(ErrorCode::SessionNotFound, "there is no live connect session with this token in this project")
        })
    }

    pub(crate) async fn live_session(&self, token: &Secret) -> Result<Option<ConnectSession>, Error> {
        let found = self.storage().sessions().by_token_hash(&Vault::hash_token(token.expose())).await?;
        Ok(found.filter(|session| session.expires_at > self.clock().now()))
    }
}

/// The most origins of a session: they all go into one header.
const MAX_ORIGINS: usize = 50;

/// Everything that is wrong with a request at once, or the origins in their one spelling.
fn check(new: &NewSession) -> Result<Vec<String>, Error> {
    let mut problems = Vec::new();
    for (path, value) in [("origin_owner_id", &new.owner.id), ("origin_owner_name", &new.owner.name)] {
        if value.trim().is_empty() {
            problems.push(Problem {
                path: path.to_owned(),
                code: "required",
                message: format!("{path} must not be empty"),
            });
        }
    }
    if new.expires_in.is_some_and(|life| !(1..=MAX_SESSION_TTL_SECS).contains(&life)) {
        let message = format!("expires_in must be from 1 to {MAX_SESSION_TTL_SECS} seconds");
        problems.push(Problem { path: "expires_in".to_owned(), code: "range", message });
    }
    let mut origins = Vec::with_capacity(new.allowed_origins.len());
    for (index, given) in new.allowed_origins.iter().enumerate() {
        match origin(given) {
            Some(origin) if !origins.contains(&origin) => origins.push(origin),
            Some(_) => {}
            None => problems.push(Problem {
                path: format!("allowed_origins[{index}]"),
                code: "origin",
                message: "an origin is a scheme, a host and perhaps a port, such as https://app.example.com".to_owned(),
            }),
        }
    }
    if origins.len() > MAX_ORIGINS {
        let message = format!("a session allows at most {MAX_ORIGINS} origins");
        problems.push(Problem { path: "allowed_origins".to_owned(), code: "length", message });
    }
    if new.confirm_url.as_deref().is_some_and(|url| !is_confirmable(url)) {
        let message = "confirm_url is an address of your product, such as https://app.example.com/integrations/confirm: \
                       https (http on localhost alone), without a user and without a fragment";
        problems.push(Problem { path: "confirm_url".to_owned(), code: "url", message: message.to_owned() });
    }
    if problems.is_empty() { Ok(origins) } else { Err(invalid(problems)) }
}

/// Whether a browser may be sent there with a one-time secret.
fn is_confirmable(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    is_plain && text.len() <= 2000 && (url.scheme() == "https" || url.scheme() == "http" && is_local)
}

/// The origin in its one spelling (RFC 6454 section 6.2); nothing when the text says more, or another thing.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok()?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https");
    // It goes into a header, where other characters (`;`, `,`) part one thing from the next.
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']');
    let is_named = url.host_str().is_some_and(|host| host.chars().all(is_host));
    (is_web && is_bare && is_plain && is_named).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_has_one_spelling() {
        for (text, expected) in [
            ("https://App.Example.com", Some("https://app.example.com")),
            ("https://app.example.com:443/", Some("https://app.example.com")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("http://[::1]:3000", Some("http://[::1]:3000")),
            ("https://bücher.example", Some("https://xn--bcher-kva.example")),
            ("https://app.example.com/path", None),
            ("https://user@app.example.com", None),
            ("https://app.example.com/?a", None),
            ("javascript:alert(1)", None),
            ("*", None),
            ("https://*.example.com; script-src *", None),
            ("null", None),
            ("", None),
        ] {
            assert_eq!(origin(text).as_deref(), expected, "{text}");
        }
    }
}
