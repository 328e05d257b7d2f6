//! Connect sessions: created by the operator's backend, used in the Hub.

use std::{collections::BTreeSet, sync::Arc};

use patchbay_connector::{Connector, nearest};
use patchbay_model::{
    AccountId, AccountKind, ApiScope, Clock, ConnectSession, Entropy, Metadata, Owner, Profile, ProfileId, ProjectId,
    SessionId,
};
use patchbay_storage::Storage;
use patchbay_vault::{Secret, Vault};

use crate::{
    Caller, EngineParts, Error, ErrorCode, Field, HubSession, Problem, ProblemPath, PublicUrls,
    accounts::store::CachedAccounts,
    connector_catalog::ConnectorCatalog,
    profiles::Profiles,
    texts::{TextChecks, TextRule},
    validation::{invalid, invalid_at},
};

/// The values of a new connect session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The owner of the account to link. ID and name must not be empty.
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
    /// Links another account even if the owner has one; no effect with `account_id`.
    pub multiple: bool,
    /// The origins of the pages that may frame the Hub, such as `https://app.example.com`; the server's own pages always
    /// may.
    pub allowed_origins: Vec<String>,
    /// The URL to which a browser is redirected with `confirmation` after the authorization, so that the operator's product
    /// confirms its user: `https`, or `http` on this machine.
    pub confirm_url: Option<String>,
    /// Its lifetime in seconds (1 to 31 536 000; default 1800).
    pub expires_in: Option<i64>,
}

/// A new connect session with its token, which is shown only once.
#[derive(Clone, Debug)]
pub struct CreatedSession {
    /// The session.
    pub session: ConnectSession,
    /// Its token.
    pub token: Secret,
    /// The URL that opens the Hub in its own page, with the token.
    pub auth_link_url: Secret,
}

/// The default lifetime of a session.
const DEFAULT_SESSION_TTL_SECS: i64 = 1_800;
/// The maximum lifetime of a session: a year.
const MAX_SESSION_TTL_SECS: i64 = 31_536_000;

/// The categories that clients of the original know. Connectors can have others.
const CATEGORIES: [&str; 14] = [
    "accounting",
    "ats",
    "crm",
    "documents",
    "hris",
    "hris-legacy",
    "iam",
    "lms",
    "marketing",
    "messaging",
    "scheduling",
    "screening",
    "stackone",
    "ticketing",
];

/// The connect sessions.
pub struct Sessions {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    urls: Arc<dyn PublicUrls>,
    connectors: Arc<ConnectorCatalog>,
    profiles: Arc<Profiles>,
    accounts: Arc<CachedAccounts>,
}

