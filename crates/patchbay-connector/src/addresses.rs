//! The fields that shape an address: whose values decide to which scheme, host or port a request goes.
//!
//! The engine binds every secret to the values of these fields, so that a secret is not sent to an address that it was
//! not entered for. The answer is conservative: a field counts if it may shape any address of the connector.

use std::collections::BTreeSet;

use crate::{
    Connector,
    definition::{Action, AuthMethod, FormField, Step, StepFunction},
    expr::{EVERYTHING, Template, UrlPlace},
};

/// The parts of `context` that a change of an account can replace.
const CHANGEABLE_CONTEXT: [&str; 2] = ["originOwnerId", "originOwnerName"];
/// The prefix of a part of `context` among the names.
const CONTEXT_PREFIX: &str = "context.";
/// The roots of values that steps compute.
const COMPUTED_ROOTS: [&str; 2] = ["steps", "iterator"];

impl Connector {
    /// Returns the names of an authentication method's fields that shape an address: setup fields and the fields of the
    /// customer, without choices from options of the file. An owner's ID and name are `context.originOwnerId` and
    /// `context.originOwnerName`.
    ///
    /// A field shapes an address if it occurs before the path of a base URL, of an endpoint of the authorization, of the
    /// MCP server or of an absolute URL of a step; anywhere in an expression that is the whole of such a URL; or in a step
    /// that sends nothing, if a URL reads the output of steps there.
    pub fn address_fields(&self, method: &str) -> &[String] {
        let all = self
            .address_fields
            .get_or_init(|| self.authentication.iter().map(|method| address_fields(self, method)).collect());
        let index = self.authentication.iter().position(|known| known.key == method);
        index.and_then(|index| all.get(index)).map_or(&[], Vec::as_slice)
    }

    /// Returns every action of the connector: its own, and those of tests, refreshes, revocations and events.
    pub(crate) fn all_actions(&self) -> impl Iterator<Item = &Action> {
        let events = self.events.iter().flat_map(|events| {
            let setup = events.setup.iter().flat_map(|setup| [&setup.creation, &setup.activation, &setup.deletion]);
            setup.flatten().chain(&events.actions).chain(&events.account_extractor)
        });
        let nested = self.authentication.iter().flat_map(AuthMethod::actions);
        self.actions.iter().map(|action| &**action).chain(events.map(|action| &**action)).chain(nested)
    }
}

impl AuthMethod {
    /// Returns the actions that only this method runs.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &Action> {
        let tests = self.test_actions.iter().filter_map(|test| test.inline.as_deref());
        let refresh = self.refresh.iter().map(|refresh| &*refresh.action);
        tests.chain(refresh).chain(self.revoke.as_deref())
    }
}

fn address_fields(connector: &Connector, method: &AuthMethod) -> Vec<String> {
    let mut names = Names { method, found: BTreeSet::new() };
    let endpoints = method.authorization.urls().into_iter().chain(method.mcp.iter().map(|flow| &flow.server_url));
    for base in connector.base_url.iter().chain(endpoints) {
        names.add_url(base, UrlPlace::Base, &[]);
    }
    for action in connector.all_actions() {
        for request in action.steps.iter().flat_map(Step::functions).filter_map(StepFunction::request) {
            if let Some(base) = request.base_url {
                names.add_url(base, UrlPlace::Base, &action.steps);
            }
            if let Some(url) = request.url {
                names.add_url(url, UrlPlace::Path, &action.steps);
            }
            for endpoint in request.authorization.iter().flat_map(|authorization| authorization.urls()) {
                names.add_url(endpoint, UrlPlace::Base, &action.steps);
            }
        }
    }
    names.found.into_iter().collect()
}

struct Names<'a> {
    method: &'a AuthMethod,
    found: BTreeSet<String>,
}

