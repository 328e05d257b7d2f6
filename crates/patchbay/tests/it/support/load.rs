//! What tests need that send many requests: connections that are kept, and a connector without a limit.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

/// The path and body of an action's call.
pub const RPC: (&str, &str) = ("/actions/rpc", r#"{"action":"spotdraft_list_contract_types"}"#);

/// A kept connection that sends one request again and again. It is opened with the first request.
pub struct Connection {
    /// None before the first request, and after a reply that has ended the connection.
    reader: Option<BufReader<TcpStream>>,
    address: String,
    request: String,
}

impl Connection {
    /// Creates a connection to the server at a URL. It posts `body` to `path`, or reads `path` if `body` is empty.
    pub fn new(base: &str, key: &str, account: &str, path: &str, body: &str) -> Self {
        let address = base.strip_prefix("http://").unwrap();
        let method = if body.is_empty() { "GET" } else { "POST" };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nx-account-id: {account}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Self { reader: None, address: address.to_owned(), request }
    }

    /// Sends the request and reads the reply.
    pub fn call(&mut self) -> io::Result<Reply> {
        self.send()?;
        self.receive()
    }

    /// Sends the request, on a new connection if the last reply has ended this one.
    pub fn send(&mut self) -> io::Result<()> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(connect(&self.address)?),
        };
        reader.get_mut().write_all(self.request.as_bytes())
    }

    /// Reads a reply.
    pub fn receive(&mut self) -> io::Result<Reply> {
        let mut reader = self.reader.take().ok_or(io::ErrorKind::NotConnected)?;
        let (mut head, mut length, mut is_last) = (String::new(), 0, false);
        loop {
            let begin = head.len();
            if reader.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = head[begin..].trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            is_last |= line == "connection: close";
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        self.reader = (!is_last).then_some(reader);
        Ok(Reply { status, head, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// What a server replied.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    /// Returns a member of the body.
    pub fn text(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body));
        body[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.body)).to_owned()
    }
}

fn connect(address: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    Ok(BufReader::new(stream))
}

/// Copies the connector, with a rate limit that no call reaches: the limiter stays in the path.
pub fn copy_connector(to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors/spotdraft");
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace("mainRatelimit: 10\n", "mainRatelimit: 10000000\n");
        fs::write(to.join(file.file_name().unwrap()), text).unwrap();
    }
}
