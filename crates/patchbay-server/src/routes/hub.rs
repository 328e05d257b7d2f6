//! The Hub API: what a browser with a session's token may do.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use patchbay_connector::definition::{AuthKind, GrantType, Notice, NoticeKind, NoticePosition};
use patchbay_engine::{AuthorizationDraft, Engine, HubProfile, LinkRequest, Origin};
use patchbay_model::{AccountId, AttemptId, ConnectionAttempt, ProfileId};
use patchbay_vault::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{fields, oauth, wire};
use crate::{
    error::HubError,
    extract::{HubAuth, HubJson, QueryMap},
    guides::hub_guide,
    state::{AppState, SandboxInfo},
};

/// What a secret looks like in a form that is opened again.
const PLACEHOLDER: &str = "__secretvalue:**redacted**";

/// What the Hub is to do.
#[utoipa::path(get, path = "/hub/settings", tag = "Hub", security(("session" = [])), responses((status = 200, description = "Features, and the account to edit.", body = Object)))]
pub(crate) async fn settings(HubAuth(hub): HubAuth) -> Json<Value> {
    let session = &hub.session;
    let mut settings = json!({
        "enabled_features": [],
        "session": { "owner_name": session.owner.name, "label": session.label, "expires_at": session.expires_at.to_rfc3339() },
    });
    if let Some(account) = &hub.session.account_id {
        settings["existing_account_id"] = json!(account);
    }
    Json(settings)
}

/// The integrations that the session may link.
#[utoipa::path(get, path = "/hub/connectors", tag = "Hub", security(("session" = [])), params(("provider" = Option<String>, Query, description = "Only of this connector.")),
    responses((status = 200, description = "`{integrations}`.", body = Object)))]
pub(crate) async fn connectors(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    query: QueryMap,
) -> Result<Json<Value>, HubError> {
    let provider = query.text(&["provider"]);
    let found = engine.hub_profiles(&hub, provider.as_deref()).await?;
    let integrations = found.iter().map(|HubProfile { profile, connector, .. }| {
        json!({
            "active": profile.active,
            "name": connector.title,
            "provider": connector.key,
            "type": connector.categories.first(),
            "description": connector.description,
            "version": connector.version.to_string(),
            "authentication_config_key": profile.auth_config_key,
            "authentication_config_label": connector.auth_method(&profile.auth_config_key).map(|method| method.label.clone()),
            "environment": profile.environment,
            "integration_id": profile.id,
            "integration_name": profile.name,
            "logo_url": connector.icon,
        })
    });
    Ok(Json(
        json!({ "integrations": integrations.collect::<Vec<_>>(), "external_trigger_token": hub.session.external_trigger_token }),
    ))
}

/// An integration's form.
#[utoipa::path(get, path = "/hub/connectors/{integration_id}", tag = "Hub", security(("session" = [])), params(("integration_id" = String, Path, description = "The connector profile.")),
    responses((status = 200, description = "`{config, hub_settings}`.", body = Object)))]
