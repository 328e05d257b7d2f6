//! `patchbay connector new`: creates a connector that is valid and whose test passes, as a start.
//!
//! On a terminal, it prompts for the values that the flags do not give.

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, ValueEnum};
use url::Url;

use super::{schema::with_editor_header, stdout};

const MAIN: &str = include_str!("templates/main.yaml");
const ITEMS: &str = include_str!("templates/items.yaml");
const CASES: &str = include_str!("templates/items.test.yaml");

/// The authentication scheme of the new connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AuthScheme {
    /// An API key in a header.
    ApiKey,
    /// A bearer token (RFC 6750).
    Bearer,
    /// A user name and password (RFC 7617).
    Basic,
}

#[derive(ClapArgs)]
pub struct Args {
    /// The connector's key: lower-case letters, digits and underscores
    key: Option<String>,
    /// The connector's display name
    #[arg(long)]
    title: Option<String>,
    /// The provider's base URL, for example <https://api.example.com/v1>
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The provider's authentication scheme
    #[arg(long, value_enum)]
    auth: Option<AuthScheme>,
    /// The folder in which to create the connector's folder
    #[arg(long, default_value = ".", value_name = "DIR")]
    dir: PathBuf,
}

/// Runs the command. Changes no existing file.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let key = given_or_prompted(args.key.clone(), "Key (for example acme)", "the KEY argument", None)?;
    check_key(&key)?;
    let title = given_or_prompted(args.title.clone(), "Display name", "--title", Some(&title_of(&key)))?;
    let base_url = given_or_prompted(args.base_url.clone(), "Base URL", "--base-url", None)?;
    let base_url = check_url(&base_url)?;
    let auth = match args.auth {
        Some(auth) => auth,
        None => {
            let text = given_or_prompted(None, "Authentication: api-key, bearer or basic", "--auth", Some("api-key"))?;
            AuthScheme::from_str(&text, true)
                .map_err(|_| anyhow::anyhow!("`{text}` is not one of api-key, bearer, basic"))?
        }
    };
    let folder = args.dir.join(&key);
    if folder.exists() {
        bail!("{} exists already; choose another key, or remove it first", folder.display());
    }
    let filled = |template: &str| fill(template, &key, &title, &base_url, auth);
    std::fs::create_dir_all(folder.join("tests")).with_context(|| format!("cannot create {}", folder.display()))?;
    write(&folder.join(format!("{key}.connector.yaml")), &with_editor_header(&filled(MAIN)))?;
    write(&folder.join(format!("{key}.items.partial.yaml")), &with_editor_header(&filled(ITEMS)))?;
    write(&folder.join("tests/items.test.yaml"), &filled(CASES))?;
    let place = folder.display();
    stdout::print_line(&format!(
        "{place}\n\nNext:\n  patchbay connector validate {place}\n  patchbay connector test {place}"
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn given_or_prompted(
    given: Option<String>,
    question: &str,
    flag: &str,
    default: Option<&str>,
) -> anyhow::Result<String> {
    if let Some(given) = given {
        return Ok(given.trim().to_owned());
    }
    if !std::io::stdin().is_terminal() {
        return default.map(str::to_owned).with_context(|| format!("{flag} is missing"));
    }
    let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
    eprint!("{question}{shown}: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("cannot read the input")?;
    match (line.trim(), default) {
        ("", Some(default)) => Ok(default.to_owned()),
        ("", None) => bail!("{flag} is missing"),
        (input, _) => Ok(input.to_owned()),
    }
}

fn check_key(key: &str) -> anyhow::Result<()> {
    let plain = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !plain || !key.starts_with(|c: char| c.is_ascii_lowercase()) {
        bail!("`{key}` is not a connector key; use lower-case letters, digits and underscores, starting with a letter");
    }
    Ok(())
}

fn check_url(text: &str) -> anyhow::Result<String> {
    let url = Url::parse(text).with_context(|| format!("`{text}` is not a URL"))?;
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if url.scheme() == "http" && bare {
        let host = url.host_str().unwrap_or_default();
        bail!(
            "`{text}` is not https, and a connector sends credentials only over https. For a provider on your machine, use \
             the https URL that it will have, such as https://api.acme.example, and send its requests there: \
             --upstream https://api.acme.example=http://{host}{port} for `run`, `record` and `serve`",
            port = url.port().map(|port| format!(":{port}")).unwrap_or_default()
        );
    }
    if url.scheme() != "https" || !bare || text.contains(['$', '{', '"']) {
        bail!("`{text}` is not a base URL; use one like https://api.example.com/v1");
    }
    Ok(String::from(url).trim_end_matches('/').to_owned())
}

fn title_of(key: &str) -> String {
    let words = key.split('_').filter(|word| !word.is_empty()).map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join(" ")
}

fn fill(template: &str, key: &str, title: &str, base_url: &str, auth: AuthScheme) -> String {
    let (authentication, credentials, headers) = match auth {
        AuthScheme::ApiKey => (API_KEY, "{ apiKey: secret }", ", headers: { x-api-key: secret }"),
        AuthScheme::Bearer => (BEARER, "{ token: secret }", ", headers: { authorization: Bearer secret }"),
        AuthScheme::Basic => {
            (BASIC, "{ username: jo, password: secret }", ", headers: { authorization: Basic am86c2VjcmV0 }")
        }
    };
    // The author's values come last: they may contain the other placeholders.
    let plain = title.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect::<String>();
    template
        .replace("AUTHENTICATION", authentication)
        .replace("CREDENTIALS", credentials)
        .replace("HEADERS", headers)
        .replace("KEY", key)
        .replace("BASE_URL", base_url)
        .replace("TITLE", &plain)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

pub(super) const API_KEY: &str = r#"  - apikey:
      type: custom
      label: API Key
      authorization:
        type: custom
        args:
          - { name: x-api-key, value: "${credentials.apiKey}", in: headers }
      configFields:
        - key: apiKey
          label: API key
          type: password
          required: true
          secret: true
          description: Copy the key from the provider's settings."#;

pub(super) const BEARER: &str = r#"  - token:
      type: custom
      label: Access token
      authorization: { type: bearer, token: "${credentials.token}" }
      configFields:
        - key: token
          label: Access token
          type: password
          required: true
          secret: true
          description: Copy the token from the provider's settings."#;

const BASIC: &str = r#"  - basic:
      type: custom
      label: User name and password
      authorization: { type: basic, username: "${credentials.username}", password: "${credentials.password}" }
      configFields:
        - key: username
          label: User name
          type: text
          required: true
          secret: false
          description: The user as whom the connector calls the provider.
        - key: password
          label: Password
          type: password
          required: true
          secret: true
          description: The user's password or API token."#;
