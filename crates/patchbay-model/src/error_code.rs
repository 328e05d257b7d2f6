//! The codes that programs rely on: one table gives each its wire name, its HTTP status and its documentation.
//!
//! `patchbay error-codes` prints `docs/errors.md` from this table, and a test compares the two.

use std::fmt::Write;

use serde::{Serialize, Serializer};

use crate::FailureReason;

macro_rules! error_codes {
    ($($section:literal $(, $introduction:literal)? {
        $($code:ident, $name:literal, $status:literal $(as $shown:literal)?, $meaning:literal, $remedy:literal;)+
    })+) => {
        /// A stable code of an error. Programs branch on it, so its wire name never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[doc = $meaning] $code,)+)+
        }

        impl ErrorCode {
            /// Lists every code, in the order of `docs/errors.md`.
            pub const ALL: &'static [Self] = &[$($(Self::$code,)+)+];

            /// Returns the name on the wire, such as `ValidationError`.
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$code => $name,)+)+ }
            }

            /// Returns the HTTP status that belongs to the code. An error's own status can differ: the error status
            /// of a provider is passed on.
            pub const fn status(self) -> u16 {
                match self { $($(Self::$code => $status,)+)+ }
            }

            /// Returns the meaning and the remedy, in Markdown.
            pub const fn doc(self) -> (&'static str, &'static str) {
                match self { $($(Self::$code => ($meaning, $remedy),)+)+ }
            }

            /// Returns what the reference shows in place of the status, if it differs.
            const fn shown_status(self) -> Option<&'static str> {
                match self { $($(Self::$code => first(&[$($shown)?]),)+)+ }
            }
        }

        /// The sections of the reference: title, introduction, codes.
        const SECTIONS: &[(&str, Option<&str>, &[ErrorCode])] =
            &[$(($section, first(&[$($introduction)?]), &[$(ErrorCode::$code,)+]),)+];
    };
}