impl Sessions {
    pub(crate) fn new(
        parts: &EngineParts,
        connectors: Arc<ConnectorCatalog>,
        profiles: Arc<Profiles>,
        accounts: Arc<CachedAccounts>,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            urls: parts.config.urls.clone(),
            connectors,
            profiles,
            accounts,
        }
    }

    /// Creates a connect session.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` with every invalid value; 404 for a profile or account that the project does not have; 412
    /// `ProfileInactiveError` if the Hub would have nothing to link, because the profile is disabled.
    pub async fn create(&self, caller: &Caller, new: NewSession) -> Result<CreatedSession, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let allowed_origins = check(&new)?;
        self.check_categories(caller, &new.categories).await?;
        if let Some(connector) = &new.connector {
            let connector = self.connectors.known(&caller.project_id, connector).await?;
            if new.profile_id.is_none() && new.account_id.is_none() {
                self.require_enabled_profile(caller, &connector).await?;
            }
        }
        if let Some(id) = &new.profile_id {
            let profile = self.profiles.load(&caller.project_id, id).await?;
            require_enabled(&profile)?;
            if new.connector.as_ref().is_some_and(|connector| *connector != profile.connector) {
                return Err(invalid_at(
                    Field::Profile,
                    "mismatch",
                    "the connector profile belongs to another connector than the one of the session",
                ));
            }
        }
        if let Some(id) = &new.account_id {
            let account = self.accounts.get(&caller.project_id, id).await?;
            let profile = self.profiles.load(&caller.project_id, &account.profile_id).await?;
            require_enabled(&profile)?;
        }
        let entropy = &self.entropy;
        let token = Secret::new(entropy.token());
        let now = self.clock.now();
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
            linked_account_id: None,
            external_trigger_token: entropy.uuid().to_string(),
            created_at: now,
            expires_at: now.plus_seconds(new.expires_in.unwrap_or(DEFAULT_SESSION_TTL_SECS)),
        };
        session.id = self.storage.sessions().create(&session).await?;
        let auth_link_url = self.urls.hub(&token);
        Ok(CreatedSession { session, token, auth_link_url })
    }

    /// Checks that each category is one that clients of the original know, or one of a connector of the project.
    async fn check_categories(&self, caller: &Caller, categories: &[String]) -> Result<(), Error> {
        let is_common = |category: &String| CATEGORIES.contains(&category.as_str());
        if categories.iter().all(is_common) {
            return Ok(());
        }
        let connectors = self.connectors.of_project(&caller.project_id).await?;
        let own = connectors.iter().flat_map(|connector| connector.categories.iter().map(String::as_str));
        let known = CATEGORIES.into_iter().chain(own).collect::<BTreeSet<_>>();
        let problem = |(index, category): (usize, &String)| {
            let near = nearest(category, known.iter().copied());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Problem {
                path: ProblemPath::index(Field::Categories, index),
                code: "enum",
                message: format!("unknown category `{category}`{hint}"),
            }
        };
        let unknown = categories.iter().enumerate().filter(|(_, category)| !known.contains(category.as_str()));
        let problems = unknown.map(problem).collect::<Vec<_>>();
        if problems.is_empty() { Ok(()) } else { Err(invalid(problems)) }
    }

    /// Checks that a connector has an enabled profile, if it has profiles.
    async fn require_enabled_profile(&self, caller: &Caller, connector: &Connector) -> Result<(), Error> {
        let profiles = self.profiles.all(&caller.project_id, Some(&connector.key), None).await?;
        if profiles.is_empty() || profiles.iter().any(|profile| profile.active) {
            return Ok(());
        }
        let message =
            format!("every connector profile of {} is disabled; enable one, then create the session", connector.title);
        Err(Error::new(ErrorCode::ProfileInactive, message))
    }

    /// Returns the connect session of a token for the Hub.
    ///
    /// # Errors
    ///
    /// 401 `SessionExpiredError` if it is unknown or expired.
    pub async fn for_hub(&self, token: &Secret) -> Result<HubSession, Error> {
        let session = self.live(token).await?.ok_or_else(session_expired)?;
        Ok(HubSession { session: Arc::new(session) })
    }

    /// Returns the session of a token.
    ///
    /// # Errors
    ///
    /// 404 `SessionNotFoundError` if it belongs to another project or has expired.
    pub async fn authenticate(&self, caller: &Caller, token: &Secret) -> Result<ConnectSession, Error> {
        caller.require(ApiScope::PlatformRead)?;
        let session = self.live(token).await?.filter(|session| session.project_id == caller.project_id);
        session.ok_or_else(|| {
            Error::new(ErrorCode::SessionNotFound, "this project has no valid connect session with this token")
        })
    }

    /// Ends a connect session: its token opens nothing, and no running attempt or authorization of it links an account.
    /// Accounts that it has linked stay.
    ///
    /// # Errors
    ///
    /// 404 `SessionNotFoundError` if the project does not have it, or if it has ended.
    pub async fn end(&self, caller: &Caller, id: SessionId) -> Result<(), Error> {
        caller.require(ApiScope::PlatformWrite)?;
        if self.storage.sessions().delete(&caller.project_id, id).await? {
            return Ok(());
        }
        Err(Error::new(ErrorCode::SessionNotFound, format!("this project has no connect session {}", id.0)))
    }

    /// Returns the connect session in which an authorization was started.
    ///
    /// # Errors
    ///
    /// 401 `SessionExpiredError` if it no longer exists or has expired.
    pub(crate) async fn for_authorization(&self, project: &ProjectId, id: SessionId) -> Result<HubSession, Error> {
        let found = self.storage.sessions().get(project, id).await?;
        let session = found.filter(|session| session.expires_at > self.clock.now());
        Ok(HubSession { session: Arc::new(session.ok_or_else(session_expired)?) })
    }

    pub(crate) async fn live(&self, token: &Secret) -> Result<Option<ConnectSession>, Error> {
        let found = self.storage.sessions().by_token_hash(&Vault::hash_token(token.expose())).await?;
        Ok(found.filter(|session| session.expires_at > self.clock.now()))
    }
}

