//! The number of open streams of logs: of all projects, and of one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::ProjectId;

/// The largest number of open streams.
const MAX_STREAMS: usize = 64;
/// The largest number of open streams of a project, so that one does not keep the others out.
const MAX_OF_PROJECT: usize = 16;

/// Counts open streams of logs.
#[derive(Clone, Default)]
pub(crate) struct LogStreams(Arc<Mutex<HashMap<ProjectId, usize>>>);

/// The place of an open stream. Dropping it frees the place.
pub(crate) struct LogStreamPlace {
    streams: LogStreams,
    project: ProjectId,
}

impl LogStreams {
    /// Returns the place of one more stream of a project; none if it has too many open, or all together.
    pub(crate) fn open(&self, project: &ProjectId) -> Option<LogStreamPlace> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only projects with open streams are in the map, so the sum has at most as many parts as there are places.
        let of_project = open.get(project).copied().unwrap_or_default();
        if of_project >= MAX_OF_PROJECT || open.values().sum::<usize>() >= MAX_STREAMS {
            return None;
        }
        open.insert(project.clone(), of_project + 1);
        Some(LogStreamPlace { streams: self.clone(), project: project.clone() })
    }
}

impl Drop for LogStreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.project) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.project)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_a_quarter_of_the_streams_and_a_closed_one_makes_room() {
        let (streams, project) = (LogStreams::default(), |number: usize| ProjectId::new(format!("p{number}")));
        let mut open = (0..MAX_OF_PROJECT).map(|_| streams.open(&project(0)).unwrap()).collect::<Vec<_>>();
        assert!(streams.open(&project(0)).is_none());
        open.pop();
        open.push(streams.open(&project(0)).unwrap());
        for number in MAX_OF_PROJECT..MAX_STREAMS {
            open.push(streams.open(&project(number / MAX_OF_PROJECT)).unwrap());
        }
        assert!(streams.open(&project(99)).is_none(), "all together have a limit");
        drop(open);
        assert!(streams.open(&project(99)).is_some());
        assert!(streams.0.lock().unwrap().is_empty(), "nothing is left behind");
    }
}
