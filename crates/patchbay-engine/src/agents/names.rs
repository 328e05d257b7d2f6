//! The names of tools: `^[a-zA-Z0-9_-]{1,64}$`, which every host accepts.
//!
//! A name depends only on the action's id and the tag, never on what else is listed: it stays the same when other accounts
//! come and go, and after a restart.

use aws_lc_rs::digest::{SHA256, digest};

/// The longest name, in characters.
pub(super) const MAX_NAME_CHARS: usize = 64;
/// The characters of a fingerprint.
const FINGERPRINT_CHARS: usize = 8;

/// Returns the name of the tool of an id. `tag` distinguishes accounts whose tools differ.
///
/// An id that is a name stays as it is. Otherwise other characters become `_`, the middle is cut, never the end, and a
/// fingerprint of the whole id keeps two ids apart that become the same.
pub(super) fn tool_name(id: &str, tag: Option<&str>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let end = tag.map(|tag| format!("_{tag}")).unwrap_or_default();
    let room = MAX_NAME_CHARS.saturating_sub(end.len());
    if !id.is_empty() && id.len() <= room && id.chars().all(is_plain) {
        return format!("{id}{end}");
    }
    let plain = id.chars().map(|c| if is_plain(c) { c } else { '_' }).collect::<String>();
    let middle = format!("_{}_", fingerprint(id));
    let room = room.saturating_sub(middle.len());
    let (head, tail) = if plain.len() <= room {
        (plain.as_str(), "")
    } else {
        let tail = room / 2;
        (&plain[..room - tail], &plain[plain.len() - tail..])
    };
    let middle = if tail.is_empty() { middle.trim_end_matches('_') } else { &middle };
    format!("{head}{middle}{tail}{end}")
}

/// Returns a short text that stands for another one.
pub(super) fn fingerprint(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().take(FINGERPRINT_CHARS / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn is_name(text: &str) -> bool {
        (1..=MAX_NAME_CHARS).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    }

    #[test]
    fn ids_that_are_names_stay() {
        for id in ["slack_post_message", "a", "A-b_9", &"x".repeat(64)] {
            assert_eq!(tool_name(id, None), id);
        }
        assert_eq!(tool_name("slack_post_message", Some("12ab")), "slack_post_message_12ab");
    }

    #[test]
    fn the_end_and_the_tag_are_kept() {
        let name = tool_name(&format!("{}_delete_employee", "x".repeat(80)), Some("12ab34cd"));
        assert!(is_name(&name) && name.ends_with("_delete_employee_12ab34cd"), "{name}");
    }

    #[test]
    fn ids_that_become_the_same_are_kept_apart() {
        let long = "y".repeat(70);
        let ids = ["a.b", "a:b", "a_b", "a b", "a-b", "", "_", "ä", &long, &format!("{long}z"), &format!("z{long}")];
        let names = ids.iter().map(|id| tool_name(id, None)).collect::<HashSet<_>>();
        assert_eq!(names.len(), ids.len(), "{names:?}");
    }

    proptest! {
        #[test]
        fn every_id_has_a_name(id in "\\PC{0,120}", tag in proptest::option::of("[0-9a-f]{8}")) {
            let name = tool_name(&id, tag.as_deref());
            prop_assert!(is_name(&name), "{id:?} {tag:?} {name}");
            let has_tag = tag.is_none_or(|tag| name.ends_with(&["_", &tag].concat()));
            prop_assert!(has_tag, "{name}");
        }
    }
}