pub(crate) async fn connector(
    State(state): State<AppState>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<Json<Value>, HubError> {
    let HubProfile { profile, connector, origin } = state.engine.hub_profile(&hub, &ProfileId::new(id)).await?;
    let method = connector.auth_method(&profile.auth_config_key);
    let (kind, grant) = method.map_or(("custom", None), |method| way_to_link(method.kind));
    let fields =
        method.map(|method| method.config_fields.iter().map(fields::field).collect::<Vec<_>>()).unwrap_or_default();
    let notices = method.map(|method| method.config_notices.iter().map(notice).collect::<Vec<_>>()).unwrap_or_default();
    let link = method.and_then(|method| wire::support_link(method, &state.config.public_url));
    // A pushed connector's guide has no page that a customer could open: it is its project's alone.
    let guides = format!("{}/guides/", state.config.public_url);
    let link = link.filter(|link| origin == Origin::Instance || !link.starts_with(&guides));
    let description = method.and_then(|method| method.support.as_ref()).and_then(|support| support.description.clone());
    let mut config = json!({
        "key": connector.key,
        "name": connector.title,
        "type": kind,
        "configFields": fields,
        "configNotices": notices,
        "assets": { "icon": connector.icon },
        "support": link.map(|link| json!({ "link": link, "description": description })),
    });
    if let Some(method) = method {
        let page_at = (origin == Origin::Instance).then_some(state.config.public_url.as_str());
        config["guide"] = hub_guide(page_at, &connector, method, &profile.enabled_actions);
    }
    if let Some(sandbox) = state.config.sandbox.as_ref().filter(|_| connector.key == SandboxInfo::CONNECTOR) {
        config["sandbox"] = json!({ "credentials": sandbox.credentials() });
    }
    if let Some(grant) = grant {
        config["grantType"] = json!(grant);
    }
    Ok(Json(json!({ "config": config, "hub_settings": { "configured_webhook_events": {}, "project_settings": {} } })))
}

/// What a Hub does to link. By OAuth 1.0a as by OAuth 2.0: it opens the same window, and every Hub knows the one type.
fn way_to_link(kind: AuthKind) -> (&'static str, Option<&'static str>) {
    match kind {
        AuthKind::OAuth1 => wire::auth_type(AuthKind::OAuth2(GrantType::AuthorizationCode)),
        kind => wire::auth_type(kind),
    }
}

fn notice(notice: &Notice) -> Value {
    let kind = if notice.kind == NoticeKind::Warning { "warning" } else { "info" };
    let position = if notice.position == NoticePosition::Top { "top" } else { "bottom" };
    json!({ "key": notice.key, "type": kind, "description": notice.description, "position": position, "anchor": notice.anchor })
}

/// What the customer typed. Existing Hubs send more beside it, which is not needed.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Link {
    /// The connector profile.
    #[serde(default, alias = "connector_profile_id")]
    integration_id: Option<String>,
    /// Field values, secret and not.
    #[serde(default)]
    #[schema(value_type = Object)]
    credentials: Map<String, Value>,
}

impl Link {
    fn into_request(self) -> Result<LinkRequest, HubError> {
        let credentials = wire::typed(self.credentials, "credentials")?;
        Ok(LinkRequest { profile_id: self.integration_id.map(ProfileId::new), credentials })
    }
}

/// Links an account: the credentials are tried at the provider, then sealed.
#[utoipa::path(post, path = "/hub/accounts", tag = "Hub", security(("session" = [])), request_body = Link,
    responses((status = 200, description = "`{id, provider}`.", body = Object), (status = 400, description = "The fields are not valid, or the provider refuses them; `provider_response` says what it said.", body = Object)))]
pub(crate) async fn link(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    HubJson(body): HubJson<Link>,
) -> Result<Json<Value>, HubError> {
    let account = engine.hub_link(&hub, body.into_request()?).await?;
    Ok(Json(json!({ "id": account.id, "provider": account.connector })))
}

/// An account's form, with placeholders for its secrets.
#[utoipa::path(get, path = "/hub/accounts/{id}", tag = "Hub", security(("session" = [])), params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account's field values.", body = Object)))]
pub(crate) async fn account(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<Json<Value>, HubError> {
    let found = engine.hub_account(&hub, &AccountId::new(id)).await?;
    let secrets: Map<String, Value> = found.secret_keys.iter().map(|key| (key.clone(), json!(PLACEHOLDER))).collect();
    let account = &found.account;
    Ok(Json(json!({
        "secureId": account.id,
        "provider": account.connector,
        "setupInformation": account.setup_information,
        "secrets": secrets,
        "version": account.connector_version,
        "authConfigKey": account.auth_config_key,
        "environment": account.environment,
        "integrationId": account.profile_id,
    })))
}

/// Changes an account's field values; those not sent are kept.
#[utoipa::path(patch, path = "/hub/accounts/{id}", tag = "Hub", security(("session" = [])), params(("id" = String, Path, description = "The account.")), request_body = Link,
    responses((status = 200, description = "`{id, provider}`.", body = Object), (status = 400, description = "The fields are not valid, or the provider refuses them.", body = Object)))]
