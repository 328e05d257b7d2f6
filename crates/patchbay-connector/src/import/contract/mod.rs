//! Compares requests and answers with an API description, and makes answers from it.
//!
//! A [`Description`] owns the parsed file; a [`Contract`] is what it promises, read by the reader of the import. The
//! contract says which operation a request belongs to ([`Contract::check_request`]), what is wrong with it, whether a
//! recorded answer is one that the description has, and what an answer looks like ([`Contract::success`],
//! [`Contract::failure`]). Everything is limited in depth and amount: a description can be hostile.

mod answer;
mod body;
mod nested;
mod paths;
mod pattern;
mod request;
mod sample;
mod schema;
mod value;

use serde_json::Value;

pub use self::answer::{MadeAnswer, RecordedAnswer};
pub use self::pattern::text_matching;
pub use self::request::{CheckedRequest, SentRequest};
pub use self::value::EMPTY_OBJECT;
use self::{
    paths::{Base, Route},
    request::SecurityNames,
};
use super::{
    ImportError, formats,
    model::{Api, ApiOperation},
    read,
    review_notes::ReviewNotes,
};

/// A parsed API description.
#[derive(Debug)]
pub struct Description {
    tree: Value,
}

/// What a description promises of requests and answers.
#[derive(Debug)]
pub struct Contract<'d> {
    api: Api<'d>,
    routes: Vec<Route>,
    bases: Vec<Base>,
    security: SecurityNames,
}

/// An operation of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationIndex(usize);

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// The description has no such path.
    Path,
    /// The path has other methods.
    Method,
    /// The query has a parameter that the operation does not have, or writes it in another way.
    Parameter,
    /// A required parameter, header, member or body is missing.
    Missing,
    /// A value has another type.
    Type,
    /// A value of the right type that is not permitted.
    Value,
    /// A body has a member that the description does not have.
    Member,
    /// The body has another media type.
    MediaType,
    /// A body where there is none.
    Body,
    /// The credentials are missing or in another place.
    Credentials,
    /// A header that the description does not have.
    Header,
    /// An answer that the description does not have.
    Answer,
}

impl FindingKind {
    /// Returns the name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Method => "method",
            Self::Parameter => "parameter",
            Self::Missing => "missing",
            Self::Type => "type",
            Self::Value => "value",
            Self::Member => "member",
            Self::MediaType => "media_type",
            Self::Body => "body",
            Self::Credentials => "credentials",
            Self::Header => "header",
            Self::Answer => "answer",
        }
    }

    /// Returns true if the difference is worth a look but is not a fault: descriptions rarely list every header.
    pub const fn is_note(self) -> bool {
        matches!(self, Self::Header)
    }
}

/// A difference between a request or an answer and the description.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// The part of the request or answer, such as `query.limit` or `body.items[0].id`.
    pub place: String,
    /// The difference, and what the description has.
    pub message: String,
    /// The value as text, if the difference is one of a value.
    pub found: Option<String>,
    /// A value that the description permits in this place.
    pub fitting: Option<Value>,
}

impl Finding {
    fn new(kind: FindingKind, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, place: place.into(), message: message.into(), found: None, fitting: None }
    }

    fn missing(place: impl Into<String>) -> Self {
        Self::new(FindingKind::Missing, place, "the description requires it, and it is not sent")
    }
}

impl Description {
    /// Parses a description and checks its format.
    ///
    /// # Errors
    /// If it cannot be parsed, exceeds a limit, or has an unknown format.
    pub fn read(text: &str) -> Result<Self, ImportError> {
        let description = Self { tree: read::read(text)? };
        description.contract()?;
        Ok(description)
    }

    /// Returns what the description promises.
    ///
    /// # Errors
    /// If the format is unknown.
    pub fn contract(&self) -> Result<Contract<'_>, ImportError> {
        let api = formats::read(&self.tree, &ReviewNotes::default())?;
        let routes = api.operations.iter().map(Route::new).collect();
        let bases = paths::bases(&api);
        let security = SecurityNames::of(&api);
        Ok(Contract { api, routes, bases, security })
    }
}

impl<'d> Contract<'d> {
    /// Returns the format, such as `OpenAPI 3.1`.
    pub fn format(&self) -> &str {
        &self.api.format
    }

    /// Returns the description's own version; empty if it has none.
    pub fn version(&self) -> String {
        let root = self.api.document.root;
        let version = root.get("info").and_then(|info| info.get("version")).or_else(|| root.get("revision"));
        version.map(|version| version.as_str().map_or_else(|| version.to_string(), str::to_owned)).unwrap_or_default()
    }

    /// Returns the number of operations.
    pub fn operations(&self) -> usize {
        self.api.operations.len()
    }

    /// Returns an operation as people write it: `GET /files`.
    pub fn name(&self, index: OperationIndex) -> String {
        self.operation(index).place()
    }

    fn operation(&self, index: OperationIndex) -> &ApiOperation<'d> {
        &self.api.operations[index.0]
    }
}

#[cfg(test)]
mod mutations;
#[cfg(test)]
mod tests;
