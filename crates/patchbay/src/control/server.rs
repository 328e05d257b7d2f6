//! The server of the control socket.

use std::{io, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use patchbay_engine::Engine;
use patchbay_server::RouteUrls;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::{Mutex, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{ControlEvent, ControlRequest, handlers::handle};
use crate::data_dir::DataDir;

/// The longest request line that the server reads, in bytes.
const MAX_REQUEST_BYTES: u64 = 64 * 1024;
/// The time between two attempts to accept when the system has run out of file descriptors.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// The open control socket. [`ControlServer::stop`] closes it.
pub struct ControlServer {
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Opens the socket of a data directory that this process owns. If that fails, the server logs a warning and runs
/// without the socket.
pub fn start(data_dir: &Arc<DataDir>, engine: &Engine, urls: &Arc<RouteUrls>) -> ControlServer {
    let control = ControlServer { stop: CancellationToken::new(), tasks: TaskTracker::new() };
    let path = data_dir.control_socket();
    match listen(&path) {
        Ok(listener) => {
            let context = CommandContext {
                engine: engine.clone(),
                urls: urls.clone(),
                data_dir: data_dir.clone(),
                stop: control.stop.clone(),
                command_lock: Arc::default(),
            };
            control.tasks.spawn(accept(listener, context, control.tasks.clone()));
        }
        Err(error) => tracing::warn!(
            %error, path = %path.display(),
            "cannot open the control socket; commands need a stopped server. Use a shorter --data-dir"
        ),
    }
    control
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    // This process holds the directory's lock: a socket that exists belongs to a process that no longer runs.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// What the server needs to execute a command.
#[derive(Clone)]
struct CommandContext {
    engine: Engine,
    urls: Arc<RouteUrls>,
    data_dir: Arc<DataDir>,
    stop: CancellationToken,
    /// Allows one command at a time.
    command_lock: Arc<Mutex<()>>,
}

async fn accept(listener: UnixListener, context: CommandContext, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = context.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => drop(tasks.spawn(serve(stream, context.clone()))),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a command");
                tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
            }
        }
    }
}

/// Serves one connection. The command runs to its end even if the client disconnects.
async fn serve(stream: UnixStream, context: CommandContext) {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reading.take(MAX_REQUEST_BYTES));
    let read = tokio::select! {
        () = context.stop.cancelled() => return,
        read = reader.read_line(&mut line) => read,
    };
    if !matches!(read, Ok(1..)) {
        return;
    }
    let (events, mut to_write) = mpsc::unbounded_channel::<ControlEvent>();
    let work = async move {
        let last = match serde_json::from_str::<ControlRequest>(&line) {
            Ok(request) => respond(&context, request, &events).await,
            Err(error) => ControlEvent::Failed {
                message: format!(
                    "the running server does not support this command; use the server's version ({error})"
                ),
            },
        };
        let _ = events.send(last);
    };
    let write_events = async {
        let mut is_connected = true;
        while let Some(event) = to_write.recv().await {
            let Ok(mut text) = serde_json::to_vec(&event) else { continue };
            text.push(b'\n');
            is_connected = is_connected && writing.write_all(&text).await.is_ok();
        }
    };
    tokio::join!(work, write_events);
}

async fn respond(
    context: &CommandContext,
    request: ControlRequest,
    events: &mpsc::UnboundedSender<ControlEvent>,
) -> ControlEvent {
    // A link can be created at any time: it may be the operator's only way in while a rotation runs.
    let lock = match &request {
        ControlRequest::LoginLink { .. } => None,
        _ => Some(context.command_lock.try_lock()),
    };
    if matches!(lock, Some(Err(_))) {
        return ControlEvent::Failed {
            message: "another command is running; try again when it has finished".to_owned(),
        };
    }
    let on_progress = |done, total| drop(events.send(ControlEvent::Progress { done, total }));
    match handle(&context.engine, &context.urls, &context.data_dir, request, &context.stop, on_progress).await {
        Ok(response) => ControlEvent::Done { response },
        Err(error) => ControlEvent::Failed { message: format!("{error:#}") },
    }
}

impl ControlServer {
    /// Stops accepting commands, cancels the running one, and waits until it has stopped.
    pub async fn stop(self, data_dir: &DataDir) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let _ = std::fs::remove_file(data_dir.control_socket());
    }
}
