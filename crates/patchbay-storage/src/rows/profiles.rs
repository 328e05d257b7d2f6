//! Connector profiles.

use std::collections::BTreeMap;

use patchbay_model::{EnabledActions, Profile, ProfileId, ProjectId, Sealed};

use super::{Columns, Row};
use crate::Result;

/// Returns a connector profile with these secrets.
pub(crate) fn profile<C: Columns>(row: &C, secrets: BTreeMap<String, Sealed>) -> Result<Profile> {
    let row = Row::new("profiles", row, "id");
    let enabled_actions = match row.get::<Option<&str>>("enabled_actions")? {
        None => EnabledActions::All,
        Some(_) => EnabledActions::Only(row.json("enabled_actions")?),
    };
    Ok(Profile {
        id: ProfileId::new(row.id.clone()),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        name: row.get("name")?,
        connector: row.get("connector")?,
        auth_config_key: row.get("auth_config_key")?,
        environment: row.get("environment")?,
        version_pin: row.get("version_pin")?,
        active: row.get("active")?,
        default: row.get("is_default")?,
        enabled_actions,
        setup_information: row.json("setup_information")?,
        secrets,
        alarm: row.get::<Option<&str>>("alarm")?.map(|_| row.json("alarm")).transpose()?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
