//! Reads the problem that a provider with OAuth 1.0a reports: the extension "Problem Reporting" to OAuth Core 1.0
//! (<http://wiki.oauth.net/ProblemReporting>), in the `WWW-Authenticate` header or in the body.

use http::header;
use patchbay_egress::InboundResponse;
use patchbay_model::Timestamp;
use url::form_urlencoded;

use crate::redaction::{redactor::Redactor, shorten::shortened};

/// The maximum length of a text of the provider that a message repeats, in characters.
const MAX_TEXT_CHARS: usize = 200;

/// A problem that an OAuth 1.0a provider reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthProblem {
    /// The name, such as `token_rejected`.
    pub name: String,
    /// The first and the last acceptable timestamp, in seconds since 1970.
    acceptable: Option<(i64, i64)>,
    /// The provider's own message.
    advice: Option<String>,
}

/// The party that can solve a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemParty {
    /// The client: its consumer key, its secret or its signature method.
    App,
    /// The account: its token or the authorization that issued the token.
    Token,
    /// The customer, who did not grant access.
    Customer,
    /// None of these: the clock, a repeated nonce, or an unknown problem.
    Neither,
}

impl OAuthProblem {
    /// Returns the problem that a response reports, or `None`.
    pub fn from_response(response: &InboundResponse) -> Option<Self> {
        let headers = response.headers.get_all(header::WWW_AUTHENTICATE).into_iter();
        let mut parameters = headers.filter_map(|line| line.to_str().ok()).flat_map(challenge).collect::<Vec<_>>();
        // The header and the body can each contain a part of the parameters.
        // A parameter that is too long to be read to its end could end within a secret.
        let body = match response.body.get(..MAX_BODY_BYTES).filter(|read| read.len() < response.body.len()) {
            Some(read) => &read[..read.iter().rposition(|byte| *byte == b'&').unwrap_or(0)],
            None => &response.body[..],
        };
        parameters.extend(form_urlencoded::parse(body.trim_ascii()).into_owned());
        Self::from_parameters(&parameters)
    }

    /// Returns the problem in the parameters of a response.
    fn from_parameters(parameters: &[(String, String)]) -> Option<Self> {
        let get = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let range = |text: &str| {
            let (from, to) = text.split_once('-')?;
            Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
        };
        Some(Self {
            name: plain(get("oauth_problem").filter(|name| !name.is_empty())?),
            acceptable: get("oauth_acceptable_timestamps").and_then(range),
            advice: get("oauth_problem_advice").map(plain).filter(|advice| !advice.is_empty()),
        })
    }

    /// Returns the party that can solve the problem.
    pub fn party(&self) -> ProblemParty {
        match self.name.as_str() {
            "consumer_key_unknown"
            | "consumer_key_rejected"
            | "consumer_key_refused"
            | "signature_invalid"
            | "signature_method_rejected" => ProblemParty::App,
            "token_used" | "token_expired" | "token_revoked" | "token_rejected" | "verifier_invalid"
            | "permission_unknown" => ProblemParty::Token,
            "permission_denied" | "user_refused" | "additional_authorization_required" => ProblemParty::Customer,
            _ => ProblemParty::Neither,
        }
    }

