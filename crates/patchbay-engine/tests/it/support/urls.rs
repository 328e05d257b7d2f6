//! The routes of a server at `http://localhost`.

use std::sync::Arc;

use patchbay_engine::PublicUrls;
use patchbay_vault::Secret;

#[derive(Debug)]
struct TestUrls;

/// Returns the URLs of a server at `http://localhost`.
pub fn urls() -> Arc<dyn PublicUrls> {
    Arc::new(TestUrls)
}

impl PublicUrls for TestUrls {
    fn base(&self) -> &'static str {
        "http://localhost"
    }

    fn hub(&self, token: &Secret) -> Secret {
        Secret::new(format!("{}/hub?token={}", self.base(), token.expose()))
    }

    fn return_page(&self) -> String {
        format!("{}/embedded/accounts/callback", self.base())
    }

    fn callback(&self, connector: &str) -> String {
        format!("{}/connect/oauth2/{connector}/callback", self.base())
    }

    fn client_metadata(&self, _: &str) -> Option<String> {
        None
    }
}
