//! What a provider that speaks OAuth 1.0a says is wrong: the extension "Problem Reporting" to OAuth Core 1.0
//! (<http://wiki.oauth.net/ProblemReporting>), in the `WWW-Authenticate` header or in the body.

use http::header;
use patchbay_egress::InboundResponse;
use patchbay_model::Timestamp;
use url::form_urlencoded;

/// The longest word or sentence of a provider that is repeated, in characters.
const MAX_TEXT_CHARS: usize = 200;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthProblem {
    /// Its name, such as `token_rejected`.
    pub name: String,
    /// The first and the last timestamp that would be taken, in seconds since 1970.
    acceptable: Option<(i64, i64)>,
    /// The provider's own words.
    advice: Option<String>,
}

/// Whose a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemParty {
    /// The app's key, its secret, or how it signs.
    App,
    /// The token, or the consent that it stands for.
    Token,
    /// The customer, who did not allow it.
    Customer,
    /// Neither: the clock, a nonce that came twice, or what this list does not know.
    Neither,
}

impl OAuthProblem {
    /// The problem that an answer tells; none when it tells none.
    pub fn from_response(incoming: &InboundResponse) -> Option<Self> {
        let headers = incoming.headers.get_all(header::WWW_AUTHENTICATE).into_iter();
        let mut parameters = headers.filter_map(|line| line.to_str().ok()).flat_map(challenge).collect::<Vec<_>>();
        // What only one of the two places tells counts as well.
        let body = incoming.body.get(..MAX_BODY_BYTES).unwrap_or(&incoming.body);
        parameters.extend(form_urlencoded::parse(body.trim_ascii()).into_owned());
        Self::from_parameters(&parameters)
    }

    /// The problem among parameters.
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

    /// Whose it is.
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

    /// What it means and what to do, as the rest of a sentence whose subject is the provider. `now` is this server's
    /// clock.
    pub fn sentence(&self, now: Timestamp) -> String {
        let name = &self.name;
        if name == "timestamp_refused" {
            let clock = now.to_rfc3339();
            let range = self.acceptable.map_or_else(String::new, |(from, to)| {
                let at = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000)).to_rfc3339();
                format!(" (it takes {} to {})", at(from), at(to))
            });
            return format!("refuses the time of the request{range}: this server's clock shows {clock}; set it right");
        }
        let meaning = match name.as_str() {
            "nonce_used" => "says that the request came twice; try again",
            "consumer_key_unknown" | "consumer_key_rejected" | "consumer_key_refused" => "refuses the app's key",
            "signature_invalid" => "refuses the signature: the app's secret is another one, or the token's",
            "signature_method_rejected" => "does not take signatures by this `signatureMethod`",
            "token_used" => "says that the token was used before",
            "token_expired" => "says that the token has expired",
            "token_revoked" => "says that access was taken back",
            "token_rejected" => "does not know the token",
            "verifier_invalid" => "says that the consent belongs to another sign-in",
            "permission_denied" | "user_refused" => "says that access was not granted",
            _ => "refuses the request",
        };
        let words = self.advice.as_ref().map_or_else(|| name.clone(), |advice| format!("{name}: {advice}"));
        format!("{meaning} ({words})")
    }
}

/// The most of a body that is looked at, in bytes.
const MAX_BODY_BYTES: usize = 4096;

/// Without what is not shown, and not too long.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT_CHARS).collect()
}

/// The parameters of a challenge by the scheme `OAuth` (RFC 5849, section 3.5.1).
fn challenge(line: &str) -> Vec<(String, String)> {
    let Some((scheme, parameters)) = line.trim().split_once(char::is_whitespace) else { return Vec::new() };
    if !scheme.eq_ignore_ascii_case("OAuth") {
        return Vec::new();
    }
    let pairs = parameters.split(',').filter_map(|pair| pair.trim().split_once('='));
    let pairs = pairs.map(|(name, value)| format!("{}={}", name.trim(), value.trim().trim_matches('"')));
    pairs.flat_map(|pair| form_urlencoded::parse(pair.as_bytes()).into_owned().collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use url::Url;

    use super::*;

    fn incoming(challenge: &'static str, body: &'static str) -> InboundResponse {
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
            ("", "oauth_problem=signature_invalid&debug_sbs=POST%26x\n", Some("signature_invalid")),
            ("Bearer error=\"invalid_token\", oauth_problem=\"x\"", "", None),
            ("OAuth", "{\"oauth_problem\": \"x\"}", None),
            ("", "oauth_problem=", None),
            ("", "", None),
        ] {
            let found = OAuthProblem::from_response(&incoming(challenge, body));
            assert_eq!(found.as_ref().map(|problem| problem.name.as_str()), expected, "{challenge} {body}");
        }
    }

    #[test]
    fn a_refused_time_says_what_both_clocks_show() {
        let now = "2026-01-15T10:30:00Z".parse().unwrap();
        let body = "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1768473300-1768473900";
        let problem = OAuthProblem::from_response(&incoming("", body)).unwrap();
        assert_eq!(problem.party(), ProblemParty::Neither);
        assert_eq!(
            problem.sentence(now),
            "refuses the time of the request (it takes 2026-01-15T10:35:00.000Z to 2026-01-15T10:45:00.000Z): this \
             server's clock shows 2026-01-15T10:30:00.000Z; set it right"
        );
        for odd in ["", "x-y", "1", "9223372036854775807-1"] {
            let problem = OAuthProblem { name: "timestamp_refused".to_owned(), acceptable: None, advice: None };
            let range = format!("oauth_problem=timestamp_refused&oauth_acceptable_timestamps={odd}");
            let pairs = form_urlencoded::parse(range.as_bytes());
            let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect::<Vec<_>>();
            let found = OAuthProblem::from_parameters(&pairs).unwrap();
            assert!(found.sentence(now).contains("set it right"), "{odd}");
            assert!(problem.sentence(now).starts_with("refuses the time of the request: this server's clock"));
        }
    }

    #[test]
    fn whose_a_problem_is() {
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
        let told = problem.sentence("2026-01-15T10:30:00Z".parse().unwrap());
        assert_eq!(told, "says that the request came twice; try again (nonce_used: Wait)");
    }
}
