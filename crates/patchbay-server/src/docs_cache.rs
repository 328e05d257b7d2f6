//! The sites of the documentation that are in use, each for a set of connectors.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use axum::response::Response;
use patchbay_connector::Registry;
use patchbay_docs::{Site, agents, search::Index, sitemap};
use patchbay_engine::PerRegistry;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::compression::Shared;

/// How many pages are made at once.
const MAX_MAKING: usize = 2;

/// A site and the connectors that it describes.
pub(crate) struct DocsSite {
    /// The pages.
    pub(crate) site: Site,
    /// The connectors.
    pub(crate) registry: Arc<Registry>,
    /// Whether everyone can read it.
    is_public: bool,
    /// A number that no other site of this process has.
    pub(crate) serial: u64,
    llms: OnceLock<String>,
    llms_full: OnceLock<String>,
    sitemap: OnceLock<String>,
    search: OnceLock<Index>,
}

impl DocsSite {
    /// Takes the pages for a set of connectors.
    pub(crate) fn new(site: Site, registry: Arc<Registry>, is_public: bool, serial: u64) -> Self {
        Self {
            site,
            registry,
            is_public,
            serial,
            llms: OnceLock::new(),
            llms_full: OnceLock::new(),
            sitemap: OnceLock::new(),
            search: OnceLock::new(),
        }
    }

    /// Marks the response with a content of this site, if everyone can read it: it is compressed once. A site of a project
    /// leaves nothing behind when it goes.
    pub(crate) fn share(&self, response: &mut Response, name: String) {
        if self.is_public {
            response.extensions_mut().insert(Shared { name, serial: self.serial });
        }
    }

    /// Returns the index for language models.
    pub(crate) fn llms(&self, base_url: &str) -> &str {
        self.llms.get_or_init(|| agents::index(&self.site, base_url))
    }

    /// Returns the text of all pages for language models.
    pub(crate) fn llms_full(&self, base_url: &str) -> &str {
        self.llms_full.get_or_init(|| agents::full(&self.site, base_url))
    }

    /// Returns the list of pages for search engines.
    pub(crate) fn sitemap(&self, base_url: &str) -> &str {
        self.sitemap.get_or_init(|| sitemap(&self.site, base_url))
    }

    /// Returns the index of all pages and actions. `build` builds it the first time, which takes long.
    pub(crate) fn search(&self, build: impl FnOnce(&Self) -> Index) -> &Index {
        self.search.get_or_init(|| build(self))
    }

    /// Returns true if the index has been built.
    pub(crate) fn has_search(&self) -> bool {
        self.search.get().is_some()
    }
}

/// The sites that are in use.
#[derive(Default)]
pub(crate) struct DocsCache {
    /// The pages that do not depend on connectors.
    written: OnceLock<Site>,
    /// The sites.
    pub(crate) sites: PerRegistry<DocsSite>,
    /// The turns of requests that make a page or its HTML: requests wait for one, threads do not.
    pub(crate) turns: Turns,
    next_serial: AtomicU64,
}

/// See [`DocsCache::turns`].
pub(crate) struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(MAX_MAKING))
    }
}

impl Turns {
    /// Runs work that takes long on another thread, as soon as it is its turn. Returns none if it panics.
    pub(crate) async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let _turn = self.0.acquire().await.ok()?;
        spawn_blocking(work).await.ok()
    }
}

impl DocsCache {
    /// Returns the pages that do not depend on connectors. `build` builds them the first time.
    pub(crate) fn written(&self, build: impl FnOnce() -> Site) -> &Site {
        self.written.get_or_init(build)
    }

    /// Returns a number that no other site has.
    pub(crate) fn next_serial(&self) -> u64 {
        self.next_serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns true if the pages that do not depend on connectors have been built.
    pub(crate) fn has_written(&self) -> bool {
        self.written.get().is_some()
    }
}
