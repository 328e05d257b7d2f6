//! What an agent's request selects: accounts, actions, and how they become tools.

use patchbay_model::AccountId;

/// The accounts of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AccountSelection {
    /// These accounts.
    Ids(Vec<AccountId>),
    /// All accounts of an owner.
    Owner(String),
}

/// How actions become tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ToolMode {
    /// One tool an action.
    #[default]
    Individual,
    /// Two tools a connector: one that finds actions, and one that runs them.
    SearchExecute,
    /// Four tools for everything: find, describe, read and execute.
    Meta,
}

impl ToolMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Individual, Self::SearchExecute, Self::Meta];

    /// Returns the name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::SearchExecute => "search_execute",
            Self::Meta => "meta",
        }
    }

    /// Returns the mode with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

/// How a tool takes the inputs of an action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ParamStyle {
    /// In the groups `path`, `query`, `headers` and `body`.
    #[default]
    Nested,
    /// Side by side, each with its group as prefix: `path_id`, `query_limit`.
    FlatPrefixed,
    /// Side by side; a name that two groups have gets its group as prefix.
    FlatSmart,
}

impl ParamStyle {
    /// Every style.
    pub const ALL: [Self; 3] = [Self::Nested, Self::FlatPrefixed, Self::FlatSmart];

    /// Returns the name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nested => "nested",
            Self::FlatPrefixed => "flat_prefixed",
            Self::FlatSmart => "flat_smart",
        }
    }

    /// Returns the style with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.as_str() == name)
    }
}

/// A filter of connectors and actions. It narrows what can be called, as it narrows what is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ToolFilter {
    /// Patterns of which one must match the connector's key; `None` does not filter, an empty list matches nothing.
    pub connectors: Option<Vec<String>>,
    /// Patterns of which one must match the action's public id.
    pub actions: Option<Vec<String>>,
}

impl ToolFilter {
    /// Returns true for an action that the filter lets through.
    pub fn matches(&self, connector: &str, action: &str) -> bool {
        let any = |patterns: &Option<Vec<String>>, text: &str| {
            patterns.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| matches_pattern(pattern, text)))
        };
        any(&self.connectors, connector) && any(&self.actions, action)
    }
}

/// Matches a text against a pattern in which `*` stands for any characters and `?` for one, without regard to case.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let pattern = pattern.trim().to_ascii_lowercase().into_bytes();
    let text = text.to_ascii_lowercase().into_bytes();
    let (mut at, mut in_text) = (0, 0);
    // Where the last star is, and where the text after it began.
    let mut star = None;
    while in_text < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(expected) if *expected == b'?' || *expected == text[in_text] => {
                at += 1;
                in_text += 1;
            }
            _ => match &mut star {
                Some((star_at, began)) => {
                    *began += 1;
                    (at, in_text) = (*star_at + 1, *began);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

/// What an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AgentRequest {
    /// The accounts.
    pub accounts: AccountSelection,
    /// How actions become tools.
    pub mode: ToolMode,
    /// How tools take inputs.
    pub style: ParamStyle,
    /// The filter.
    pub filter: ToolFilter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("slack_*", "slack_post_message", true),
            ("SLACK_*", "slack_post_message", true),
            ("slack_*", "xslack_post", false),
            ("*_list_*", "hris_list_employees", true),
            ("*_list_*", "hris_get_employee", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "aab", true),
            ("*ab", "aabab", true),
            ("**", "x", true),
            ("[a]", "a", false),
            ("a.c", "abc", false),
        ] {
            assert_eq!(matches_pattern(pattern, text), expected, "{pattern} {text}");
        }
        // It takes no more than the product of the lengths.
        assert!(!matches_pattern(&"*a".repeat(200), &"b".repeat(2_000)));
    }

    #[test]
    fn an_empty_filter_matches_nothing() {
        let filter = |connectors: Option<&[&str]>| ToolFilter {
            connectors: connectors.map(|patterns| patterns.iter().map(|text| (*text).to_owned()).collect()),
            actions: None,
        };
        assert!(filter(None).matches("slack", "slack_x"));
        assert!(!filter(Some(&[])).matches("slack", "slack_x"));
        assert!(filter(Some(&["jira", "sl*"])).matches("slack", "slack_x"));
    }

    #[test]
    fn names_on_the_wire_are_read_back() {
        assert!(ToolMode::ALL.iter().all(|mode| ToolMode::from_name(mode.as_str()) == Some(*mode)));
        assert!(ParamStyle::ALL.iter().all(|style| ParamStyle::from_name(style.as_str()) == Some(*style)));
        assert_eq!((ToolMode::from_name("Meta"), ParamStyle::from_name("")), (None, None));
    }
}
