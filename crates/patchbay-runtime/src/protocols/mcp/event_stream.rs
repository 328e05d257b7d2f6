//! A stream of server-sent events (WHATWG HTML, section 9.2), read for the one answer that it must bring.

use std::ops::ControlFlow;

use http::{HeaderMap, StatusCode, header};
use patchbay_egress::{BodyObserver, FailureCause};
use serde_json::Value;

use super::message::{Message, response_to};

/// The most events that come before the answer.
const MAX_EVENTS: usize = 10_000;

/// Reads events until the answer to a request has come.
pub(super) struct EventReader {
    id: u64,
    is_stream: bool,
    /// Whether the body's bytes were shown as they came.
    was_streamed: bool,
    parser: EventParser,
    /// The answer.
    pub(super) message: Option<Message>,
}

impl EventReader {
    pub(super) fn answering(id: u64) -> Self {
        Self { id, is_stream: false, was_streamed: false, parser: EventParser::default(), message: None }
    }

    /// Whether the answer is a stream of events.
    pub(super) fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// Where a stream that broke off can be taken up again, and after how many milliseconds.
    pub(super) fn resume(&self) -> Option<(&str, Option<u64>)> {
        let place = self.parser.last_id.as_deref().filter(|place| !place.is_empty())?;
        Some((place, self.parser.retry))
    }

    /// The events of a body that came packed.
    pub(super) fn observe_decompressed(&mut self, body: &[u8]) -> Result<(), FailureCause> {
        if self.is_stream && !self.was_streamed {
            let _ = self.observe(body)?;
        }
        Ok(())
    }
}

impl BodyObserver for EventReader {
    fn start(&mut self, _: StatusCode, headers: &HeaderMap) {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        self.is_stream = is_media_type(kind, "text/event-stream");
        self.was_streamed = false;
        self.parser = EventParser::default();
        self.message = None;
    }

    fn observe(&mut self, bytes: &[u8]) -> Result<ControlFlow<()>, FailureCause> {
        if !self.is_stream {
            return Ok(ControlFlow::Continue(()));
        }
        self.was_streamed = true;
        let (id, found) = (self.id, &mut self.message);
        self.parser.feed(bytes, |data| {
            if found.is_none()
                && let Ok(message) = serde_json::from_str::<Value>(data)
            {
                *found = response_to(id, message);
            }
            found.is_some()
        });
        if self.message.is_none() && self.parser.events > MAX_EVENTS {
            let why = format!("its stream has more than {MAX_EVENTS} events and no answer");
            return Err(FailureCause::InvalidResponse(why));
        }
        Ok(if self.message.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

/// Whether a content type is of a media type, whatever its parameters.
pub(super) fn is_media_type(kind: &str, wanted: &str) -> bool {
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// Takes a stream apart, whatever pieces it comes in.
#[derive(Default)]
struct EventParser {
    line: Vec<u8>,
    after_return: bool,
    has_begun: bool,
    data: Option<String>,
    kind: String,
    last_id: Option<String>,
    retry: Option<u64>,
    events: usize,
}

impl EventParser {
    /// Gives each message's data, until `is_enough` says so.
    fn feed(&mut self, bytes: &[u8], mut is_enough: impl FnMut(&str) -> bool) {
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

    fn end_line(&mut self, is_enough: &mut impl FnMut(&str) -> bool) -> bool {
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
            return data.is_some_and(|data| is_enough(&data));
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
            "retry" => self.retry = value.parse().ok().or(self.retry),
            // A comment (with no name before the colon) or a field that nobody knows.
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const STREAM: &str = "\u{feff}: hello\r\nid: 1\r\ndata:\r\n\r\nretry: 250\nid: 2\nevent: message\n\
                          data: {\"method\":\"notifications/progress\"}\n\nevent: ping\ndata: {\"id\":7,\"result\":1}\n\n\
                          data: {\"id\":7,\rdata:  \"result\":{\"ok\":true}}\r\rdata: late\n\n";

    fn headers() -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, "Text/Event-Stream; charset=utf-8".parse().unwrap())])
    }

    fn read(pieces: &[&[u8]]) -> EventReader {
        let mut events = EventReader::answering(7);
        events.start(StatusCode::OK, &headers());
        for piece in pieces {
            if events.observe(piece).unwrap().is_break() {
                break;
            }
        }
        events
    }

    #[test]
    fn the_answer_is_found_among_comments_other_events_and_notifications() {
        let events = read(&[STREAM.as_bytes()]);
        assert_eq!(events.message, Some(Message::Result(json!({ "ok": true }))));
        assert_eq!(events.resume(), Some(("2", Some(250))));
    }

    #[test]
    fn a_stream_without_an_answer_ends_at_so_many_events() {
        let mut events = EventReader::answering(7);
        events.start(StatusCode::OK, &headers());
        let many = "data: {}\n\n".repeat(MAX_EVENTS);
        assert!(events.observe(many.as_bytes()).unwrap().is_continue());
        assert!(matches!(events.observe(b"data: {}\n\n"), Err(FailureCause::InvalidResponse(_))));
    }

    #[test]
    fn a_body_that_is_no_stream_is_not_read_as_one() {
        let mut events = EventReader::answering(7);
        events.start(StatusCode::OK, &HeaderMap::new());
        assert!(events.observe(STREAM.as_bytes()).unwrap().is_continue());
        assert!(events.message.is_none() && events.resume().is_none());
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(cuts in proptest::collection::vec(0..STREAM.len(), 0..12)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| &STREAM.as_bytes()[pair[0]..pair[1]]).collect::<Vec<_>>();
            prop_assert_eq!(read(&pieces).message, Some(Message::Result(json!({ "ok": true }))));
        }

        #[test]
        fn any_bytes_are_borne(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&[&bytes]).message;
        }
    }
}
