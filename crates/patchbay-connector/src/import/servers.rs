//! Generates the base URL and the fields that it contains.
//!
//! Rule: what the import writes works at run time. A field within a host can only carry a part of a host name, so a
//! variable whose default has other characters is written in another way: a whole URL replaces the scheme too, and a part
//! of the path is either written out or becomes the beginning of every action's path, where any value is escaped.

use serde_json::Value;
use url::Url;

use super::{
    ImportError,
    formats::spelled,
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
    /// The beginning of the path of every action, with expressions; empty if there is none.
    pub(super) path_prefix: String,
}

/// Returns the base URL: the requested one, otherwise the first of the description, otherwise one that each account
/// enters.
pub(super) fn server(api: &Api<'_>, asked: Option<&str>, notes: &ReviewNotes) -> Result<ConnectorBaseUrl, ImportError> {
    if let Some(asked) = asked {
        return requested(asked);
    }
    let Some(first) = api.servers.iter().find(|server| !is_local(&server.url)).or_else(|| api.servers.first()) else {
        notes.add(
            Topic::BaseUrl,
            "servers",
            "the description has no server; each account enters its base URL, or set --base-url",
        );
        return Ok(entered_by_account(""));
    };
    if api.servers.len() > 1 {
        let others = api.servers.iter().filter(|server| !std::ptr::eq(*server, first));
        let others = others.take(4).map(|server| server.url.as_str()).collect::<Vec<_>>().join(", ");
        let is_first = api.servers.first().is_some_and(|server| std::ptr::eq(server, first));
        let which = if is_first { "first" } else { "first public one" };
        notes.add(
            Topic::BaseUrl,
            "servers",
            format!("the {which} of {} is used; the others: {others}", api.servers.len()),
        );
    }
    let described = first.url.trim_end_matches('/').to_owned();
    if is_local(&first.url) {
        let note =
            format!("`{}` is not a public address; each account enters its base URL, or set --base-url", first.url);
        notes.add(Topic::BaseUrl, "servers", note);
        return Ok(ConnectorBaseUrl { described, ..entered_by_account("") });
    }
    let (scheme, rest) = match first.url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") => {
            (scheme, rest)
        }
        Some((scheme, rest)) if scheme.starts_with('{') => ("https", rest),
        _ if first.url.starts_with("//") => ("https", &first.url[2..]),
        _ if first.url.starts_with('{') => ("https", first.url.as_str()),
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
    let mut builder = UrlBuilder {
        server: ConnectorBaseUrl {
            base_url: "https://".to_owned(),
            fields: Vec::new(),
            keys: Vec::new(),
            described,
            path_prefix: String::new(),
        },
        notes,
        facts_only: api.document.facts_only,
        names_scheme: first.url.contains("://") || first.url.starts_with("//"),
    };
    let mut rest = rest.trim_end_matches('/');
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        builder.literal(before);
        let about = first.variables.iter().find(|(known, _)| *known == name).map_or(&Value::Null, |(_, about)| *about);
        builder.variable(name, about);
        rest = after;
    }
    builder.literal(rest);
    let mut server = builder.server;
    server.base_url.truncate(server.base_url.trim_end_matches('/').len());
    if !server.keys.is_empty() {
        let names = server.keys.join("`, `");
        notes.add(
            Topic::BaseUrl,
            "servers",
            format!("its variables became fields that each account fills in: `{names}`"),
        );
    }
    let after_scheme = server.base_url.strip_prefix("https://").unwrap_or(&server.base_url);
    let host = after_scheme.split('/').next().unwrap_or_default().to_owned();
    let is_bare = server.base_url.starts_with("https://");
    if host.is_empty() || (is_bare && !host.contains('$') && Url::parse(&server.base_url).is_err()) {
        notes.add(
            Topic::BaseUrl,
            "servers",
            format!("`{}` is not a URL; each account enters it, or set --base-url", first.url),
        );
        return Ok(ConnectorBaseUrl { described: server.described, ..entered_by_account("") });
    }
    Ok(server)
}

/// Returns the base URL that the caller requests.
fn requested(asked: &str) -> Result<ConnectorBaseUrl, ImportError> {
    if !is_base_url(asked) {
        return Err(ImportError::BaseUrl(asked.to_owned()));
    }
    Ok(ConnectorBaseUrl {
        base_url: asked.trim_end_matches('/').to_owned(),
        fields: Vec::new(),
        keys: Vec::new(),
        described: String::new(),
        path_prefix: String::new(),
    })
}

/// Returns true if a URL leads to the machine of the description's author.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or_else(|| url.strip_prefix("//").unwrap_or_default(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.strip_prefix('[').map_or_else(|| host.split(':').next().unwrap_or_default(), |_| host);
    ["localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal"].contains(&host)
        || host.starts_with("[::1]")
        || [".localhost", ".local", ".internal"].iter().any(|end| host.ends_with(end))
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private())
}

