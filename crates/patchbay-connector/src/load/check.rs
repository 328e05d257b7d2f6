//! NameSet that lead nowhere: steps, inputs, credentials, scopes, test actions.

use std::collections::HashSet;

use super::{action::ActionSpans, root::LoadedRoot};
use crate::{
    Connector,
    definition::{
        Action, ActionResult, Arg, Authorization, Certificates, FieldMapping, McpRequest, OAuth1, RequestSpec, Signing,
        SoapRequest, Step, StepFunction, ValidationRule, ValueTemplate,
    },
    diagnostic::code,
    expr::Template,
    suggest::nearest,
    syntax::Reader,
};

/// The names at the root of every expression.
const ROOTS: [&str; 8] =
    ["inputs", "credentials", "steps", "context", "iterator", "response", "apiHostUri", "undefined"];
/// Credentials that a token exchange leaves behind.
const TOKENS: [&str; 5] = ["accessToken", "refreshToken", "expiresIn", "refreshExpiresIn", "scope"];
/// Those of OAuth 1.0a.
const OAUTH1_TOKENS: [&str; 2] = ["accessToken", "tokenSecret"];

/// NameSet that may be used, looked up and suggested.
#[derive(Clone, Default)]
struct NameSet<'a> {
    /// In the order of the file.
    list: Vec<&'a str>,
    set: HashSet<&'a str>,
}

impl<'a> NameSet<'a> {
    fn add(&mut self, name: &'a str) {
        if self.set.insert(name) {
            self.list.push(name);
        }
    }

    fn contains(&self, name: &str) -> bool {
        self.set.contains(name)
    }
}

impl<'a> FromIterator<&'a str> for NameSet<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(all: I) -> Self {
        let mut names = Self::default();
        all.into_iter().for_each(|name| names.add(name));
        names
    }
}

/// What a text may name. Where not all of a kind are known (`None`), a name that leads to none proves nothing.
#[derive(Clone, Copy)]
struct KnownNames<'k, 'a> {
    inputs: Option<&'k NameSet<'a>>,
    credentials: &'k NameSet<'a>,
    steps: Option<&'k NameSet<'a>>,
    /// The names that have a value in some places only and have none here.
    not_here: &'static [&'static str],
}

pub(super) fn references(read: &LoadedRoot<'_>) {
    let connector = &read.connector;
    let scopes = connector.scopes.iter().map(|scope| scope.name.as_str()).collect::<NameSet<'_>>();
    let (credentials, none) = (credentials(connector), NameSet::default());
    // Outside of actions there are neither inputs nor steps.
    let not_here = &["iterator", "response"];
    let outside = KnownNames { inputs: Some(&none), credentials: &credentials, steps: Some(&none), not_here };

    if let (Some(text), Some(place)) = (&connector.base_url, &read.base_url) {
        check_text(text, place, outside);
    }
    check_scopes(&scopes, &read.included);
    for (method, places) in connector.authentication.iter().zip(&read.methods) {
        check_scopes(&scopes, &places.scopes);
        for (test, place) in method.test_actions.iter().zip(&places.test_actions) {
            if test.inline.is_none() && connector.action(&test.action).is_none() {
                let actions = connector.actions.iter().map(|action| action.id.as_str()).collect();
                undefined(place, "action", &test.action, &test.action, &actions);
            }
            if let Some(condition) = &test.condition {
                check_text(condition, place, outside);
            }
        }
        let mut texts = Vec::new();
        authorization_texts(&method.authorization, &mut texts);
        texts.extend(method.mcp.iter().map(|flow| &flow.server_url));
        certificates_texts(method.certificates.as_ref(), &mut texts);
        for text in texts {
            check_text(text, &places.authorization, outside);
        }
    }
    let own = connector.actions.iter().zip(&read.actions);
    for (action, places) in own.chain(read.nested.iter().map(|(action, places)| (action, places))) {
        action_references(action, places, &scopes, &credentials);
    }
}

