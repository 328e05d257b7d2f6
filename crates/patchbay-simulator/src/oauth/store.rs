//! What was granted: codes, and families of tokens that live and die together.

use std::{collections::HashMap, sync::Arc};

use patchbay_model::Entropy;

use super::register::Registered;

/// A code that waits to be traded.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) expires_at: i64,
    /// The family that it was traded for.
    pub(super) family: Option<usize>,
}

struct Family {
    client: String,
    scope: String,
    is_revoked: bool,
    /// Every refresh token.
    refresh: Vec<RefreshToken>,
    /// Every access token with its end.
    access: Vec<(String, i64)>,
}

struct RefreshToken {
    text: String,
    replaced_at: Option<i64>,
    ends_at: i64,
}

/// When tokens end that are minted now.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) access: i64,
    pub(super) refresh: i64,
}

/// What a token request minted.
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) scope: String,
    pub(super) id_token: Option<String>,
}

impl RefreshToken {
    fn new(text: &str, ends: Ends) -> Self {
        Self { text: text.to_owned(), replaced_at: None, ends_at: ends.refresh }
    }
}

/// What is granted.
pub(super) struct Store {
    entropy: Arc<dyn Entropy>,
    codes: HashMap<String, Code>,
    families: Vec<Family>,
    pub(super) things: usize,
    registered: Vec<Registered>,
    pub(super) registrations: usize,
}

impl Store {
    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            entropy,
            codes: HashMap::new(),
            families: Vec::new(),
            things: 0,
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

    /// The code, to be used. A second use takes back what the first one got (RFC 6749, section 4.1.2).
    pub(super) fn use_code(&mut self, text: &str) -> Option<Code> {
        let code = self.codes.get(text)?.clone();
        if let Some(family) = code.family {
            self.families[family].is_revoked = true;
            return None;
        }
        Some(code)
    }

    /// A client that registers itself; without a secret it proves nothing.
    pub(super) fn register(&mut self, secret: Option<String>, redirect_uris: Vec<String>) -> Registered {
        self.registrations += 1;
        let client = Registered { id: self.fresh("client"), secret: secret.unwrap_or_default(), redirect_uris };
        self.registered.push(client.clone());
        client
    }

    pub(super) fn registered(&self, id: &str) -> Option<&Registered> {
        self.registered.iter().find(|client| client.id == id)
    }

    pub(super) fn forget_clients(&mut self) {
        self.registered.clear();
    }

    /// A new family.
    pub(super) fn grant(&mut self, client: &str, scope: &str, code: Option<&str>, ends: Ends, renews: bool) -> Tokens {
        let (access, refresh) = (self.fresh("at"), renews.then(|| self.fresh("rt")));
        self.families.push(Family {
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

    /// Tokens for a refresh token; none when it is not worth anything. One that was replaced too long ago was
    /// stolen by someone: the whole family dies.
    pub(super) fn refresh(
        &mut self,
        client: &str,
        token: &str,
        now: i64,
        ends: Ends,
        rotates: bool,
        grace: i64,
    ) -> Option<Tokens> {
        let (access, next) = (self.fresh("at"), self.fresh("rt"));
        let family = self.families.iter_mut().find(|family| family.refresh.iter().any(|known| known.text == token))?;
        if family.is_revoked || family.client != client {
            return None;
        }
        let used = family.refresh.iter_mut().find(|known| known.text == token && known.ends_at > now)?;
        if let Some(replaced) = used.replaced_at
            && now >= replaced + grace
        {
            family.is_revoked = true;
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

    /// The scope of an access token that lives.
    pub(super) fn scope_of(&self, token: &str, now: i64) -> Option<&str> {
        let holds = |family: &&Family| {
            !family.is_revoked && family.access.iter().any(|(known, ends)| known == token && *ends > now)
        };
        self.families.iter().find(holds).map(|family| family.scope.as_str())
    }

    pub(super) fn honours(&self, token: &str, now: i64) -> bool {
        let renews = |family: &Family| {
            !family.is_revoked && family.refresh.iter().any(|known| known.text == token && known.replaced_at.is_none())
        };
        self.scope_of(token, now).is_some() || self.families.iter().any(renews)
    }

    /// Takes back the family of a token (RFC 7009, section 2.1).
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

    pub(super) fn end_access_tokens(&mut self) {
        self.families.iter_mut().for_each(|family| family.access.clear());
    }

    pub(super) fn live_refresh_tokens(&self) -> Vec<String> {
        let newest = |family: &Family| family.refresh.last().map(|newest| newest.text.clone());
        self.families.iter().filter(|family| !family.is_revoked).filter_map(newest).collect()
    }
}
