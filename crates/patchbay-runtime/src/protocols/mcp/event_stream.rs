//! Reads a stream of server-sent events (WHATWG HTML, section 9.2) until the response to a request.

use std::ops::ControlFlow;

use http::{HeaderMap, StatusCode, header};
use patchbay_connector::json_tree;
use patchbay_egress::{BodyObserver, FailureCause};
use patchbay_model::Reservation;

use super::message::{Message, response_to};
use crate::run_memory::{ClaimError, claim_json};

/// The maximum number of events before the response.
const MAX_EVENTS: usize = 10_000;

/// Reads events until the response to a request.
pub(super) struct EventReader {
    id: u64,
    is_stream: bool,
    /// True if the body was observed while it arrived.
    was_streamed: bool,
    parser: EventParser,
    /// The response.
    pub(super) message: Option<Message>,
    /// The memory of the response, if it is large.
    pub(super) memory: Reservation,
}

impl EventReader {
    /// Creates a reader for the response to request `id`.
    pub(super) fn for_request(id: u64) -> Self {
        Self {
            id,
            is_stream: false,
            was_streamed: false,
            parser: EventParser::default(),
            message: None,
            memory: Reservation::default(),
        }
    }

    /// Returns true if the body is a stream of events.
    pub(super) fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// Returns the event id from which an interrupted stream can be resumed, and the server's delay in milliseconds.
    pub(super) fn resume_point(&self) -> Option<(&str, Option<u64>)> {
        let last_id = self.parser.last_id.as_deref().filter(|id| !id.is_empty())?;
        Some((last_id, self.parser.retry_millis))
    }

    /// Reads the events of a compressed body, which is not observed while it arrives.
    ///
    /// # Errors
    ///
    /// [`FailureCause::InvalidResponse`] after too many events without a response.
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
        let (id, found, memory, mut spent) = (self.id, &mut self.message, &mut self.memory, None);
        self.parser.feed(bytes, |data| {
            if found.is_some() {
                return true;
            }
            match claim_json(data.as_bytes(), data.len(), 2) {
                Ok(claimed) => {
                    *found = json_tree::from_slice(data.as_bytes()).ok().and_then(|message| response_to(id, message));
                    *memory = claimed;
                }
                Err(ClaimError::Spent(error)) => spent = Some(error),
                // As a message that is not JSON: it is ignored.
                Err(ClaimError::Large(_)) => {}
            }
            found.is_some() || spent.is_some()
        });
        if let Some(spent) = spent {
            return Err(spent.into());
        }
        if self.message.is_none() && self.parser.events > MAX_EVENTS {
            let reason = format!("its event stream has more than {MAX_EVENTS} events and no response");
            return Err(FailureCause::InvalidResponse(reason));
        }
        Ok(if self.message.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

/// Returns true if a content type has this media type, with any parameters.
pub(super) fn is_media_type(content_type: &str, media_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
}

/// Parses a stream, in chunks of any size.
#[derive(Default)]
struct EventParser {
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
    /// Passes the data of each message to `is_enough`, until it returns true.
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

    /// Processes a complete line. An empty line ends an event.
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
            "retry" => self.retry_millis = value.parse().ok().or(self.retry_millis),
            // A comment (without a name before the colon) or an unknown field.
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

    fn read(chunks: &[&[u8]]) -> EventReader {
        let mut events = EventReader::for_request(7);
        events.start(StatusCode::OK, &headers());
        for chunk in chunks {
            if events.observe(chunk).unwrap().is_break() {
                break;
            }
        }
        events
    }

    #[test]
    fn the_response_is_found_among_comments_other_events_and_notifications() {
        let events = read(&[STREAM.as_bytes()]);
        assert_eq!(events.message, Some(Message::Result(json!({ "ok": true }))));
        assert_eq!(events.resume_point(), Some(("2", Some(250))));
    }

    #[test]
    fn a_stream_without_a_response_is_limited() {
        let mut events = EventReader::for_request(7);
        events.start(StatusCode::OK, &headers());
        let many = "data: {}\n\n".repeat(MAX_EVENTS);
        assert!(events.observe(many.as_bytes()).unwrap().is_continue());
        assert!(matches!(events.observe(b"data: {}\n\n"), Err(FailureCause::InvalidResponse(_))));
    }

    #[test]
    fn a_body_of_another_content_type_is_not_read_as_a_stream() {
        let mut events = EventReader::for_request(7);
        events.start(StatusCode::OK, &HeaderMap::new());
        assert!(events.observe(STREAM.as_bytes()).unwrap().is_continue());
        assert!(events.message.is_none() && events.resume_point().is_none());
    }

    proptest! {
        #[test]
        fn the_size_of_chunks_makes_no_difference(cuts in proptest::collection::vec(0..STREAM.len(), 0..12)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let chunks = cuts.windows(2).map(|pair| &STREAM.as_bytes()[pair[0]..pair[1]]).collect::<Vec<_>>();
            prop_assert_eq!(read(&chunks).message, Some(Message::Result(json!({ "ok": true }))));
        }

        #[test]
        fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&[&bytes]).message;
        }
    }
}
