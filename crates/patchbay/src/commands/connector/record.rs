//! `patchbay connector record`: a test case from a real run.
//!
//! What is written has no secret: credentials are replaced before anything is kept, and so is what bears the name
//! of a secret in a body. The case is played at once, so that a file is only written when `test` will pass.

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
    recorded_tests::{Case, CaseFile, ExpectedRequest, RecordedExchange, RecordedResponse, run_action},
};
use patchbay_model::{Clock, Entropy, Metadata};
use patchbay_vault::OsEntropy;
use serde_json::{Map, Value, json};

use super::{
    job::{JobArgs, Performed},
    out,
};
use crate::system::{SystemClock, Threads, runtime};

/// What stands for a credential in a case.
const PLACEHOLDER: &str = "recorded-secret";
/// What the engine writes in a secret's place.
const REDACTED: &str = "[redacted]";
/// Parts of names whose values are secrets, whoever made them.
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
/// Words before `token` that make it a place in a list, which the case needs.
const PLACES: [&str; 11] =
    ["page", "next", "prev", "previous", "continuation", "continue", "cursor", "sync", "delta", "start", "resume"];
/// Headers of answers that change what is made of them.
const KEPT_HEADERS: [&str; 6] = ["content-type", "link", "location", "content-disposition", "etag", "retry-after"];

#[derive(ClapArgs)]
pub struct Args {
    /// The case's name, and the file's: tests/NAME.test.yaml in the connector's folder
    name: String,
    #[command(flatten)]
    job: JobArgs,
    /// Another file to write
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that exists
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (source, connector) = args.job.source()?;
    let path = target(args, source.place.as_deref())?;
    let performed = args.job.perform(&connector)?;
    let case = case(args, &connector, &performed)?;
    let (case, notes) = rehearsed(case, &connector, &performed)?;
    let text = written(&connector.key, &case);
    // What was recorded is read again as `test` will read it.
    CaseFile::parse(&path.display().to_string(), &text)?;
    if let Some(secret) = leaked(&performed.credentials, &connector, args.job.auth.as_deref(), &text) {
        bail!("the field `{secret}` would stand in the case; nothing was written");
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    std::fs::write(&path, &text).with_context(|| format!("{} cannot be written", path.display()))?;
    for note in notes {
        eprintln!("note: {note}");
    }
    eprintln!(
        "Secrets were replaced. Read the file before you share it: names and addresses of people stay as they came."
    );
    out::line(&path.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn target(args: &Args, place: Option<&Path>) -> anyhow::Result<PathBuf> {
    let plain = args.name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if args.name.is_empty() || !plain {
        bail!("`{}` is no name of a case; use letters, digits, `_` and `-`", args.name);
    }
    let path = match (&args.output, place) {
        (Some(path), _) => path.clone(),
        (None, Some(place)) => {
            let folder = if place.is_file() { place.parent().unwrap_or(Path::new(".")) } else { place };
            folder.join("tests").join(format!("{}.test.yaml", args.name))
        }
        (None, None) => bail!("a built-in connector has no folder to write to; name a file with --output"),
    };
    if path.exists() && !args.force {
        bail!("{} exists already; choose another name, or write over it with --force", path.display());
    }
    Ok(path)
}

fn case(args: &Args, connector: &Connector, performed: &Performed) -> anyhow::Result<Case> {
    let Performed { input, credentials, outcome } = performed;
    let method = method(connector, args.job.auth.as_deref());
    let exchanges = outcome.trace.requests.iter().map(exchange).collect::<anyhow::Result<Vec<_>>>()?;
    if exchanges.is_empty()
        && let Err(error) = &outcome.result
    {
        bail!("the action failed before it asked anything: {error}");
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
        action: connector.action(&args.job.action).map_or_else(|| args.job.action.clone(), |action| action.id.clone()),
        auth: args.job.auth.clone(),
        credentials: credentials.iter().map(|(key, value)| (key.clone(), stand_in(method, key, value))).collect(),
        input,
        exchanges,
        result: None,
        error: None,
    })
}

fn method<'c>(connector: &'c Connector, key: Option<&str>) -> Option<&'c AuthMethod> {
    key.map_or_else(|| connector.authentication.first(), |key| connector.auth_method(key))
}

/// Every credential is secret but those that the connector declares as plain.
fn is_secret(method: Option<&AuthMethod>, key: &str) -> bool {
    let fields = method.into_iter().flat_map(|method| method.setup_fields.iter().chain(&method.config_fields));
    !fields.into_iter().any(|field: &FormField| field.key == key && !field.secret)
}

