//! Shapes that several endpoints share.

use patchbay_connector::{
    Diagnostic, Severity,
    definition::{AuthKind, AuthMethod, GrantType, ReleaseStage},
};
use patchbay_engine::{Error, Origin};
use patchbay_model::{AccountKind, ProfileAlarm, StatusReason, Timestamp};
use serde::Serialize;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{AdditionalProperties, ObjectBuilder, Schema},
    },
};

use super::{error_code::ErrorCodeOut, problems::invalid};
use crate::urls::RouteUrls;

/// A JSON object with any members.
pub(crate) enum JsonObject {}

impl PartialSchema for JsonObject {
    fn schema() -> RefOr<Schema> {
        let any = Some(AdditionalProperties::FreeForm(true));
        ObjectBuilder::new().description(Some("A JSON object with any members.")).additional_properties(any).into()
    }
}

impl ToSchema for JsonObject {}

/// A JSON object without members.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) struct EmptyObject {}

/// The page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// The page, from 1.
    #[param(value_type = Option<u32>, minimum = 1, default = 1, example = 1)]
    pub(crate) page: u32,
    /// Items per page, from 1 to 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 25, example = 25)]
    pub(crate) page_size: u32,
}

/// Who provides a connector: `custom` if the project pushed it, otherwise `patchbay`.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConnectorOwner {
    Patchbay,
    Custom,
}

impl From<Origin> for ConnectorOwner {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Instance => Self::Patchbay,
            Origin::Project => Self::Custom,
        }
    }
}

/// How mature a connector is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReleaseStage)]
pub(crate) enum ReleaseStageOut {
    Preview,
    Beta,
    Ga,
    Deprecated,
    Internal,
}

impl From<ReleaseStage> for ReleaseStageOut {
    fn from(stage: ReleaseStage) -> Self {
        match stage {
            ReleaseStage::Preview => Self::Preview,
            ReleaseStage::Beta => Self::Beta,
            ReleaseStage::Ga => Self::Ga,
            ReleaseStage::Deprecated => Self::Deprecated,
            ReleaseStage::Internal => Self::Internal,
        }
    }
}

/// Whether an account is a production account or a test account.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountKind)]
pub(crate) enum AccountKindOut {
    Production,
    Test,
}

impl From<AccountKind> for AccountKindOut {
    fn from(kind: AccountKind) -> Self {
        match kind {
            AccountKind::Production => Self::Production,
            AccountKind::Test => Self::Test,
        }
    }
}

/// Reads `production` or `test`, in any case.
///
/// # Errors
///
/// 400 `ValidationError` for any other text.
pub(crate) fn account_kind(text: Option<&str>) -> Result<Option<AccountKind>, Error> {
    let Some(text) = text else { return Ok(None) };
    text.to_lowercase().parse().map(Some).map_err(|_| invalid("type", "type must be production or test"))
}

/// The reason for the state of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = StatusReason)]
pub(crate) struct StatusReasonOut {
    /// A stable code.
    #[schema(required, example = "AccountInvalidCredentialsError")]
    code: Option<String>,
    /// The reason, for a person.
    #[schema(required)]
    description: Option<String>,
    /// When the account entered the state.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
}

impl StatusReasonOut {
    /// Returns the reasons, newest last, or `None` if there are none.
    pub(crate) fn list(reasons: &[StatusReason]) -> Option<Vec<Self>> {
        let list = reasons.iter().map(|reason| Self {
            code: reason.code.clone(),
            description: reason.description.clone(),
            timestamp: reason.timestamp,
        });
        (!reasons.is_empty()).then(|| list.collect())
    }
}

/// An alarm: the provider rejects the client of a connector profile.
#[derive(Serialize, ToSchema)]
#[schema(as = Alarm)]
pub(crate) struct AlarmOut {
    #[schema(value_type = ErrorCodeOut)]
    code: String,
    /// What the provider said and what to do, for a person.
    message: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl AlarmOut {
    pub(crate) fn new(alarm: &ProfileAlarm) -> Self {
        Self { code: alarm.code.clone(), message: alarm.message.clone(), since: alarm.since }
    }
}

/// How an authentication method obtains credentials.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuthType)]
pub(crate) enum AuthTypeOut {
    /// The customer enters static credentials.
    Custom,
    #[serde(rename = "oauth2")]
    OAuth2,
    /// The authorization of a Model Context Protocol server.
    Mcp,
    #[serde(rename = "oauth1")]
    OAuth1,
}

impl From<AuthKind> for AuthTypeOut {
    fn from(kind: AuthKind) -> Self {
        match kind {
            AuthKind::Custom => Self::Custom,
            AuthKind::OAuth2(_) => Self::OAuth2,
            AuthKind::Mcp => Self::Mcp,
            AuthKind::OAuth1 => Self::OAuth1,
        }
    }
}

/// An OAuth 2.0 grant (RFC 6749).
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GrantType)]
pub(crate) enum GrantTypeOut {
    AuthorizationCode,
    ClientCredentials,
}

impl From<GrantType> for GrantTypeOut {
    fn from(grant: GrantType) -> Self {
        match grant {
            GrantType::AuthorizationCode => Self::AuthorizationCode,
            GrantType::ClientCredentials => Self::ClientCredentials,
        }
    }
}

/// A scope at the provider.
#[derive(Serialize, ToSchema)]
#[schema(as = Scope)]
pub(crate) struct ScopeOut {
    #[schema(example = "read:jira-work")]
    pub(crate) name: String,
    /// What it allows.
    #[schema(required)]
    pub(crate) description: Option<String>,
}

/// A problem in a connector's files.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Diagnostic)]
pub(crate) struct DiagnosticOut {
    /// A stable code.
    code: &'static str,
    severity: SeverityOut,
    message: String,
    /// What to do.
    #[schema(required)]
    hint: Option<String>,
    file: String,
    /// The first line, from 1; 0 if the problem is not at one place.
    line: usize,
    /// The first column, from 1, in characters.
    column: usize,
    /// The last line.
    end_line: usize,
    /// The column after the last character.
    end_column: usize,
}

/// How severe a problem in a connector's files is. An `error` keeps the connector from being loaded.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Severity)]
pub(crate) enum SeverityOut {
    Error,
    Warning,
}

impl DiagnosticOut {
    pub(crate) fn list(diagnostics: &[Diagnostic]) -> Vec<Self> {
        diagnostics.iter().map(Self::new).collect()
    }

    fn new(found: &Diagnostic) -> Self {
        Self {
            code: found.code,
            severity: match found.severity {
                Severity::Error => SeverityOut::Error,
                Severity::Warning => SeverityOut::Warning,
            },
            message: found.message.clone(),
            hint: found.hint.clone(),
            file: found.file.clone(),
            line: found.span.start.line,
            column: found.span.start.column,
            end_line: found.span.end.line,
            end_column: found.span.end.column,
        }
    }
}

/// Returns the help link of an authentication method. A path becomes a URL of this server.
pub(crate) fn support_link(method: &AuthMethod, urls: &RouteUrls) -> Option<String> {
    Some(urls.resolve(method.support.as_ref()?.link.as_ref()?))
}
