//! Files that an action or the proxy streams. The call is logged after the last chunk, when the provider fails, or when the
//! caller disconnects.

use bytes::Bytes;
use patchbay_egress::BodyStream;

use super::{call::Call, outcome::RunOutcome};
use crate::Error;
use patchbay_runtime::{FileMetadata, IntoError as _, StreamRedactor, StreamedFile};

/// The result of an action.
pub enum RunReply {
    /// A value.
    Value(RunOutcome),
    /// A value with a file that is still streamed.
    File(Box<RunFile>),
}

/// A file in an action's result.
pub struct RunFile {
    /// The result. If it contains the file's content, the text in [`placeholder`](Self::placeholder) marks its position.
    pub outcome: RunOutcome,
    /// The placeholder of the content.
    pub placeholder: String,
    /// The metadata of the file.
    pub metadata: FileMetadata,
    /// True if the content is text; otherwise JSON contains it in base64.
    pub is_text: bool,
    /// The content.
    pub content: FileContent,
}

/// A stream of a file's content with the account's secrets redacted. Dropping it ends the call.
pub struct FileContent {
    content: BodyStream,
    redactor: StreamRedactor,
    call: Option<Call>,
    /// The provider's status, for the record of the call.
    status: u16,
    length: Option<u64>,
    given: u64,
}

impl RunFile {
    pub(super) fn new(call: Call, outcome: RunOutcome, file: StreamedFile) -> Self {
        let StreamedFile { content, redactor, metadata, is_text, placeholder } = file;
        let content = FileContent::new(call, content, redactor, 200, metadata.length);
        Self { outcome, placeholder, metadata, is_text, content }
    }
}

impl FileContent {
    /// Returns the content of a file. The call is recorded with `status` at its end.
    pub(super) fn new(
        call: Call,
        content: BodyStream,
        redactor: StreamRedactor,
        status: u16,
        length: Option<u64>,
    ) -> Self {
        Self { content, redactor, call: Some(call), status, length, given: 0 }
    }

    /// Returns the next chunk, never empty; `None` at the end and after an error.
    ///
    /// # Errors
    ///
    /// 502 `ProviderConnectionError` or `ProviderResponseTooLargeError`, 408 `TimeoutError`; the content ends there.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        while self.call.is_some() {
            let piece = match self.content.next().await {
                Some(Ok(piece)) => self.redactor.push(piece),
                Some(Err(failure)) => {
                    let call = self.call.take()?;
                    let error = failure.into_error(&call.connector.title);
                    call.close(error.status(), Some(error.code.as_str()));
                    return Some(Err(error));
                }
                None => {
                    let rest = self.redactor.finish();
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
            call.close(self.status, None);
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
