//! The client that sends a request. Its name decides which types it can read.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::state::AppState;

/// The beginning of the user agent of the generated SDKs: `speakeasy-sdk/LANGUAGE SDK-VERSION GENERATOR DOCUMENT PACKAGE`.
const SDK_PREFIX: &str = "speakeasy-sdk/";
/// The first version whose SDK reads the organization's ID as a string. Those before it read a number; 4.33.2 reads both.
const TEXT_ORGANIZATION_SINCE: (u32, u32) = (4, 34);

/// The header `User-Agent` of a request.
pub(crate) struct UserAgent(Option<(u32, u32)>);

impl UserAgent {
    /// Reads a user agent. Anything but an SDK counts as a client that reads strings.
    fn parse(text: &str) -> Self {
        Self(sdk_version(text))
    }

    /// Returns true for an SDK that expects the organization's ID to be a JSON number.
    pub(crate) fn expects_numeric_organization(&self) -> bool {
        self.0.is_some_and(|version| version < TEXT_ORGANIZATION_SINCE)
    }
}

impl FromRequestParts<AppState> for UserAgent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        // Browsers do not let scripts set it; SDKs have an option for another name.
        let names = ["user-agent", "x-speakeasy-user-agent"];
        let texts = names.iter().filter_map(|name| parts.headers.get(*name)?.to_str().ok());
        Ok(texts.map(Self::parse).find(|agent| agent.0.is_some()).unwrap_or(Self(None)))
    }
}

/// Returns the major and the minor version of the SDK in a user agent.
fn sdk_version(text: &str) -> Option<(u32, u32)> {
    let mut words = text.split_ascii_whitespace().skip_while(|word| !starts_with(word, SDK_PREFIX));
    words.next()?;
    let mut numbers = words.next()?.split(['.', '-', '+']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn starts_with(word: &str, prefix: &str) -> bool {
    word.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sdks_before_4_34_expect_a_number() {
        for (agent, expected) in [
            ("speakeasy-sdk/typescript 4.28.0 2.721.3 1.0.0 @stackone/stackone-client-ts", true),
            ("speakeasy-sdk/typescript 4.17.0 2.656.5 1.0.0 @stackone/stackone-client-ts", true),
            ("speakeasy-sdk/typescript 4.33.2 2.800.0 1.0.0 @stackone/stackone-client-ts", true),
            ("speakeasy-sdk/typescript 4.9.1", true),
            ("speakeasy-sdk/typescript 3.99.0 x", true),
            ("speakeasy-sdk/python 4.2.1 2.656.5 1.0.0 stackone_client", true),
            ("my-app/1.0 Speakeasy-SDK/TypeScript 4.30.0-beta.1 x", true),
            ("speakeasy-sdk/typescript 4.34.0 2.858.2 1.0.0 @stackone/stackone-client-ts", false),
            ("speakeasy-sdk/typescript 4.100.0 x", false),
            ("speakeasy-sdk/typescript 5.0.0 x", false),
            ("speakeasy-sdk/python 4.34.1 2.656.5 1.0.0 stackone_client", false),
            ("speakeasy-sdk/typescript", false),
            ("speakeasy-sdk/typescript x.y", false),
            ("speakeasy-sdk/typescript 99999999999.0", false),
            ("node", false),
            ("", false),
        ] {
            assert_eq!(UserAgent::parse(agent).expects_numeric_organization(), expected, "{agent}");
        }
    }
}
