//! Generates the base URL and the fields that it contains.

use serde_json::Value;
use url::Url;

use super::{
    ImportError,
    model::Api,
    review_notes::{ReviewNotes, Topic},
    text::{heading, sentence, snake},
};
use crate::yaml::{Map, Yaml};

/// The connector's base URL.
#[derive(Debug)]
pub(super) struct ConnectorBaseUrl {
    /// A string with expressions.
    pub(super) base_url: String,
    /// The fields that an account fills in.
    pub(super) fields: Vec<Map>,
    /// The keys of the fields.
    pub(super) keys: Vec<String>,
    /// The URL in the description.
    pub(super) described: String,
}

/// Returns the base URL: the requested one, otherwise the first of the description, otherwise one that each account
/// enters.
pub(super) fn server(api: &Api<'_>, asked: Option<&str>, notes: &ReviewNotes) -> Result<ConnectorBaseUrl, ImportError> {
    if let Some(asked) = asked {
        let url = Url::parse(asked).ok().filter(|url| url.query().is_none() && url.fragment().is_none());
        let fits = url.is_some_and(|url| url.scheme() == "https" && url.host().is_some() && url.username().is_empty());
        if !fits || asked.contains(['$', '{', '"']) {
            return Err(ImportError::BaseUrl(asked.to_owned()));
        }
        return Ok(ConnectorBaseUrl {
            base_url: asked.trim_end_matches('/').to_owned(),
            fields: Vec::new(),
            keys: Vec::new(),
            described: String::new(),
        });
    }
    let Some(first) = api.servers.first() else {
        notes.add(
            Topic::BaseUrl,
            "servers",
            "the description has no server; each account enters its base URL, or set --base-url",
        );
        return Ok(entered_by_account(""));
    };
    if api.servers.len() > 1 {
        let others = api.servers[1..].iter().take(4).map(|server| server.url.as_str()).collect::<Vec<_>>().join(", ");
        notes.add(
            Topic::BaseUrl,
            "servers",
            format!("the first of {} is used; the others: {others}", api.servers.len()),
        );
    }
    let described = first.url.trim_end_matches('/').to_owned();
    let (scheme, rest) = match first.url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") => {
            (scheme, rest)
        }
        Some((scheme, rest)) if scheme.starts_with('{') => ("https", rest),
        _ if first.url.starts_with("//") => ("https", &first.url[2..]),
        _ => {
            notes.add(
                Topic::BaseUrl,
                "servers",
                format!("`{}` has no host; each account enters it, or set --base-url", first.url),
            );
            return Ok(ConnectorBaseUrl { described, ..entered_by_account(&first.url) });
        }
    };
    if scheme.eq_ignore_ascii_case("http") {
        notes.add(Topic::BaseUrl, "servers", format!("`{}` is not encrypted; https is used instead", first.url));
    }
    let mut server =
        ConnectorBaseUrl { base_url: "https://".to_owned(), fields: Vec::new(), keys: Vec::new(), described };
    let mut rest = rest.trim_end_matches('/');
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        push_literal(&mut server.base_url, before);
        let about = first.variables.iter().find(|(known, _)| *known == name).map_or(&Value::Null, |(_, about)| *about);
        server.variable(name, about);
        rest = after;
    }
    push_literal(&mut server.base_url, rest);
    if !server.keys.is_empty() {
        let names = server.keys.join("`, `");
        notes.add(
            Topic::BaseUrl,
            "servers",
            format!("its variables became fields that each account fills in: `{names}`"),
        );
    }
    let host = server.base_url["https://".len()..].split('/').next().unwrap_or_default().to_owned();
    if host.is_empty() || (!host.contains('$') && Url::parse(&server.base_url).is_err()) {
        notes.add(
            Topic::BaseUrl,
            "servers",
            format!("`{}` is not a URL; each account enters it, or set --base-url", first.url),
        );
        return Ok(ConnectorBaseUrl { described: server.described, ..entered_by_account("") });
    }
    Ok(server)
}

/// Literal text must not look like an expression.
fn push_literal(text: &mut String, literal: &str) {
    text.extend(literal.chars().filter(|c| !matches!(c, '$' | '{' | '}') && !c.is_control() && !c.is_whitespace()));
}

fn entered_by_account(path: &str) -> ConnectorBaseUrl {
    let field = Map::new()
        .with("key", "baseUrl")
        .with("label", "Base URL")
        .with("type", "text")
        .with("required", true)
        .with("secret", false)
        .with("placeholder", "https://api.example.com")
        .with("description", "The base URL of the provider's API.");
    let mut base_url = "${credentials.baseUrl}".to_owned();
    let path = path.trim_matches('/');
    if !path.is_empty() {
        base_url.push('/');
        push_literal(&mut base_url, path);
    }
    ConnectorBaseUrl { base_url, fields: vec![field], keys: vec!["baseUrl".to_owned()], described: String::new() }
}

impl ConnectorBaseUrl {
    fn variable(&mut self, name: &str, about: &Value) {
        let mut key = snake(name, 40);
        if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) {
            key = if key.is_empty() { "server".to_owned() } else { format!("server_{key}") };
        }
        self.base_url.push_str("${credentials.");
        self.base_url.push_str(&key);
        self.base_url.push('}');
        if self.keys.contains(&key) {
            return;
        }
        let text = |key: &str| about.get(key).and_then(Value::as_str).unwrap_or_default();
        let choices =
            about.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).take(100);
        let choices = choices.collect::<Vec<_>>();
        let described = super::text::description(text("description"));
        let described =
            if described.is_empty() { sentence(&format!("The variable `{name}` of the base URL")) } else { described };
        let mut field = Map::new()
            .with("key", key.as_str())
            .with("label", heading(&key))
            .with("type", if choices.is_empty() { "text" } else { "select" })
            .with("required", true)
            .with("secret", false)
            .with("description", described);
        if !choices.is_empty() {
            let option = |choice: &&str| Yaml::from(Map::flow().with("value", *choice).with("label", *choice));
            field.set("options", choices.iter().map(option).collect::<Vec<_>>());
        }
        let default = text("default");
        if !default.is_empty() && (choices.is_empty() || choices.contains(&default)) {
            field.set("value", default);
        }
        self.fields.push(field);
        self.keys.push(key);
    }
}
