//! The fields that shape an address: whose values decide to which scheme, host or port a request goes.
//!
//! The engine binds every secret to the values of these fields, so that a secret is not sent to an address that it was
//! not entered for. The answer is conservative: a field counts if it may shape any address of the connector.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Connector,
    definition::{Action, AddressSources, AuthMethod, Step, StepFunction},
    expr::{EVERYTHING, Template, UrlPlace},
};

/// The parts of `context` that a change of an account can replace.
const CHANGEABLE_CONTEXT: [&str; 2] = ["originOwnerId", "originOwnerName"];
/// The prefix of a part of `context` among the names.
const CONTEXT_PREFIX: &str = "context.";
/// The environment of the account, one of those that the file lists.
const ENVIRONMENT: &str = "environment";
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
        self.address_sources(method).map_or(&[], |sources| &sources.fields)
    }

    /// Returns the name of a value that shapes an address, but that neither the file nor the provider chose; none if there
    /// is none. [`Connector::address_fields`] leaves out these values, because no form can change them to another address: a
    /// choice and the environment are among those that the file lists, and what a token response sets is sealed. So only
    /// someone who writes to the database can.
    ///
    /// `is_sealed` tells whether a value of `credentials` was stored sealed.
    pub fn foreign_address_value(
        &self,
        method: &AuthMethod,
        environment: &str,
        credentials: &Value,
        is_sealed: impl Fn(&str) -> bool,
    ) -> Option<&str> {
        let sources = self.address_sources(&method.key)?;
        let value_of = |name: &str| credentials.get(name).filter(|value| !value.is_null());
        let is_listed = |name: &str, value: &Value| {
            let mut options = method.fields().filter(|field| field.key == name).flat_map(|field| &field.options);
            options.any(|option| value.as_str() == Some(&option.value))
        };
        let is_foreign_choice = |name: &&String| value_of(name).is_some_and(|value| !is_listed(name, value));
        let is_foreign_issue =
            |name: &&String| value_of(name).is_some_and(|value| !value.as_str().is_some_and(&is_sealed));
        let foreign = sources.choices.iter().find(is_foreign_choice);
        let foreign = foreign.or_else(|| sources.issued.iter().find(is_foreign_issue));
        let is_known = || method.environments.iter().any(|known| known.key == environment);
        foreign.map(String::as_str).or_else(|| (sources.has_environment && !is_known()).then_some(ENVIRONMENT))
    }

    fn address_sources(&self, method: &str) -> Option<&AddressSources> {
        let all = self
            .address_sources
            .get_or_init(|| self.authentication.iter().map(|method| address_sources(self, method)).collect());
        let index = self.authentication.iter().position(|known| known.key == method)?;
        all.get(index)
    }

    /// Returns every action of the connector: its own, and those of tests, refreshes, revocations and events.
    pub(crate) fn all_actions(&self) -> impl Iterator<Item = &Action> {
        let events = self.events.iter().flat_map(|events| {
            let setup = events.setup.iter().flat_map(|setup| [&setup.creation, &setup.activation, &setup.deletion]);
            let renewal = events.setup.iter().filter_map(|setup| setup.renewal.as_ref()).map(|renewal| &renewal.action);
            setup.flatten().chain(renewal).chain(&events.actions).chain(&events.account_extractor)
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

/// Returns what shapes the addresses of an authentication method.
fn address_sources(connector: &Connector, method: &AuthMethod) -> AddressSources {
    let mut names = Names {
        method,
        found: BTreeSet::new(),
        choices: BTreeSet::new(),
        issued: BTreeSet::new(),
        has_environment: false,
    };
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
    AddressSources {
        fields: names.found.into_iter().collect(),
        choices: names.choices.into_iter().collect(),
        issued: names.issued.into_iter().collect(),
        has_environment: names.has_environment,
    }
}

struct Names<'a> {
    method: &'a AuthMethod,
    found: BTreeSet<String>,
    choices: BTreeSet<String>,
    issued: BTreeSet<String>,
    has_environment: bool,
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
                ("context", None) => self.add_whole_context(),
                (EVERYTHING, _) => {
                    self.add_all_fields();
                    self.add_whole_context();
                }
                _ => {}
            }
        }
    }

    /// Adds a field, or what a token response sets: that is the provider's choice.
    fn add_field(&mut self, name: &str) {
        match self.method.fields().find(|field| field.key == name) {
            Some(field) if field.is_choice() => self.choices.insert(name.to_owned()),
            Some(_) => self.found.insert(name.to_owned()),
            None => self.issued.insert(name.to_owned()),
        };
    }

    fn add_all_fields(&mut self) {
        self.method.fields().for_each(|field| self.add_field(&field.key));
    }

    fn add_context(&mut self, name: &str) {
        if CHANGEABLE_CONTEXT.contains(&name) {
            self.found.insert(format!("{CONTEXT_PREFIX}{name}"));
        }
        self.has_environment |= name == ENVIRONMENT;
    }

    fn add_whole_context(&mut self) {
        CHANGEABLE_CONTEXT.iter().chain([&ENVIRONMENT]).for_each(|name| self.add_context(name));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    fn connector(base: &str) -> crate::Connector {
        let text = format!(
            "{HEAD}{}",
            text_of_steps(
                base,
                "{stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: /x}}}"
            )
        );
        let loaded = load(&[SourceFile { name: "demo.connector.yaml".into(), text }]);
        loaded.connector.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
    }

    /// Returns the address fields of a connector with this base URL and a step with these parameters.
    fn of_step(base: &str, step: &str) -> Vec<String> {
        of_steps(
            base,
            &format!("{{stepId: a, description: A., stepFunction: {{functionName: request, parameters: {step}}}}}"),
        )
    }

    fn of_steps(base: &str, steps: &str) -> Vec<String> {
        fields(&text_of_steps(base, steps))
    }

    fn text_of_steps(base: &str, steps: &str) -> String {
        format!(
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
  - other:
      type: custom
      label: Other
      authorization: {{type: bearer, token: "${{credentials.instanceUrl}}"}}
      configFields: [{{key: instanceUrl, label: U, type: text, required: true, secret: false}}]
      environments: [{{key: production, name: Production}}]
actions:
  - {{actionId: get_me, label: One, description: Does it., categories: [documents], actionType: get,
      steps: [{steps}]}}
"#
        )
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

    #[test]
    fn what_the_file_lists_or_the_provider_sets_is_not_replaced_in_the_database() {
        let sealed = |text: &str| text.starts_with("sealed");
        for (base, credentials, environment, expected) in [
            ("https://${credentials.region}.example.com", json!({ "region": "eu" }), "production", None),
            ("https://${credentials.region}.example.com", json!({}), "production", None),
            ("https://${credentials.region}.example.com", json!({ "region": null }), "production", None),
            ("https://${credentials.region}.example.com", json!({ "region": "evil" }), "production", Some("region")),
            ("https://${credentials.region}.example.com", json!({ "region": ["eu"] }), "production", Some("region")),
            (FIXED, json!({ "region": "evil" }), "production", None),
            ("https://api.example.com/${credentials.region}", json!({ "region": "evil" }), "production", None),
            ("${credentials.instanceUrl}/v1", json!({ "instanceUrl": "sealed.example" }), "production", None),
            (
                "${credentials.instanceUrl}/v1",
                json!({ "instanceUrl": "evil.example" }),
                "production",
                Some("instanceUrl"),
            ),
            ("${credentials.instanceUrl}/v1", json!({ "instanceUrl": ["sealed"] }), "production", Some("instanceUrl")),
            ("${credentials.site}/v1", json!({ "site": "anything" }), "other", None),
            ("https://${context.environment}.example.com", json!({}), "production", None),
            ("https://${context.environment}.example.com", json!({}), "evil", Some("environment")),
            (FIXED, json!({}), "evil", None),
        ] {
            let connector = connector(base);
            let method = &connector.authentication[0];
            let found = connector.foreign_address_value(method, environment, &credentials, sealed);
            assert_eq!(found, expected, "{base} {credentials} {environment}");
        }
    }
}
