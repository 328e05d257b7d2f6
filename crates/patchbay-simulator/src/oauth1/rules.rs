//! The rules of a simulated OAuth 1.0a provider.

use crate::oauth::Approval;

/// The callback after the customer denied access, which the standard does not define.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuth1Denial {
    /// `denied` with the request token, as X does.
    Denied,
    /// A problem (`oauth_problem=user_refused`) and the request token.
    Problem,
    /// The request token, and no verifier.
    NoVerifier,
}

/// The rules of a provider.
#[derive(Clone, Debug)]
pub struct OAuth1Rules {
    /// The keys and secrets of the consumers.
    pub consumers: Vec<(String, String)>,
    /// The allowed prefixes of callback URLs; an empty list accepts any.
    pub callbacks: Vec<String>,
    /// The public URL, which is signed. `None` uses the `Host` header.
    pub public_url: Option<String>,
    /// The accepted signature methods.
    pub methods: Vec<String>,
    /// The behavior of the authorization page.
    pub approval: Approval,
    /// The callback after a denial.
    pub denial: OAuth1Denial,
    /// Whether it confirms the callback. If not, it implements the protocol before revision A.
    pub confirms_callback: bool,
    /// Whether it keeps the query of the callback URL.
    pub keeps_query: bool,
    /// Whether errors are in the format of OAuth Problem Reporting, instead of plain text.
    pub reports_problems: bool,
    /// The largest accepted difference of a timestamp, in seconds.
    pub window_seconds: i64,
    /// The seconds by which the provider's clock is ahead.
    pub clock_skew_seconds: i64,
    /// Additional members of a token response.
    pub extra: Vec<(String, String)>,
    /// Whether token responses are JSON instead of a form.
    pub answers_json: bool,
}

impl Default for OAuth1Rules {
    fn default() -> Self {
        Self {
            consumers: vec![("app".to_owned(), "app-secret".to_owned())],
            callbacks: Vec::new(),
            public_url: None,
            methods: ["HMAC-SHA1", "HMAC-SHA256"].map(str::to_owned).to_vec(),
            approval: Approval::Always,
            denial: OAuth1Denial::Denied,
            confirms_callback: true,
            keeps_query: true,
            reports_problems: true,
            window_seconds: 300,
            clock_skew_seconds: 0,
            extra: [("user_id", "u1"), ("screen_name", "ada")].map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
            answers_json: false,
        }
    }
}
