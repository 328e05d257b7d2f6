//! Checks that no secret of the operator goes to a host that a customer chooses.
//!
//! A setup secret, such as the app's client secret, belongs to the operator. If a field of the customer made the host of a
//! request that carries it, any customer could have it sent to a server of their own. A field may be a part of the host if
//! the file fixes the end (`https://${credentials.subdomain}.example.com`): interpolated values cannot end a host. It may
//! also be a `select` field, whose values the file fixes.

use std::collections::BTreeSet;

use super::{action::ActionSpans, root::LoadedRoot};
use crate::{
    Connector,
    definition::{Action, AuthMethod, Authorization, FormField},
    diagnostic::code,
    expr::{EVERYTHING, Template, UrlPlace},
    syntax::Reader,
};

/// Checks every request of a connector.
pub(super) fn check(read: &LoadedRoot<'_>) {
    let connector = &read.connector;
    for (method, spans) in connector.authentication.iter().zip(&read.methods) {
        let Some(fields) = Fields::of(method) else { continue };
        for url in secret_endpoints(method) {
            fields.report(url, UrlPlace::Base, &spans.authorization, fields.setup_secrets.first());
        }
        let sent = fields.sent_by(&method.authorization);
        if let Some(base) = connector.base_url.as_ref().filter(|_| sent.is_some()) {
            fields.report(base, UrlPlace::Base, read.base_url.as_ref().unwrap_or(&spans.authorization), sent.as_ref());
        }
        let own = connector.actions.iter().zip(&read.actions);
        for (action, spans) in own.chain(read.nested.iter().map(|(action, spans)| (action, spans))) {
            check_action(connector, method, &fields, action, spans);
        }
    }
}

/// Returns the endpoints that receive the client secret, without an expression that says so.
fn secret_endpoints(method: &AuthMethod) -> Vec<&Template> {
    // The token endpoint of an MCP server is where the server says.
    let server = method.mcp.iter().map(|flow| &flow.server_url);
    match &method.authorization {
        Authorization::OAuth2(oauth2) => oauth2.token_url.iter().chain(&oauth2.revocation_url).chain(server).collect(),
        _ => server.collect(),
    }
}

fn check_action(
    connector: &Connector,
    method: &AuthMethod,
    fields: &Fields<'_>,
    action: &Action,
    spans: &ActionSpans<'_>,
) {
    // The steps whose output may contain a setup secret.
    let mut passing = BTreeSet::new();
    for (step, place) in action.steps.iter().zip(&spans.steps) {
        for function in step.functions() {
            let mut templates = Vec::new();
            function.templates(&mut templates);
            let read = fields.read_by(&templates, &passing);
            let Some(request) = function.request() else {
                if read.is_some() && !function.conceals_inputs() {
                    passing.insert(step.id.clone());
                }
                continue;
            };
            let own = request.authorization.unwrap_or(&method.authorization);
            let is_fixed = request.authorization.is_none() && request.base_url.is_none();
            let url = request.url;
            let is_absolute = url.is_some_and(|url| url.source().trim_start().starts_with("http"));
            // `check` reports the connector's base URL with the method's authorization once.
            let sent = if is_fixed && !is_absolute && !may_be_whole(url) { read } else { read.or(fields.sent_by(own)) };
            if sent.is_none() {
                continue;
            }
            if let Some(url) = url {
                fields.report(url, UrlPlace::Path, place, sent.as_ref());
            }
            let base = request.base_url.or(connector.base_url.as_ref());
            if let Some(base) = base.filter(|_| !is_absolute) {
                fields.report(base, UrlPlace::Base, place, sent.as_ref());
            }
        }
    }
}

/// Returns true if a URL is one expression, which may evaluate to another origin.
fn may_be_whole(url: Option<&Template>) -> bool {
    url.is_some_and(|url| !url.is_literal() && !url.is_mixed())
}

/// The fields of a method whose setup secrets must not go to a customer's host.
struct Fields<'a> {
    setup_secrets: Vec<String>,
    /// The fields of the customer whose values the file does not fix.
    free: BTreeSet<&'a str>,
}