/// Literal text must not look like an expression.
fn push_literal(text: &mut String, literal: &str) {
    text.extend(literal.chars().filter(|c| !matches!(c, '$' | '{' | '}') && !c.is_control() && !c.is_whitespace()));
}

fn entered_by_account(path: &str) -> ConnectorBaseUrl {
    let mut base_url = "${credentials.baseUrl}".to_owned();
    let path = path.trim_matches('/');
    if !path.is_empty() {
        base_url.push('/');
        push_literal(&mut base_url, path);
    }
    ConnectorBaseUrl {
        base_url,
        fields: vec![url_field("baseUrl", "Base URL", "The base URL of the provider's API.", "")],
        keys: vec!["baseUrl".to_owned()],
        described: String::new(),
        path_prefix: String::new(),
    }
}

/// Returns a field for a whole URL.
fn url_field(key: &str, label: &str, about: &str, default: &str) -> Map {
    let field = Map::new()
        .with("key", key)
        .with("label", label)
        .with("type", "text")
        .with("required", true)
        .with("secret", false)
        .with("placeholder", "https://api.example.com")
        .with("description", about);
    if is_base_url(default) { field.with("value", default) } else { field }
}

/// Builds the base URL part by part.
struct UrlBuilder<'n> {
    server: ConnectorBaseUrl,
    notes: &'n ReviewNotes,
    facts_only: bool,
    /// Whether the description writes a scheme before the first part.
    names_scheme: bool,
}

/// The place of a variable in a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UrlPart {
    /// Right behind the scheme.
    Start,
    Host,
    Path,
}

impl UrlBuilder<'_> {
    fn part(&self) -> UrlPart {
        let base = &self.server.base_url;
        let rest = base.strip_prefix("https://").unwrap_or(base);
        match () {
            () if !self.server.path_prefix.is_empty() || rest.contains('/') || !base.starts_with("https://") => {
                UrlPart::Path
            }
            () if rest.is_empty() => UrlPart::Start,
            () => UrlPart::Host,
        }
    }

    fn literal(&mut self, text: &str) {
        let into =
            if self.server.path_prefix.is_empty() { &mut self.server.base_url } else { &mut self.server.path_prefix };
        push_literal(into, text);
    }

    fn note(&self, text: String) {
        self.notes.add(Topic::BaseUrl, "servers", text);
    }

    fn variable(&mut self, name: &str, about: &Value) {
        let text = |key: &str| about.get(key).and_then(Value::as_str).unwrap_or_default();
        let default = about.get("default").map(spelled).unwrap_or_default();
        let choices = about.get("enum").and_then(Value::as_array).into_iter().flatten().map(spelled).take(100);
        let choices = choices.filter(|choice| !choice.is_empty()).collect::<Vec<_>>();
        let part = self.part();
        let is_url = |text: &str| text.contains("://");
        let key = field_key(name);
        let described = if self.facts_only { String::new() } else { super::text::description(text("description")) };
        let described =
            if described.is_empty() { sentence(&format!("The variable `{name}` of the base URL")) } else { described };
        // A whole URL, which the account enters.
        let says_url = ["url", "uri", "endpoint", "baseurl"].iter().any(|word| key.replace('_', "").ends_with(word));
        let is_whole = is_url(&default)
            || choices.iter().any(|choice| is_url(choice))
            || (!self.names_scheme && (default.is_empty() || says_url) && !is_host_text(&default));
        if part == UrlPart::Start && is_whole {
            self.server.base_url = format!("${{credentials.{key}}}");
            self.server.fields.push(url_field(&key, &heading(&key), &described, default.trim_end_matches('/')));
            self.server.keys.push(key);
            return;
        }
        if part != UrlPart::Start && default.contains('/')
            || (default.is_empty() && part != UrlPart::Start && about.get("default").is_some())
        {
            // A part of the path that providers write as a variable, such as `/v1`, or nothing.
            let glue = if part == UrlPart::Host && !default.is_empty() && !default.starts_with('/') { "/" } else { "" };
            self.literal(&format!("{glue}{default}"));
            let others = choices.iter().filter(|choice| **choice != default).cloned().collect::<Vec<_>>();
            if !others.is_empty() {
                self.note(format!("`{name}` is `{default}`; the others: {}", others.join(", ")));
            } else if default.is_empty() {
                self.note(format!("`{name}` is empty, as its default is"));
            }
            return;
        }
        let suits_host = |text: &str| text.is_empty() || is_host_text(text);
        let is_secret =
            ["token", "secret", "password", "key", "apikey"].contains(&key.rsplit('_').next().unwrap_or(&key));
        if part == UrlPart::Path
            && (is_secret || !suits_host(&default) || !choices.iter().all(|choice| suits_host(choice)))
        {
            self.begin_prefix();
        }
        let within_prefix = !self.server.path_prefix.is_empty();
        let expression = format!("${{credentials.{key}}}");
        if within_prefix {
            self.server.path_prefix.push_str(&expression);
        } else {
            self.server.base_url.push_str(&expression);
        }
        if self.server.keys.contains(&key) {
            return;
        }
        let choices = choices.into_iter().filter(|choice| within_prefix || is_host_text(choice)).collect::<Vec<_>>();
        let kind = match () {
            () if is_secret => "password",
            () if choices.is_empty() => "text",
            () => "select",
        };
        let mut field = Map::new()
            .with("key", key.as_str())
            .with("label", heading(&key))
            .with("type", kind)
            .with("required", true)
            .with("secret", is_secret)
            .with("description", described);
        if !choices.is_empty() && !is_secret {
            let option =
                |choice: &String| Yaml::from(Map::flow().with("value", choice.as_str()).with("label", choice.as_str()));
            field.set("options", choices.iter().map(option).collect::<Vec<_>>());
        }
        let fits = (choices.is_empty() || choices.contains(&default)) && (within_prefix || is_host_text(&default));
        if !default.is_empty() && !is_secret && fits {
            field.set("value", default.as_str());
        }
        self.server.fields.push(field);
        self.server.keys.push(key);
    }

    /// Moves the last segment of the path, which the next variable belongs to, from the base URL to the prefix.
    fn begin_prefix(&mut self) {
        if !self.server.path_prefix.is_empty() {
            return;
        }
        let base = &mut self.server.base_url;
        let at = base.rfind('/').unwrap_or(base.len());
        self.server.path_prefix = if at < base.len() { base.split_off(at) } else { "/".to_owned() };
    }
}

