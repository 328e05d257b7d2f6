//! The statuses of accounts by their names on the wire.

use patchbay_engine::{EffectiveStatus, Error, ErrorCode, Field, Problem};
use patchbay_model::AccountStatus;
use serde::Serialize;
use utoipa::ToSchema;

/// The state of an account. `inactive`: its connector profile is disabled. `suspended`: calls are paused. `error`: it must
/// be reconnected. `expired`: its credentials have expired. `archived`: it is no longer used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountStatus)]
pub(crate) enum AccountStatusOut {
    Active,
    Inactive,
    Suspended,
    Error,
    Expired,
    Archived,
}

impl From<EffectiveStatus> for AccountStatusOut {
    fn from(status: EffectiveStatus) -> Self {
        match status {
            EffectiveStatus::ProfileDisabled => Self::Inactive,
            EffectiveStatus::Stored(AccountStatus::Active) => Self::Active,
            EffectiveStatus::Stored(AccountStatus::Suspended) => Self::Suspended,
            EffectiveStatus::Stored(AccountStatus::ReconnectRequired | AccountStatus::Revoked) => Self::Error,
            EffectiveStatus::Stored(AccountStatus::Expired) => Self::Expired,
            EffectiveStatus::Stored(AccountStatus::Archived) => Self::Archived,
        }
    }
}

impl AccountStatusOut {
    /// All statuses, in the order in which messages list them.
    const ALL: [Self; 6] = [Self::Active, Self::Suspended, Self::Error, Self::Expired, Self::Archived, Self::Inactive];

    const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
            Self::Error => "error",
            Self::Expired => "expired",
            Self::Archived => "archived",
        }
    }

    /// Returns the engine's statuses that this one stands for.
    fn statuses(self) -> Vec<EffectiveStatus> {
        let stored = AccountStatus::ALL.map(EffectiveStatus::Stored);
        let all = stored.into_iter().chain([EffectiveStatus::ProfileDisabled]);
        all.filter(|status| Self::from(*status) == self).collect()
    }

    /// Returns the status with a name, in any case of its letters.
    fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(text))
    }
}

/// Reads the names of a filter.
///
/// # Errors
///
/// 400 `ValidationError` with a problem for each unknown name.
pub(crate) fn status_filter(names: &[String]) -> Result<Vec<EffectiveStatus>, Error> {
    let (mut statuses, mut problems) = (Vec::new(), Vec::new());
    for text in names {
        match AccountStatusOut::named(text) {
            Some(found) => statuses.extend(found.statuses()),
            None => problems.push(Problem {
                path: Field::Status.into(),
                code: "enum",
                message: format!(
                    "`{text}` is not one of: {}",
                    AccountStatusOut::ALL.map(AccountStatusOut::name).join(" ")
                ),
            }),
        }
    }
    let Some(first) = problems.first() else { return Ok(statuses) };
    let message = format!("the request is not valid: {}", first.message);
    Err(Error::new(ErrorCode::Validation, message).with_problems(problems))
}

/// Reads the status of a change. Returns `None` for a name that is unknown or derived.
pub(crate) fn stored_status(text: &str) -> Option<AccountStatus> {
    match AccountStatusOut::named(text)?.statuses().first()? {
        EffectiveStatus::Stored(status) => Some(*status),
        EffectiveStatus::ProfileDisabled => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_the_name_that_it_is_serialized_with() {
        for status in AccountStatusOut::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
            assert!(!status.statuses().is_empty(), "{status:?}");
        }
        assert_eq!(stored_status("SUSPENDED"), Some(AccountStatus::Suspended));
        assert_eq!(stored_status("inactive"), None);
    }

    #[test]
    fn an_unknown_name_is_a_problem_that_lists_the_known_ones() {
        let names = ["Active", "asleep", "error"].map(str::to_owned);
        let error = status_filter(&names).unwrap_err();
        let [problem] = error.problems.as_slice() else { panic!("{:?}", error.problems) };
        assert_eq!(problem.message, "`asleep` is not one of: active suspended error expired archived inactive");
        assert_eq!(status_filter(&names[2..]).unwrap().len(), 2);
    }
}
