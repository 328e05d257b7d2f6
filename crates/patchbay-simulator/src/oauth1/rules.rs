//! How a provider behaves.

use crate::oauth::Approval;

/// How a browser is sent back when access was not granted; the standard does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// `denied` with the request token, as X has it.
    Denied,
    /// A problem (`oauth_problem=user_refused`) and the request token.
    Problem,
    /// The request token, and no verifier.
    NoVerifier,
}

/// The rules.
#[derive(Clone, Debug)]
pub struct OAuth1Rules {
    /// The consumers: key and secret.
    pub consumers: Vec<(String, String)>,
    /// What addresses to come back to must begin with; empty takes any.
    pub callbacks: Vec<String>,
    /// Where it says that it is, which is what is signed; where it is called when absent.
    pub public_url: Option<String>,
    /// The signatures that it takes.
    pub methods: Vec<String>,
    /// What the authorization page does.
    pub approval: Approval,
    /// How it says that access was not granted.
    pub denial: Denial,
    /// Whether it confirms the callback: without, it speaks the protocol before its revision A.
    pub confirms_callback: bool,
    /// Whether it keeps the query of the callback.
    pub keeps_query: bool,
    /// Whether what is wrong is told (OAuth Problem Reporting), in place of a text.
    pub reports_problems: bool,
    /// Seconds by which a timestamp may be off.
    pub window_seconds: i64,
    /// Seconds that its clock is ahead.
    pub clock_skew_seconds: i64,
    /// What comes with a token.
    pub extra: Vec<(String, String)>,
    /// Whether a token's answer is JSON in place of a form.
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
            denial: Denial::Denied,
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
