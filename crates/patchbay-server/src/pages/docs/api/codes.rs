//! Which error codes an operation can return.
//!
//! Each code has its place here: on every request, on some operations, or elsewhere. A new code does not compile until it
//! has one.

use patchbay_engine::ErrorCode;

use super::operation::Operation;

/// Where a code occurs.
pub(super) enum Place {
    /// In the response to any request.
    AnyRequest,
    /// In the responses of the operations for which this is true.
    Operations(fn(Operation<'_>) -> bool),
    /// Not in a response of the API.
    Elsewhere,
}

/// Returns the codes in the responses to any request.
pub(super) fn of_any_request() -> impl Iterator<Item = ErrorCode> {
    ErrorCode::ALL.iter().copied().filter(|code| matches!(place(*code), Place::AnyRequest))
}

/// Returns the codes that an operation can return, beside those of any request.
pub(super) fn of(operation: Operation<'_>) -> Vec<ErrorCode> {
    let returns = |code: &ErrorCode| matches!(place(*code), Place::Operations(returns) if returns(operation));
    ErrorCode::ALL.iter().copied().filter(returns).collect()
}

/// Returns the status with which an operation returns a code. Existing Hubs treat a 401 as an expired session, so the
/// provider's rejection is a 400 there.
pub(super) fn status(code: ErrorCode, operation: Operation<'_>) -> u16 {
    match code {
        ErrorCode::AccountAuthenticationFailed if uses_session(operation) => 400,
        _ => code.status(),
    }
}

/// Returns where a code occurs.
pub(super) fn place(code: ErrorCode) -> Place {
    use ErrorCode as C;
    use Place::{AnyRequest, Elsewhere, Operations};
    match code {
        C::MalformedRequest
        | C::RequestTimeout
        | C::UriTooLong
        | C::HeadersTooLarge
        | C::RouteNotFound
        | C::MethodNotAllowed
        | C::ProjectBusy
        | C::Storage
        | C::StorageUnavailable
        | C::Vault
        | C::Internal => AnyRequest,
        // Guides; records of calls; the start of the server; reasons of an account's state; the error of an attempt.
        C::GuideNotFound
        | C::ServerStopped
        | C::KeyRingMismatch
        | C::EgressCaInvalid
        | C::EgressProxyInvalid
        | C::UpstreamInvalid
        | C::RevocationFailed
        | C::SignInDenied
        | C::SignInDiscovery
        | C::ClientRegistration
        | C::SignIn => Elsewhere,

        C::Validation => Operations(|operation| operation.has_status(400)),
        C::MalformedJson | C::UnsupportedMediaType | C::PayloadTooLarge | C::BodyTimeout => Operations(has_body),
        C::Conflict => Operations(|operation| {
            operation.has_status(409)
                && !matches!(
                    operation.id(),
                    "api_keys_create"
                        | "actions_rpc"
                        | "proxy_send"
                        | "connect_sessions_create"
                        | "webhooks_test"
                        | "webhooks_replay"
                        | "webhooks_report_events"
                        | "webhook_deliveries_replay"
                )
        }),
        C::IdempotencyKeyReused
        | C::IdempotencyKeyRunning
        | C::IdempotencyOutcomeUnknown
        | C::IdempotencyNotKept
        | C::IdempotencyLimit => Operations(takes_idempotency_key),

        C::Unauthorized => Operations(|operation| uses_key(operation) || operation.id() == "login_set_password"),
        C::MissingScope => Operations(|operation| operation.scope().is_some()),
        C::SessionExpired => Operations(uses_session),
        C::SessionNotFound => Operations(|operation| {
            matches!(operation.id(), "connect_sessions_authenticate" | "connect_sessions_delete")
        }),
        C::SessionUsed => {
            Operations(|operation| matches!(operation.id(), "hub_link" | "hub_relink" | "hub_start_attempt"))
        }
        C::AttemptNotFound => Operations(|operation| operation.path.contains("/connection_attempts/{id}")),
        C::LogNotFound => Operations(|operation| {
            let path = operation.path;
            (path.starts_with("/logs/") || path.starts_with("/requests/logs/")) && path.contains('{')
        }),
        C::TooManyStreams => Operations(|operation| matches!(operation.id(), "hub_events" | "logs_stream")),
        C::ProjectNotFound | C::TooManyRequests => Operations(uses_key),
        C::KeyNotFound => Operations(|operation| operation.path == "/api_keys/{id}"),
        C::InvalidLogin => Operations(|operation| matches!(operation.id(), "login_login" | "login_set_password")),
        C::TooManyAttempts => Operations(|operation| operation.has_status(429)),
        C::TooManyLinks => Operations(|operation| matches!(operation.id(), "hub_link" | "hub_relink")),
        C::ForeignPage => {
            Operations(|operation| operation.method != "get" && operation.credentials().contains(&"browser"))
        }

        C::WebhookNotFound => Operations(|operation| operation.path.starts_with("/webhooks/{id}")),
        C::DeliveryNotFound => Operations(|operation| {
            operation.path.starts_with("/webhook_deliveries/") || operation.path.starts_with("/webhook_replays/")
        }),
        C::WebhookDisabled => Operations(|operation| {
            matches!(
                operation.id(),
                "webhooks_test" | "webhooks_replay" | "webhooks_report_events" | "webhook_deliveries_replay"
            )
        }),
        C::WebhookLimit => Operations(|operation| operation.id() == "webhooks_create"),
        C::ConnectorNotFound => Operations(|operation| {
            operation.path.starts_with("/connectors/meta/{") || operation.path.starts_with("/connectors/{")
        }),
        C::ConnectorVersionNotFound => Operations(|operation| operation.path.ends_with("/versions/{version}")),
        C::ConnectorMissing | C::ConnectorVersionMissing | C::AuthMethodMissing => {
            Operations(|operation| calls_provider(operation) || operation.id() == "hub_connector")
        }
        C::Connector
        | C::TokenAnswer
        | C::TokenRequest
        | C::ProfileCredentials
        | C::AccountMissingScopes
        | C::AccountField
        | C::AccountRateLimit
        | C::AccountConcurrency
        | C::ProviderRateLimit
        | C::Provider
        | C::ProviderUnreachable
        | C::ProviderConnection
        | C::ProviderInvalidResponse
        | C::ProviderRedirect
        | C::ProviderResponseTooLarge
        | C::Timeout
        | C::EgressRefused => Operations(calls_provider),
        C::ConnectorInvalid | C::ConnectorVersionExists | C::ConnectorLimit => {
            Operations(|operation| operation.id() == "connectors_push")
        }
        C::ConnectorVersionPinned | C::ConnectorInUse | C::ConnectorBuiltIn => {
            Operations(|operation| operation.id() == "connectors_delete")
        }
        C::ConnectorSource => Operations(|operation| operation.id() == "connectors_reload"),
        C::ProfileNotFound => Operations(|operation| {
            operation.path == "/auth_configs/{id}"
                || operation.path.starts_with("/connector_profiles/")
                || matches!(operation.id(), "actions_rpc" | "connect_sessions_create" | "hub_connector" | "hub_link")
                || operation.id() == "hub_start_attempt"
        }),
        C::ProfileInactive => Operations(|operation| {
            matches!(operation.id(), "connect_sessions_create" | "hub_link" | "hub_relink" | "hub_start_attempt")
                || operation.id() == "hub_connector"
        }),
        C::ProfileInUse => Operations(|operation| operation.id() == "connector_profiles_delete"),
        C::ProfileMismatch | C::ActionNotFound | C::ActionConnectorMismatch | C::ActionNotEnabled | C::EventInvalid => {
            Operations(|operation| operation.id() == "actions_rpc")
        }
        C::ToolInputRequired => Operations(|operation| operation.id() == "actions_rpc"),

        C::AccountNotFound => Operations(|operation| {
            operation.path.contains("/accounts/{id}")
                || runs(operation)
                || matches!(
                    operation.id(),
                    "connect_sessions_create" | "accounts_revoke" | "actions_list" | "webhooks_report_events"
                )
        }),
        C::AccountAuthenticationFailed | C::SignInRequired => Operations(verifies),
        C::AccountInvalidCredentials
        | C::AccountExpiredCredentials
        | C::AddressChanged
        | C::TokenRenewal
        | C::AccountRevoked
        | C::AccountSuspended
        | C::AccountIntegrationInactive => Operations(runs),
        C::ProxyUnsupported => Operations(|operation| operation.id() == "proxy_send"),
        C::ServerBusy => Operations(|operation| has_body(operation) || calls_provider(operation)),
        C::SignInRefused | C::SignInUnknown => Operations(|operation| operation.id() == "connect_sessions_confirm"),
    }
}

fn has_body(operation: Operation<'_>) -> bool {
    !operation.bodies().is_empty()
}

fn takes_idempotency_key(operation: Operation<'_>) -> bool {
    operation.parameters("header").iter().any(|parameter| parameter["name"] == "idempotency-key")
}

fn uses_key(operation: Operation<'_>) -> bool {
    operation.credentials().contains(&"key")
}

fn uses_session(operation: Operation<'_>) -> bool {
    operation.credentials().contains(&"session")
}

/// Returns true if the operation calls a provider with an account's credentials.
fn runs(operation: Operation<'_>) -> bool {
    matches!(operation.id(), "actions_rpc" | "proxy_send")
}

/// Returns true if the operation verifies credentials at a provider.
fn verifies(operation: Operation<'_>) -> bool {
    matches!(operation.id(), "hub_link" | "hub_relink" | "accounts_patch")
}

fn calls_provider(operation: Operation<'_>) -> bool {
    runs(operation) || verifies(operation)
}

#[cfg(test)]
mod tests {
    use super::{super::operation::operations, *};

    #[test]
    fn every_code_of_an_operation_has_a_status_of_its_document() {
        let document = crate::router::openapi("http://localhost");
        let mut missing = Vec::new();
        for operation in operations(&document) {
            for code in of(operation) {
                let status = status(code, operation);
                if !operation.has_status(status) {
                    missing.push(format!("{}: {code} ({status})", operation.id()));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn every_code_for_operations_is_one_of_an_operation() {
        let document = crate::router::openapi("http://localhost");
        let operations = operations(&document);
        for code in ErrorCode::ALL {
            if matches!(place(*code), Place::Operations(_)) {
                assert!(operations.iter().any(|operation| of(*operation).contains(code)), "{code}");
            }
        }
    }
}