impl Names<'_> {
    /// Adds the fields that shape a URL of an action with these steps.
    fn add_url(&mut self, url: &Template, place: UrlPlace, steps: &[Step]) {
        let references = url.authority(place).references;
        let reads_steps = references.iter().any(|(root, _)| root == EVERYTHING || COMPUTED_ROOTS.contains(&&**root));
        self.add(references);
        if reads_steps {
            // The value may be one that a step computed from a field. The output of a request is data of the provider.
            for step in steps {
                let mut templates: Vec<&Template> = step.condition.iter().chain(&step.iterator).collect();
                let computing = step.functions().filter(|function| function.request().is_none());
                computing.for_each(|function| function.templates(&mut templates));
                templates.iter().for_each(|template| self.add(template.all_references()));
            }
        }
    }

    fn add(&mut self, references: Vec<(String, Option<String>)>) {
        for (root, name) in references {
            match (root.as_str(), name) {
                ("credentials", Some(name)) => self.add_field(&name),
                ("context", Some(name)) => self.add_context(&name),
                ("credentials", None) => self.add_all_fields(),
                ("context", None) => CHANGEABLE_CONTEXT.iter().for_each(|name| self.add_context(name)),
                (EVERYTHING, _) => {
                    self.add_all_fields();
                    CHANGEABLE_CONTEXT.iter().for_each(|name| self.add_context(name));
                }
                _ => {}
            }
        }
    }

    /// Adds a field. What a token response sets is the provider's choice, unless a form has a field for it.
    fn add_field(&mut self, name: &str) {
        if self.free_fields().any(|field| field.key == name) {
            self.found.insert(name.to_owned());
        }
    }

    fn add_all_fields(&mut self) {
        let keys = self.free_fields().map(|field| field.key.clone()).collect::<Vec<_>>();
        self.found.extend(keys);
    }

    /// Returns the fields whose values the file does not list. A choice from its options leads to an address of the file.
    fn free_fields(&self) -> impl Iterator<Item = &FormField> {
        let fields = self.method.setup_fields.iter().chain(&self.method.config_fields);
        fields.filter(|field| !field.is_choice())
    }

    fn add_context(&mut self, name: &str) {
        if CHANGEABLE_CONTEXT.contains(&name) {
            self.found.insert(format!("{CONTEXT_PREFIX}{name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{SourceFile, load};

    const HEAD: &str = r"
Patchbay: 1.0.0
info: {title: Demo, key: demo, version: 1.0.0, description: For a test.}
categories: [documents]
";

    /// Returns the address fields of a connector with these lines.
    fn fields(rest: &str) -> Vec<String> {
        let text = format!("{HEAD}{rest}");
        let loaded = load(&[SourceFile { name: "demo.connector.yaml".into(), text }]);
        let connector = loaded.connector.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        connector.address_fields("key").to_vec()
    }

    /// Returns the address fields of a connector with this base URL and a step with these parameters.
    fn of_step(base: &str, step: &str) -> Vec<String> {
        of_steps(
            base,
            &format!("{{stepId: a, description: A., stepFunction: {{functionName: request, parameters: {step}}}}}"),
        )
    }

    fn of_steps(base: &str, steps: &str) -> Vec<String> {
        fields(&format!(
            r#"
baseUrl: "{base}"
authentication:
  - key:
      type: custom
      label: Key
      authorization: {{type: bearer, token: "${{credentials.key}}"}}
      setupFields: [{{key: tokenHost, label: Host, type: text, required: true, secret: false}}]
      configFields:
        - {{key: site, label: Site, type: text, required: true, secret: false}}
        - {{key: port, label: Port, type: number, required: true, secret: false}}
        - {{key: tenant, label: Tenant, type: text, required: true, secret: false}}
        - {{key: region, label: Region, type: select, required: true, secret: false, options: [{{value: eu, label: EU}}]}}
        - {{key: key, label: Key, type: password, required: true, secret: true}}
      environments: [{{key: production, name: Production}}]
actions:
  - {{actionId: get_me, label: One, description: Does it., categories: [documents], actionType: get,
      steps: [{steps}]}}
"#
        ))
    }

    const FIXED: &str = "https://api.example.com";

    #[test]
    fn a_choice_from_the_options_of_the_file_shapes_no_address() {
        let base = "https://${credentials.region}.${credentials.site}.example.com";
        assert_eq!(of_step(base, "{url: /x}"), ["site"]);
    }

    #[test]
    fn what_is_before_the_path_shapes_the_address() {
        for (base, expected) in [
            (FIXED, &[][..]),
            ("https://api.example.com/${credentials.tenant}", &[]),
            ("https://api.example.com?t=${credentials.tenant}", &[]),
            ("${credentials.site}", &["site"]),
            ("${credentials.site}/${credentials.tenant}/v1", &["site"]),
            ("https://${credentials.site}:${credentials.port}/x", &["port", "site"]),
            ("https://${credentials.site}.${credentials.tenant}.example.com/x", &["site", "tenant"]),
            ("https://api.example.com:${credentials.port}", &["port"]),
            ("https://api.example.com${credentials.tenant}/x", &["tenant"]),
            ("https://${replace(lower(credentials.site), '/', '-')}/x", &["site"]),
            ("$.credentials.site", &["site"]),
            ("$.credentials['site']", &["site"]),
            ("{{'https://' + credentials.site + '/' + credentials.tenant}}", &["site", "tenant"]),
            ("{{credentials.tenant == 'eu' ? 'https://eu.example.com' : 'https://us.example.com'}}", &["tenant"]),
            ("https://${context.originOwnerId}.example.com", &["context.originOwnerId"]),
            ("https://${context.environment}.example.com", &[]),
            ("https://${credentials.tokenHost}/x", &["tokenHost"]),
        ] {
            assert_eq!(of_step(base, "{url: /me}"), expected, "{base}");
        }
    }

    #[test]
    fn the_addresses_of_steps_count() {
        for (step, expected) in [
            ("{url: '/x/${credentials.tenant}?u=https://${credentials.site}'}", &[][..]),
            ("{url: '${credentials.tenant}/x'}", &[]),
            ("{url: 'https://${credentials.site}/x/${credentials.tenant}'}", &["site"]),
            ("{url: '$.credentials.site'}", &["site"]),
            ("{url: \"{{'https://' + credentials.site}}\"}", &["site"]),
            ("{baseUrl: '${credentials.site}', url: /x}", &["site"]),
        ] {
            assert_eq!(of_step(FIXED, step), expected, "{step}");
        }
    }

    #[test]
    fn a_value_that_passes_through_a_step_counts() {
        let steps = "{stepId: pick, description: A., stepFunction: {functionName: static_values, parameters: \
                     {values: {host: '${credentials.site}'}}}}, \
                     {stepId: b, description: B., stepFunction: {functionName: request, parameters: \
                     {url: 'https://${steps.pick.output.data.host}.example.com/x'}}}";
        assert_eq!(of_steps(FIXED, steps), ["site"]);
    }

    #[test]
    fn the_endpoints_of_the_authorization_count() {
        let text = |urls: &str| {
            format!(
                "baseUrl: {FIXED}\nauthentication:\n  - key:\n      type: oauth2\n      label: Key\n      authorization: \
                 {{type: oauth2, token: '${{credentials.accessToken}}', {urls}}}\n      setupFields:\n        - {{key: \
                 clientId, label: C, type: text, required: true, secret: false}}\n        - {{key: tokenHost, label: H, \
                 type: text, required: true, secret: false}}\n      environments: [{{key: production, name: \
                 Production}}]\nactions: []\n"
            )
        };
        let at = |authorize: &str, token: &str| {
            fields(&text(&format!("authorizationUrl: '{authorize}', tokenUrl: '{token}'")))
        };
        assert_eq!(at("https://a.example/authorize", "https://a.example/token"), [""; 0]);
        assert_eq!(at("https://a.example/authorize", "https://${credentials.tokenHost}/token"), ["tokenHost"]);
        assert_eq!(at("https://${credentials.tokenHost}/authorize", "https://a.example/token"), ["tokenHost"]);
        assert_eq!(at("https://a.example/authorize", "https://a.example/${credentials.tokenHost}"), [""; 0]);
    }

    #[test]
    fn an_mcp_server_counts() {
        let text = "authentication:\n  - key:\n      type: mcp\n      label: Key\n      authorizationFlow: {serverUrl: \
                    '${credentials.server}'}\n      configFields: [{key: server, label: S, type: text, required: true, \
                    secret: false}]\n      environments: [{key: production, name: Production}]\nactions: []\n";
        assert_eq!(fields(text), ["server"]);
    }
}
