//! Bounds on the texts that callers choose and that are stored: ids and names of owners, labels, metadata, names of
//! profiles, projects and keys.
//!
//! Every such text is checked here before it is stored, with one [`TextRule`] for each kind. A text contains no control
//! characters, which break logs, headers and tables, and no characters that change the direction of the text around them
//! (Unicode Standard Annex 9, section 2): with them, a name reads as another one. Values of forms are checked against their
//! connector in [`crate::form_values`].

use patchbay_model::Metadata;
use serde_json::Value;

use crate::{Error, Field, Problem, ProblemPath, validation::invalid};

/// The maximum size of metadata as JSON, in bytes.
const MAX_METADATA_BYTES: usize = 16 * 1024;
/// The maximum depth of metadata: objects and lists within each other, the metadata itself included.
const MAX_METADATA_DEPTH: usize = 16;
/// The maximum number of categories of a connect session.
const MAX_CATEGORIES: usize = 50;
/// The maximum length of a URL, in characters.
const MAX_URL_CHARS: usize = 2_000;

/// The rule for a kind of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextRule {
    field: Field,
    /// What it is, for messages, for example `the owner's id`.
    what: &'static str,
    /// The maximum length in characters (Unicode scalar values).
    max_chars: usize,
    /// Whether it needs a character other than white space.
    required: bool,
}

impl TextRule {
    /// The owner's id in the operator's system.
    pub(crate) const OWNER_ID: Self = Self::required(Field::OwnerId, "the owner's id", 512);
    /// The owner's name.
    pub(crate) const OWNER_NAME: Self = Self::required(Field::OwnerName, "the owner's name", 255);
    /// The person who links an account, for example an email address.
    pub(crate) const OWNER_USERNAME: Self = Self::optional(Field::OwnerUsername, "the owner's username", 512);
    /// The label of an account.
    pub(crate) const LABEL: Self = Self::optional(Field::Label, "the label", 255);
    /// The name of a connector profile.
    pub(crate) const PROFILE_NAME: Self = Self::required(Field::Name, "the name of a profile", 200);
    /// The name of a project.
    pub(crate) const PROJECT_NAME: Self = Self::required(Field::Name, "the name of a project", 100);
    /// The name of an API key.
    pub(crate) const KEY_NAME: Self = Self::required(Field::Name, "the name of a key", 100);
    /// The name of a webhook.
    pub(crate) const WEBHOOK_NAME: Self = Self::optional(Field::Name, "the name of a webhook", 100);
    /// The pin of a connector's version.
    pub(crate) const VERSION_PIN: Self = Self::optional(Field::VersionPin, "the version pin", 64);
    /// The provider's environment.
    pub(crate) const ENVIRONMENT: Self = Self::required(Field::Environment, "the environment", 100);
    /// The URL that the window of an authorization returns to.
    pub(crate) const RETURN_URL: Self = Self::optional(Field::ReturnUrl, "redirect_uri", MAX_URL_CHARS);
    /// The URL of the operator's product that confirms a customer.
    pub(crate) const CONFIRM_URL: Self = Self::required(Field::ConfirmUrl, "confirm_url", MAX_URL_CHARS);
    /// A category of connectors.
    const CATEGORY: Self = Self::required(Field::Categories, "a category", 64);

    const fn required(field: Field, what: &'static str, max_chars: usize) -> Self {
        Self { field, what, max_chars, required: true }
    }

    const fn optional(field: Field, what: &'static str, max_chars: usize) -> Self {
        Self { field, what, max_chars, required: false }
    }

    /// Returns the problem of a text; none if it may be stored.
    fn problem(self, text: &str) -> Option<(&'static str, String)> {
        let Self { what, max_chars, required, .. } = self;
        if required && text.trim().is_empty() {
            Some(("required", format!("{what} must not be empty")))
        } else if text.chars().nth(max_chars).is_some() {
            Some(("length", format!("{what} can have at most {max_chars} characters")))
        } else if text.chars().any(is_unsafe) {
            let message = format!(
                "{what} contains a line break, another control character, or a character that changes the direction of text"
            );
            Some(("control_character", message))
        } else {
            None
        }
    }

    /// Returns true if a text may be stored.
    pub(crate) fn fits(self, text: &str) -> bool {
        self.problem(text).is_none()
    }

    /// Checks one text.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError`.
    pub(crate) fn check(self, text: &str) -> Result<(), Error> {
        let mut checks = TextChecks::default();
        checks.text(self, text);
        checks.finish()
    }
}

/// Collects the problems of the texts of a request.
#[derive(Default)]
pub(crate) struct TextChecks(pub(crate) Vec<Problem>);

impl TextChecks {
    /// Checks a text.
    pub(crate) fn text(&mut self, rule: TextRule, text: &str) {
        if let Some((code, message)) = rule.problem(text) {
            self.0.push(Problem { path: rule.field.into(), code, message });
        }
    }

    /// Checks a text that may be absent.
    pub(crate) fn optional<T: AsRef<str>>(&mut self, rule: TextRule, text: Option<T>) {
        if let Some(text) = text {
            self.text(rule, text.as_ref());
        }
    }

    /// Checks the categories of a connect session.
    pub(crate) fn categories(&mut self, categories: &[String]) {
        if categories.len() > MAX_CATEGORIES {
            let message = format!("a session can have at most {MAX_CATEGORIES} categories");
            self.0.push(Problem { path: Field::Categories.into(), code: "length", message });
            return;
        }
        for (index, category) in categories.iter().enumerate() {
            if let Some((code, message)) = TextRule::CATEGORY.problem(category) {
                self.0.push(Problem { path: ProblemPath::index(Field::Categories, index), code, message });
            }
        }
    }

