//! Generates authentication methods: each set of security schemes that an operation requires becomes a method.

use std::fmt::Write as _;

use super::{
    args,
    model::{Api, KeyLocation, OAuthFlow, OAuthFlowKind, ParameterLocation, SecurityRequirement, SecurityScheme},
    review_notes::{ReviewNotes, Topic},
    schema::merge,
    servers::{ConnectorBaseUrl, field_key},
    text::{description, heading, line, snake},
};
use crate::yaml::{Map, Yaml};

/// The maximum number of methods of a connector.
const MAX_METHODS: usize = 12;

/// A method without server fields, scopes and test actions, which are added later.
#[derive(Debug)]
pub(super) struct GeneratedAuthMethod {
    pub(super) key: String,
    pub(super) label: String,
    /// `custom` or `oauth2`.
    pub(super) kind: &'static str,
    pub(super) grant: Option<&'static str>,
    pub(super) setup: Vec<Map>,
    pub(super) config: Vec<Map>,
    pub(super) authorization: Map,
    /// Whether the authorization takes `scopes`.
    pub(super) takes_scopes: bool,
    pub(super) refresh: Option<Map>,
    /// Whether a client certificate is also required.
    pub(super) certificates: bool,
    /// A comment above the method.
    pub(super) comment: Option<&'static str>,
    /// The schemes that it stands for, sorted.
    pub(super) schemes: Vec<String>,
    /// The scopes that its flow has; `None` if the flow does not list them.
    pub(super) flow_scopes: Option<Vec<String>>,
}

/// Returns the methods that the operations require, those of the whole API first. If none are required, each scheme
/// becomes a method.
pub(super) fn methods(api: &Api<'_>, server: &ConnectorBaseUrl, notes: &ReviewNotes) -> Vec<GeneratedAuthMethod> {
    let mut sets: Vec<Vec<String>> = Vec::new();
    let mut add = |requirement: &SecurityRequirement| {
        let names = requirement.names();
        if !names.is_empty() && !sets.contains(&names) && sets.len() < 4 * MAX_METHODS {
            sets.push(names);
        }
    };
    api.security.iter().for_each(&mut add);
    api.operations.iter().filter_map(|operation| operation.security.as_ref()).flatten().for_each(&mut add);
    if sets.is_empty() {
        let single = |(name, _): &(String, SecurityScheme)| vec![name.clone()];
        sets.extend(api.schemes.iter().map(single));
        if sets.len() > 1 {
            notes.add(
                Topic::Authentication,
                "security",
                "no operation names its security scheme; each scheme became a method",
            );
        }
    }
    let mut found =
        AuthMethodBuilder { api, server, notes, methods: Vec::new(), schemes: Vec::new(), with_certificate: false };
    for set in &sets {
        found.set(set);
    }
    let mut methods = found.methods;
    if methods.len() > MAX_METHODS {
        notes.add(
            Topic::Authentication,
            "security",
            format!("{} methods; only the first {MAX_METHODS} are used", methods.len()),
        );
        methods.truncate(MAX_METHODS);
    }
    if methods.is_empty() {
        if sets.is_empty() {
            notes.add(
                Topic::Authentication,
                "security",
                "the description has no security scheme; the method needs no credentials",
            );
        }
        let authorization = Map::flow().with("type", "none");
        methods.push(GeneratedAuthMethod { label: "No authentication".to_owned(), ..custom("none", authorization) });
    }
    methods
}