/// Every name that a credential may have: fields, and what token exchanges leave behind.
fn credentials(connector: &Connector) -> NameSet<'_> {
    let mut names = NameSet::default();
    let mut add = |name| names.add(name);
    for method in &connector.authentication {
        method.config_fields.iter().chain(&method.setup_fields).map(|field| field.key.as_str()).for_each(&mut add);
        if let Authorization::OAuth2(oauth2) = &method.authorization {
            TOKENS.into_iter().for_each(&mut add);
            let kept = oauth2.additional_token_fields.iter().chain(&oauth2.callback_params);
            kept.map(|(name, _)| name.as_str()).for_each(&mut add);
        }
        if let Authorization::OAuth1(flow) = &method.authorization {
            OAUTH1_TOKENS.into_iter().for_each(&mut add);
            let kept = flow.additional_token_fields.iter().chain(&flow.callback_params);
            kept.map(|(name, _)| name.as_str()).for_each(&mut add);
        }
        if let Some(refresh) = &method.refresh {
            TOKENS.into_iter().for_each(&mut add);
            if let ActionResult::Template(ValueTemplate::Object(members)) = &refresh.action.result {
                members.iter().map(|(name, _)| name.source()).for_each(&mut add);
            }
        }
    }
    names
}

fn action_references(action: &Action, places: &ActionSpans<'_>, scopes: &NameSet<'_>, credentials: &NameSet<'_>) {
    check_scopes(scopes, &places.scopes);
    let inputs = action.inputs.iter().map(|input| input.name.as_str()).collect::<NameSet<'_>>();
    for (rule, place) in action.rules.iter().zip(&places.rules) {
        for field in rule_fields(rule).into_iter().filter(|_| places.inputs_known) {
            if !inputs.contains(field) {
                undefined(place, "input", field, field, &inputs);
            }
        }
    }
    field_scopes(&action.fields, &places.id, scopes);
    let not_here = &["apiHostUri"];
    let known = KnownNames { inputs: places.inputs_known.then_some(&inputs), credentials, steps: None, not_here };
    let mut earlier = NameSet::default();
    for (step, place) in action.steps.iter().zip(&places.steps) {
        if earlier.contains(&step.id) {
            place.error(code::DUPLICATE_ID, format!("there is another step `{}`", step.id));
        }
        let inside = KnownNames { steps: places.steps_known.then_some(&earlier), ..known };
        for text in step_texts(step) {
            check_text(text, place, inside);
        }
        for function in std::iter::once(&step.function).chain(&step.then) {
            match function {
                StepFunction::GroupData(group) => {
                    for name in group.steps.iter().filter(|name| !earlier.contains(name)) {
                        undefined(place, "earlier step", name, name, &earlier);
                    }
                }
                StepFunction::MapFields(map) | StepFunction::Typecast(map) => {
                    field_scopes(map.fields.as_deref().unwrap_or_default(), place, scopes);
                }
                _ => {}
            }
        }
        let is_last = action.steps.last().is_some_and(|last| std::ptr::eq(last, step));
        let hands_on = is_last && step.iterator.is_none() && step.then.is_empty();
        if let StepFunction::DownloadFile(download) = &step.function
            && download.stream
            && !hands_on
        {
            let message = "`responseMode: stream` counts in an action's last step, which runs once; this file is held";
            place.warning(code::UNUSED, message);
        }
        earlier.add(&step.id);
        // It looks at the step's own output.
        for criteria in step.success_criteria.iter().chain(&step.failure_message) {
            check_text(criteria, place, KnownNames { steps: places.steps_known.then_some(&earlier), ..known });
        }
    }
    if let (Some(place), Action { result: ActionResult::Template(result), .. }) = (&places.result, action) {
        let not_here = &["apiHostUri", "iterator", "response"];
        let known = KnownNames { steps: places.steps_known.then_some(&earlier), not_here, ..known };
        result.templates(&mut |text| check_text(text, place, known));
    }
}

fn rule_fields(rule: &ValidationRule) -> Vec<&str> {
    match rule {
        ValidationRule::AtLeastOneOf { fields, .. } | ValidationRule::MutuallyExclusive { fields, .. } => {
            fields.iter().map(String::as_str).collect()
        }
        ValidationRule::RequiredIf { field, other, .. } => vec![field, other],
    }
}

fn check_scopes(known: &NameSet<'_>, named: &[(String, Reader<'_>)]) {
    for (scope, place) in named {
        if !known.contains(scope) {
            undefined(place, "scope", scope, scope, known);
        }
    }
}

/// The scopes of mapped fields, told at the step or action that they stand in.
fn field_scopes(fields: &[FieldMapping], place: &Reader<'_>, known: &NameSet<'_>) {
    for field in fields {
        for scope in field.required_scopes.iter().filter(|scope| !known.contains(scope)) {
            undefined(place, "scope", scope, scope, known);
        }
        field_scopes(&field.properties, place, known);
    }
}

