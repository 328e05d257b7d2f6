//! Accepts connections and serves them as HTTP/1.1 or HTTP/2 on the [`Workers`]. Closes those that wait for their client
//! too long, and drains running requests at shutdown.

mod connection;
mod descriptors;
#[cfg(test)]
mod fuzz_seeds;
mod occupant;
mod places;
#[cfg(test)]
pub(super) mod tests;

use std::{net::TcpStream, sync::Arc, time::Duration};

use patchbay_server::RequestHandler;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    connection::{ClientStream, Server},
    places::Place,
};
use super::workers::{DrainedWorkers, Workers};

pub(super) use self::{
    connection::Clocks,
    descriptors::{connections as connections_within, raise_limit},
    places::Places,
};

/// The largest number of bytes that the system keeps for a client that does not read, beyond what the client has room for.
/// Without it, the system takes megabytes of responses off our hands before it says that a client does not read: copying
/// them for hundreds of such clients held up everybody else for most of a second, and responses that fit were not noticed
/// until the connection was idle for too long. What is under way to a client that reads is not limited.
const MAX_UNSENT_BYTES: u32 = 128 * 1024;
/// The time between two attempts to accept when no place or no file descriptor is free.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// An accepted connection that has a place.
pub(super) struct AcceptedConnection {
    stream: TcpStream,
    place: Place,
}

impl AcceptedConnection {
    pub(super) fn new(stream: TcpStream, place: Place) -> Self {
        Self { stream, place }
    }
}

/// Accepts connections until `stop` is cancelled, and then those that the system has already accepted for us: their clients believe
/// that they are connected. Then waits for the running requests.
pub(super) async fn serve(
    listener: TcpListener,
    workers: Workers,
    places: Arc<Places>,
    stop: CancellationToken,
) -> DrainedWorkers {
    // Cancelled at any await: a connection that has no place yet is closed.
    let accepting = async {
        loop {
            match listener.accept().await.and_then(|(stream, address)| Ok((stream.into_std()?, address))) {
                Ok((stream, address)) => {
                    let place = loop {
                        match places.take(address.ip()) {
                            Some(place) => break place,
                            // Every client waits for the server. More connections wait in the system's queue.
                            None => drop(timeout(ACCEPT_RETRY_INTERVAL, places.freed()).await),
                        }
                    };
                    workers.assign(AcceptedConnection::new(stream, place));
                }
                Err(error) => {
                    // Both causes are temporary: the client disconnected, or file descriptors ran out.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
                }
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = accepting => {}
    }
    assign_waiting(listener, &workers, &places);
    workers.drain().await
}

/// Assigns the connections that wait in the system's queue, and closes the listener.
fn assign_waiting(listener: TcpListener, workers: &Workers, places: &Arc<Places>) {
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, address)) = listener.accept() {
        let Some(place) = places.take(address.ip()) else { return };
        if stream.set_nonblocking(true).is_ok() {
            workers.assign(AcceptedConnection::new(stream, place));
        }
    }
}

/// The connections of one worker thread.
pub(super) struct Connections {
    server: Arc<Server>,
    tasks: TaskTracker,
}

impl Connections {
    pub(super) fn new(handler: RequestHandler, clocks: Clocks) -> Self {
        let server = Server::new(handler, clocks);
        Self { server: Arc::new(server), tasks: TaskTracker::new() }
    }

    /// Serves a connection concurrently with the others. `count` is dropped when the connection closes.
    pub(super) fn serve(&self, connection: AcceptedConnection, count: impl Send + 'static) {
        let AcceptedConnection { stream, place } = connection;
        // Responses are written in one piece: Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        limit_unsent(&stream);
        let stream = match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot register a connection with the runtime");
                return;
            }
        };
        let (server, occupant) = (self.server.clone(), place.occupant());
        let client = occupant.client.clone();
        let task = self.tasks.spawn(async move {
            server.serve(ClientStream::new(stream, client.clone()), client).await;
            drop((place, count));
        });
        occupant.is_served_by(task.abort_handle());
    }

    /// Announces to the clients that the server will stop soon.
    pub(super) fn announce_stop(&self) {
        self.server.announce_stop();
    }

    /// Waits up to `grace` for the running requests. Returns true if all of them finished.
    pub(super) async fn drain(self, grace: Duration) -> bool {
        self.server.stop();
        self.tasks.close();
        timeout(grace, self.tasks.wait()).await.is_ok()
    }
}

/// Limits what the system keeps unsent ([`MAX_UNSENT_BYTES`]), where it can.
fn limit_unsent(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(MAX_UNSENT_BYTES);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (stream, MAX_UNSENT_BYTES);
}
