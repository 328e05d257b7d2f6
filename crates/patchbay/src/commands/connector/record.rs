//! `patchbay connector record`: records a test case from a real run.
//!
//! The file contains no secrets: credentials are replaced by a placeholder, and so are values whose name suggests a
//! secret. The case runs at once: a file is written only if `test` will pass.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use patchbay_connector::{
    Connector,
    definition::{AuthMethod, FormField},
    to_yaml,
};
use patchbay_engine::{
    Exchange,
    local_runner::ActionInput,
    recorded_tests::{
        Case, CaseFile, ExpectedRequest, RecordedExchange, RecordedResponse, request_headers, run_action,
    },
};
use patchbay_model::{Clock, Entropy, Metadata};
use patchbay_vault::OsEntropy;
use serde_json::{Map, Value, json};

use super::{
    run_args::{CompletedRun, RunArgs},
    stdout,
};
use crate::runtime::{SystemClock, Threads, build_runtime};

/// Replaces a secret in a case.
const PLACEHOLDER: &str = "recorded-secret";
/// Replaces a secret in the engine's traces.
const REDACTED: &str = "[redacted]";
/// A value whose name contains one of these is treated as a secret.
const SECRET_NAMES: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "apikey",
    "privatekey",
    "accesskey",
    "signingkey",
    "credential",
    "authorization",
    "sessionid",
    "signature",
    "cookie",
    "jwt",
    "assertion",
];
/// A name that ends with one of these and `token` is a pagination cursor, which the case needs.
const CURSOR_PREFIXES: [&str; 11] =
    ["page", "next", "prev", "previous", "continuation", "continue", "cursor", "sync", "delta", "start", "resume"];
/// The response headers that affect an action's result.
const RECORDED_HEADERS: [&str; 6] = ["content-type", "link", "location", "content-disposition", "etag", "retry-after"];