/// Checks the names in a text.
fn check_text(text: &Template, place: &Reader<'_>, known: KnownNames<'_, '_>) {
    for (root, name) in text.references() {
        let (what, known) = match root.as_str() {
            "inputs" => ("input", known.inputs),
            "credentials" => ("credential field", Some(known.credentials)),
            "steps" => ("earlier step", known.steps),
            root if known.not_here.contains(&root) => {
                let message = format!("`{root}` has no value here");
                place.error_in_text(text.source(), root, code::UNDEFINED, message, None);
                continue;
            }
            root if !ROOTS.contains(&root) => {
                undefined(place, "name", root, text.source(), &ROOTS.into_iter().collect());
                continue;
            }
            _ => continue,
        };
        if let (Some(name), Some(known)) = (name, known)
            && !known.contains(&name)
        {
            undefined(place, what, &name, text.source(), known);
        }
    }
}

/// Reports a name that leads nowhere, in the text within `place` that holds it.
fn undefined(place: &Reader<'_>, what: &str, name: &str, text: &str, known: &NameSet<'_>) {
    let near = if place.is_full() { None } else { nearest(name, known.list.iter().copied()) };
    let hint = near.map(|near| format!("did you mean `{near}`?"));
    place.error_in_text(text, name, code::UNDEFINED, format!("there is no {what} `{name}`"), hint);
}

/// Every template of a step, but for what looks at its own output and for the fields of its mappings.
pub(super) fn step_texts(step: &Step) -> Vec<&Template> {
    let mut texts: Vec<&Template> = step.condition.iter().chain(&step.iterator).collect();
    for function in std::iter::once(&step.function).chain(&step.then) {
        function_texts(function, &mut texts);
    }
    texts
}

fn function_texts<'a>(function: &'a StepFunction, texts: &mut Vec<&'a Template>) {
    match function {
        StepFunction::Request(request) => request_texts(request, texts),
        StepFunction::DownloadFile(download) => {
            request_texts(&download.request, texts);
            texts.extend(&download.file.content_type);
        }
        StepFunction::PaginatedRequest(paginated) => {
            request_texts(&paginated.request, texts);
            texts.extend(&paginated.page.condition);
            if let Some(cursor) = &paginated.cursor {
                texts.extend(cursor.token.iter().chain(&cursor.position));
            }
        }
        StepFunction::StaticValues(values) => values.templates(&mut |text| texts.push(text)),
        StepFunction::SoapRequest(soap) => soap_texts(soap, texts),
        StepFunction::SoapPaginatedRequest(paginated) => {
            soap_texts(&paginated.soap, texts);
            texts.extend(&paginated.page.condition);
            if let Some(cursor) = &paginated.cursor {
                texts.extend(cursor.token.iter().chain(&cursor.position));
            }
        }
        // What a mapping's fields name is relative to the record.
        StepFunction::MapFields(fields) | StepFunction::Typecast(fields) => {
            texts.extend(&fields.source);
            texts.extend(fields.external_sources.iter().map(|(_, source)| source));
        }
        StepFunction::GroupData(_) => {}
        StepFunction::UploadFile(upload) => {
            request_texts(&upload.request, texts);
            texts.extend([&upload.field, &upload.content, &upload.filename]);
            texts.extend(&upload.content_type);
            for field in &upload.additional {
                texts.push(&field.name);
                texts.extend(field.condition.iter().chain(&field.content_type));
                field.value.templates(&mut |text| texts.push(text));
            }
        }
        StepFunction::UploadBinary(upload) => {
            request_texts(&upload.request, texts);
            texts.push(&upload.content);
            texts.extend(&upload.content_type);
        }
        StepFunction::EmitEvent(event) => {
            texts.extend(event.event_type.iter().chain(&event.event_id).chain(&event.event_date));
            if let Some(data) = &event.data {
                data.templates(&mut |text| texts.push(text));
            }
        }
        StepFunction::SignJwt(jwt) => {
            texts.push(&jwt.private_key);
            texts.extend(&jwt.key_id);
            jwt.claims.iter().chain(&jwt.headers).for_each(|(_, claim)| claim.templates(&mut |text| texts.push(text)));
        }
        StepFunction::McpRequest(call) => mcp_texts(call, texts),
    }
}

