//! Files that an action streams. The call is logged after the last chunk, when the provider fails, or when the caller
//! disconnects.

use bytes::Bytes;
use patchbay_egress::BodyStream;

use super::{actions::RunOutcome, call::Call};
use crate::{
    Error,
    runtime::{FileFacts, IntoError as _, Mask, OpenFile},
};

/// The result of an action.
pub enum RunReply {
    /// A value.
    Value(RunOutcome),
    /// A value with a file that is still streamed.
    File(Box<RunFile>),
}

/// A file in an action's result.
pub struct RunFile {
    /// The result. If it contains the file's content, the text in [`place`](Self::place) marks its position.
    pub outcome: RunOutcome,
    /// The placeholder of the content.
    pub place: String,
    /// The metadata of the file.
    pub facts: FileFacts,
    /// True if the content is text; otherwise JSON contains it in base64.
    pub is_text: bool,
    /// The content.
    pub content: FileContent,
}

/// A stream of a file's content with the account's secrets redacted. Dropping it ends the call.
pub struct FileContent {
    pieces: BodyStream,
    mask: Mask,
    call: Option<Call>,
    length: Option<u64>,
    given: u64,
}

impl RunFile {
    pub(super) fn new(call: Call, outcome: RunOutcome, file: OpenFile) -> Self {
        let OpenFile { pieces, mask, facts, is_text, place } = file;
        let content = FileContent { pieces, mask, call: Some(call), length: facts.length, given: 0 };
        Self { outcome, place, facts, is_text, content }
    }
}

impl FileContent {
    /// Returns the next chunk, never empty; `None` at the end and after an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        while self.call.is_some() {
            let piece = match self.pieces.next().await {
                Some(Ok(piece)) => self.mask.piece(piece),
                Some(Err(failure)) => {
                    let call = self.call.take()?;
                    let error = failure.into_error(&call.connector.title);
                    call.close(error.status(), Some(error.code.as_str()));
                    return Some(Err(error));
                }
                None => {
                    let rest = self.mask.rest();
                    if rest.is_empty() {
                        self.end();
                    }
                    rest
                }
            };
            if !piece.is_empty() {
                self.given += piece.len() as u64;
                return Some(Ok(piece));
            }
        }
        None
    }

    fn end(&mut self) {
        if let Some(call) = self.call.take() {
            call.close(200, None);
        }
    }
}

impl Drop for FileContent {
    fn drop(&mut self) {
        // A caller that knows the length does not poll after the last byte. In every other case the caller
        // disconnected, which the call logs itself.
        if Some(self.given) == self.length {
            self.end();
        }
    }
}
