//! One operation of the OpenAPI document.

use serde_json::Value;

use crate::pages::docs::{
    samples::{Call, Credential, Part, query_text},
    schema::{example, resolve},
};

/// The verbs with which summaries begin, and their imperatives.
const VERBS: [(&str, &str); 32] = [
    ("Cancels", "Cancel"),
    ("Changes", "Change"),
    ("Checks", "Check"),
    ("Confirms", "Confirm"),
    ("Counts", "Count"),
    ("Creates", "Create"),
    ("Deletes", "Delete"),
    ("Ends", "End"),
    ("Exports", "Export"),
    ("Finds", "Find"),
    ("Keeps", "Keep"),
    ("Lets", "Let"),
    ("Links", "Link"),
    ("Lists", "List"),
    ("Logs", "Log"),
    ("Pins", "Pin"),
    ("Pushes", "Push"),
    ("Reloads", "Reload"),
    ("Renames,", "Rename,"),
    ("Replaces", "Replace"),
    ("Reports", "Report"),
    ("Returns", "Get"),
    ("Revokes", "Revoke"),
    ("Runs", "Run"),
    ("Sends", "Send"),
    ("Sets", "Set"),
    ("Starts", "Start"),
    ("Streams", "Stream"),
    ("Updates", "Update"),
    ("disables", "disable"),
    ("enables", "enable"),
    ("deletes", "delete"),
];

/// An operation of the API.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) document: &'a Value,
    /// In lower case, as in the document.
    pub(super) method: &'a str,
    /// The path with parameters in braces.
    pub(super) path: &'a str,
    value: &'a Value,
}

/// A response of an operation.
pub(super) struct Response<'a> {
    /// A status or a class of them, such as `200` or `4XX`.
    pub(super) status: &'a str,
    pub(super) value: &'a Value,
}

/// Returns every operation of a document, in the order of its tags.
pub(super) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, value) in methods.as_object().into_iter().flatten() {
            found.push(Operation { document, method, path, value });
        }
    }
    let tags = tags(document);
    found.sort_by_key(|operation| tags.iter().position(|(name, _)| *name == operation.tag()));
    found
}

/// Returns the tags of a document with their descriptions, in order.
pub(super) fn tags(document: &Value) -> Vec<(&str, &str)> {
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.filter_map(|tag| Some((tag["name"].as_str()?, tag["description"].as_str().unwrap_or_default()))).collect()
}