/// Returns the parameters, in lower case, that repeat the credentials: they are named so and almost every operation has
/// them.
pub(super) fn repeated_credentials(api: &Api<'_>, notes: &ReviewNotes) -> Vec<String> {
    const NAMES: [&str; 6] = ["token", "access_token", "api_key", "apikey", "api_token", "oauth_token"];
    if api.schemes.is_empty() {
        return Vec::new();
    }
    let mut counts = NAMES.map(|_| 0_usize);
    for operation in &api.operations {
        let body = operation.body.as_ref();
        let members = body.and_then(|body| body.schema).map(|schema| merge(api.document, schema).properties);
        let params = operation.params.iter().filter(|param| param.location != ParameterLocation::Path);
        let fields = body.into_iter().flat_map(|body| &body.fields).map(|field| field.name.as_str());
        let members = members.iter().flatten().map(|(name, _)| *name);
        let all = params.map(|param| param.name.as_str()).chain(fields).chain(members).collect::<Vec<_>>();
        for (count, name) in counts.iter_mut().zip(NAMES) {
            *count += usize::from(all.iter().any(|known| known.eq_ignore_ascii_case(name)));
        }
    }
    let mut found = Vec::new();
    for (count, name) in counts.into_iter().zip(NAMES) {
        if count >= 3 && count * 10 >= api.operations.len() * 9 {
            let note = format!("`{name}` of {count} operations is what the authorization sends; it is omitted");
            notes.add(Topic::Parameter, "parameters", note);
            found.push(name.to_owned());
        }
    }
    found
}

fn custom(key: &str, authorization: Map) -> GeneratedAuthMethod {
    GeneratedAuthMethod {
        key: key.to_owned(),
        label: heading(key),
        kind: "custom",
        grant: None,
        setup: Vec::new(),
        config: Vec::new(),
        authorization,
        takes_scopes: false,
        refresh: None,
        certificates: false,
        comment: None,
        schemes: Vec::new(),
        flow_scopes: None,
    }
}

struct AuthMethodBuilder<'a, 'd> {
    api: &'a Api<'d>,
    server: &'a ConnectorBaseUrl,
    notes: &'a ReviewNotes,
    methods: Vec<GeneratedAuthMethod>,
    /// The current set of schemes.
    schemes: Vec<String>,
    /// Whether the current set requires a client certificate.
    with_certificate: bool,
}

impl AuthMethodBuilder<'_, '_> {
    fn note(&self, place: &str, detail: impl Into<String>) {
        self.notes.add(Topic::Authentication, place, detail);
    }

    fn add(&mut self, mut method: GeneratedAuthMethod) {
        if self.with_certificate {
            method.certificates = true;
            method.config.push(pem("clientCert", "Client certificate", false, "The client's certificate, in PEM."));
            method.config.push(pem("clientKey", "Client key", true, "The certificate's private key, in PEM."));
        }
        method.schemes.clone_from(&self.schemes);
        let wanted = method.key.clone();
        let mut number = 2;
        while self.methods.iter().any(|known| known.key == method.key) {
            method.key = format!("{wanted}_{number}");
            number += 1;
        }
        self.methods.push(method);
    }

