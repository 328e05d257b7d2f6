//! What both sides declare about themselves.

use serde_json::{Map, Value, json};

use super::input::InputRequest;
use crate::{RpcError, meta::TASKS_EXTENSION};

/// The name and version of this server, as clients show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// The name for programs.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// The version.
    pub version: &'static str,
}

impl ServerInfo {
    /// Returns the value of `serverInfo`.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "name": self.name, "title": self.title, "version": self.version })
    }
}

/// What a handler offers. The transport declares it to clients, and rejects the methods of what is not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// `tools/list` and `tools/call`.
    pub tools: bool,
    /// `prompts/list` and `prompts/get`.
    pub prompts: bool,
    /// `resources/list`, `resources/templates/list` and `resources/read`.
    pub resources: bool,
    /// `completion/complete`.
    pub completions: bool,
    /// Changes of the lists ([`super::McpHandler::listen`]).
    pub list_changes: bool,
    /// Changes of single resources.
    pub resource_changes: bool,
    /// Log messages. The capabilities of the legacy era always declare them.
    pub logging: bool,
}

impl Features {
    /// Returns the capabilities of the modern era.
    pub(crate) fn modern(self, has_tasks: bool) -> Value {
        let changes = self.list_changes;
        let mut declared = Map::new();
        for (name, is_offered) in [("tools", self.tools), ("prompts", self.prompts)] {
            if is_offered {
                declared.insert(name.to_owned(), json!({ "listChanged": changes }));
            }
        }
        if self.resources {
            let resources = json!({ "listChanged": changes, "subscribe": self.resource_changes });
            declared.insert("resources".to_owned(), resources);
        }
        if self.completions {
            declared.insert("completions".to_owned(), json!({}));
        }
        if self.logging {
            declared.insert("logging".to_owned(), json!({}));
        }
        if has_tasks {
            declared.insert("extensions".to_owned(), json!({ TASKS_EXTENSION: {} }));
        }
        Value::Object(declared)
    }

    /// Returns the capabilities of the legacy era. Only sessions get notices of changes.
    pub(crate) fn legacy(self, has_session: bool) -> Value {
        let mut declared = Map::new();
        let lists = [("tools", self.tools), ("prompts", self.prompts), ("resources", self.resources)];
        for (name, _) in lists.into_iter().filter(|(_, is_offered)| *is_offered) {
            let mut members = Map::new();
            if has_session && self.list_changes {
                members.insert("listChanged".to_owned(), Value::Bool(true));
            }
            if has_session && self.resource_changes && name == "resources" {
                members.insert("subscribe".to_owned(), Value::Bool(true));
            }
            declared.insert(name.to_owned(), Value::Object(members));
        }
        if self.completions {
            declared.insert("completions".to_owned(), json!({}));
        }
        declared.insert("logging".to_owned(), json!({}));
        Value::Object(declared)
    }
}

/// The name and version of a client. It says so itself: nothing is granted because of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
}

/// What a client declares that it can do: with each request in the modern era, with `initialize` before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientCapabilities(pub Map<String, Value>);

impl ClientInfo {
    /// Returns the name and version of a value; empty texts for what it does not say.
    pub(crate) fn of_json(value: Option<&Value>) -> Self {
        let text = |name: &str| value.and_then(|info| info.get(name)?.as_str()).unwrap_or_default().to_owned();
        Self { name: text("name"), version: text("version") }
    }
}

impl ClientCapabilities {
    /// Returns true if the client asks its user with a form. `elicitation: {}` means forms only.
    pub fn has_forms(&self) -> bool {
        let modes = self.object("elicitation");
        modes.is_some_and(|modes| modes.contains_key("form") || !modes.contains_key("url"))
    }

    /// Returns true if the client opens a URL for its user.
    pub fn has_urls(&self) -> bool {
        self.object("elicitation").is_some_and(|modes| modes.contains_key("url"))
    }

    /// Returns true if the client lets its language model write a message.
    pub fn has_sampling(&self) -> bool {
        self.object("sampling").is_some()
    }

    /// Returns true if the client lists the folders that it works in.
    pub fn has_roots(&self) -> bool {
        self.object("roots").is_some()
    }

    /// Returns true if the client understands tasks.
    pub fn has_tasks(&self) -> bool {
        self.object("extensions")
            .is_some_and(|extensions| extensions.get(TASKS_EXTENSION).is_some_and(Value::is_object))
    }

    /// Checks that the client can answer a question.
    ///
    /// # Errors
    ///
    /// [`RpcError::MISSING_CAPABILITY`] with the capability that is missing.
    pub fn check(&self, request: &InputRequest) -> Result<(), RpcError> {
        let (is_declared, required) = match request {
            InputRequest::Form { .. } => (self.has_forms(), json!({ "elicitation": {} })),
            InputRequest::Url { .. } => (self.has_urls(), json!({ "elicitation": { "url": {} } })),
            InputRequest::Sampling { .. } => (self.has_sampling(), json!({ "sampling": {} })),
            InputRequest::Roots => (self.has_roots(), json!({ "roots": {} })),
        };
        match required {
            Value::Object(required) if !is_declared => Err(RpcError::missing_capability(required)),
            _ => Ok(()),
        }
    }

    fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.0.get(name).and_then(Value::as_object)
    }
}
