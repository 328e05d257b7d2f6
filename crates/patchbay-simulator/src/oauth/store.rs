//! The granted authorization codes, and the token families that are revoked together.

use std::{collections::HashMap, sync::Arc};

use patchbay_model::Entropy;

use super::register::SimulatedClient;

/// An authorization code.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) expires_at: i64,
    /// The token family for which it was exchanged.
    pub(super) family: Option<usize>,
}

struct TokenFamily {
    client: String,
    scope: String,
    is_revoked: bool,
    /// Every refresh token.
    refresh: Vec<RefreshToken>,
    /// Every access token with its expiry, in seconds since 1970.
    access: Vec<(String, i64)>,
}

struct RefreshToken {
    text: String,
    replaced_at: Option<i64>,
    expires_at: i64,
}

/// The expiry of tokens that are issued now, in seconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct TokenExpiries {
    pub(super) access: i64,
    pub(super) refresh: i64,
}

/// The tokens that a token request issued.
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) scope: String,
    pub(super) id_token: Option<String>,
}

impl RefreshToken {
    fn new(text: &str, ends: TokenExpiries) -> Self {
        Self { text: text.to_owned(), replaced_at: None, expires_at: ends.refresh }
    }
}

/// The server's grants and registered clients.
pub(super) struct OAuthStore {
    entropy: Arc<dyn Entropy>,
    codes: HashMap<String, Code>,
    families: Vec<TokenFamily>,
    pub(super) things: usize,
    /// How often a refresh token was used after it was replaced.
    pub(super) reused: usize,
    registered: Vec<SimulatedClient>,
    pub(super) registrations: usize,
}

impl OAuthStore {
    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            entropy,
            codes: HashMap::new(),
            families: Vec::new(),
            things: 0,
            reused: 0,
            registered: Vec::new(),
            registrations: 0,
        }
    }

    fn fresh(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.entropy.alphanumeric(30))
    }

    pub(super) fn add_code(&mut self, code: Code) -> String {
        let text = self.fresh("code");
        self.codes.insert(text.clone(), code);
        text
    }

    /// Returns the code. A second use revokes the tokens of the first one (RFC 6749, section 4.1.2).
    pub(super) fn use_code(&mut self, text: &str) -> Option<Code> {
        let code = self.codes.get(text)?.clone();
        if let Some(family) = code.family {
            self.families[family].is_revoked = true;
            return None;
        }
        Some(code)
    }

    /// Registers a client; without a secret it is a public client.
    pub(super) fn register(&mut self, secret: Option<String>, redirect_uris: Vec<String>) -> SimulatedClient {
        self.registrations += 1;
        let client = SimulatedClient { id: self.fresh("client"), secret: secret.unwrap_or_default(), redirect_uris };
        self.registered.push(client.clone());
        client
    }

    pub(super) fn registered(&self, id: &str) -> Option<&SimulatedClient> {
        self.registered.iter().find(|client| client.id == id)
    }

    pub(super) fn forget_clients(&mut self) {
        self.registered.clear();
    }

    /// Creates a token family.
    pub(super) fn grant(
        &mut self,
        client: &str,
        scope: &str,
        code: Option<&str>,
        ends: TokenExpiries,
        with_refresh_token: bool,
    ) -> Tokens {
        let (access, refresh) = (self.fresh("at"), with_refresh_token.then(|| self.fresh("rt")));
        self.families.push(TokenFamily {
            client: client.to_owned(),
            scope: scope.to_owned(),
            is_revoked: false,
            refresh: refresh.iter().map(|text| RefreshToken::new(text, ends)).collect(),
            access: vec![(access.clone(), ends.access)],
        });
        if let Some(code) = code.and_then(|code| self.codes.get_mut(code)) {
            code.family = Some(self.families.len() - 1);
        }
        Tokens { access, refresh, scope: scope.to_owned(), id_token: None }
    }

    /// Exchanges a refresh token. Returns `None` if it is not valid. The use of a token that was replaced before the
    /// grace period indicates theft, so that it revokes the whole family.
    pub(super) fn refresh(
        &mut self,
        client: &str,
        token: &str,
        now: i64,
        ends: TokenExpiries,
        rotates: bool,
        grace: i64,
    ) -> Option<Tokens> {
        let (access, next) = (self.fresh("at"), self.fresh("rt"));
        let family = self.families.iter_mut().find(|family| family.refresh.iter().any(|known| known.text == token))?;
        if family.is_revoked || family.client != client {
            return None;
        }
        let used = family.refresh.iter_mut().find(|known| known.text == token && known.expires_at > now)?;
        if let Some(replaced) = used.replaced_at
            && now >= replaced + grace
        {
            family.is_revoked = true;
            self.reused += 1;
            return None;
        }
        let mut refresh = None;
        if rotates {
            used.replaced_at.get_or_insert(now);
            family.refresh.push(RefreshToken::new(&next, ends));
            refresh = Some(next);
        }
        family.access.push((access.clone(), ends.access));
        Some(Tokens { access, refresh, scope: family.scope.clone(), id_token: None })
    }

    /// Returns the scope of a valid access token.
    pub(super) fn scope_of(&self, token: &str, now: i64) -> Option<&str> {
        let holds = |family: &&TokenFamily| {
            !family.is_revoked && family.access.iter().any(|(known, ends)| known == token && *ends > now)
        };
        self.families.iter().find(holds).map(|family| family.scope.as_str())
    }

    pub(super) fn accepts(&self, token: &str, now: i64) -> bool {
        let is_refreshable = |family: &TokenFamily| {
            !family.is_revoked && family.refresh.iter().any(|known| known.text == token && known.replaced_at.is_none())
        };
        self.scope_of(token, now).is_some() || self.families.iter().any(is_refreshable)
    }

    /// Revokes the family of a token (RFC 7009, section 2.1).
    pub(super) fn revoke(&mut self, token: &str) {
        for family in &mut self.families {
            let is_its = family.refresh.iter().any(|known| known.text == token)
                || family.access.iter().any(|(known, _)| known == token);
            family.is_revoked |= is_its;
        }
    }

    pub(super) fn revoke_all(&mut self) {
        self.families.iter_mut().for_each(|family| family.is_revoked = true);
    }

    pub(super) fn expire_access_tokens(&mut self) {
        self.families.iter_mut().for_each(|family| family.access.clear());
    }

    pub(super) fn live_refresh_tokens(&self) -> Vec<String> {
        let newest = |family: &TokenFamily| family.refresh.last().map(|newest| newest.text.clone());
        self.families.iter().filter(|family| !family.is_revoked).filter_map(newest).collect()
    }
}