    /// Returns the meaning and the remedy, as the rest of a sentence whose subject is the provider. `now` is the time of
    /// this server. The provider's texts are redacted and then shortened.
    pub fn sentence(&self, now: Timestamp, redactor: &Redactor) -> String {
        let name = &shortened(&self.name, MAX_TEXT_CHARS, redactor);
        if name == "timestamp_refused" {
            let clock = now.to_rfc3339();
            let range = self.acceptable.map_or_else(String::new, |(from, to)| {
                let at = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000)).to_rfc3339();
                format!(" (it accepts {} to {})", at(from), at(to))
            });
            return format!(
                "rejected the timestamp of the request{range}: this server's clock shows {clock}; correct the clock"
            );
        }
        let meaning = match name.as_str() {
            "nonce_used" => "reports that the nonce was used before; try again",
            "consumer_key_unknown" | "consumer_key_rejected" | "consumer_key_refused" => "rejected the consumer key",
            "signature_invalid" => "rejected the signature: the consumer secret or the token secret is wrong",
            "signature_method_rejected" => "does not accept this `signatureMethod`",
            "token_used" => "reports that the token was used before",
            "token_expired" => "reports that the token has expired",
            "token_revoked" => "reports that access was revoked",
            "token_rejected" => "rejected the token",
            "verifier_invalid" => "reports that the verifier belongs to another authorization",
            "permission_denied" | "user_refused" => "reports that access was not granted",
            _ => "rejected the request",
        };
        let reason = self
            .advice
            .as_ref()
            .map_or_else(|| name.clone(), |advice| format!("{name}: {}", shortened(advice, MAX_TEXT_CHARS, redactor)));
        format!("{meaning} ({reason})")
    }
}

/// The maximum length of the part of a body that is read, in bytes.
const MAX_BODY_BYTES: usize = 4096;

/// Returns a text without control characters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Returns the parameters of the challenges with the scheme `OAuth` in a header (RFC 5849, section 3.5.1; RFC 9110, section
/// 11.6.1): a comma within a quoted text belongs to the text, and a line can have several challenges.
fn challenge(line: &str) -> Vec<(String, String)> {
    let (mut is_oauth, mut found) = (false, Vec::new());
    for part in split_unquoted(line).map(str::trim).filter(|part| !part.is_empty()) {
        let (start, value) = part.split_once('=').map_or((part, None), |(start, value)| (start.trim(), Some(value)));
        // The first parameter of a challenge is behind its scheme.
        let name = match (start.split_once(char::is_whitespace), value) {
            (Some((scheme, name)), _) => {
                is_oauth = scheme.eq_ignore_ascii_case("OAuth");
                name.trim()
            }
            (None, Some(_)) => start,
            (None, None) => {
                is_oauth = start.eq_ignore_ascii_case("OAuth");
                continue;
            }
        };
        if let Some(value) = value.filter(|_| is_oauth) {
            found.push((decoded(name), decoded(&unquoted(value.trim()))));
        }
    }
    found
}

/// Returns the parts of a header between the commas that are not within quotes.
fn split_unquoted(line: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    line.split(move |c| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        match c {
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            ',' => return !is_quoted,
            _ => {}
        }
        false
    })
}

/// Returns a value without its quotes and the backslashes in them (RFC 9110, section 5.6.4).
fn unquoted(value: &str) -> String {
    let Some(rest) = value.strip_prefix('"') else { return value.to_owned() };
    let (mut text, mut characters) = (String::new(), rest.chars());
    loop {
        match characters.next() {
            None | Some('"') => return text,
            Some('\\') => text.extend(characters.next()),
            Some(other) => text.push(other),
        }
    }
}

