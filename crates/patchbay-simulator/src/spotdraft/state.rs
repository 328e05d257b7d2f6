//! The data of a workspace.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::errors::Rejection;

/// Records of one kind by id, oldest first.
pub type Table = IndexMap<i64, Value>;

/// An uploaded or generated file.
#[derive(Clone)]
pub struct StoredFile {
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// A contract with its comments, files and other records.
pub struct Contract {
    pub id: i64,
    /// `T` for created from a template, `H` for uploaded.
    pub kind: char,
    /// The fields of a list item, and additional ones.
    pub fields: Value,
    pub versions: Vec<StoredFile>,
    pub comments: Table,
    pub notes: Table,
    pub approvals: Table,
    pub obligations: Table,
    pub key_pointers: Table,
    pub relations: Table,
    pub recipients: Table,
    pub members: Vec<i64>,
    pub external_metadata: Option<Value>,
    pub questionnaire: Value,
    pub marked_for_execution: bool,
    /// The file that a DOCX download returns.
    pub turns: i64,
}

/// An event that is not yet delivered to webhooks.
pub struct Activity {
    pub kind: &'static str,
    pub data: Value,
}

/// One region's workspace.
pub struct Workspace {
    pub id: i64,
    pub contract_types: Table,
    pub contracts: IndexMap<i64, Contract>,
    pub counterparties: Table,
    pub contacts: IndexMap<i64, (i64, Value)>,
    pub addresses: IndexMap<i64, (i64, Value)>,
    pub users: Table,
    pub roles: Table,
    pub role_members: Vec<(i64, i64)>,
    pub templates: Table,
    pub entities: Table,
    pub organization_types: Table,
    pub tags: Table,
    pub tasks: Table,
    pub webhooks: Table,
    pub uploads: IndexMap<String, Value>,
    pub hmac_key: String,
    pub files: IndexMap<String, StoredFile>,
    pub activities: Vec<Activity>,
    pub last_activities: IndexMap<i64, Value>,
    pub next_id: i64,
}

impl Workspace {
    /// Returns an unused number.
    pub fn fresh(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Returns an unused UUID, equal in every run.
    pub fn fresh_uuid(&mut self) -> String {
        let number = self.fresh();
        format!("{:08x}-0000-4000-8000-{number:012x}", self.id)
    }

    /// Returns the contract with the id `T-12`, `H-12` or `12`.
    pub fn contract(&mut self, id: &str) -> Result<&mut Contract, Rejection> {
        let (kind, number) = match id.split_once('-') {
            Some((kind @ ("T" | "H"), number)) => (kind.chars().next(), number),
            Some(_) => return Err(Rejection::not_found()),
            None => (None, id),
        };
        let number: i64 = number.parse().map_err(|_| Rejection::not_found())?;
        let contract = self.contracts.get_mut(&number).ok_or_else(Rejection::not_found)?;
        if kind.is_some_and(|kind| kind != contract.kind) {
            return Err(Rejection::not_found());
        }
        Ok(contract)
    }

    /// Records an event for the webhooks.
    pub fn happened(&mut self, kind: &'static str, data: Value) {
        self.activities.push(Activity { kind, data });
    }

    /// Returns a link to the file that needs no credentials.
    pub fn share(&mut self, mount: &str, file: StoredFile) -> String {
        let key = self.fresh_uuid();
        let url = format!("{mount}/files/{key}");
        self.files.insert(key, file);
        url
    }
}

impl Contract {
    pub fn composite_id(&self) -> String {
        format!("{}-{}", self.kind, self.id)
    }

    pub fn status(&self) -> &str {
        self.fields["contract_status"].as_str().unwrap_or("DRAFT")
    }

    pub fn set_status(&mut self, status: &str) {
        self.fields["contract_status"] = json!(status);
    }

    pub fn name(&self) -> &str {
        self.fields["contract_name"].as_str().unwrap_or_default()
    }

    /// Returns the contract's summary for webhooks.
    pub fn summary(&self) -> Value {
        json!({ "contract_id": self.composite_id(), "contract_name": self.name(), "contract_status": self.status() })
    }

    /// Returns an error if the contract is closed.
    pub fn must_be_open(&self, what: &str) -> Result<(), Rejection> {
        match self.status() {
            "VOIDED" => Err(Rejection::conflict(format!("{what} is not possible: the contract is voided."))),
            "EXECUTED" => {
                Err(Rejection::business_rule(format!("{what} is not possible: the contract has been executed.")))
            }
            _ => Ok(()),
        }
    }
}

/// Parses an id in a path.
pub fn number(text: &str) -> Result<i64, Rejection> {
    text.parse().map_err(|_| Rejection::not_found())
}

/// Copies the members of `from` to `into`.
pub fn merge(into: &mut Value, from: &Value) {
    if let (Some(into), Some(from)) = (into.as_object_mut(), from.as_object()) {
        for (name, value) in from {
            into.insert(name.clone(), value.clone());
        }
    }
}
