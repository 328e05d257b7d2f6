//! Authorizations: what is added to a request so that the provider accepts it; one file for each scheme, and the table
//! that lists them.
//!
//! A scheme is added with one file here and one row in [the table of schemes](SCHEMES). If its parameters need a type
//! of their own, [`Authorization`] gets one row, too. The runtime adds the authorization to requests.

mod api_key;
mod basic;
mod bearer;
mod custom;
mod kind;
pub(crate) mod mcp;
mod none;
mod oauth1;
pub(crate) mod oauth2;
mod signing;
mod ws_security;

pub use basic::BasicAuthorization;
pub use bearer::BearerAuthorization;
pub use custom::CustomAuthorization;
pub use kind::{AuthKind, GrantType};
pub use mcp::{ClientRegistration, McpFlow};
pub use oauth1::{OAuth1, OAuth1Flow, OAuth1Method};
pub use oauth2::{OAuth2, TokenResponse};
pub(crate) use signing::HMAC_ALGORITHMS;
pub use signing::{Aws4Signing, HmacAlgorithm, HmacSigning, Signing};
pub use ws_security::WsSecurityAuthorization;

use serde_json::{Value, json};

use crate::{
    expr::Template,
    syntax::{Mapping, NameSet, Reader},
};

/// The parameters of an authorization.
pub(crate) trait SchemeParameters {
    /// Adds every expression.
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>);

    /// Adds the names of the credentials that the scheme sets.
    fn credentials<'a>(&'a self, _names: &mut NameSet<'a>) {}
}

/// Declares the authorizations: `/// doc`, variant, parameters.
macro_rules! authorizations {
    ($($(#[$doc:meta])* $variant:ident($parameters:ty),)+) => {
        /// What is added to a request so that the provider accepts it.
        #[derive(Debug)]
        pub enum Authorization {
            /// Nothing; the arguments of the steps carry the credentials.
            None,
            $($(#[$doc])* $variant($parameters),)+
        }

        impl Authorization {
            /// Adds every expression.
            pub(crate) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
                match self {
                    Self::None => {}
                    $(Self::$variant(parameters) => SchemeParameters::templates(parameters, found),)+
                }
            }

            /// Adds the names of the credentials that the scheme sets.
            pub(crate) fn credentials<'a>(&'a self, names: &mut NameSet<'a>) {
                match self {
                    Self::None => {}
                    $(Self::$variant(parameters) => SchemeParameters::credentials(parameters, names),)+
                }
            }
        }
    };
}

authorizations! {
    /// HTTP Basic authentication (RFC 7617).
    Basic(BasicAuthorization),
    /// A bearer token (RFC 6750).
    Bearer(BearerAuthorization),
    /// Headers and query parameters (`type: custom` and `type: apiKey`).
    Custom(CustomAuthorization),
    /// A signature over each request (`type: none` with `signing`).
    Signed(Signing),
    /// A `UsernameToken` in SOAP envelopes (OASIS Web Services Security).
    WsSecurity(WsSecurityAuthorization),
    /// A token of OAuth 2.0 (RFC 6749).
    OAuth2(Box<OAuth2>),
    /// A token of OAuth 1.0a (RFC 5849) that signs each request.
    OAuth1(Box<OAuth1Flow>),
}

impl<T: SchemeParameters> SchemeParameters for Box<T> {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        (**self).templates(found);
    }

    fn credentials<'a>(&'a self, names: &mut NameSet<'a>) {
        (**self).credentials(names);
    }
}

impl Authorization {
    /// Returns the URLs of its endpoints, those that a browser opens among them.
    pub(crate) fn urls(&self) -> Vec<&Template> {
        match self {
            Self::OAuth2(oauth2) => {
                let urls = [&oauth2.authorization_url, &oauth2.token_url, &oauth2.revocation_url, &oauth2.issuer];
                urls.into_iter().flatten().collect()
            }
            Self::OAuth1(flow) => vec![&flow.request_token_url, &flow.authorization_url, &flow.token_url],
            _ => Vec::new(),
        }
    }

    /// Returns how requests are signed with OAuth 1.0a; `None` if they are not.
    pub fn oauth1(&self) -> Option<&OAuth1> {
        match self {
            Self::Signed(Signing::OAuth1(signing)) => Some(signing),
            Self::OAuth1(flow) => Some(&flow.signing),
            _ => None,
        }
    }
}

/// A row of the table of schemes.
struct Scheme {
    /// The name in the file (`type`).
    name: &'static str,
    keys: &'static [&'static str],
    read: fn(&Mapping<'_>) -> Option<Authorization>,
    schema: fn() -> Value,
}

impl Scheme {
    /// Returns the schema of the key `type`.
    fn type_schema(&self) -> (&'static str, Value) {
        ("type", json!({ "const": self.name }))
    }
}

/// The schemes of `authorization`.
const SCHEMES: [Scheme; 8] = [
    none::SCHEME,
    basic::SCHEME,
    bearer::SCHEME,
    api_key::SCHEME,
    custom::SCHEME,
    ws_security::SCHEME,
    oauth2::SCHEME,
    oauth1::SCHEME,
];

/// The parts of an authentication method that the check of its type reads.
pub(crate) struct MethodParts<'a> {
    /// The kind.
    pub(crate) kind: AuthKind,
    /// The authorization of every request.
    pub(crate) authorization: &'a Authorization,
    /// Whether it has `refreshAuthentication`.
    pub(crate) has_refresh: bool,
    /// `authorizationFlow`.
    pub(crate) mcp: Option<&'a McpFlow>,
    /// The keys of `setupFields` and `configFields`.
    pub(crate) field_keys: Vec<&'a str>,
}

/// A row of the table of authentication types.
pub(crate) struct AuthType {
    /// The name in the file (`type` of an authentication method).
    pub(crate) name: &'static str,
    /// Reads the kind from the method.
    pub(crate) kind: fn(&Mapping<'_>) -> Option<AuthKind>,
    /// Checks a method, which may be of any type. The arguments are the method, its mapping and its `authorization`.
    pub(crate) check: fn(&MethodParts<'_>, &Mapping<'_>, &Reader<'_>),
}

/// The types of authentication methods.
pub(crate) const AUTH_TYPES: [AuthType; 5] =
    [custom::AUTH_TYPE, custom::API_KEY_AUTH_TYPE, oauth2::AUTH_TYPE, mcp::AUTH_TYPE, oauth1::AUTH_TYPE];

/// Reads `authorization`, of an authentication method or of a step. The type decides which keys there are, so it is
/// read first.
pub(crate) fn read(reader: Reader<'_>) -> Option<Authorization> {
    let name = reader.peek("type").and_then(|place| place.text());
    let Some(scheme) = SCHEMES.iter().find(|scheme| Some(scheme.name) == name.as_deref()) else {
        let all = SCHEMES.iter().flat_map(|scheme| scheme.keys.iter().copied()).collect::<Vec<_>>();
        let mapping = reader.mapping("`authorization`", &all)?;
        mapping.require("type")?.choice(&SCHEMES.each_ref().map(|scheme| (scheme.name, ())));
        return None;
    };
    (scheme.read)(&reader.mapping("this `authorization`", scheme.keys)?)
}

/// Adds the schemas of `authorization` and `signing`.
pub(crate) fn definitions(add: &mut dyn FnMut(&str, Value)) {
    add("authorization", json!({ "oneOf": SCHEMES.iter().map(|scheme| (scheme.schema)()).collect::<Vec<_>>() }));
    add("signing", signing::schema());
}
