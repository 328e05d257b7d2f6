//! Files that an action hands on piece by piece. The call's record is written when the last piece has left, when
//! the provider fails, or when the caller goes away.

use bytes::Bytes;

use super::{actions::RunOutcome, call::Call};
use crate::{
    Error,
    http::BodyStream,
    runtime::{FileFacts, IntoError as _, Mask, OpenFile},
};

/// What an action answered.
pub enum RunReply {
    /// A value.
    Value(RunOutcome),
    /// A value that holds a file, which is still to come.
    File(Box<RunFile>),
}

/// A file within an action's result.
pub struct RunFile {
    /// The result. The text at [`place`](Self::place) stands in it for the file's content, where it holds that.
    pub outcome: RunOutcome,
    /// What stands for the content.
    pub place: String,
    /// What is known of the file.
    pub facts: FileFacts,
    /// Whether the content is text; else it is base64 where it stands in JSON.
    pub is_text: bool,
    /// The content.
    pub content: FileContent,
}

/// A file's content, piece by piece, without the account's secrets. Dropping it ends the call.
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
    /// The next piece, never empty; none at the end. After an error there is nothing more.
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
        // Whoever knows the length asks for nothing after the last byte. Otherwise the caller has left, which the
        // call records itself.
        if Some(self.given) == self.length {
            self.end();
        }
    }
}
