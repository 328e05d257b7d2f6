//! Which actions can be listed, found and run.

use patchbay_connector::definition::Action;
use patchbay_model::Profile;

/// Returns true if a connector profile allows an action. Without a profile, every action is allowed.
///
/// This is the only rule for that: the catalog and the tools of agents list an action, the search finds it, and a run
/// accepts it, if this function says so. What is not listed cannot be run.
pub(crate) fn is_enabled(profile: Option<&Profile>, action: &Action) -> bool {
    profile.is_none_or(|profile| profile.enabled_actions.allows(&action.public_id))
}
