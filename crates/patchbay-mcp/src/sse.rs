//! Streams of server-sent events (WHATWG HTML, section 9.2).

use bytes::{Bytes, BytesMut};

/// The comment that keeps a stream open.
pub const PING: Bytes = Bytes::from_static(b": ping\n\n");

/// Returns the event of a JSON text that is given in parts. Line breaks outside of JSON strings would end the event's line, so
/// they become blanks; inside of strings there are none.
pub fn event(id: Option<&str>, parts: &[Bytes]) -> Bytes {
    let length = parts.iter().map(Bytes::len).sum::<usize>();
    let mut event = BytesMut::with_capacity(length + 32 + id.map_or(0, str::len));
    if let Some(id) = id {
        event.extend_from_slice(b"id: ");
        event.extend_from_slice(id.as_bytes());
        event.extend_from_slice(b"\n");
    }
    event.extend_from_slice(b"data: ");
    let start = event.len();
    parts.iter().for_each(|part| event.extend_from_slice(part));
    for byte in &mut event[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    event.extend_from_slice(b"\n\n");
    event.freeze()
}

/// Returns the first event of a stream that can be resumed: an id and no data.
pub fn first_event(id: &str) -> Bytes {
    Bytes::from(format!("id: {id}\ndata:\n\n"))
}

/// Returns the field that says when a client resumes the stream.
pub fn retry(millis: u64) -> Bytes {
    Bytes::from(format!("retry: {millis}\n\n"))
}

/// Parses a stream, in chunks of any size.
#[derive(Debug, Default)]
pub struct EventParser {
    line: Vec<u8>,
    after_return: bool,
    has_begun: bool,
    data: Option<String>,
    kind: String,
    last_id: Option<String>,
    retry_millis: Option<u64>,
    events: usize,
}

impl EventParser {
    /// Returns the id of the last event, if one had any.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// Returns the delay before the stream is resumed that the server asked for, in milliseconds.
    pub fn retry_millis(&self) -> Option<u64> {
        self.retry_millis
    }

    /// Returns the number of events.
    pub fn events(&self) -> usize {
        self.events
    }

    /// Passes the data of each message to `is_enough`, until it returns true.
    pub fn feed(&mut self, bytes: &[u8], mut is_enough: impl FnMut(String) -> bool) {
        for &byte in bytes {
            let ends_line = match byte {
                b'\n' if self.after_return => {
                    self.after_return = false;
                    continue;
                }
                b'\n' | b'\r' => true,
                _ => {
                    self.line.push(byte);
                    false
                }
            };
            self.after_return = byte == b'\r';
            if ends_line && self.end_line(&mut is_enough) {
                return;
            }
        }
    }

    /// Processes a complete line. An empty line ends an event.
    fn end_line(&mut self, is_enough: &mut impl FnMut(String) -> bool) -> bool {
        let line = std::mem::take(&mut self.line);
        let mut line = String::from_utf8_lossy(&line);
        if !std::mem::replace(&mut self.has_begun, true)
            && let Some(rest) = line.strip_prefix('\u{feff}')
        {
            line = rest.to_owned().into();
        }
        if line.is_empty() {
            self.events += 1;
            let kind = std::mem::take(&mut self.kind);
            let data = self.data.take().filter(|_| kind.is_empty() || kind == "message");
            return data.is_some_and(is_enough);
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "event" => value.clone_into(&mut self.kind),
            "id" if !value.contains('\0') => self.last_id = Some(value.to_owned()),
            "retry" => self.retry_millis = value.parse().ok().or(self.retry_millis),
            // A comment (without a name before the colon) or an unknown field.
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let parts = [Bytes::from_static(b"{\"a\":\r\n\"x\\ny\""), Bytes::from_static(b"}")];
        let stream = [first_event("7-0"), PING, event(Some("7-1"), &parts), retry(250)].concat();
        let (mut parser, mut read) = (EventParser::default(), Vec::new());
        parser.feed(&stream, |data| {
            read.push(data);
            false
        });
        assert_eq!(read, ["", "{\"a\":  \"x\\ny\"}"]);
        assert_eq!((parser.last_id(), parser.retry_millis()), (Some("7-1"), Some(250)));
    }
}
