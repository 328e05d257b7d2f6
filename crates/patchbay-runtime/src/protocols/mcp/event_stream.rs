//! Reads a stream of server-sent events (WHATWG HTML, section 9.2) until the response to a request.

use std::ops::ControlFlow;

use http::{HeaderMap, StatusCode, header};
use patchbay_connector::json_tree;
use patchbay_egress::{BodyObserver, FailureCause};
use patchbay_mcp::{
    headers::is_media_type,
    message::{Message, may_be_response_to, response_to},
    sse::EventParser,
};
use patchbay_model::Reservation;

use crate::run_memory::{ClaimError, LARGE_BODY_BYTES, claim_json};

/// The maximum number of events before the response.
const MAX_EVENTS: usize = 10_000;

/// Reads events until the response to a request.
pub(super) struct EventReader {
    id: u64,
    is_stream: bool,
    /// True if the body was observed while it arrived.
    was_streamed: bool,
    parser: EventParser,
    /// The response, if it is small.
    pub(super) message: Option<Message>,
    /// The text of a large response. The stream is read on the thread that answers, so the text is not parsed there.
    pub(super) large: Option<String>,
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
            large: None,
            memory: Reservation::default(),
        }
    }

    /// Returns true if the response has been received.
    pub(super) fn has_response(&self) -> bool {
        self.message.is_some() || self.large.is_some()
    }

    /// Returns true if the body is a stream of events.
    pub(super) fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// Returns the event id from which an interrupted stream can be resumed, and the server's delay in milliseconds.
    pub(super) fn resume_point(&self) -> Option<(&str, Option<u64>)> {
        let last_id = self.parser.last_id().filter(|id| !id.is_empty())?;
        Some((last_id, self.parser.retry_millis()))
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
        (self.message, self.large) = (None, None);
    }

    fn observe(&mut self, bytes: &[u8]) -> Result<ControlFlow<()>, FailureCause> {
        if !self.is_stream {
            return Ok(ControlFlow::Continue(()));
        }
        self.was_streamed = true;
        let (id, found, memory, mut spent) = (self.id, &mut self.message, &mut self.memory, None);
        let large = &mut self.large;
        self.parser.feed(bytes, |data| {
            if found.is_some() || large.is_some() {
                return true;
            }
            if data.len() > LARGE_BODY_BYTES {
                *large = Some(data).filter(|data| may_be_response_to(id, data));
                return large.is_some();
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
        if !self.has_response() && self.parser.events() > MAX_EVENTS {
            let reason = format!("its event stream has more than {MAX_EVENTS} events and no response");
            return Err(FailureCause::InvalidResponse(reason));
        }
        Ok(if self.has_response() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
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
    fn a_large_response_is_found_and_left_as_text() {
        let text = "x".repeat(LARGE_BODY_BYTES);
        let message = |id: &str, member: &str| format!("{{\"jsonrpc\":\"2.0\",{id}{member}:{{\"text\":\"{text}\"}}}}");
        let foreign = [
            message("\"id\":8,", "\"result\""),
            message("", "\"result\""),
            message("\"id\":7,", "\"params\""),
            message("\"method\":\"notifications/message\",", "\"params\""),
            format!("not JSON {text}"),
        ];
        let foreign = foreign.map(|message| format!("data: {message}\n\n")).concat();
        for response in [
            message("\"id\":7,", "\"result\""),
            message("\"id\":\"7\",", "\"result\""),
            message("\"id\" : 7 ,", "\"error\""),
            message("\"id\":null,", "\"error\""),
            message("", "\"error\""),
            format!("[{}]", message("\"id\":7,", "\"result\"")),
        ] {
            let events = read(&[format!("{foreign}data: {response}\n\ndata: late\n\n").as_bytes()]);
            assert!(events.message.is_none() && events.has_response());
            assert_eq!(events.large.unwrap(), response);
        }
        let small = format!("{foreign}{STREAM}");
        assert_eq!(read(&[small.as_bytes()]).message, Some(Message::Result(json!({ "ok": true }))));
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
