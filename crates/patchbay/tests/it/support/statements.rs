//! The statements in what a client sends to PostgreSQL (its frontend/backend protocol, version 3).

use std::collections::HashMap;

/// The code of a request for TLS, in place of a version. The message that follows has no type either.
const TLS_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// What was read of one connection.
#[derive(Default)]
pub struct Statements {
    /// Bytes that are not a whole message yet.
    rest: Vec<u8>,
    /// Whether the message has passed that begins a session. Messages before it have no type.
    has_begun: bool,
    /// The prepared statements by name.
    prepared: HashMap<String, String>,
}

impl Statements {
    /// Reads further bytes, and returns the statements that they have executed.
    pub fn executed(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let mut found = Vec::new();
        loop {
            let typed = usize::from(self.has_begun);
            let Some(length) = self.rest.get(typed..typed + 4) else { return found };
            let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
            if self.rest.len() < typed + length {
                return found;
            }
            let message = self.rest.drain(..typed + length).collect::<Vec<_>>();
            let body = &message[typed + 4..];
            if self.has_begun {
                found.extend(self.message(message[0], body));
            } else {
                self.has_begun = !body.starts_with(&TLS_REQUEST);
            }
        }
    }

    /// Reads a message, and returns the statement that it executes.
    fn message(&mut self, kind: u8, body: &[u8]) -> Option<String> {
        let mut texts = body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        match kind {
            b'Q' => texts.next(),
            b'P' => {
                let (name, statement) = (texts.next()?, texts.next()?);
                self.prepared.insert(name, statement);
                None
            }
            // Its texts are the name of a portal and that of the statement.
            b'B' => self.prepared.get(&texts.nth(1)?).cloned(),
            _ => None,
        }
    }
}