pub(crate) async fn relink(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
    HubJson(body): HubJson<Link>,
) -> Result<Json<Value>, HubError> {
    let account = engine.hub_reconnect(&hub, &AccountId::new(id), body.into_request()?).await?;
    Ok(Json(json!({ "id": account.id, "provider": account.connector })))
}

/// What a sign-in is prepared with. Existing Hubs send the token alone, and hand the rest over in the window's address.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SignInBody {
    /// The connect session's token, as in the header.
    #[schema(value_type = Option<String>)]
    token: Option<Secret>,
    /// The connector profile to sign in for.
    #[serde(default, alias = "connector_profile_id")]
    integration_id: Option<String>,
    /// Field values, secret and not.
    #[serde(default)]
    #[schema(value_type = Object)]
    credentials: Map<String, Value>,
    /// Where the window is to go in the end: this server's origin, or one that the session or the operator allows.
    #[serde(default)]
    redirect_uri: Option<String>,
}

/// Starts an attempt that the Hub follows while the customer is at the provider. With `integration_id` the sign-in is
/// prepared: `url` is where its window goes, and what was typed stands in no address.
#[utoipa::path(post, path = "/hub/connection_attempts", tag = "Hub", security(("session" = [])), request_body = Option<SignInBody>,
    responses((status = 201, description = "`{id}`; `{id, url}` of a prepared sign-in.", body = Object), (status = 400, description = "The fields are not valid.", body = Object)))]
pub(crate) async fn start_attempt(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    body: Option<HubJson<SignInBody>>,
) -> Result<(StatusCode, Json<Value>), HubError> {
    let Some(HubJson(SignInBody { token, integration_id: Some(integration), credentials, redirect_uri })) = body else {
        let attempt = engine.start_attempt(&hub).await?;
        return Ok((StatusCode::CREATED, Json(json!({ "id": attempt.id }))));
    };
    let draft = AuthorizationDraft {
        token: token.unwrap_or_else(|| Secret::new("")),
        profile_id: ProfileId::new(integration),
        return_url: redirect_uri,
        fields: wire::typed(credentials, "credentials")?,
    };
    let profile = draft.profile_id.clone();
    let prepared = engine.prepare_authorization(&hub, draft).await?;
    let url = oauth::launch_url(&profile, &prepared);
    Ok((StatusCode::CREATED, Json(json!({ "id": prepared.attempt_id, "url": url }))))
}

/// Where an attempt stands.
#[utoipa::path(get, path = "/hub/connection_attempts/{id}", tag = "Hub", security(("session" = [])), params(("id" = String, Path, description = "The attempt.")),
    responses((status = 200, description = "`{status, account, error}`.", body = Object)))]
pub(crate) async fn attempt(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<Json<Value>, HubError> {
    Ok(Json(attempt_out(&engine.get_attempt(&hub, &AttemptId::new(id)).await?)))
}

pub(super) fn attempt_out(attempt: &ConnectionAttempt) -> Value {
    json!({
        "status": attempt.status.as_str(),
        "account": attempt.account_id.as_ref().map(|id| json!({ "id": id })),
        "error": attempt.error.as_ref().map(|error| json!({ "code": error.code, "description": error.description })),
    })
}

/// Gives up an attempt.
#[utoipa::path(delete, path = "/hub/connection_attempts/{id}", tag = "Hub", security(("session" = [])), params(("id" = String, Path, description = "The attempt.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn cancel_attempt(
    State(engine): State<Engine>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<StatusCode, HubError> {
    engine.cancel_attempt(&hub, &AttemptId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