/// Returns the key of the field for a variable.
pub(super) fn field_key(name: &str) -> String {
    let key = snake(name, 40);
    match () {
        () if key.is_empty() => "server".to_owned(),
        () if key.starts_with(|c: char| c.is_ascii_digit()) => format!("server_{key}"),
        () => key,
    }
}

/// Returns true if a field with this text can be a part of a host name.
fn is_host_text(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
        && text.contains(|c| c != '.')
}

fn is_base_url(text: &str) -> bool {
    let url = Url::parse(text).ok().filter(|url| url.query().is_none() && url.fragment().is_none());
    url.is_some_and(|url| url.scheme() == "https" && url.host().is_some() && url.username().is_empty())
        && !text.contains(['$', '{', '}', '"'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::import::formats;

    /// Returns base URL, path prefix, and the keys with their defaults.
    fn served(server: &Value) -> (String, String, Vec<String>) {
        let root = json!({ "openapi": "3.0.0", "paths": {}, "servers": [server] });
        let notes = ReviewNotes::default();
        let api = formats::read(&root, &notes).unwrap();
        let server = server_of(&api, &notes);
        (server.base_url, server.path_prefix, server.keys)
    }

    fn server_of(api: &Api<'_>, notes: &ReviewNotes) -> ConnectorBaseUrl {
        server(api, None, notes).unwrap()
    }

    #[test]
    fn variables_become_what_works_at_run_time() {
        for (url, default, base, prefix, keys) in [
            ("https://h.example{basePath}", "/sell/v1", "https://h.example/sell/v1", "", ""),
            ("https://h.example/{basePath}", "sell/v1", "https://h.example/sell/v1", "", ""),
            ("https://h.example{basePath}/x", "", "https://h.example/x", "", ""),
            (
                "https://{region}.h.example/{version}",
                "eu",
                "https://${credentials.region}.h.example/${credentials.version}",
                "",
                "region version",
            ),
            ("{endpoint}/x/v1", "", "${credentials.endpoint}/x/v1", "", "endpoint"),
            ("{endpoint}/x/v1", "https://a.example", "${credentials.endpoint}/x/v1", "", "endpoint"),
            ("{Endpoint}", "a.example", "https://${credentials.endpoint}", "", "endpoint"),
            ("https://{server}/v1", "https://a.example/", "${credentials.server}/v1", "", "server"),
            ("https://{host}/v1", "", "https://${credentials.host}/v1", "", "host"),
            ("{scheme}://h.example/v1", "https", "https://h.example/v1", "", ""),
            ("https://h.example/bot{token}", "", "https://h.example", "/bot${credentials.token}", "token"),
            ("https://h.example/a/{tenant}/b", "a:b", "https://h.example/a", "/${credentials.tenant}/b", "tenant"),
            ("https://h.example:{port}/v1", "8443", "https://h.example:${credentials.port}/v1", "", "port"),
        ] {
            let name = |text: &str| text.split('}').next().unwrap_or_default().to_owned();
            let variables = url.split('{').skip(1).map(name).map(|name| (name, json!({ "default": default })));
            let variables = variables.filter(|_| url != "https://{host}/v1" && !url.contains("token"));
            let described = json!({ "url": url, "variables": variables.collect::<serde_json::Map<_, _>>() });
            let (found, path, fields) = served(&described);
            assert_eq!(
                (found.as_str(), path.as_str(), fields.join(" ").as_str()),
                (base, prefix, keys),
                "{url} {default}"
            );
        }
    }
}
