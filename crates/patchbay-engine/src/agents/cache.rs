//! The tools of the requests that were made last.
//!
//! An entry is used only if the accounts, connectors and profiles of the new request are those that it was made of, compared
//! by identity. They come from caches that forget what any server has changed: a change is thus seen by the next request, and
//! nothing else makes an entry wrong.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::ProjectId;

use super::{request::AgentRequest, toolset::ToolSet, view::View};

/// The most entries.
const MAX_ENTRIES: usize = 256;
/// The most bytes of definitions in all entries.
const MAX_BYTES: usize = 32 * 1024 * 1024;

#[derive(Default)]
pub(super) struct ToolCache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_request: HashMap<(ProjectId, AgentRequest), Entry>,
    /// Counts uses, to find the entry that was not used for the longest time.
    uses: u64,
    bytes: usize,
}

struct Entry {
    view: Arc<View>,
    tools: Arc<ToolSet>,
    used: u64,
}

impl ToolCache {
    /// Returns the tools of a request if they were made of the same parts.
    pub(super) fn get(&self, project: &ProjectId, request: &AgentRequest, view: &View) -> Option<Arc<ToolSet>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let now = entries.uses;
        let entry = entries.by_request.get_mut(&(project.clone(), request.clone()))?;
        entry.used = now;
        entry.view.has_tools_of(view).then(|| entry.tools.clone())
    }

    /// Keeps the tools of a request, and drops those that were not used for the longest time.
    pub(super) fn keep(&self, project: &ProjectId, request: &AgentRequest, view: Arc<View>, tools: Arc<ToolSet>) {
        let bytes = tools.bytes();
        if bytes > MAX_BYTES / 2 {
            return;
        }
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let entry = Entry { view, tools, used: entries.uses };
        entries.bytes += bytes;
        if let Some(old) = entries.by_request.insert((project.clone(), request.clone()), entry) {
            entries.bytes -= old.tools.bytes();
        }
        while entries.by_request.len() > MAX_ENTRIES || entries.bytes > MAX_BYTES {
            let oldest = entries.by_request.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            let Some(old) = oldest.and_then(|key| entries.by_request.remove(&key)) else { break };
            entries.bytes -= old.tools.bytes();
        }
    }
}
