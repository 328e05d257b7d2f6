//! Selects the operations that become actions.

use super::{ImportError, model::Api};

/// The operations that become actions; if all lists are empty, all operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Operations with one of these tags (for Google discovery: in one of these resources).
    pub tags: Vec<String>,
    /// Operations whose path is or begins with one of these; `*` matches anything.
    pub paths: Vec<String>,
    /// Operations with one of these ids, or written as `GET /path`.
    pub operations: Vec<String>,
}

impl Selection {
    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.paths.is_empty() && self.operations.is_empty()
    }
}

/// Keeps the operations that any of the three lists selects.
pub(super) fn apply(api: &mut Api<'_>, selection: &Selection) -> Result<(), ImportError> {
    if selection.is_empty() {
        return Ok(());
    }
    let known =
        api.operations.iter().flat_map(|operation| operation.tags.iter().map(String::as_str)).collect::<Vec<_>>();
    if let Some(unknown) = selection.tags.iter().find(|tag| !known.iter().any(|known| known.eq_ignore_ascii_case(tag)))
    {
        let near = crate::nearest(unknown, known.iter().copied());
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(ImportError::Nothing(format!("no operation has the tag `{unknown}`{hint}")));
    }
    api.operations.retain(|operation| {
        let id = operation.id.as_deref();
        let tagged =
            operation.tags.iter().any(|tag| selection.tags.iter().any(|wanted| wanted.eq_ignore_ascii_case(tag)));
        let named =
            |wanted: &String| id == Some(wanted.as_str()) || operation.place().eq_ignore_ascii_case(wanted.trim());
        tagged
            || selection.operations.iter().any(named)
            || selection.paths.iter().any(|pattern| is_within(pattern, &operation.path))
    });
    if api.operations.is_empty() {
        return Err(ImportError::Nothing("no operation has the selected path or id".to_owned()));
    }
    Ok(())
}

/// Returns true if a path matches the pattern, or begins with it at the end of a segment.
fn is_within(pattern: &str, path: &str) -> bool {
    if !pattern.contains('*') {
        let rest = path.strip_prefix(pattern.trim_end_matches('/'));
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    }
    let parts = pattern.split('*').collect::<Vec<_>>();
    let Some(mut rest) = path.strip_prefix(parts[0]) else { return false };
    for (place, part) in parts.iter().enumerate().skip(1) {
        if place + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_a_path_and_its_children() {
        for (pattern, path, chosen) in [
            ("/files", "/files", true),
            ("/files", "/files/{id}", true),
            ("/files/", "/files/{id}", true),
            ("/files", "/filesystems", false),
            ("/*/comments", "/files/{id}/comments", true),
            ("/files/*", "/files", false),
            ("*", "/anything", true),
            ("/a*b*c", "/axxbyyc", true),
            ("/a*b*c", "/axxcyyb", false),
        ] {
            assert_eq!(is_within(pattern, path), chosen, "{pattern} {path}");
        }
    }
}