#[derive(ClapArgs)]
pub struct Args {
    /// The name of the case and of its file: tests/NAME.test.yaml in the connector's folder
    name: String,
    #[command(flatten)]
    run: RunArgs,
    /// The file to write, if not the default one
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (source, connector) = args.run.load_connector()?;
    let path = target(args, source.folder())?;
    let completed = args.run.execute(&connector)?;
    let case = case(args, &connector, &completed)?;
    let (case, notes) = verify_case(case, &connector, &completed)?;
    let text = to_case_file(&connector.key, &case);
    // Parses the file as `test` does.
    CaseFile::parse(&path.display().to_string(), &text)?;
    if let Some(secret) = find_leaked_secret(&completed.credentials, &connector, args.run.auth.as_deref(), &text) {
        bail!("the case would contain the value of the field `{secret}`; nothing was written");
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
    for note in notes {
        eprintln!("note: {note}");
    }
    eprintln!(
        "Secrets were replaced. Review the file before you share it: it still contains personal data such as names and addresses."
    );
    stdout::print_line(&path.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn target(args: &Args, folder: Option<&Path>) -> anyhow::Result<PathBuf> {
    let plain = args.name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if args.name.is_empty() || !plain {
        bail!("`{}` is not a valid case name; use letters, digits, `_` and `-`", args.name);
    }
    let path = match (&args.output, folder) {
        (Some(path), _) => path.clone(),
        (None, Some(folder)) => folder.join("tests").join(format!("{}.test.yaml", args.name)),
        (None, None) => bail!("a built-in connector has no folder; name the file to write with --output"),
    };
    if path.exists() && !args.force {
        bail!("{} exists already; choose another name, or overwrite it with --force", path.display());
    }
    Ok(path)
}

fn case(args: &Args, connector: &Connector, completed: &CompletedRun) -> anyhow::Result<Case> {
    let CompletedRun { input, credentials, outcome } = completed;
    let method = method(connector, args.run.auth.as_deref());
    let exchanges = outcome.trace.requests.iter().map(exchange).collect::<anyhow::Result<Vec<_>>>()?;
    if exchanges.is_empty()
        && let Err(error) = &outcome.result
    {
        bail!("the action failed before it sent a request: {error}");
    }
    let secrets =
        credentials.iter().filter(|(key, _)| is_secret(method, key)).map(|(_, value)| text(value)).collect::<Vec<_>>();
    let mut input = input.clone();
    for group in [&mut input.path, &mut input.query, &mut input.headers, &mut input.body] {
        group.iter_mut().for_each(|(name, value)| scrub_input(name, value, &secrets));
    }
    Ok(Case {
        name: args.name.replace(['_', '-'], " "),
        revocation: None,
        delivery: None,
        received: None,
        action: connector.action(&args.run.action).map_or_else(|| args.run.action.clone(), |action| action.id.clone()),
        auth: args.run.auth.clone(),
        credentials: credentials
            .iter()
            .map(|(key, value)| (key.clone(), placeholder_for(method, key, value)))
            .collect(),
        input,
        exchanges,
        result: None,
        error: None,
        abridged: false,
    })
}

fn method<'c>(connector: &'c Connector, key: Option<&str>) -> Option<&'c AuthMethod> {
    key.map_or_else(|| connector.authentication.first(), |key| connector.auth_method(key))
}

/// Returns true unless the connector declares the field as not secret.
fn is_secret(method: Option<&AuthMethod>, key: &str) -> bool {
    let fields = method.into_iter().flat_map(|method| method.setup_fields.iter().chain(&method.config_fields));
    !fields.into_iter().any(|field: &FormField| field.key == key && !field.secret)
}

fn placeholder_for(method: Option<&AuthMethod>, key: &str, value: &Value) -> Value {
    if is_secret(method, key) { Value::from(PLACEHOLDER) } else { value.clone() }
}

fn exchange(traced: &Exchange) -> anyhow::Result<RecordedExchange> {
    let Some(status) = traced.status else {
        let why = traced.error.as_deref().unwrap_or("unknown");
        bail!("cannot record {} {}, which received no response: {why}", traced.method, traced.url);
    };
    let recorded = |headers: &Map<String, Value>| {
        let selected = headers.iter().filter(|(name, _)| RECORDED_HEADERS.contains(&name.as_str()));
        selected.map(|(name, value)| (name.clone(), scrubbed(value.clone()))).collect::<BTreeMap<_, _>>()
    };
    let body = scrubbed(traced.body.clone());
    Ok(RecordedExchange {
        request: ExpectedRequest {
            method: traced.method.clone(),
            url: scrubbed_url(&traced.url),
            headers: BTreeMap::new(),
            absent_headers: Vec::new(),
            body: (!body.is_null()).then_some(body),
        },
        response: RecordedResponse {
            status,
            headers: recorded(&traced.response_headers),
            body: scrubbed(traced.response_body.clone()),
            body_base64: None,
        },
    })
}

/// Returns the value with its secrets replaced.
fn scrubbed(mut value: Value) -> Value {
    scrub(&mut value);
    value
}

fn scrub(value: &mut Value) {
    match value {
        Value::String(text) => *text = scrubbed_url(text),
        Value::Array(items) => items.iter_mut().for_each(scrub),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if !replace_if_secret(name, member) {
                    scrub(member);
                }
            }
        }
        _ => {}
    }
}

/// Replaces a non-empty string whose name suggests a secret. Returns true if the name does.
fn replace_if_secret(name: &str, value: &mut Value) -> bool {
    let is_secret = names_a_secret(name) && value.as_str().is_some_and(|text| !text.is_empty());
    if is_secret {
        *value = Value::from(PLACEHOLDER);
    }
    is_secret
}

/// Returns the string with redacted parts replaced; in a URL, also the parameters whose name suggests a secret.
fn scrubbed_url(text: &str) -> String {
    let text = text.replace(REDACTED, PLACEHOLDER).replace("%5Bredacted%5D", PLACEHOLDER);
    let Some((address, query)) = text.split_once('?').filter(|(address, _)| address.starts_with("http")) else {
        return text;
    };
    let parameter = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && names_a_secret(name) => format!("{name}={PLACEHOLDER}"),
        _ => pair.to_owned(),
    };
    format!("{address}?{}", query.split('&').map(parameter).collect::<Vec<_>>().join("&"))
}

