//! The issued request tokens and tokens, and the used nonces.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use patchbay_model::Entropy;

/// A request token.
#[derive(Clone)]
pub(super) struct IssuedRequestToken {
    pub(super) secret: String,
    pub(super) consumer: String,
    pub(super) callback: String,
    /// The verifier, after the customer allowed access.
    pub(super) verifier: Option<String>,
    /// Whether it was exchanged for a token.
    pub(super) is_used: bool,
}

struct Token {
    secret: String,
    is_revoked: bool,
}

/// The issued tokens and used nonces.
pub(super) struct OAuth1Store {
    entropy: Arc<dyn Entropy>,
    request_tokens: HashMap<String, IssuedRequestToken>,
    tokens: HashMap<String, Token>,
    nonces: HashSet<[String; 4]>,
    pub(super) taken: Vec<String>,
    pub(super) token_requests: usize,
}

impl OAuth1Store {
    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            entropy,
            request_tokens: HashMap::new(),
            tokens: HashMap::new(),
            nonces: HashSet::new(),
            taken: Vec::new(),
            token_requests: 0,
        }
    }

    fn fresh(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.entropy.alphanumeric(30))
    }

    /// Issues a request token and its secret.
    pub(super) fn request_token(&mut self, consumer: &str, callback: &str) -> (String, String) {
        let (token, secret) = (self.fresh("rq"), self.fresh("rqs"));
        let given = IssuedRequestToken {
            secret: secret.clone(),
            consumer: consumer.to_owned(),
            callback: callback.to_owned(),
            verifier: None,
            is_used: false,
        };
        self.request_tokens.insert(token.clone(), given);
        (token, secret)
    }

    pub(super) fn request_token_of(&self, token: &str) -> Option<&IssuedRequestToken> {
        self.request_tokens.get(token)
    }

    /// Allows access for a request token and returns the verifier.
    pub(super) fn allow(&mut self, token: &str) -> Option<String> {
        let verifier = self.fresh("vf");
        self.request_tokens.get_mut(token)?.verifier = Some(verifier.clone());
        Some(verifier)
    }

    /// Exchanges a request token for a token and its secret. A request token can be exchanged once.
    pub(super) fn trade(&mut self, request_token: &str) -> Option<(String, String)> {
        let (token, secret) = (self.fresh("at"), self.fresh("ats"));
        self.request_tokens.get_mut(request_token)?.is_used = true;
        self.tokens.insert(token.clone(), Token { secret: secret.clone(), is_revoked: false });
        Some((token, secret))
    }

    /// Returns the secret of a valid token.
    pub(super) fn token_secret(&self, token: &str) -> Option<&str> {
        self.tokens.get(token).filter(|token| !token.is_revoked).map(|token| token.secret.as_str())
    }

    pub(super) fn was_revoked(&self, token: &str) -> bool {
        self.tokens.get(token).is_some_and(|token| token.is_revoked)
    }

    /// Records a nonce. Returns false if it was used before.
    pub(super) fn use_nonce(&mut self, nonce: [&str; 4]) -> bool {
        self.nonces.insert(nonce.map(str::to_owned))
    }

    pub(super) fn revoke_all(&mut self) {
        self.tokens.values_mut().for_each(|token| token.is_revoked = true);
    }

    pub(super) fn live_tokens(&self) -> Vec<String> {
        self.tokens.iter().filter(|(_, token)| !token.is_revoked).map(|(token, _)| token.clone()).collect()
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        let request = self.request_tokens.values().map(|token| token.secret.clone());
        request.chain(self.tokens.values().map(|token| token.secret.clone())).collect()
    }
}