fn soap_texts<'a>(soap: &'a SoapRequest, texts: &mut Vec<&'a Template>) {
    request_texts(&soap.request, texts);
    texts.extend(soap.operation.iter().chain(&soap.action));
    texts.extend(soap.namespaces.iter().flat_map(|namespace| [&namespace.prefix, &namespace.uri]));
    if let Some(envelope) = &soap.envelope {
        envelope.templates(&mut |text| texts.push(text));
    }
}

fn mcp_texts<'a>(call: &'a McpRequest, texts: &mut Vec<&'a Template>) {
    texts.extend(call.base_url.iter().chain(&call.url).chain(&call.tool));
    if let Some(authorization) = &call.authorization {
        authorization_texts(authorization, texts);
    }
    for arg in &call.args {
        texts.push(&arg.name);
        texts.extend(&arg.condition);
        arg.value.templates(&mut |text| texts.push(text));
    }
}

fn request_texts<'a>(request: &'a RequestSpec, texts: &mut Vec<&'a Template>) {
    texts.extend(&request.base_url);
    texts.push(&request.url);
    if let Some(authorization) = &request.authorization {
        authorization_texts(authorization, texts);
    }
    args_texts(&request.args, texts);
    certificates_texts(request.certificates.as_ref(), texts);
    if let Some(saml) = &request.saml {
        texts.extend([&saml.object_key, &saml.key, &saml.client_id]);
        let rest =
            [&saml.cert, &saml.issuer, &saml.name_id, &saml.audience, &saml.name_id_format, &saml.token_endpoint];
        texts.extend(rest.into_iter().flatten().chain(saml.attributes.iter().map(|(_, value)| value)));
    }
    for error in &request.custom_errors {
        texts.extend(error.message.iter().chain(&error.condition));
    }
}

fn certificates_texts<'a>(certificates: Option<&'a Certificates>, texts: &mut Vec<&'a Template>) {
    texts.extend(certificates.into_iter().flat_map(|both| both.certs.iter().chain(&both.keys)));
}

fn args_texts<'a>(args: &'a [Arg], texts: &mut Vec<&'a Template>) {
    for arg in args {
        texts.push(&arg.name);
        texts.extend(&arg.condition);
        arg.value.templates(&mut |text| texts.push(text));
    }
}

fn authorization_texts<'a>(authorization: &'a Authorization, texts: &mut Vec<&'a Template>) {
    match authorization {
        Authorization::None => {}
        Authorization::Basic { username, password } => texts.extend(username.iter().chain(password)),
        Authorization::Bearer { token, .. } => texts.push(token),
        Authorization::WsSecurity { username, password, .. } => texts.extend([username, password]),
        Authorization::Custom { args } => args_texts(args, texts),
        Authorization::Signed(Signing::Aws4 { service, region }) => {
            texts.push(service);
            texts.extend(region);
        }
        Authorization::Signed(Signing::OAuth1(signing)) => oauth1_texts(signing, texts),
        Authorization::Signed(Signing::Hmac { username, .. }) => texts.extend(username),
        Authorization::OAuth2(oauth2) => {
            texts.push(&oauth2.token);
            let single = [
                &oauth2.authorization_url,
                &oauth2.redirect_uri,
                &oauth2.token_url,
                &oauth2.revocation_url,
                &oauth2.scopes,
                &oauth2.issuer,
            ];
            texts.extend(single.into_iter().flatten());
            let named =
                [&oauth2.authorization_params, &oauth2.token_params, &oauth2.revocation_params, &oauth2.custom_headers];
            texts.extend(named.into_iter().flatten().map(|(_, value)| value));
        }
        Authorization::OAuth1(flow) => {
            oauth1_texts(&flow.signing, texts);
            texts.extend([&flow.request_token_url, &flow.authorization_url, &flow.token_url]);
            let named = flow.request_token_params.iter().chain(&flow.authorization_params).chain(&flow.token_params);
            texts.extend(named.map(|(_, value)| value));
        }
    }
}

fn oauth1_texts<'a>(signing: &'a OAuth1, texts: &mut Vec<&'a Template>) {
    let OAuth1 { method: _, realm, consumer_key, consumer_secret, private_key, token, token_secret } = signing;
    texts.extend([realm, consumer_key, consumer_secret, private_key, token, token_secret].into_iter().flatten());
}