const fn first(texts: &[&'static str]) -> Option<&'static str> {
    if texts.is_empty() { None } else { Some(texts[0]) }
}

error_codes! {
    "The request" {
        Validation, "ValidationError", 400,
            "Values are missing, unknown, of the wrong type or break a rule", "Correct every problem that the response lists";
        MalformedRequest, "MalformedRequestError", 400,
            "The request is not HTTP, or two servers could read it in different ways", "Send the request with an HTTP library; the message says what is wrong";
        MalformedJson, "MalformedJsonError", 400,
            "The body is not valid JSON", "Check the line and column in the message";
        UnsupportedMediaType, "UnsupportedMediaTypeError", 415,
            "The body is not declared as JSON (for a pushed connector: as JSON or YAML)", "Send `content-type: application/json`";
        PayloadTooLarge, "PayloadTooLargeError", 413,
            "The body is larger than the limit in the message (16 KiB for a login)", "Send less, or raise `limits.bodyMebibytes`";
        BodyTimeout, "BodyTimeoutError", 408,
            "The body did not arrive within the limits: 30 seconds for each part, 10 minutes for the whole body", "Send it faster, or send less";
        RequestTimeout, "RequestTimeoutError", 408,
            "The head of the request (its first line and headers) did not arrive within 15 seconds", "Send the head at once";
        UriTooLong, "UriTooLongError", 414,
            "The path with its query is too long: a head may have 64 KiB, in HTTP/2 16 KiB", "Send large values in the body";
        HeadersTooLarge, "HeadersTooLargeError", 431,
            "The request has more than 100 headers, or a head of more than 64 KiB (in HTTP/2: 16 KiB, and any number of headers)", "Send fewer or shorter headers";
        RouteNotFound, "RouteNotFoundError", 404,
            "The path does not exist", "See `/docs/api`";
        MethodNotAllowed, "MethodNotAllowedError", 405,
            "The path does not accept this method", "See `/docs/api`";
        GuideNotFound, "GuideNotFoundError", 404,
            "The connector and authentication method have no guide", "See `/docs/connectors`";
        Conflict, "ConflictError", 409,
            "The change conflicts with what is stored or with a change made at the same moment", "Read the resource again and repeat the change";
        IdempotencyKeyReused, "IdempotencyKeyReusedError", 422,
            "The idempotency key was used with another request: another path, account, header or body", "Use a new key for a new request";
        IdempotencyKeyRunning, "IdempotencyKeyRunningError", 409,
            "The request with this idempotency key is still running", "Repeat the request after `Retry-After` seconds; its response is then sent";
        IdempotencyOutcomeUnknown, "IdempotencyOutcomeUnknownError", 409,
            "The request with this idempotency key was interrupted, for example by a crash of the server, so it may have taken effect. It is not repeated", "Check whether it took effect. If it did not, send it with a new key";
        IdempotencyNotKept, "IdempotencyNotKeptError", 409,
            "The request with this idempotency key has completed, but its response is not kept: it is larger than 1 MiB, or could not be read to its end. The request is not repeated", "Read the result in another way, or run the request again with a new key";
        IdempotencyLimit, "IdempotencyLimitError", 429,
            "The project has the maximum number or size of idempotency keys; nothing was done", "Wait for `Retry-After` seconds, or send requests that only read without a key";
    }
    "Keys and sessions" {
        Unauthorized, "UnauthorizedError", 401,
            "The API key is missing or not valid", "Send the key as the user name of Basic authentication, or as a Bearer token";
        MissingScope, "MissingScopeError", 403,
            "The API key lacks the scope that the message names", "Use a key that has the scope";
        SessionExpired, "SessionExpiredError", 401 as "401 (400 for a change, because existing Hubs treat a 401 as success)",
            "The Hub's connect session has expired or does not exist", "Create a new connect session";
        SessionNotFound, "SessionNotFoundError", 404,
            "The project has no valid connect session with this token", "Create a new connect session";
        SessionUsed, "SessionUsedError", 409,
            "An account was already linked through the connect session, or the session ended in the meantime; nothing was changed", "Create a new connect session, or create it with `multiple`";
        AttemptNotFound, "AttemptNotFoundError", 404,
            "The connect session has no such connection attempt", "Start a new attempt";
        TooManyStreams, "TooManyStreamsError", 429,
            "Too many event streams of connection attempts, or of logs, are open", "Poll the attempt every few seconds, as the Hub does; read pages of `POST /logs` in place of the stream of logs";
        ProjectNotFound, "ProjectNotFoundError", 404,
            "The project does not exist", "See `patchbay project list`";
        KeyNotFound, "KeyNotFoundError", 404,
            "The project has no such API key", "See `GET /api_keys`";
        InvalidLogin, "InvalidLoginError", 401,
            "The one-time link was used or has expired, or the password is wrong", "Log in with the password, or create a link with `patchbay login-link`";
        TooManyAttempts, "TooManyAttemptsError", 429,
            "Too many wrong passwords, API keys or session tokens came from this client", "Wait for `Retry-After` seconds; log in with a one-time link, or send a valid API key";
        TooManyRequests, "TooManyRequestsError", 429,
            "The API key has sent as many requests as it may send in a minute (`limits.keyRequestsPerMinute`)", "Wait for `Retry-After` seconds; `RateLimit-Remaining` of each response says how many are left";
        TooManyLinks, "TooManyLinksError", 429,
            "Too many links of one owner to one connector are under way", "Wait for `Retry-After` seconds";
        ForeignPage, "ForeignPageError", 403,
            "A page of another site tried to change something with a logged-in browser's cookie", "Use an API key outside the dashboard";
    }
    "Connectors and profiles" {
        ConnectorNotFound, "ConnectorNotFoundError", 404,
            "The project has no such connector", "See `GET /connectors`";
        ConnectorVersionNotFound, "ConnectorVersionNotFoundError", 404,
            "The connector has no such version in this project", "See `GET /connectors/{key}`";
        ConnectorMissing, "ConnectorMissingError", 412,
            "The account's connector is not installed, or its files have errors", "Push a version without errors; for a built-in connector, read the server's log";
        ConnectorVersionMissing, "ConnectorVersionMissingError", 412,
            "The profile is pinned to a version that does not exist", "Change the profile's pin, or push the version";
        ConnectorInvalid, "ConnectorInvalidError", 400,
            "A pushed connector has errors; `diagnostics` lists them, and nothing was changed", "Fix the files at the places in `diagnostics`";
        ConnectorVersionExists, "ConnectorVersionExistsError", 409,
            "The version exists with other files", "Raise `info.version` and push again";
        ConnectorLimit, "ConnectorLimitError", 409,
            "The project has the maximum number of connector versions", "Delete versions that no profile uses";
        ConnectorVersionPinned, "ConnectorVersionPinnedError", 409,
            "A profile is pinned to the version that was to be deleted", "Change the profile's pin first";
        ConnectorInUse, "ConnectorInUseError", 409,
            "The deletion would leave accounts without a version of their connector", "Push another version that the pin accepts, or delete the accounts";
        ConnectorBuiltIn, "ConnectorBuiltInError", 409,
            "The version belongs to the instance, not to the project", "Disable its profiles instead";
        ConnectorSource, "ConnectorSourceError", 409,
            "The connectors directory cannot be read; the loaded connectors stay in use", "Fix the directory that the message names";
        Connector, "ConnectorError", 500,
            "The connector's files contain something that cannot work", "Fix the file at the place that the message names";
        AuthMethodMissing, "AuthMethodMissingError", 412,
            "The connector no longer has the authentication method of the account or profile", "Reconnect the account through another profile";
        ProfileNotFound, "ProfileNotFoundError", 404,
            "The project has no such connector profile", "See `GET /auth_configs`";
        ProfileInactive, "ProfileInactiveError", 412,
            "The connector profile is disabled, so no account can be linked through it", "Enable the profile";
        ProfileInUse, "ProfileInUseError", 409,
            "Accounts use the connector profile", "Delete or move the accounts first, or disable the profile";
        ProfileMismatch, "ProfileMismatchError", 400,
            "`x-connector-profile-id` does not match the account", "Omit the header, or name a profile of the same connector";
        LogNotFound, "LogNotFoundError", 404,
            "The project has no such log, or no longer", "See `POST /logs`; a log appears a second after its call, and is kept for 90 days unless the operator chose another time";
    }
    "Webhooks" {
        WebhookNotFound, "WebhookNotFoundError", 404,
            "The project has no such webhook", "See `GET /webhooks`";
        DeliveryNotFound, "DeliveryNotFoundError", 404,
            "The project has no such delivery, or no such replay; deliveries are kept for 30 days, dead ones for 90", "See `GET /webhooks/{id}/deliveries`";
        WebhookDisabled, "WebhookDisabledError", 409,
            "The webhook is disabled, so nothing is delivered to it", "Enable the webhook first";
        WebhookLimit, "WebhookLimitError", 409,
            "The project has the maximum number of webhooks (50)", "Delete a webhook, or let one receiver take several events";
    }
    "Accounts", "Another project's account gets exactly the response of an account that does not exist." {
        AccountNotFound, "AccountNotFoundError", 404,
            "The project has no such account", "See `GET /accounts`";
        AccountAuthenticationFailed, "AccountAuthenticationFailedError", 401 as "401 (400 in the Hub API, because existing Hubs treat a 401 as an expired session)",
            "The provider rejected the values of a new or edited account with 401 or 403; nothing was stored", "Correct the values; the response contains the provider's message";
        AccountInvalidCredentials, "AccountInvalidCredentialsError", 401,
            "The provider rejected the account's credentials during a call", "Reconnect the account with valid credentials";
        AccountExpiredCredentials, "AccountExpiredCredentialsError", 412,
            "The account has expired or is archived, or the provider no longer refreshes its token; `status_reasons` of the account says why", "Reconnect the account";
        AddressChanged, "AddressChangedError", 412,
            "A value that decides where secrets are sent has changed since they were entered: a field of the account or of its connector profile, or the profile of the call. Nothing was sent", "Reconnect the account, or enter the profile's secrets again; or restore the value that the message names";
        TokenRenewal, "TokenRenewalError", 503,
            "The account's token has expired, and its refresh failed: a moment ago, or now with a response that says nothing about the account's access, such as a firewall's page or an empty 401; or another process is refreshing it", "Retry after `Retry-After` seconds";
        TokenAnswer, "TokenAnswerError", 502,
            "The provider's token response contains no token, or a request token of OAuth 1.0 before revision A", "Check the connector's token URL; try again later";
        TokenRequest, "TokenRequestError", 502,
            "The provider does not accept the token request itself: a parameter, a scope or the grant type (`invalid_request`, `invalid_scope`, `unsupported_grant_type`). The account stays active", "Correct the connector's token request, or the app's settings at the provider; the message contains the provider's words";
        ProfileCredentials, "ProfileCredentialsError", 412,
            "The provider rejects the client credentials of the connector profile; the profile's `alarm` says since when", "Correct the client ID and client secret in the profile";
        AccountMissingScopes, "AccountMissingScopesError", 412,
            "The provider granted fewer scopes than the action needs; the message names the missing ones. Nothing was sent, or the provider rejected the call for missing scopes (403 `insufficient_scope`; `provider_errors` contains its response)", "Reconnect the account and grant the scopes: the next authorization requests them";
        AccountRevoked, "AccountRevokedError", 412,
            "The account's credentials were revoked (`/accounts/revoke`), and Patchbay deleted them. Also a code in `status_reasons`", "Reconnect the account";
        RevocationFailed, "RevocationFailedError", 412 as "",
            "A code in `status_reasons` of a suspended account: the provider did not confirm the revocation", "Revoke the account again, or remove the app's access at the provider";
        AccountSuspended, "AccountSuspendedError", 412,
            "The account is suspended", "Resume the account (`status: active`)";
        AccountIntegrationInactive, "AccountIntegrationInactiveError", 412,
            "The account's connector profile is disabled", "Enable the profile";
        AccountField, "AccountFieldError", 412,
            "A field of the account cannot be used in the request", "Reconnect the account with a corrected value";
        AccountRateLimit, "AccountRateLimitError", 429,
            "More calls wait for this account than the connector's `rateLimit` allows", "Wait for `Retry-After` seconds";
        AccountConcurrency, "AccountConcurrencyError", 429,
            "The account has as many requests in flight as the connector's `concurrency` allows", "Wait for `Retry-After` seconds";
        ProviderRateLimit, "ProviderRateLimitError", 429,
            "The provider reported that the account's rate limit is used up; nothing was sent", "Wait for `Retry-After` seconds";
    }
    "Actions and the proxy" {
        ActionNotFound, "ActionNotFoundError", 404,
            "The action does not exist; the message suggests similar names", "Correct the name";
        ActionConnectorMismatch, "ActionConnectorMismatchError", 400,
            "The action belongs to another connector than the account", "Use an account of that connector";
        ActionNotEnabled, "ActionNotEnabledError", 403,
            "The connector profile does not allow the action", "Enable the action on the profile";
        EventInvalid, "EventInvalidError", 400,
            "The connector tried to emit an invalid event; the message names the part", "Correct the inputs, or the connector's `emit_event`";
        ProxyUnsupported, "ProxyUnsupportedError", 501,
            "The connector has no single base URL, or sends its credentials in SOAP envelopes", "Run the connector's actions instead";
    }
    "The provider" {
        Provider, "ProviderError", 502 as "the provider's",
            "The provider responded with this error", "Read its response in `provider_errors`";
        ProviderUnreachable, "ProviderUnreachableError", 502,
            "No connection was made: DNS, network or certificate failed", "Check that the provider is up and that the server can reach it";
        ProviderConnection, "ProviderConnectionError", 502,
            "The connection broke before the response was complete", "Try again; a write may have taken effect";
        ProviderInvalidResponse, "ProviderInvalidResponseError", 502,
            "The response is not what was expected, for example HTML in place of JSON, XML with a DTD, or no SOAP envelope", "Check the start of the response in `provider_errors`";
        ProviderRedirect, "ProviderRedirectError", 502,
            "The provider redirects to a place that the call must not follow", "Call the URL in the message, if it is right";
        ProviderResponseTooLarge, "ProviderResponseTooLargeError", 502,
            "The response is larger than the limit", "Request less at once; a file of any size passes if its action has `responseMode: stream`";
        ToolInputRequired, "ToolInputRequiredError", 501,
            "A tool of an MCP server asks for input that only a person can give", "Pass everything that the tool needs in the call, or use the provider itself";
        Timeout, "TimeoutError", 408,
            "The call exceeded its time budget", "Request less, or wait for `Retry-After` seconds";
        EgressRefused, "EgressRefusedError", 502,
            "The egress policy does not allow the address, whose kind the message names, or the outbound proxy does not accept this server's credentials", "The operator can allow the address with `egress.allow`, or corrects `egress.proxy`";
    }
    "The server" {
        ServerBusy, "ServerBusyError", 503,
            "The server has more calls than it can answer soon, large bodies take all the memory that they may, or too many of them wait for their turn. If the message speaks of a provider's response, the request had been sent", "Retry after `Retry-After` seconds, or request less at once; the operator can raise `limits.memoryMebibytes`";
        StorageUnavailable, "StorageUnavailableError", 503,
            "The database is not reached, or cannot write now: it is busy, its disk is full, or it is read-only; nothing was stored", "Repeat the request after `Retry-After` seconds; if it lasts, free space, fix the permissions, or start the database server";
        ProjectBusy, "ProjectBusyError", 503,
            "Too many requests of the project wait to begin, while other projects use the server too", "Send fewer requests at once, and repeat this one after `Retry-After` seconds";
        ServerStopped, "ServerStoppedError", 503 as "in records of calls",
            "The server stopped, and the call did not finish within the grace period; its caller got no response", "Check at the provider whether the call took effect, then repeat it";
        Storage, "StorageError", 500,
            "The database failed", "Read the server's log";
        Vault, "VaultError", 500,
            "Sealed credentials cannot be opened, or a stored record was changed outside of Patchbay", "Restore the key ring and the database from the same backup, or do what the message says";
        KeyRingMismatch, "KeyRingMismatchError", 500 as "at start",
            "The key ring did not seal this database, so the server does not start", "Restore the key ring that belongs to the database";
        EgressCaInvalid, "EgressCaInvalidError", 500 as "at start",
            "The file of `egress.caFile` contains no CA certificates, so the server does not start", "Provide a PEM file with the CA certificates";
        EgressProxyInvalid, "EgressProxyInvalidError", 500 as "at start",
            "`egress.proxy`, or a variable such as `HTTPS_PROXY`, is not the URL of a proxy, or an entry of `egress.noProxy` or `NO_PROXY` is not a host, so the server does not start", "Correct the configuration";
        UpstreamInvalid, "UpstreamInvalidError", 500 as "at start",
            "An entry of `upstreams` is not a pair of base URLs, so the server does not start", "Correct the configuration";
        Internal, "InternalError", 500,
            "A defect in Patchbay", "Report it with the server's log";
    }
    "Authorization at a provider", "These codes end a connection attempt: its `error` has the code and the message, and the window shows the message." {
        SignInRequired, "SignInRequiredError", 400,
            "The connector profile links accounts by authorization at the provider, not by typed values", "Open `/connect/oauth2/{integration_id}` as the Hub does";
        SignInDenied, "SignInDeniedError", 400,
            "Access was not granted at the provider", "Start again and allow access";
        SignInRefused, "SignInRefusedError", 400,
            "The callback does not belong to the authorization: another browser, connector, issuer, request token or customer, a missing verifier, or a canceled attempt", "Start and finish in the same browser, with cookies enabled";
        SignInUnknown, "SignInUnknownError", 400,
            "The authorization does not exist: it was completed, is older than ten minutes, or was not started here; or a confirmation that no authorization of this project waits for", "Start again where you began";
        SignInDiscovery, "SignInDiscoveryError", 502,
            "The authorization server of an MCP server cannot be discovered, or its metadata is not trustworthy; the message says why", "Ask the provider to fix the server's metadata";
        ClientRegistration, "ClientRegistrationError", 502,
            "The authorization server of an MCP server did not register this server as a client", "Follow the message: set `publicUrl`, or register a client at the provider and enter it in the profile";
        SignIn, "SignInError", 500,
            "The state of the authorization could not be stored or read", "Read the server's log";
    }
}

impl ErrorCode {
    /// Prints the reference of all codes as Markdown: `docs/errors.md`.
    pub fn reference() -> String {
        let mut page = String::from(
            "---\ntitle: Error codes\n\
             description: Every error code, its status, its meaning and what to do.\n\
             section: API\norder: 80\n---\n\n\
             Every error response of the API contains `statusCode`, `message`, `errorCode` and, outside the Hub API,\n\
             `timestamp`. The message is for people and may change; the code is for programs and does not change. If the\n\
             provider failed, `provider_errors` (`provider_response` in the Hub API) contains its response with secrets\n\
             removed, and `reason` says why it failed ([Reasons](#reasons)). `problems` lists every problem of an action's inputs or\n\
             a form at once; of a malformed body it lists the first. `Retry-After` is in seconds.\n\n\
             An HTTP/2 request with headers of more than 64 KiB gets a 431 of the HTTP/2 library, without a body.\n\n\
             `patchbay error-codes` prints this page from the source.\n",
        );
        for (title, introduction, codes) in SECTIONS {
            let introduction = introduction.map(|text| format!("\n{text}\n")).unwrap_or_default();
            // Writing to a String does not fail.
            let _ = write!(page, "\n## {title}\n{introduction}");
            for code in *codes {
                let (meaning, remedy) = code.doc();
                let status = code.shown_status().map_or_else(|| code.status().to_string(), str::to_owned);
                let status = if status.is_empty() { status } else { format!("Status: {status}. ") };
                let _ = write!(page, "\n### `{code}` {{#{code}}}\n\n{status}{meaning}.\n\n**What to do:** {remedy}.\n");
            }
        }
        FailureReason::write_reference(&mut page);
        page
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An error that has a stable code and a message for people.
pub trait CodedError: std::error::Error + Send + Sync + 'static {
    /// Returns the stable code.
    fn code(&self) -> ErrorCode;

    /// Returns the message for the caller. It reveals nothing that only the operator may see.
    fn public_message(&self) -> String {
        self.to_string()
    }

    /// Returns the seconds after which another try may succeed; none if only another request may.
    fn retry_after(&self) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn wire_names_are_unique_and_statuses_are_errors() {
        let names = ErrorCode::ALL.iter().map(|code| code.as_str()).collect::<BTreeSet<_>>();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        assert!(ErrorCode::ALL.iter().all(|code| (400..600).contains(&code.status())));
    }

    #[test]
    fn the_reference_lists_every_code_once() {
        let page = ErrorCode::reference();
        for code in ErrorCode::ALL {
            // The anchor is part of URLs: /docs/errors#ValidationError.
            assert_eq!(page.matches(&format!("\n### `{code}` {{#{code}}}\n")).count(), 1, "{code}");
        }
    }
}