impl<'a> Fields<'a> {
    /// Returns the fields of a method; `None` if it has no setup secret or no field of the customer.
    fn of(method: &'a AuthMethod) -> Option<Self> {
        let secrets = method.setup_fields.iter().filter(|field| field.secret).map(|field| field.key.clone());
        let is_free = |field: &&FormField| !field.is_choice() && !field.read_only;
        let free = method.config_fields.iter().filter(is_free).map(|field| field.key.as_str());
        let fields = Self { setup_secrets: secrets.collect(), free: free.collect() };
        (!fields.setup_secrets.is_empty() && !fields.free.is_empty()).then_some(fields)
    }

    /// Returns a setup secret that an authorization sends. A signature does not contain its key.
    fn sent_by(&self, authorization: &Authorization) -> Option<String> {
        if matches!(authorization, Authorization::Signed(_) | Authorization::OAuth1(_)) {
            return None;
        }
        let mut templates = Vec::new();
        match authorization {
            Authorization::OAuth2(oauth2) => templates.push(&oauth2.token),
            other => other.templates(&mut templates),
        }
        self.read_by(&templates, &BTreeSet::new())
    }

    /// Returns a setup secret that expressions read, directly or from the output of one of the steps `passing`.
    fn read_by(&self, templates: &[&Template], passing: &BTreeSet<String>) -> Option<String> {
        templates.iter().flat_map(|template| template.all_references()).find_map(|(root, name)| {
            match (root.as_str(), name) {
                ("credentials", Some(name)) => self.setup_secrets.contains(&name).then_some(name),
                ("credentials", None) | (EVERYTHING, _) => self.setup_secrets.first().cloned(),
                ("steps", Some(step)) if passing.contains(&step) => self.setup_secrets.first().cloned(),
                ("steps", None) if !passing.is_empty() => self.setup_secrets.first().cloned(),
                _ => None,
            }
        })
    }

    /// Reports a URL whose host a field of the customer chooses.
    fn report(&self, url: &Template, place: UrlPlace, reader: &Reader<'_>, secret: Option<&String>) {
        let free = url.authority(place).free_references.into_iter().find_map(|(root, name)| match (&*root, name) {
            ("credentials", Some(name)) => self.free.contains(name.as_str()).then_some(name),
            ("credentials", None) | (EVERYTHING, _) => self.free.first().map(|name| (*name).to_owned()),
            _ => None,
        });
        let (Some(field), Some(secret)) = (free, secret) else { return };
        let message = format!(
            "the customer's field `{field}` chooses the host that receives the setup secret `{secret}`, so any customer \
             can have it sent to another server"
        );
        let hint = format!(
            "write the end of the host, for example https://${{credentials.{field}}}.example.com, or use a setup field or \
             a select field for the host"
        );
        reader.error_in_text(url.source(), &field, code::INVALID, message, Some(hint));
    }
}

#[cfg(test)]
mod tests {
    use crate::{SourceFile, diagnostic::code, load};

