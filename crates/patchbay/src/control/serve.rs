//! Taking commands.

use std::{io, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use patchbay_engine::Engine;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::{Mutex, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Event, Request, perform::perform};
use crate::data_dir::DataDir;

/// The longest line that is taken, in bytes.
const LONGEST: u64 = 64 * 1024;
/// How long to rest when the system has no more file descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// The socket, open until [`Control::stop`].
pub struct Control {
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Opens the socket of a data directory that this process owns. Where that is impossible, the server runs without, and
/// says so.
pub fn start(data_dir: &Arc<DataDir>, engine: &Engine) -> Control {
    let control = Control { stop: CancellationToken::new(), tasks: TaskTracker::new() };
    let path = data_dir.control_socket();
    match listen(&path) {
        Ok(listener) => {
            let context = Context {
                engine: engine.clone(),
                data_dir: data_dir.clone(),
                stop: control.stop.clone(),
                turn: Arc::default(),
            };
            control.tasks.spawn(accept(listener, context, control.tasks.clone()));
        }
        Err(error) => tracing::warn!(
            %error, path = %path.display(),
            "no commands can be given while the server runs; a shorter --data-dir may help"
        ),
    }
    control
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    // The lock on the directory is ours: what is there was left by a process that is no more.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// What a command works with.
#[derive(Clone)]
struct Context {
    engine: Engine,
    data_dir: Arc<DataDir>,
    stop: CancellationToken,
    /// One command at a time.
    turn: Arc<Mutex<()>>,
}

async fn accept(listener: UnixListener, context: Context, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = context.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => drop(tasks.spawn(serve(stream, context.clone()))),
            Err(error) => {
                tracing::warn!(%error, "a command could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One command. It goes on to its end when the one who asked goes away.
async fn serve(stream: UnixStream, context: Context) {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reading.take(LONGEST));
    let read = tokio::select! {
        () = context.stop.cancelled() => return,
        read = reader.read_line(&mut line) => read,
    };
    if !matches!(read, Ok(1..)) {
        return;
    }
    let (events, mut to_write) = mpsc::unbounded_channel::<Event>();
    let work = async move {
        let last = match serde_json::from_str::<Request>(&line) {
            Ok(request) => answer(&context, request, &events).await,
            Err(error) => Event::Failed {
                message: format!("the running server does not know this command; update both sides ({error})"),
            },
        };
        let _ = events.send(last);
    };
    let tell = async {
        let mut is_there = true;
        while let Some(event) = to_write.recv().await {
            let Ok(mut text) = serde_json::to_vec(&event) else { continue };
            text.push(b'\n');
            is_there = is_there && writing.write_all(&text).await.is_ok();
        }
    };
    tokio::join!(work, tell);
}

async fn answer(context: &Context, request: Request, events: &mpsc::UnboundedSender<Event>) -> Event {
    let Ok(_turn) = context.turn.try_lock() else {
        return Event::Failed { message: "another command is under way; try again when it has ended".to_owned() };
    };
    let on_progress = |done, total| drop(events.send(Event::Progress { done, total }));
    match perform(&context.engine, &context.data_dir, request, &context.stop, on_progress).await {
        Ok(answer) => Event::Done { answer },
        Err(error) => Event::Failed { message: format!("{error:#}") },
    }
}

impl Control {
    /// Takes no more commands, and waits for the one under way, which stops as soon as it can.
    pub async fn stop(self, data_dir: &DataDir) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let _ = std::fs::remove_file(data_dir.control_socket());
    }
}