/// Replaces the secrets in an input. Inputs come from the user's file, not from the redacted trace.
fn scrub_input(name: &str, value: &mut Value, secrets: &[String]) {
    if replace_if_secret(name, value) {
        return;
    }
    match value {
        Value::String(text) => {
            for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
                *text = text.replace(secret.as_str(), PLACEHOLDER);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scrub_input("", item, secrets)),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| scrub_input(name, member, secrets)),
        _ => {}
    }
}

fn names_a_secret(name: &str) -> bool {
    let plain = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>();
    let is_token =
        plain.strip_suffix("token").is_some_and(|kind| !CURSOR_PREFIXES.iter().any(|prefix| kind.ends_with(prefix)));
    is_token || SECRET_NAMES.iter().any(|part| plain.contains(part))
}

/// Runs the case and stores its outcome as the expected one. Returns notes for the user.
fn verify_case(mut case: Case, connector: &Connector, completed: &CompletedRun) -> anyhow::Result<(Case, Vec<String>)> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let run = |case: &Case| -> anyhow::Result<_> {
        Ok(build_runtime(Threads::Single)?.block_on(run_action(connector, case, &clock, &entropy)))
    };
    let (mut repeated, mut differences) = run(&case)?;
    let mut notes = Vec::new();
    if differences.iter().any(|difference| difference.starts_with("body:")) {
        // For example a date, a random boundary, or a value derived from a secret.
        case.exchanges.iter_mut().for_each(|exchange| exchange.request.body = None);
        notes.push("a request body differs between runs; the case does not compare request bodies".to_owned());
        (repeated, differences) = run(&case)?;
    }
    if differences.is_empty() {
        add_credential_headers(&mut case, connector, completed)?;
        differences = run(&case)?.1;
        let is_header = |difference: &String| difference.starts_with("header ");
        if !differences.is_empty() && differences.iter().all(is_header) {
            // For example a signature, which holds the time.
            case.exchanges.iter_mut().for_each(|exchange| exchange.request.headers.clear());
            notes.push("a header with credentials differs between runs; the case does not compare it".to_owned());
            (repeated, differences) = run(&case)?;
        }
    }
    if let Some(first) = differences.first() {
        bail!("cannot record the action: its requests differ between runs\n{first}");
    }
    match (repeated, &completed.outcome.result) {
        (Ok(result), Ok(real)) => {
            let (result, real) = (scrubbed(Value::Object(result)), scrubbed(Value::Object(real.clone())));
            if result != real {
                bail!(
                    "cannot record the complete response: traces contain neither bodies above 64 KiB nor binary files"
                );
            }
            // The result as `test` produces it, in which the credentials' placeholder is redacted too.
            case.result = Some(run(&case)?.0.map_or(Value::Null, Value::Object));
        }
        (Err(error), Err(_)) => {
            case.error = Some(patchbay_engine::recorded_tests::ExpectedError {
                status: Some(error.status()),
                code: Some(error.code.to_string()),
                message: None,
            });
            notes.push(format!("the action failed, and the case expects this error: {error}"));
        }
        _ => bail!("the recorded case has another outcome than the real run; nothing was written"),
    }
    Ok((case, notes))
}

/// Adds the headers that carry credentials to the expected requests, with the placeholders of the case. A case whose
/// connector sends the key under a wrong name then fails.
fn add_credential_headers(case: &mut Case, connector: &Connector, completed: &CompletedRun) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let sent = build_runtime(Threads::Single)?.block_on(request_headers(connector, case, &clock, &entropy));
    let traced = &completed.outcome.trace.requests;
    for ((exchange, sent), traced) in case.exchanges.iter_mut().zip(sent).zip(traced) {
        let is_credential = |value: &Value| value.as_str().is_some_and(|text| text.contains(REDACTED));
        let names = traced.headers.iter().filter(|(_, value)| is_credential(value)).map(|(name, _)| name);
        exchange.request.headers =
            names.filter_map(|name| Some((name.clone(), Value::from(sent.get(name)?.as_str())))).collect();
    }
    Ok(())
}