    /// Checks metadata: its size, its depth, and that no string in it contains NUL, at which many programs end a text.
    pub(crate) fn metadata(&mut self, metadata: &Metadata) {
        let depth = 1 + metadata.values().map(depth_of).max().unwrap_or(0);
        let (code, message) = if depth > MAX_METADATA_DEPTH {
            ("depth", format!("metadata can have at most {MAX_METADATA_DEPTH} levels"))
        } else if size_of(metadata) > MAX_METADATA_BYTES {
            ("length", format!("metadata can have at most {MAX_METADATA_BYTES} bytes as JSON"))
        } else if metadata.iter().any(|(key, value)| key.contains('\0') || contains_nul(value)) {
            ("control_character", "metadata contains the character NUL".to_owned())
        } else {
            return;
        };
        self.0.push(Problem { path: Field::Metadata.into(), code, message });
    }

    /// Returns the 400 `ValidationError` with every problem, if there is one.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(invalid(self.0)) }
    }
}

/// Returns true for a URL of printable ASCII characters and a bounded length: it may be a response header.
pub(crate) fn is_header_url(url: &str) -> bool {
    url.len() <= MAX_URL_CHARS && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns true for a control character, a line or paragraph separator, and a mark, embedding, override or isolate of the
/// bidirectional algorithm.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Returns the depth of a value. Its parser has bounded the recursion.
fn depth_of(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or(0),
        _ => 0,
    }
}

fn size_of(metadata: &Metadata) -> usize {
    // A map of JSON values can always be written.
    serde_json::to_vec(metadata).map_or(usize::MAX, |text| text.len())
}

fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(contains_nul),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || contains_nul(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULES: [TextRule; 12] = [
        TextRule::OWNER_ID,
        TextRule::OWNER_NAME,
        TextRule::OWNER_USERNAME,
        TextRule::LABEL,
        TextRule::PROFILE_NAME,
        TextRule::PROJECT_NAME,
        TextRule::KEY_NAME,
        TextRule::VERSION_PIN,
        TextRule::ENVIRONMENT,
        TextRule::RETURN_URL,
        TextRule::CONFIRM_URL,
        TextRule::CATEGORY,
    ];

    fn code(rule: TextRule, text: &str) -> Option<&'static str> {
        rule.problem(text).map(|(code, _)| code)
    }

    #[test]
    fn every_rule_bounds_characters_and_their_kinds() {
        for rule in RULES {
            for wide in ["a", "ü", "漢", "👩‍🚀"] {
                let chars = wide.chars().count();
                let full = wide.repeat(rule.max_chars / chars);
                assert_eq!(code(rule, &full), None, "{rule:?} {wide}");
                assert_eq!(code(rule, &format!("{full}{}", wide.repeat(chars))), Some("length"), "{rule:?} {wide}");
            }
            for fine in ["Acme, Inc. (Zürich)", "شركة أكمي", "חברה", "日本株式会社", "a\u{200d}b", "#1 'x' \"y\" <z>"]
            {
                assert_eq!(code(rule, fine), None, "{rule:?} {fine}");
            }
            for bad in [
                '\0', '\n', '\r', '\t', '\u{7f}', '\u{85}', '\u{9b}', '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}',
                '\u{2029}', '\u{202a}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{feff}',
            ] {
                for text in [format!("a{bad}b"), format!("a{bad}"), format!("{bad}b")] {
                    assert_eq!(code(rule, &text), Some("control_character"), "{rule:?} {text:?}");
                }
            }
            for empty in ["", " ", "\u{a0}\u{3000}"] {
                assert_eq!(code(rule, empty), rule.required.then_some("required"), "{rule:?} {empty:?}");
            }
        }
    }

    fn metadata_code(value: Value) -> Option<&'static str> {
        let Value::Object(members) = value else { panic!("{value}") };
        let mut checks = TextChecks::default();
        checks.metadata(&members.into_iter().collect());
        checks.0.first().map(|problem| problem.code)
    }

    #[test]
    fn metadata_has_a_size_a_depth_and_no_nul() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        for fine in [
            json!({}),
            json!({ "plan": "gold", "lines": "a\nb", "list": [1, null, true, { "x": "\u{202e}" }] }),
            json!({ "a": nested(MAX_METADATA_DEPTH - 1) }),
            json!({ "a": "x".repeat(MAX_METADATA_BYTES - r#"{"a":""}"#.len()) }),
        ] {
            assert_eq!(metadata_code(fine.clone()), None, "{fine}");
        }
        for (bad, code) in [
            (json!({ "a": nested(MAX_METADATA_DEPTH) }), "depth"),
            (json!({ "a": "x".repeat(MAX_METADATA_BYTES) }), "length"),
            (json!({ "x".repeat(MAX_METADATA_BYTES): 1 }), "length"),
            (json!({ "a": vec![json!({}); MAX_METADATA_BYTES] }), "length"),
            (json!({ "a": "b\0" }), "control_character"),
            (json!({ "a\0": 1 }), "control_character"),
            (json!({ "a": [{ "b\0": 1 }] }), "control_character"),
            (json!({ "a": { "b": ["\0"] } }), "control_character"),
        ] {
            assert_eq!(metadata_code(bad), Some(code));
        }
    }

    #[test]
    fn a_header_url_is_printable_and_bounded() {
        assert!(is_header_url("https://app.example.com/done?a=b%20c#d"));
        for bad in
            ["https://a/\n", "https://a/ b", "https://a/é", "https://a/\0", &format!("https://a/{}", "x".repeat(2_000))]
        {
            assert!(!is_header_url(bad), "{bad}");
        }
    }
}