    fn set(&mut self, names: &[String]) {
        self.schemes = names.to_vec();
        let schemes = names.iter().map(|name| {
            let scheme = self.api.schemes.iter().find(|(known, _)| known == name).map(|(_, scheme)| scheme.clone());
            let lower = name.to_ascii_lowercase();
            (
                name.as_str(),
                match scheme {
                    Some(scheme) => scheme,
                    None if lower.contains("bearer") || lower.contains("oauth") || lower.contains("jwt") => {
                        self.note(name, "required but not described; guessed: a bearer token");
                        SecurityScheme::Bearer
                    }
                    None => SecurityScheme::Undefined,
                },
            )
        });
        let (certificates, schemes): (Vec<_>, Vec<_>) =
            schemes.partition(|(_, scheme)| matches!(scheme, SecurityScheme::MutualTls));
        self.with_certificate = !certificates.is_empty();
        let token =
            schemes.iter().find(|(_, scheme)| matches!(scheme, SecurityScheme::OAuth2(_) | SecurityScheme::OpenId(_)));
        if let Some((name, scheme)) = token {
            if schemes.len() > 1 {
                let others = names.iter().filter(|other| other != name).cloned().collect::<Vec<_>>().join(", ");
                self.note(name, format!("operations also require {others}; add it to each action"));
            }
            match scheme {
                SecurityScheme::OAuth2(flows) if flows.is_empty() => {
                    self.note(name, "the scheme has no supported flow; add a method by hand");
                }
                SecurityScheme::OAuth2(flows) => flows.iter().for_each(|flow| self.flow(name, flow)),
                SecurityScheme::OpenId(url) => self.open_id(name, url),
                _ => {}
            }
            return;
        }
        match schemes.as_slice() {
            [] => {
                let authorization = Map::flow().with("type", "none");
                self.add(GeneratedAuthMethod {
                    label: "Client certificate".to_owned(),
                    ..custom("client_certificate", authorization)
                });
            }
            [(name, SecurityScheme::Basic)] => {
                let authorization = Map::flow()
                    .with("type", "basic")
                    .with("username", "${credentials.username}")
                    .with("password", "${credentials.password}");
                self.add(GeneratedAuthMethod {
                    label: "User name and password".to_owned(),
                    config: user_and_password(),
                    ..custom(&key_of(name, "basic"), authorization)
                });
            }
            [(name, SecurityScheme::Bearer)] => {
                let authorization = Map::flow().with("type", "bearer").with("token", "${credentials.token}");
                let token = secret("token", "Access token", "Copy the token from the provider's settings.");
                self.add(GeneratedAuthMethod {
                    label: "Access token".to_owned(),
                    config: vec![token],
                    ..custom(&key_of(name, "token"), authorization)
                });
            }
            several => self.by_args(several),
        }
    }