fn to_case_file(connector: &str, case: &Case) -> String {
    let mut value = json!({ "name": case.name, "action": case.action });
    let mut set = |key: &str, member: Value| value[key] = member;
    if let Some(auth) = &case.auth {
        set("auth", json!(auth));
    }
    if !case.credentials.is_empty() {
        set("credentials", json!(case.credentials));
    }
    let ActionInput { path, query, headers, body } = &case.input;
    let groups = [("path", path), ("query", query), ("headers", headers), ("body", body)];
    let given = groups.into_iter().filter(|(_, members)| !members.is_empty());
    set("input", Value::Object(given.map(|(name, members)| (name.to_owned(), json!(members))).collect()));
    let exchanges = case.exchanges.iter().map(|exchange| {
        let mut request = json!({ "method": exchange.request.method, "url": exchange.request.url });
        if !exchange.request.headers.is_empty() {
            request["headers"] = json!(exchange.request.headers);
        }
        if let Some(body) = &exchange.request.body {
            request["body"] = body.clone();
        }
        let mut response = json!({ "status": exchange.response.status });
        if !exchange.response.headers.is_empty() {
            response["headers"] = json!(exchange.response.headers);
        }
        if !exchange.response.body.is_null() {
            response["body"] = exchange.response.body.clone();
        }
        json!({ "request": request, "response": response })
    });
    set("exchanges", exchanges.collect());
    if let Some(result) = &case.result {
        set("result", result.clone());
    }
    if let Some(error) = &case.error {
        set("error", json!({ "status": error.status, "code": error.code }));
    }
    format!(
        "# Recorded from a real run. Secrets were replaced.\n{}",
        to_yaml(&json!({ "connector": connector, "cases": [value] }))
    )
}

/// Returns the key of a credential whose value is in the text.
fn find_leaked_secret(credentials: &Metadata, connector: &Connector, auth: Option<&str>, file: &str) -> Option<String> {
    let method = method(connector, auth);
    let bare = file.replace(PLACEHOLDER, "");
    let is_in = |value: &Value| {
        let secret = text(value);
        // The YAML writer escapes strings with line breaks or quotes as JSON does.
        let escaped = Value::from(secret.as_str()).to_string();
        // Shorter values may be ordinary words of the text.
        secret.len() >= 8 && (bare.contains(&secret) || bare.contains(escaped.trim_matches('"')))
    };
    credentials.iter().find(|(key, value)| is_secret(method, key) && is_in(value)).map(|(key, _)| key.clone())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_secret_names_are_replaced_everywhere() {
        for name in [
            "password",
            "api_token",
            "X-Auth-Token",
            "bearerToken",
            "token",
            "idToken",
            "clientSecret",
            "Api-Key",
            "X-Amz-Signature",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in [
            "pageToken",
            "nextPageToken",
            "next_token",
            "NextToken",
            "continuationToken",
            "syncToken",
            "name",
            "tokens",
            "keyword",
        ] {
            assert!(!names_a_secret(name), "{name}");
        }
        let body = json!({ "user": { "password": "hunter22", "name": "jo" }, "at": "https://x.example.com/f?a=1&X-Amz-Signature=abc&pageToken=p" });
        let clean = json!({
            "user": { "password": PLACEHOLDER, "name": "jo" },
            "at": format!("https://x.example.com/f?a=1&X-Amz-Signature={PLACEHOLDER}&pageToken=p"),
        });
        assert_eq!(scrubbed(body.clone()), clean);
        let mut input = body["user"].clone();
        scrub_input("user", &mut input, &["jo".repeat(9)]);
        assert_eq!(input, clean["user"]);
        let mut input = json!("hunter22");
        scrub_input("password", &mut input, &[]);
        assert_eq!(input, json!(PLACEHOLDER));
    }
}
