//! Maps account statuses to and from their names on the wire.

use patchbay_engine::{EffectiveStatus, Error, ErrorCode, Problem};
use patchbay_model::AccountStatus;

/// The names on the wire, with the statuses that each one stands for.
const NAMES: [(&str, &[EffectiveStatus]); 6] = [
    ("active", &[EffectiveStatus::Stored(AccountStatus::Active)]),
    ("suspended", &[EffectiveStatus::Stored(AccountStatus::Suspended)]),
    (
        "error",
        &[EffectiveStatus::Stored(AccountStatus::ReconnectRequired), EffectiveStatus::Stored(AccountStatus::Revoked)],
    ),
    ("expired", &[EffectiveStatus::Stored(AccountStatus::Expired)]),
    ("archived", &[EffectiveStatus::Stored(AccountStatus::Archived)]),
    ("inactive", &[EffectiveStatus::ProfileDisabled]),
];

/// Returns the name of a status on the wire.
pub(super) const fn name(status: EffectiveStatus) -> &'static str {
    match status {
        EffectiveStatus::ProfileDisabled => "inactive",
        EffectiveStatus::Stored(AccountStatus::Active) => "active",
        EffectiveStatus::Stored(AccountStatus::Suspended) => "suspended",
        EffectiveStatus::Stored(AccountStatus::ReconnectRequired | AccountStatus::Revoked) => "error",
        EffectiveStatus::Stored(AccountStatus::Expired) => "expired",
        EffectiveStatus::Stored(AccountStatus::Archived) => "archived",
    }
}

/// Returns the statuses that a name stands for, in any case of its letters; none for an unknown name.
fn named(text: &str) -> Option<&'static [EffectiveStatus]> {
    NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, statuses)| *statuses)
}

/// Reads the names of a filter.
///
/// # Errors
/// `ValidationError` (400) with a problem for each unknown name.
pub(super) fn filter(names: &[String]) -> Result<Vec<EffectiveStatus>, Error> {
    let (mut statuses, mut problems) = (Vec::new(), Vec::new());
    for text in names {
        match named(text) {
            Some(found) => statuses.extend(found),
            None => problems.push(Problem {
                path: "status".to_owned(),
                code: "enum",
                message: format!("`{text}` is not one of: {}", NAMES.map(|(name, _)| name).join(" ")),
            }),
        }
    }
    let Some(first) = problems.first() else { return Ok(statuses) };
    let message = format!("the request is not valid: {}", first.message);
    Err(Error::new(ErrorCode::Validation, message).with_problems(problems))
}

/// Reads the status of a change; none for a name that is unknown or derived.
pub(super) fn stored(text: &str) -> Option<AccountStatus> {
    match named(text)?.first()? {
        EffectiveStatus::Stored(status) => Some(*status),
        EffectiveStatus::ProfileDisabled => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_found_by_its_name() {
        let stored = AccountStatus::ALL.map(EffectiveStatus::Stored);
        for status in stored.into_iter().chain([EffectiveStatus::ProfileDisabled]) {
            assert!(named(name(status)).unwrap().contains(&status), "{status:?}");
        }
        assert_eq!(super::stored("SUSPENDED"), Some(AccountStatus::Suspended));
        assert_eq!(super::stored("inactive"), None);
    }

    #[test]
    fn an_unknown_name_is_a_problem_that_lists_the_known_ones() {
        let names = ["Active", "asleep", "error"].map(str::to_owned);
        let error = filter(&names).unwrap_err();
        let [problem] = error.problems.as_slice() else { panic!("{:?}", error.problems) };
        assert_eq!(problem.message, "`asleep` is not one of: active suspended error expired archived inactive");
        assert_eq!(filter(&names[2..]).unwrap().len(), 2);
    }
}
