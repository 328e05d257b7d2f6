//! Keys, whom they belong to, and the requests that they stand for.

use patchbay_model::{KeyHash, ProjectId};
use patchbay_storage::IdempotencyLimits;
use patchbay_vault::Vault;

use crate::{Caller, Error, ErrorCode, HubSession, Problem};

/// The maximum length of a key, in characters.
const MAX_KEY_CHARS: usize = 255;
/// The limits of the API keys and members of a project together.
pub(super) const PROJECT_LIMITS: IdempotencyLimits =
    IdempotencyLimits { max_keys: 500_000, max_bytes: 1024 * 1024 * 1024 };
/// The limits of a connect session, so that a customer does not use up those of the project.
const SESSION_LIMITS: IdempotencyLimits = IdempotencyLimits { max_keys: 100, max_bytes: 1024 * 1024 };

/// The key of a request: 1 to 255 printable ASCII characters.
#[derive(Clone)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the values of the header `idempotency-key`. A string of RFC 9651 (`"key"`, as the draft requires) and the bare
    /// key (as most clients send it) are one key.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` unless there is one value that is a key.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        let mut values = values.into_iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(invalid("send one header `idempotency-key`"));
        };
        let text = std::str::from_utf8(value).map_err(|_| invalid(KEY_RULE))?.trim_matches(' ');
        let key = unquoted(text).unwrap_or_else(|| text.to_owned());
        if key.is_empty() || key.len() > MAX_KEY_CHARS || !key.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(invalid(KEY_RULE));
        }
        Ok(Self(key))
    }
}

const KEY_RULE: &str = "`idempotency-key` must have 1 to 255 printable ASCII characters; use a random one, such as a UUID, for each request";

/// Returns the content of a string of RFC 9651, section 3.3.3.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let (mut content, mut chars) = (String::with_capacity(inner.len()), inner.chars());
    while let Some(next) = chars.next() {
        match next {
            '\\' => content.push(chars.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            '"' => return None,
            other => content.push(other),
        }
    }
    Some(content)
}

fn invalid(message: &str) -> Error {
    let problem =
        Problem { path: "headers.idempotency-key".into(), code: "idempotency_key", message: message.to_owned() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

/// Whom a key belongs to: a caller of a project. Other callers can use equal keys.
pub struct IdempotencyScope {
    project: ProjectId,
    caller: String,
    /// The name of the callers that share a limit.
    bucket: String,
    limits: IdempotencyLimits,
}

impl IdempotencyScope {
    /// Returns the scope of an API key, or of the members of a project in the dashboard.
    pub fn of_caller(caller: &Caller) -> Self {
        let id = caller.key_id.as_ref().map_or_else(|| "member".to_owned(), |id| format!("key:{}", id.as_str()));
        let project = caller.project_id.clone();
        Self { bucket: project.as_str().to_owned(), project, caller: id, limits: PROJECT_LIMITS }
    }

    /// Returns the scope of a connect session.
    pub fn of_session(hub: &HubSession) -> Self {
        let (project, caller) = (hub.session.project_id.clone(), format!("session:{}", hub.session.id));
        Self { bucket: format!("{}/{caller}", project.as_str()), project, caller, limits: SESSION_LIMITS }
    }

    /// Returns the project.
    pub(super) fn project(&self) -> &ProjectId {
        &self.project
    }

    /// Returns the name of the callers that share a limit, and the limit.
    pub(super) fn limits(&self) -> (&str, IdempotencyLimits) {
        (&self.bucket, self.limits)
    }

    /// Returns the scope with other limits.
    #[cfg(test)]
    pub(super) fn within(self, limits: IdempotencyLimits) -> Self {
        Self { limits, ..self }
    }

    /// Returns the hash under which a key is stored.
    pub(super) fn hash(&self, key: &IdempotencyKey) -> KeyHash {
        Vault::hash_parts(&[self.project.as_str().as_bytes(), self.caller.as_bytes(), key.0.as_bytes()])
    }
}

/// The hash of a request, which tells a repeated request from another one with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestFingerprint(pub(super) KeyHash);

impl RequestFingerprint {
    /// Returns the fingerprint of a request: the parts of its head that decide what it does, and its body, byte for byte. The
    /// key is part of the hash, because a body can have few possible values: without the key, which is not stored, they
    /// cannot be tried.
    pub fn new(key: &IdempotencyKey, head: &[&[u8]], body: &[u8]) -> Self {
        let parts: Vec<&[u8]> = [key.0.as_bytes(), body].into_iter().chain(head.iter().copied()).collect();
        Self(Vault::hash_parts(&parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(value: &[u8]) -> Option<String> {
        IdempotencyKey::parse([value]).ok().map(|key| key.0)
    }

    #[test]
    fn a_key_has_1_to_255_printable_characters() {
        for (value, expected) in [
            ("a", "a"),
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            ("\"8e03978e\"", "8e03978e"),
            ("  two words ~ ", "two words ~"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            (r#"""#, r#"""#),
            (r#""a"b""#, r#""a"b""#),
            (r#""a\b""#, r#""a\b""#),
            ("\"k\";p=1", "\"k\";p=1"),
        ] {
            assert_eq!(key(value.as_bytes()).as_deref(), Some(expected), "{value}");
        }
        assert_eq!(key("x".repeat(255).as_bytes()).map(|key| key.len()), Some(255));
        assert_eq!(key(format!("\"{}\"", "x".repeat(255)).as_bytes()).map(|key| key.len()), Some(255));
        let long = "x".repeat(256);
        for wrong in [&b""[..], b"  ", b"\"\"", b"a\tb", b"a\x7fb", "\u{fc}".as_bytes(), b"\xff", long.as_bytes()] {
            assert_eq!(key(wrong), None, "{wrong:?}");
        }
        assert!(IdempotencyKey::parse([&b"a"[..], b"a"]).is_err());
        assert!(IdempotencyKey::parse([]).is_err());
    }

    #[test]
    fn every_part_of_a_request_counts() {
        let key = IdempotencyKey("k".to_owned());
        let of = |head: &[&[u8]], body: &[u8]| RequestFingerprint::new(&key, head, body);
        let one = of(&[b"/a", b"x"], b"{}");
        assert_eq!(one, of(&[b"/a", b"x"], b"{}"));
        for other in [
            of(&[b"/a", b"x"], b"{} "),
            of(&[b"/b", b"x"], b"{}"),
            of(&[b"/a", b""], b"{}"),
            of(&[b"/ax", b""], b"{}"),
            of(&[b"/a"], b"{}"),
            RequestFingerprint::new(&IdempotencyKey("l".to_owned()), &[b"/a", b"x"], b"{}"),
        ] {
            assert_ne!(one, other);
        }
    }
}