    /// Adds a method with schemes that are sent together, each as an argument.
    fn by_args(&mut self, schemes: &[(&str, SecurityScheme)]) {
        let (mut list, mut fields, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for (name, scheme) in schemes {
            let mut key = snake(name, 40);
            if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) {
                key = if key.is_empty() { "key".to_owned() } else { format!("key_{key}") };
            }
            let credential = format!("${{credentials.{key}}}");
            let sent = match scheme {
                SecurityScheme::Key { name: header, place, description: about, prefix } => {
                    let about = description(about);
                    let about =
                        if about.is_empty() { "Copy it from the provider's settings.".to_owned() } else { about };
                    fields.push(secret(&key, &heading(&key), &about));
                    if header.eq_ignore_ascii_case("authorization") {
                        let sent = prefix.as_deref().unwrap_or_default();
                        let why =
                            if sent.is_empty() { "check whether a word precedes it" } else { "guessed from its text" };
                        self.note(name, format!("the key is sent as `Authorization: {sent}VALUE`; {why}"));
                    }
                    match place {
                        KeyLocation::Header => {
                            let prefix = prefix.as_deref().unwrap_or_default();
                            Some((header.clone(), format!("{prefix}{credential}"), "headers"))
                        }
                        KeyLocation::Query => Some((header.clone(), credential, "query")),
                        KeyLocation::Cookie => Some(("Cookie".to_owned(), format!("{header}={credential}"), "headers")),
                    }
                }
                SecurityScheme::Bearer => {
                    fields.push(secret(&key, "Access token", "Copy the token from the provider's settings."));
                    Some(("Authorization".to_owned(), format!("Bearer {credential}"), "headers"))
                }
                SecurityScheme::Basic => {
                    fields.extend(user_and_password());
                    let value = "{{'Basic ' + encodeBase64(credentials.username + ':' + credentials.password)}}";
                    Some(("Authorization".to_owned(), value.to_owned(), "headers"))
                }
                SecurityScheme::Http(word) => {
                    self.note(
                        name,
                        format!(
                            "the scheme `{word}` is sent as `Authorization: {word} VALUE`; check whether it needs more"
                        ),
                    );
                    fields.push(secret(&key, &heading(&key), "The value after the scheme's name in the header."));
                    Some(("Authorization".to_owned(), format!("{word} {credential}"), "headers"))
                }
                SecurityScheme::Undefined => {
                    let header = key.replace('_', "-");
                    self.note(name, format!("required but not described; guessed: a header `{header}`"));
                    fields.push(secret(&key, &heading(&key), "Copy it from the provider's settings."));
                    Some((header, credential, "headers"))
                }
                SecurityScheme::Unknown(kind) => {
                    self.note(name, format!("the type `{kind}` is unknown; the scheme is ignored"));
                    None
                }
                SecurityScheme::OAuth2(_) | SecurityScheme::OpenId(_) | SecurityScheme::MutualTls => None,
            };
            let Some((header, value, place)) = sent else { continue };
            labels.push(heading(&key));
            match args::literal(&header).filter(|header| place == "query" || is_header(header)) {
                Some(header) => {
                    list.push(Yaml::from(Map::flow().with("name", header).with("value", value).with("in", place)));
                }
                None => self.note(name, format!("`{header}` is not a valid name of a header or parameter")),
            }
        }
        // Two schemes may have the same field.
        let mut seen: Vec<Map> = Vec::new();
        fields.retain(|field| {
            !seen.contains(field) && {
                seen.push(field.clone());
                true
            }
        });
        if list.is_empty() {
            return;
        }
        let key = match schemes {
            [(name, _)] => key_of(name, "api_key"),
            several => key_of(&several.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" "), "credentials"),
        };
        let authorization = Map::new().with("type", "custom").with("args", list);
        self.add(GeneratedAuthMethod { label: labels.join(" and "), config: fields, ..custom(&key, authorization) });
    }

    fn flow(&mut self, name: &str, flow: &OAuthFlow) {
        let (mut fields, kind) = (Vec::new(), flow.kind);
        let Some(token_url) = self.address(name, flow.token_url.as_deref(), &mut fields) else {
            return self.pasted(name, flow);
        };
        let authorization_url = self.address(name, flow.authorization_url.as_deref(), &mut fields);
        if kind == OAuthFlowKind::Password {
            return self.by_password(name, &token_url);
        }
        let (label, grant) = match (kind, &authorization_url) {
            (OAuthFlowKind::Client, _) => ("OAuth 2.0 client credentials", "client_credentials"),
            (_, Some(_)) => ("OAuth 2.0", "authorization_code"),
            (_, None) => return self.pasted(name, flow),
        };
        // A secret of the operator must not go to a host that each account chooses: then the account has its own app.
        let is_client = kind == OAuthFlowKind::Client || self.has_free_host(&token_url);
        let mut authorization = Map::new().with("type", "oauth2");
        if grant == "authorization_code" {
            authorization.set("authorizationUrl", authorization_url.unwrap_or_default());
            if !flow.params.is_empty() {
                let params = flow.params.iter().fold(Map::flow(), |params, (name, value)| params.with(name, *value));
                authorization.set("authorizationParams", params);
            }
        }
        authorization.set("tokenUrl", token_url);
        authorization.set("token", "${credentials.accessToken}");
        let authorization = authorization.with_some("issuer", flow.issuer).with_some("pkce", flow.pkce.then_some(true));
        let whose = if kind == OAuthFlowKind::Client {
            "that the provider issued for the account"
        } else {
            "of your OAuth app at the provider"
        };
        let client = vec![
            field("clientId", "Client ID", "text", false, &format!("The client ID {whose}.")),
            secret("clientSecret", "Client Secret", &format!("The client secret {whose}.")),
        ];
        let (setup, mut config) = if is_client { (Vec::new(), client) } else { (client, Vec::new()) };
        config.extend(fields);
        let key = if kind == OAuthFlowKind::Client { "client_credentials" } else { "oauth2" };
        self.add(GeneratedAuthMethod {
            label: label.to_owned(),
            kind: "oauth2",
            grant: Some(grant),
            setup,
            config,
            takes_scopes: true,
            flow_scopes: (!flow.scopes.is_empty()).then(|| flow.scopes.iter().map(|(name, _)| name.clone()).collect()),
            ..custom(key, authorization)
        });
    }

    /// Returns true if fields of the account, with any text, determine the whole host of a URL or its end.
    fn has_free_host(&self, url: &str) -> bool {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let Some((_, expression)) = rest.split('/').next().unwrap_or_default().rsplit_once("${credentials.") else {
            return false;
        };
        let Some(key) = expression.strip_suffix('}') else { return false };
        let field = self.server.fields.iter().find(|field| field.text("key") == Some(key));
        field.is_none_or(|field| field.text("type") != Some("select"))
    }

    /// Returns the address of a flow. A relative one begins at the server (OpenAPI 3.1, section 4.6); a variable is that of
    /// the server, otherwise a field of its own.
    fn address(&self, name: &str, described: Option<&str>, fields: &mut Vec<Map>) -> Option<String> {
        let text = described?;
        let base = &self.server.base_url;
        let has_scheme = text.starts_with("https://") || text.starts_with("http://") || text.starts_with('{');
        let whole = match text {
            _ if has_scheme => text.to_owned(),
            _ if text.starts_with("//") => format!("https:{text}"),
            _ if text.contains("://") || text.starts_with(['?', '#', '.']) || text.trim_matches('/').is_empty() => {
                self.note(name, format!("`{}` is not an address that can be requested", line(text, 120)));
                return None;
            }
            _ if text.starts_with('/') => {
                let start = base.find("://").map_or(0, |at| at + 3);
                let end = base[start..].find('/').map_or(base.len(), |at| start + at);
                format!("{}{text}", &base[..end])
            }
            _ => format!("{base}/{text}"),
        };
        if !has_scheme {
            self.note(name, format!("`{}` is relative; it begins at the base URL", line(text, 120)));
        }
        let mut address = String::new();
        let mut rest = whole.as_str();
        while let Some((before, after)) = rest.split_once('{').filter(|_| has_scheme) {
            let Some((variable, after)) = after.split_once('}') else { break };
            address.push_str(before);
            let key = field_key(variable);
            let known = |fields: &[Map]| fields.iter().any(|field| field.text("key") == Some(key.as_str()));
            if !self.server.keys.contains(&key) && !known(fields) {
                let about = format!("The part `{}` of the provider's sign-in address.", line(variable, 60));
                fields.push(field(&key, &heading(&key), "text", false, &about));
            }
            let _ = write!(address, "${{credentials.{key}}}");
            rest = after;
        }
        address.push_str(rest);
        Some(address)
    }

    /// Adds a method for a flow that a server cannot use: the customer enters a token.
    fn pasted(&mut self, name: &str, flow: &OAuthFlow) {
        let why = if flow.kind == OAuthFlowKind::Implicit {
            "a server cannot use the implicit flow"
        } else {
            "the flow has no token URL"
        };
        self.note(
            name,
            format!(
                "{why}; the customer enters a token: replace the method with the provider's authorization code flow"
            ),
        );
        let authorization = Map::flow().with("type", "bearer").with("token", "${credentials.token}");
        let token = secret("token", "Access token", "An access token of the account.");
        self.add(GeneratedAuthMethod {
            label: "Access token".to_owned(),
            config: vec![token],
            comment: Some("Placeholder: check how the provider issues tokens to a server."),
            ..custom("access_token", authorization)
        });
    }

    fn by_password(&mut self, name: &str, token_url: &str) {
        self.note(name, "the password flow is deprecated; use another flow if the provider has one");
        let form = [
            ("grant_type", "password"),
            ("username", "$.credentials.username"),
            ("password", "$.credentials.password"),
            ("client_id", "$.credentials.clientId"),
            ("client_secret", "$.credentials.clientSecret"),
        ];
        let header = Map::flow()
            .with("name", "content-type")
            .with("value", "application/x-www-form-urlencoded")
            .with("in", "headers");
        let args = std::iter::once(header).chain(
            form.into_iter()
                .map(|(name, value)| Map::flow().with("name", name).with("value", value).with("in", "body")),
        );
        let parameters = Map::new()
            .with("url", token_url)
            .with("method", "post")
            .with("authorization", Map::flow().with("type", "none"))
            .with("args", args.map(Yaml::from).collect::<Vec<_>>());
        let step = Map::new()
            .with("stepId", "log_in")
            .with("description", "Log in with user name and password.")
            .with("stepFunction", Map::new().with("functionName", "request").with("parameters", parameters));
        let action = Map::new()
            .with("actionId", "log_in")
            .with("label", "Log in")
            .with("actionType", "refresh_token")
            .with("steps", vec![Yaml::from(step)])
            .with(
                "result",
                Map::new()
                    .with("accessToken", "$.steps.log_in.output.data.access_token")
                    .with("expiresIn", "$.steps.log_in.output.data.expires_in"),
            );
        let authorization = Map::flow().with("type", "bearer").with("token", "${credentials.accessToken}");
        let setup = vec![
            optional("clientId", "Client ID", "client ID", "text", false),
            optional("clientSecret", "Client Secret", "client secret", "password", true),
        ];
        self.add(GeneratedAuthMethod {
            label: "User name and password".to_owned(),
            setup,
            config: user_and_password(),
            refresh: Some(Map::new().with("action", action)),
            ..custom("password", authorization)
        });
    }

    /// The document with the URLs is not read here.
    fn open_id(&mut self, name: &str, url: &str) {
        let shown = super::text::line(url, 200);
        self.note(name, format!("copy `authorization_endpoint` and `token_endpoint` from {shown} into the method"));
        let authorization = Map::new()
            .with("type", "oauth2")
            .with("authorizationUrl", "${credentials.authorizationUrl}")
            .with("tokenUrl", "${credentials.tokenUrl}")
            .with("token", "${credentials.accessToken}");
        let setup = vec![
            field("clientId", "Client ID", "text", false, "The client ID of your OAuth app at the provider."),
            secret("clientSecret", "Client Secret", "The client secret of your OAuth app at the provider."),
            field("authorizationUrl", "Authorization URL", "text", false, "The provider's authorization endpoint."),
            field("tokenUrl", "Token URL", "text", false, "The provider's token endpoint."),
        ];
        self.add(GeneratedAuthMethod {
            label: "OpenID Connect".to_owned(),
            kind: "oauth2",
            grant: Some("authorization_code"),
            setup,
            takes_scopes: true,
            comment: Some(
                "Copy the two URLs from the provider's OpenID configuration to here and delete their fields.",
            ),
            ..custom("openid", authorization)
        });
    }
}

