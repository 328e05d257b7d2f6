//! What shows that the actions of a connector do what the provider describes.
//!
//! The evidence is in a file beside the connector, `NAME.evidence.json`, which `patchbay connector prove --write` writes. It
//! belongs to what the connector's files do: when that changes, the evidence no longer counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{SourceFile, syntax};

/// The keys whose values are words for people.
const WORDS: [&str; 15] = [
    "assets",
    "categories",
    "changelog",
    "description",
    "details",
    "errorMessage",
    "label",
    "placeholder",
    "references",
    "releaseStage",
    "resources",
    "searchPhrases",
    "support",
    "title",
    "tooltip",
];
/// The keys below which names are those of the provider.
const FREE: [&str; 3] = ["parameters", "result", "authorization"];

/// How sure it is that an action does what the provider describes; each level says more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceLevel {
    /// The file says so; nothing else shows it.
    Declared,
    /// The action ran against a simulator that is made of the provider's API description.
    ContractProven,
    /// A person compared the action with the provider's pages.
    Checked,
    /// The action ran at the provider.
    Live,
}

impl EvidenceLevel {
    /// All levels, the lowest first.
    pub const ALL: [Self; 4] = [Self::Declared, Self::ContractProven, Self::Checked, Self::Live];

    /// Returns the name in files and API responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::ContractProven => "contract_proven",
            Self::Checked => "checked",
            Self::Live => "live",
        }
    }
}

/// The evidence of a connector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The fingerprint of the connector's files.
    pub files: String,
    /// The description against which the actions were proven, for people: its name, format and version.
    pub description: String,
    /// The SHA-256 of the description, in hexadecimal digits.
    pub description_hash: String,
    /// The day of the proof, such as `2026-01-31`.
    pub date: String,
    /// The ids of the actions by level; an action can be in several.
    pub proven: BTreeMap<EvidenceLevel, BTreeSet<String>>,
}

impl Evidence {
    /// The end of the name of the file.
    pub const SUFFIX: &'static str = ".evidence.json";

    /// Reads an evidence file; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let string = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let description = value.get("description")?;
        let mut proven = BTreeMap::new();
        for level in EvidenceLevel::ALL {
            let ids = value.get(level.as_str()).and_then(Value::as_array).into_iter().flatten();
            let ids = ids.filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>();
            if !ids.is_empty() {
                proven.insert(level, ids);
            }
        }
        Some(Self {
            files: string(&value, "files")?,
            description: string(description, "name")?,
            description_hash: string(description, "sha256")?,
            date: string(&value, "date")?,
            proven,
        })
    }

    /// Returns the text of the file.
    pub fn to_text(&self) -> String {
        let mut value = json!({
            "files": self.files,
            "description": { "name": self.description, "sha256": self.description_hash },
            "date": self.date,
        });
        for (level, ids) in &self.proven {
            value[level.as_str()] = json!(ids);
        }
        format!("{value:#}\n")
    }

    /// Returns true if the evidence belongs to these files.
    pub fn is_of(&self, files: &[SourceFile]) -> bool {
        self.files == fingerprint(files)
    }

    /// Returns the highest level of an action.
    pub fn level(&self, action: &str) -> EvidenceLevel {
        let has = |(_, ids): &(&EvidenceLevel, &BTreeSet<String>)| ids.contains(action);
        self.proven.iter().rev().find(has).map_or(EvidenceLevel::Declared, |(level, _)| *level)
    }
}

/// Returns the SHA-256 of bytes in hexadecimal digits.
pub fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the fingerprint of what a connector's files do: words for people, comments, and the order of keys do not count.
pub fn fingerprint(files: &[SourceFile]) -> String {
    let name = |file: &SourceFile| file.name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let files = files.iter().map(|file| (name(file), file)).collect::<BTreeMap<_, _>>();
    let mut all = String::new();
    for (name, file) in files {
        let text = match syntax::parse(&file.name, &file.text) {
            Ok(tree) => canonical(tree.to_json(), true).to_string(),
            Err(_) => file.text.clone(),
        };
        // Writing to a String does not fail.
        let _ = writeln!(all, "{} {name}\n{text}", text.len());
    }
    hash_of(all.as_bytes())
}

/// Returns a value with its keys in order, and, where keys are those of the format, without words for people.
fn canonical(value: Value, is_format: bool) -> Value {
    match value {
        Value::Object(members) => {
            let mut members = members.into_iter().collect::<Vec<_>>();
            members.retain(|(key, _)| !(is_format && WORDS.contains(&key.as_str())));
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            let inner = |key: &str| is_format && !FREE.contains(&key);
            members
                .into_iter()
                .map(|(key, value)| {
                    let is_format = inner(&key);
                    (key, canonical(value, is_format))
                })
                .collect()
        }
        Value::Array(items) => items.into_iter().map(|item| canonical(item, is_format)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn evidence_is_kept_and_belongs_to_its_files() {
        let files = [file("a/x.connector.yaml", "a: 1\n"), file("a/x.b.partial.yaml", "b: 2\n")];
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        let evidence = Evidence {
            files: fingerprint(&files),
            description: "x.json, OpenAPI 3.1, version 2".to_owned(),
            description_hash: hash_of(b"{}"),
            date: "2026-01-31".to_owned(),
            proven: [(EvidenceLevel::ContractProven, ids(&["one", "two"])), (EvidenceLevel::Live, ids(&["two"]))]
                .into(),
        };
        assert_eq!(Evidence::parse(&evidence.to_text()).as_ref(), Some(&evidence));
        assert_eq!(
            ["one", "two", "three"].map(|id| evidence.level(id)),
            [EvidenceLevel::ContractProven, EvidenceLevel::Live, EvidenceLevel::Declared]
        );
        // Folders, order, line endings, comments and words do not matter; what the connector does does.
        let same = "# A comment.\r\ndescription: Other words.\r\nb: 2\r\n";
        assert!(evidence.is_of(&[file("x.b.partial.yaml", same), file("/c/x.connector.yaml", "a: 1\n")]));
        assert!(!evidence.is_of(&[file("x.b.partial.yaml", "b: 3\n"), file("x.connector.yaml", "a: 1\n")]));
        assert!(!evidence.is_of(&files[..1]));
        // A member of a body can have the name of a key.
        let body =
            |value: &str| file("x.b.partial.yaml", &format!("parameters: {{ body: {{ description: {value} }} }}\n"));
        assert_ne!(fingerprint(&[body("one")]), fingerprint(&[body("two")]));
        assert_eq!(Evidence::parse("[]"), None);
    }
}