fn stand_in(method: Option<&AuthMethod>, key: &str, value: &Value) -> Value {
    if is_secret(method, key) { Value::from(PLACEHOLDER) } else { value.clone() }
}

fn exchange(traced: &Exchange) -> anyhow::Result<RecordedExchange> {
    let Some(status) = traced.status else {
        let why = traced.error.as_deref().unwrap_or("unknown");
        bail!("{} {} got no answer, which cannot be recorded: {why}", traced.method, traced.url);
    };
    let kept = |headers: &Map<String, Value>| {
        let kept = headers.iter().filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()));
        kept.map(|(name, value)| (name.clone(), scrubbed(value.clone()))).collect::<BTreeMap<_, _>>()
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
            headers: kept(&traced.response_headers),
            body: scrubbed(traced.response_body.clone()),
            body_base64: None,
        },
    })
}

/// A value without what is secret in it.
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
                if !hidden(name, member) {
                    scrub(member);
                }
            }
        }
        _ => {}
    }
}

/// Replaces a text that bears the name of a secret.
fn hidden(name: &str, value: &mut Value) -> bool {
    let is_secret = names_a_secret(name) && value.as_str().is_some_and(|text| !text.is_empty());
    if is_secret {
        *value = Value::from(PLACEHOLDER);
    }
    is_secret
}

/// A text without what was redacted in it and, where it is an address, without parameters that bear a secret's name.
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

/// Inputs did not come by the wire, so that nothing has been replaced in them.
fn scrub_input(name: &str, value: &mut Value, secrets: &[String]) {
    if hidden(name, value) {
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
    let is_token = plain.strip_suffix("token").is_some_and(|kind| !PLACES.iter().any(|place| kind.ends_with(place)));
    is_token || SECRET_NAMES.iter().any(|part| plain.contains(part))
}

/// Plays the case: what comes out is what it expects.
fn rehearsed(mut case: Case, connector: &Connector, performed: &Performed) -> anyhow::Result<(Case, Vec<String>)> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let play = |case: &Case| -> anyhow::Result<_> {
        Ok(runtime(Threads::One)?.block_on(run_action(connector, case, &clock, &entropy)))
    };
    let (mut played, mut differences) = play(&case)?;
    let mut notes = Vec::new();
    if differences.iter().any(|difference| difference.starts_with("body:")) {
        // A date, a random boundary, something that a secret went into: not the same twice.
        case.exchanges.iter_mut().for_each(|exchange| exchange.request.body = None);
        notes.push("a request's body is not the same twice; the case does not compare bodies".to_owned());
        (played, differences) = play(&case)?;
    }
    if let Some(first) = differences.first() {
        bail!("the action does not ask the same twice, so that no case can be made of it\n{first}");
    }
    match (played, &performed.outcome.result) {
        (Ok(result), Ok(real)) => {
            let (result, real) = (scrubbed(Value::Object(result)), scrubbed(Value::Object(real.clone())));
            if result != real {
                bail!(
                    "the answer cannot be recorded whole: bodies beyond 64 KiB and files that are no text are not kept"
                );
            }
            // As `test` will see it: there, a credential's placeholder is redacted in turn.
            case.result = Some(play(&case)?.0.map_or(Value::Null, Value::Object));
        }
        (Err(error), Err(_)) => {
            case.error = Some(patchbay_engine::recorded_tests::ExpectedError {
                status: Some(error.status()),
                code: Some(error.code.to_string()),
                message: None,
            });
            notes.push(format!("the action failed, and the case expects that: {error}"));
        }
        _ => bail!("the recorded run ends differently from the real one; nothing was written"),
    }
    Ok((case, notes))
}

fn written(connector: &str, case: &Case) -> String {
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
        "# Recorded from a real run; secrets were replaced.\n{}",
        to_yaml(&json!({ "connector": connector, "cases": [value] }))
    )
}

/// The secret that stands in the text after all.
fn leaked(credentials: &Metadata, connector: &Connector, auth: Option<&str>, written: &str) -> Option<String> {
    let method = method(connector, auth);
    let bare = written.replace(PLACEHOLDER, "");
    let is_in = |value: &Value| {
        let secret = text(value);
        // YAML writes a text of several lines, and what has quotes in it, as JSON does.
        let escaped = Value::from(secret.as_str()).to_string();
        // Shorter ones are words that stand in innocent text too.
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
    fn what_bears_the_name_of_a_secret_is_replaced_wherever_it_stands() {
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