impl<'a> Operation<'a> {
    /// Returns the id, such as `connect_sessions_create`.
    pub(super) fn id(self) -> &'a str {
        self.value["operationId"].as_str().unwrap_or_default()
    }

    /// Returns the path of its page.
    pub(super) fn page_path(self) -> String {
        format!("/docs/api/{}", self.id().replace('_', "-"))
    }

    pub(super) fn tag(self) -> &'a str {
        self.value["tags"][0].as_str().unwrap_or_default()
    }

    /// Returns the summary: a sentence that begins with a verb in the third person.
    pub(super) fn summary(self) -> &'a str {
        self.value["summary"].as_str().unwrap_or_default()
    }

    /// Returns the summary as an imperative, without a period.
    pub(super) fn title(self) -> String {
        let words = self.summary().trim_end_matches('.').split(' ').enumerate().map(|(at, word)| {
            let verb = VERBS.iter().find(|(third, _)| *third == word).filter(|_| at < 4);
            verb.map_or(word, |(_, imperative)| imperative)
        });
        let title = words.collect::<Vec<_>>().join(" ");
        if self.path.starts_with("/v2/") { format!("{title} (version 2)") } else { title }
    }

    /// Returns the description without the sentence about the scope.
    pub(super) fn description(self) -> &'a str {
        let text = self.value["description"].as_str().unwrap_or_default();
        match (text.rfind("Scope:"), self.scope()) {
            (Some(at), Some(_)) => text[..at].trim_end(),
            _ => text,
        }
    }

    /// Returns the API scope that it needs.
    pub(super) fn scope(self) -> Option<&'a str> {
        let text = self.value["description"].as_str().unwrap_or_default();
        let (_, rest) = text.rsplit_once("Scope:")?;
        rest.trim().strip_prefix('`')?.split('`').next()
    }

    /// Returns the names of the credentials that it accepts; an empty one means that it needs none.
    pub(super) fn credentials(self) -> Vec<&'a str> {
        let own = self.value["security"].as_array().or(self.document["security"].as_array());
        let schemes = own.into_iter().flatten();
        schemes
            .map(|scheme| scheme.as_object().and_then(|names| names.keys().next()).map_or("", String::as_str))
            .collect()
    }

    /// Returns the parameters of a place: `path`, `query`, `header`.
    pub(super) fn parameters(self, place: &str) -> Vec<&'a Value> {
        let all = self.value["parameters"].as_array().into_iter().flatten();
        let all = all.map(|parameter| resolve(self.document, parameter));
        all.filter(|parameter| parameter["in"] == place).collect()
    }

    /// Returns the bodies that it reads, by media type.
    pub(super) fn bodies(self) -> Vec<(&'a str, &'a Value)> {
        media(&self.value["requestBody"])
    }

    /// Returns true if a request needs a body.
    pub(super) fn requires_body(self) -> bool {
        self.value["requestBody"]["required"] == true
    }

    /// Returns the responses, by status.
    pub(super) fn responses(self) -> Vec<Response<'a>> {
        let all = self.value["responses"].as_object().into_iter().flatten();
        all.map(|(status, value)| Response { status, value: resolve(self.document, value) }).collect()
    }

    /// Returns the response that the document names for a status: that of the status itself, otherwise that of its class.
    pub(super) fn response(self, status: u16) -> Option<Response<'a>> {
        let named = |name: String| self.responses().into_iter().find(|response| response.status == name);
        named(status.to_string()).or_else(|| named(format!("{}XX", status / 100)))
    }

    /// Returns true if the document names a status, or its class.
    pub(super) fn has_status(self, status: u16) -> bool {
        self.response(status).is_some()
    }

    /// Returns an example request.
    pub(super) fn call(self) -> Call {
        let mut path = self.path_parts();
        let mut is_first = true;
        for parameter in self.parameters("query") {
            if let Some(value) = self.sample_of(parameter) {
                let name = parameter["name"].as_str().unwrap_or_default();
                path.push(Part::Text(query_text(is_first, name, &value)));
                is_first = false;
            }
        }
        let names = self.credentials();
        let credential = match names.first() {
            Some(&"session") => Credential::SessionToken,
            Some(&"key") => Credential::ApiKey,
            _ => Credential::None,
        };
        let acts_on_account = self.parameters("header").iter().any(|parameter| parameter["name"] == "x-account-id");
        let json = &self.value["requestBody"]["content"]["application/json"];
        let given = Some(&json["example"]).filter(|example| !example.is_null()).cloned();
        let made = || (json.is_object() && self.requires_body()).then(|| example(self.document, &json["schema"]));
        let mut body = given.or_else(made);
        // The ids of the reader's own objects are variables.
        for (member, variable) in [("integration_id", "$PROFILE"), ("token", "$TOKEN"), ("account_id", "$ACCOUNT")] {
            if let Some(value) = body.as_mut().and_then(|body| body.get_mut(member)) {
                *value = Value::from(variable);
            }
        }
        Call {
            method: self.method.to_uppercase(),
            path,
            headers: if acts_on_account { vec![("x-account-id", Part::Variable("ACCOUNT"))] } else { Vec::new() },
            body,
            body_variables: &["PROFILE", "TOKEN", "ACCOUNT"],
            credential,
            returns_json: self.success().is_some_and(|response| {
                media(response.value).first().is_some_and(|(kind, _)| *kind == "application/json")
            }),
        }
    }

    /// Returns the response to a request that succeeded.
    pub(super) fn success(self) -> Option<Response<'a>> {
        self.responses().into_iter().find(|response| response.status.starts_with('2'))
    }

    /// Returns the path with variables in the place of ids that only the reader knows.
    fn path_parts(self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut text = String::new();
        for (at, segment) in self.path.split('/').enumerate() {
            if at > 0 {
                text.push('/');
            }
            let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
                text.push_str(segment);
                continue;
            };
            let parameters = self.parameters("path");
            let parameter = parameters.iter().find(|parameter| parameter["name"] == name);
            if let Some(example) = parameter.map(|parameter| &parameter["example"]).filter(|example| !example.is_null())
            {
                text.push_str(&text_of(example).replace('%', "%25"));
                continue;
            }
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(Part::Variable(self.variable(name)));
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        parts
    }

    /// Returns the variable with the id that a parameter of the path takes.
    fn variable(self, parameter: &str) -> &'static str {
        match self.path {
            _ if parameter == "integration_id" => "PROFILE",
            _ if parameter == "request" => "REQUEST",
            path if path.contains("/accounts/") => "ACCOUNT",
            path if path.starts_with("/auth_configs/") || path.starts_with("/connector_profiles/") => "PROFILE",
            path if path.starts_with("/logs/actions/") || path.starts_with("/requests/logs/") => "RUN",
            path if path.starts_with("/logs/unified/") => "RAW_REQUEST",
            path if path.starts_with("/api_keys/") => "KEY_ID",
            path if path.starts_with("/webhooks/") => "WEBHOOK",
            path if path.starts_with("/webhook_deliveries/") => "DELIVERY",
            path if path.starts_with("/webhook_replays/") => "REPLAY",
            path if path.starts_with("/connect_sessions/") => "SESSION_ID",
            path if path.contains("/connection_attempts/") => "ATTEMPT",
            _ => "ID",
        }
    }

    /// Returns the value of a parameter of the query in the sample: that of a required one, and an example that is not the
    /// default.
    fn sample_of(self, parameter: &Value) -> Option<String> {
        let given = &parameter["example"];
        let schema = resolve(self.document, &parameter["schema"]);
        let is_default =
            *given == schema["default"] || matches!(parameter["name"].as_str(), Some("page" | "page_size"));
        if given.is_null() || is_default {
            let is_required = parameter["required"] == true;
            return is_required.then(|| text_of(&example(self.document, schema)));
        }
        Some(text_of(given))
    }
}