/// Returns a percent-encoded text (RFC 5849, section 3.6) decoded.
fn decoded(text: &str) -> String {
    let pair = format!("v={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use url::Url;

    use super::*;

    fn response(challenge: &'static str, body: &'static str) -> InboundResponse {
        let mut headers = HeaderMap::new();
        if !challenge.is_empty() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let url = Url::parse("https://provider.example/").unwrap();
        InboundResponse { status: StatusCode::UNAUTHORIZED, headers, body: Bytes::from_static(body.as_bytes()), url }
    }

    #[test]
    fn problems_are_found_in_the_header_and_in_the_body() {
        for (challenge, body, expected) in [
            ("OAuth realm=\"x, y\", oauth_problem=\"token_expired\"", "", Some("token_expired")),
            ("oauth oauth_problem=token%5Frevoked", "oauth_problem=other", Some("token_revoked")),
            ("OAuth realm=\"a, oauth_problem=b\", oauth_problem=\"token_used\"", "", Some("token_used")),
            ("OAuth realm=\"a \\\", oauth_problem=b\" , oauth_problem=token_used", "", Some("token_used")),
            ("Basic realm=\"x, y\", OAuth realm=z, oauth_problem = nonce_used", "", Some("nonce_used")),
            ("Negotiate, OAuth oauth_problem=nonce_used, Bearer oauth_problem=no", "", Some("nonce_used")),
            ("OAuth, oauth_problem=nonce_used", "", Some("nonce_used")),
            ("OAuth oauth_problem=\"nonce_used", "", Some("nonce_used")),
            ("Bearer realm=\"OAuth oauth_problem=no\"", "", None),
            ("OAuth realm=\",", "", None),
            ("", "oauth_problem=signature_invalid&debug_sbs=POST%26x\n", Some("signature_invalid")),
            ("Bearer error=\"invalid_token\", oauth_problem=\"x\"", "", None),
            ("OAuth", "{\"oauth_problem\": \"x\"}", None),
            ("", "oauth_problem=", None),
            ("", "", None),
        ] {
            let found = OAuthProblem::from_response(&response(challenge, body));
            assert_eq!(found.as_ref().map(|problem| problem.name.as_str()), expected, "{challenge} {body}");
        }
    }

    #[test]
    fn a_comma_within_quotes_belongs_to_the_text() {
        let line =
            "OAuth oauth_problem=\"token_rejected\", oauth_problem_advice=\"Log in, then \\\"allow\\\" a%26b & c\"";
        let problem = OAuthProblem::from_response(&response(line, "")).unwrap();
        let sentence = problem.sentence("2026-01-15T10:30:00Z".parse().unwrap(), &Redactor::default());
        assert_eq!(sentence, "rejected the token (token_rejected: Log in, then \"allow\" a&b & c)");
    }

    #[test]
    fn a_rejected_timestamp_is_reported_with_both_clocks() {
        let now = "2026-01-15T10:30:00Z".parse().unwrap();
        let body = "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1768473300-1768473900";
        let problem = OAuthProblem::from_response(&response("", body)).unwrap();
        assert_eq!(problem.party(), ProblemParty::Neither);
        assert_eq!(
            problem.sentence(now, &Redactor::default()),
            "rejected the timestamp of the request (it accepts 2026-01-15T10:35:00.000Z to 2026-01-15T10:45:00.000Z): this \
             server's clock shows 2026-01-15T10:30:00.000Z; correct the clock"
        );
        for range in ["", "x-y", "1", "9223372036854775807-1"] {
            let problem = OAuthProblem { name: "timestamp_refused".to_owned(), acceptable: None, advice: None };
            let text = format!("oauth_problem=timestamp_refused&oauth_acceptable_timestamps={range}");
            let pairs = form_urlencoded::parse(text.as_bytes());
            let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect::<Vec<_>>();
            let found = OAuthProblem::from_parameters(&pairs).unwrap();
            assert!(found.sentence(now, &Redactor::default()).contains("correct the clock"), "{range}");
            assert!(
                problem
                    .sentence(now, &Redactor::default())
                    .starts_with("rejected the timestamp of the request: this server's clock")
            );
        }
    }

    #[test]
    fn the_name_decides_the_party() {
        for (name, party) in [
            ("consumer_key_unknown", ProblemParty::App),
            ("signature_invalid", ProblemParty::App),
            ("token_revoked", ProblemParty::Token),
            ("verifier_invalid", ProblemParty::Token),
            ("user_refused", ProblemParty::Customer),
            ("timestamp_refused", ProblemParty::Neither),
            ("something_new", ProblemParty::Neither),
        ] {
            let problem = OAuthProblem { name: name.to_owned(), acceptable: None, advice: Some("Do it.".to_owned()) };
            assert_eq!(problem.party(), party, "{name}");
        }
        let problem = OAuthProblem { name: "nonce_used".to_owned(), acceptable: None, advice: Some("Wait".to_owned()) };
        let sentence = problem.sentence("2026-01-15T10:30:00Z".parse().unwrap(), &Redactor::default());
        assert_eq!(sentence, "reports that the nonce was used before; try again (nonce_used: Wait)");
    }
}