/// Checks that a profile is enabled: the Hub would otherwise be empty.
fn require_enabled(profile: &Profile) -> Result<(), Error> {
    if profile.active {
        return Ok(());
    }
    let message = format!("the connector profile `{}` is disabled; enable it, then create the session", profile.name);
    Err(Error::new(ErrorCode::ProfileInactive, message))
}

/// Returns 401 `SessionExpiredError`.
fn session_expired() -> Error {
    Error::new(ErrorCode::SessionExpired, "the connect session has expired or does not exist; create a new one")
}

/// The maximum number of origins of a session: all of them are in one header.
const MAX_ORIGINS: usize = 50;

/// Returns the normalized origins, or every problem of the request.
fn check(new: &NewSession) -> Result<Vec<String>, Error> {
    let mut texts = TextChecks::default();
    texts.text(TextRule::OWNER_ID, &new.owner.id);
    texts.text(TextRule::OWNER_NAME, &new.owner.name);
    texts.optional(TextRule::OWNER_USERNAME, new.owner.username.as_ref());
    texts.optional(TextRule::LABEL, new.label.as_ref());
    texts.categories(&new.categories);
    texts.metadata(&new.metadata);
    let mut problems = texts.0;
    if new.expires_in.is_some_and(|life| !(1..=MAX_SESSION_TTL_SECS).contains(&life)) {
        let message = format!("expires_in must be from 1 to {MAX_SESSION_TTL_SECS} seconds");
        problems.push(Problem { path: Field::ExpiresIn.into(), code: "range", message });
    }
    let mut origins = Vec::with_capacity(new.allowed_origins.len());
    // The origins beyond the maximum are not looked at.
    for (index, given) in new.allowed_origins.iter().take(MAX_ORIGINS + 1).enumerate() {
        match origin(given) {
            Some(origin) if !origins.contains(&origin) => origins.push(origin),
            Some(_) => {}
            None => problems.push(Problem {
                path: ProblemPath::index(Field::AllowedOrigins, index),
                code: "origin",
                message: "an origin needs a scheme, a host and optionally a port, such as https://app.example.com"
                    .to_owned(),
            }),
        }
    }
    if new.allowed_origins.len() > MAX_ORIGINS {
        let message = format!("a session allows at most {MAX_ORIGINS} origins");
        problems.push(Problem { path: Field::AllowedOrigins.into(), code: "length", message });
    }
    if new.confirm_url.as_deref().is_some_and(|url| !is_confirmable(url)) {
        let message = "confirm_url is an address of your product, such as https://app.example.com/integrations/confirm: \
                       https (http only on localhost), without a user and without a fragment";
        problems.push(Problem { path: Field::ConfirmUrl.into(), code: "url", message: message.to_owned() });
    }
    if problems.is_empty() { Ok(origins) } else { Err(invalid(problems)) }
}

/// Returns true if a browser may be redirected to this URL with a one-time secret.
fn is_confirmable(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    is_plain
        && TextRule::CONFIRM_URL.fits(text)
        && !text.contains(char::is_whitespace)
        && (url.scheme() == "https" || url.scheme() == "http" && is_local)
}

/// Normalizes an origin (RFC 6454 section 6.2); `None` if the text is not exactly an origin.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok()?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https");
    // It goes into a header in which other characters (`;`, `,`) are separators.
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