/// Returns the media types of a body and their schemas.
pub(super) fn media(body: &Value) -> Vec<(&str, &Value)> {
    let content = body["content"].as_object().into_iter().flatten();
    content.map(|(kind, content)| (kind.as_str(), &content["schema"])).collect()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_title_in_the_imperative_and_a_page_of_its_own() {
        let document = crate::router::openapi("http://localhost");
        let operations = operations(&document);
        assert!(operations.len() > 40);
        let mut paths = std::collections::BTreeSet::new();
        for operation in operations {
            let first = operation.summary().split(' ').next().unwrap_or_default();
            assert!(VERBS.iter().any(|(third, _)| *third == first), "{}: {first}", operation.id());
            assert!(paths.insert(operation.page_path()), "{}", operation.id());
            assert!(tags(&document).iter().any(|(name, _)| *name == operation.tag()), "{}", operation.id());
        }
    }

    #[test]
    fn the_scope_is_read_from_the_description() {
        let document = crate::router::openapi("http://localhost");
        for operation in operations(&document) {
            let needs_key = operation.credentials().contains(&"key");
            assert_eq!(operation.scope().is_some(), needs_key, "{}", operation.id());
            let scope = operation.scope().map(str::parse::<patchbay_model::ApiScope>);
            assert!(scope.is_none_or(|scope| scope.is_ok()), "{}", operation.id());
            assert!(!operation.description().contains("Scope:"), "{}", operation.id());
        }
    }
}
