//! The banner that the server prints on standard error when it starts. Only the first start shows secrets.

use std::io::{self, Write};

use patchbay_engine::FirstStart;
use patchbay_server::RouteUrls;
use patchbay_simulator::{SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET};

/// Prints the banner on standard error.
///
/// # Errors
/// Standard error cannot be written, so that nobody saw the banner.
pub fn print(urls: &RouteUrls, first_start: Option<&FirstStart>, sandbox: bool) -> io::Result<()> {
    io::stderr().write_all(text(urls, first_start, sandbox).as_bytes())
}

fn text(urls: &RouteUrls, first_start: Option<&FirstStart>, sandbox: bool) -> String {
    let mut lines = vec![String::new(), format!("  Patchbay {} on {}", env!("CARGO_PKG_VERSION"), urls.base())];
    lines.push(String::new());
    lines.push(format!("  Dashboard      {}", urls.dashboard()));
    lines.push(format!("  Documentation  {}", urls.documentation()));
    lines.push(format!("  API reference  {}", urls.reference()));
    if sandbox {
        lines.push(String::new());
        lines.push("  Sandbox: SpotDraft is simulated on this machine. Link an account with".to_owned());
        lines.push(format!("    Client ID      {SANDBOX_CLIENT_ID}"));
        lines.push(format!("    Client Secret  {SANDBOX_CLIENT_SECRET}"));
    }
    if let Some(first) = first_start {
        lines.push(String::new());
        lines.push(format!(
            "  First start: created the project `{}`. Save these values; they are not shown again:",
            first.project.name
        ));
        if let Some(key) = &first.api_key {
            lines.push(format!("    API key    {}", key.expose()));
        }
        lines.push(format!("    Dashboard  {}", urls.login_link(&first.login_token).expose()));
    }
    lines.push(String::new());
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_start_shows_no_secret() {
        insta::assert_snapshot!(text(&RouteUrls::new("http://127.0.0.1:8080"), None, true));
    }
}
