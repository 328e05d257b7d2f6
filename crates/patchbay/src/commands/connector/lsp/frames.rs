//! The messages of the protocol: a header with the length, and JSON (Language Server Protocol 3.17, "Base Protocol").

use std::io::{BufRead, Read as _, Write};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// The maximum size of a message, in bytes; an editor sends whole files.
const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// The maximum length of a header line, in bytes.
const MAX_HEADER_BYTES: u64 = 1_024;
/// The maximum number of header lines.
const MAX_HEADERS: usize = 16;

/// Reads a message; `None` at the end of the input.
///
/// # Errors
/// If a header or the JSON is not valid, if a message is too large, or if the input ends within a message.
pub(super) fn read(input: &mut impl BufRead) -> anyhow::Result<Option<Value>> {
    let mut length = None;
    for number in 0..=MAX_HEADERS {
        let mut line = String::new();
        let read = input.by_ref().take(MAX_HEADER_BYTES).read_line(&mut line).context("cannot read a message")?;
        if read == 0 && number == 0 {
            return Ok(None);
        }
        ensure!(line.ends_with('\n'), "a header line is longer than {MAX_HEADER_BYTES} bytes, or the input ended");
        let line = line.trim_end();
        if line.is_empty() {
            let length: usize = length.context("a message has no `Content-Length`")?;
            ensure!(length <= MAX_MESSAGE_BYTES, "a message has {length} bytes; the maximum is {MAX_MESSAGE_BYTES}");
            let mut body = vec![0; length];
            input.read_exact(&mut body).context("the input ended within a message")?;
            return Ok(Some(serde_json::from_slice(&body).context("a message is not JSON")?));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse().with_context(|| format!("`{}` is not a length", value.trim()))?);
        }
    }
    bail!("a message has more than {MAX_HEADERS} header lines")
}

/// Writes a message.
///
/// # Errors
/// If the output cannot be written.
pub(super) fn write(output: &mut impl Write, message: &Value) -> anyhow::Result<()> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush().context("cannot write a message")
}