    /// Returns the errors of a connector with this base URL, authorization and request; each with its line's text.
    fn errors(base: &str, authorization: &str, steps: &str) -> Vec<(String, String)> {
        let text = format!(
            r#"
Patchbay: 1.0.0
info: {{title: Demo, key: demo, version: 1.0.0, description: For a test.}}
categories: [documents]
baseUrl: "{base}"
authentication:
  - key:
      type: oauth2
      grantType: client_credentials
      label: Key
      authorization: {{{authorization}}}
      setupFields:
        - {{key: clientId, label: Client, type: text, required: true, secret: false}}
        - {{key: clientSecret, label: Secret, type: password, required: true, secret: true}}
        - {{key: host, label: Host, type: text, required: false, secret: false}}
      configFields:
        - {{key: site, label: Site, type: text, required: false, secret: false}}
        - {{key: region, label: Region, type: select, required: false, secret: false, options: [{{value: eu, label: EU}}]}}
      environments: [{{key: production, name: Production}}]
actions:
  - {{actionId: get_me, label: One, description: Does it., categories: [documents], actionType: get,
      steps: [{steps}]}}
"#
        );
        let loaded = load(&[SourceFile { name: "demo.connector.yaml".into(), text: text.clone() }]);
        assert_eq!(loaded.connector.is_none(), !loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
        let line = |at: usize| text.lines().nth(at - 1).unwrap_or_default().trim().to_owned();
        loaded
            .diagnostics
            .into_iter()
            .map(|diagnostic| {
                assert_eq!(diagnostic.code, code::INVALID, "{diagnostic:?}");
                assert!(diagnostic.hint.is_some());
                (diagnostic.message, line(diagnostic.span.start.line))
            })
            .collect()
    }

    const FIXED: &str = "https://api.example.com";
    const GET: &str = "{stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: /me}}}";

    fn token_at(url: &str) -> String {
        format!("type: oauth2, token: '${{credentials.accessToken}}', tokenUrl: \"{url}\"")
    }

    #[test]
    fn a_token_endpoint_of_the_customer_is_an_error() {
        for url in [
            "${credentials.site}/token",
            "https://${credentials.site}/token",
            "https://${credentials.site}:8443/token",
            "https://login.${credentials.site}/token",
            "https://${credentials.site}.com/token",
            "https://example.com${credentials.site}/token",
            "https://${credentials.site}.${credentials.host}/token",
            "https://${replace(lower(credentials.site), '_', '-')}/token",
            "{{'https://' + credentials.site + '.example.com'}}",
            "{{credentials.host || credentials.site}}",
            "$.credentials.site",
        ] {
            let found = errors(FIXED, &token_at(url), GET);
            assert_eq!(found.len(), 1, "{url}: {found:?}");
            let (message, line) = &found[0];
            assert!(message.contains("`site`") && message.contains("`clientSecret`"), "{message}");
            assert!(line.starts_with("authorization:"), "{line}");
        }
    }

    #[test]
    fn a_host_with_a_fixed_end_is_none() {
        for url in [
            "https://${credentials.site}.example.com/token",
            "https://eu.${credentials.site}.example.co.uk:8443/token",
            "https://login.example.com/${credentials.site}/token",
            "https://login.example.com?site=${credentials.site}",
            "https://${credentials.host}/token",
            "https://${credentials.region}/token",
            "{{credentials.site == 'eu' ? 'https://eu.example.com' : 'https://us.example.com'}}",
        ] {
            assert_eq!(errors(FIXED, &token_at(url), GET), [], "{url}");
        }
        assert_eq!(errors("${credentials.site}", &token_at(FIXED), GET), [], "the account's token is the customer's");
    }

    #[test]
    fn a_request_that_carries_a_setup_secret_counts() {
        let step = |parameters: &str| {
            format!(
                "{{stepId: a, description: A., stepFunction: {{functionName: request, parameters: {{{parameters}}}}}}}"
            )
        };
        let secret = "args: [{name: s, value: '${credentials.clientSecret}', in: query}]";
        let site = "${credentials.site}";
        assert_eq!(errors(site, &token_at(FIXED), &step(&format!("url: /me, {secret}"))).len(), 1);
        assert_eq!(errors(FIXED, &token_at(FIXED), &step(&format!("url: 'https://{site}/me', {secret}"))).len(), 1);
        assert_eq!(errors(FIXED, &token_at(FIXED), &step(&format!("baseUrl: '{site}', url: /me, {secret}"))).len(), 1);
        assert_eq!(errors(FIXED, &token_at(FIXED), &step(&format!("url: '/{site}/me', {secret}"))), []);
        assert_eq!(errors(site, &token_at(FIXED), &step(&format!("url: 'https://a.example.com/me', {secret}"))), []);
        let through = format!(
            "{{stepId: pick, description: A., stepFunction: {{functionName: static_values, parameters: {{values: {{s: \
             '${{credentials.clientSecret}}'}}}}}}}}, {}",
            step("url: /me, args: [{name: s, value: '${steps.pick.output.data.s}', in: query}]")
        );
        assert_eq!(errors(site, &token_at(FIXED), &through).len(), 1);
    }
}
