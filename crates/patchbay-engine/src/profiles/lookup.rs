//! Reads connector profiles, one of them from the cache if possible.

use std::{collections::HashMap, sync::Arc};

use patchbay_metrics::{CacheName, metrics};
use patchbay_model::{ApiScope, Profile, ProfileId, ProjectId};
use patchbay_storage::{Page, ProfileFilter};

use super::{ProfileQuery, Profiles};
use crate::{
    Caller, Error, ErrorCode,
    validation::{check_page, shortened},
};

impl Profiles {
    /// Lists a page of connector profiles.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller lacks `platform:read`; 400 `ValidationError` for an invalid page.
    pub async fn list(&self, caller: &Caller, query: ProfileQuery) -> Result<Page<Arc<Profile>>, Error> {
        caller.require(ApiScope::PlatformRead)?;
        check_page(query.page, query.page_size)?;
        let filter = ProfileFilter {
            connector: query.connector,
            active: query.active,
            page: query.page,
            page_size: query.page_size,
        };
        let page = self.storage.profiles().list(&caller.project_id, &filter).await?;
        Ok(Page { items: page.items.into_iter().map(Arc::new).collect(), total: page.total })
    }

    /// Returns a connector profile.
    ///
    /// # Errors
    ///
    /// 404 `ProfileNotFoundError`, also for another project's profile.
    pub async fn get(&self, caller: &Caller, id: &ProfileId) -> Result<Arc<Profile>, Error> {
        caller.require(ApiScope::PlatformRead)?;
        self.load(&caller.project_id, id).await
    }

    /// Lists all profiles of a project, oldest first, optionally of one connector and only enabled or only disabled ones.
    pub(crate) async fn all(
        &self,
        project: &ProjectId,
        connector: Option<&str>,
        active: Option<bool>,
    ) -> Result<Vec<Profile>, Error> {
        const PAGE: u32 = 100;
        let connector = connector.map(str::to_owned);
        let mut filter = ProfileFilter { connector, active, page: 1, page_size: PAGE };
        let mut all = Vec::new();
        loop {
            let found = self.storage.profiles().list(project, &filter).await?.items;
            let is_last = found.len() < PAGE as usize;
            all.extend(found);
            if is_last {
                return Ok(all);
            }
            filter.page += 1;
        }
    }

    /// Returns the profile, enabled or not, from the cache if possible; 404 `ProfileNotFoundError`, also for a profile of
    /// another project.
    pub(crate) async fn load(&self, project: &ProjectId, id: &ProfileId) -> Result<Arc<Profile>, Error> {
        let missing = || {
            Error::new(
                ErrorCode::ProfileNotFound,
                format!("this project has no connector profile `{}`", shortened(id.as_str())),
            )
        };
        metrics().cache_lookups.of(CacheName::Profiles).add_one();
        let read = async || {
            metrics().cache_misses.of(CacheName::Profiles).add_one();
            self.storage.profiles().get(project, id).await?.ok_or_else(missing)
        };
        let profile = self.cache.get_or_read(id, read).await?;
        if profile.project_id == *project { Ok(profile) } else { Err(missing()) }
    }

    /// Returns the project's active profile for a connector: the default, or the oldest.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn active_of_connector(&self, caller: &Caller, connector: &str) -> Result<Option<Arc<Profile>>, Error> {
        let profiles = self.all(&caller.project_id, Some(connector), Some(true)).await?;
        Ok(by_connector(profiles).remove(connector))
    }

    /// Returns the active profile of every connector that has one, by connector key.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn active(&self, caller: &Caller) -> Result<HashMap<String, Arc<Profile>>, Error> {
        Ok(by_connector(self.all(&caller.project_id, None, Some(true)).await?))
    }

    /// Evicts a profile that another server may have changed.
    pub(crate) fn evict(&self, id: &ProfileId) {
        self.cache.evict(id);
    }

    /// Evicts all cached profiles.
    pub(crate) fn evict_all(&self) {
        self.cache.clear();
    }
}

/// Selects the profile of each connector from profiles ordered oldest first.
fn by_connector(profiles: Vec<Profile>) -> HashMap<String, Arc<Profile>> {
    let mut chosen: HashMap<String, Arc<Profile>> = HashMap::new();
    for profile in profiles {
        if profile.default || !chosen.contains_key(&profile.connector) {
            chosen.insert(profile.connector.clone(), Arc::new(profile));
        }
    }
    chosen
}