fn user_and_password() -> Vec<Map> {
    vec![
        field("username", "User name", "text", false, "The user that all actions run as."),
        secret("password", "Password", "The user's password or API token."),
    ]
}

/// Returns a required field that is secret.
fn secret(key: &str, label: &str, about: &str) -> Map {
    field(key, label, "password", true, about)
}

/// Returns a required field.
fn field(key: &str, label: &str, kind: &str, is_secret: bool, about: &str) -> Map {
    written(key, label, kind, is_secret, true, about)
}

/// Returns a required field with several lines.
fn pem(key: &str, label: &str, is_secret: bool, about: &str) -> Map {
    written(key, label, "text_area", is_secret, true, about)
}

/// Returns an optional field for an OAuth app.
fn optional(key: &str, label: &str, noun: &str, kind: &str, is_secret: bool) -> Map {
    let about = format!("The {noun} of your OAuth app at the provider, if it requires one.");
    written(key, label, kind, is_secret, false, &about)
}

fn written(key: &str, label: &str, kind: &str, is_secret: bool, is_required: bool, about: &str) -> Map {
    Map::new()
        .with("key", key)
        .with("label", label)
        .with("type", kind)
        .with("required", is_required)
        .with("secret", is_secret)
        .with("description", about)
}

fn key_of(name: &str, otherwise: &str) -> String {
    let key = snake(name, 40);
    if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) { otherwise.to_owned() } else { key }
}

/// Returns true if a text is a valid header name (RFC 9110 section 5.1).
pub(super) fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
