//! The worker threads: one for each core, each with its own runtime, client connections, and pool of connections to
//! providers.
//!
//! A worker serves a request on the thread of its connection, from the first byte to the last. Waking another thread
//! would cost more than the rest of a small call. In return, a connection never changes its thread; new connections go
//! to the worker with the fewest. Long computations (password hashes, decompression of large bodies) run on separate
//! threads.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Context;
use patchbay_server::RequestHandler;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::connections::{AcceptedConnection, Clocks, Connections};
use crate::runtime::{Threads, build_runtime};

/// Counts an open connection in its worker's count.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Worker {
    queue: mpsc::UnboundedSender<(AcceptedConnection, Counted)>,
    /// The number of the worker's connections, including those in the queue.
    open: Arc<AtomicUsize>,
    drained: oneshot::Receiver<bool>,
    thread: JoinHandle<()>,
}

/// The threads that serve requests.
pub struct Workers {
    workers: Vec<Worker>,
    exit: CancellationToken,
}

impl Workers {
    /// Starts one thread for each core. When `stopping` is cancelled, clients learn that the server will stop soon. At
    /// shutdown, a connection has `grace` to finish its requests.
    pub(super) fn start(
        handler: &RequestHandler,
        grace: Duration,
        clocks: Clocks,
        stopping: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let exit = CancellationToken::new();
        let workers = (0..count)
            .map(|number| {
                let tokens = (stopping.clone(), exit.clone());
                Worker::start(number, handler.clone(), grace, clocks, tokens)
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self { workers, exit })
    }

    /// Assigns a connection to the worker with the fewest.
    pub(super) fn assign(&self, connection: AcceptedConnection) {
        let alive = self.workers.iter().filter(|worker| !worker.queue.is_closed());
        let Some(worker) = alive.min_by_key(|worker| worker.open.load(Ordering::Relaxed)) else { return };
        worker.open.fetch_add(1, Ordering::Relaxed);
        let count = Counted(worker.open.clone());
        // A worker receives connections until `drain` closes its queue, which happens after the last call of this.
        let _ = worker.queue.send((connection, count));
    }

    /// Waits for the running requests, at most for the grace period. The threads keep running for background tasks
    /// until [`DrainedWorkers::join`].
    pub async fn drain(self) -> DrainedWorkers {
        let (mut all, mut threads) = (true, Vec::new());
        let mut waiting = Vec::new();
        for Worker { queue, drained, thread, .. } in self.workers {
            drop(queue);
            waiting.push(drained);
            threads.push(thread);
        }
        for drained in waiting {
            all &= drained.await.unwrap_or(false);
        }
        DrainedWorkers { all, threads, exit: self.exit }
    }
}

/// Worker threads without connections.
pub struct DrainedWorkers {
    /// Whether every request finished within the grace period.
    pub all: bool,
    threads: Vec<JoinHandle<()>>,
    exit: CancellationToken,
}

impl DrainedWorkers {
    /// Stops the threads, cancels the tasks that still run on them, and waits for the threads.
    pub fn join(self) {
        self.exit.cancel();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker thread panicked");
            }
        }
    }
}

impl Worker {
    fn start(
        number: usize,
        handler: RequestHandler,
        grace: Duration,
        clocks: Clocks,
        (stopping, exit): (CancellationToken, CancellationToken),
    ) -> anyhow::Result<Self> {
        let (queue, mut waiting) = mpsc::unbounded_channel();
        let (report_drained, drained) = oneshot::channel();
        let runtime = build_runtime(Threads::Single).context("cannot create the runtime of a worker thread")?;
        let work = move || {
            // Pool 0 belongs to everything that runs outside these threads.
            patchbay_engine::set_worker_pool_index(number + 1);
            runtime.block_on(async move {
                let connections = Connections::new(handler, clocks);
                let mut is_announced = false;
                loop {
                    let next = tokio::select! {
                        biased;
                        () = stopping.cancelled(), if !is_announced => {
                            is_announced = true;
                            connections.announce_stop();
                            continue;
                        }
                        next = waiting.recv() => next,
                    };
                    let Some((connection, count)) = next else { break };
                    connections.serve(connection, count);
                }
                let _ = report_drained.send(connections.drain(grace).await);
                exit.cancelled().await;
            });
        };
        let thread = thread::Builder::new()
            .name(format!("requests-{number}"))
            .spawn(work)
            .context("cannot start a worker thread")?;
        Ok(Self { queue, open: Arc::default(), drained, thread })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    use axum::{Router, routing::get};

    use super::*;
    use crate::serve::connections::{Places, tests::handler};

    fn request(mut stream: &TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut response = [0; 1024];
        let length = stream.read(&mut response).unwrap();
        let response = String::from_utf8_lossy(&response[..length]).into_owned();
        response.rsplit("\r\n").next().unwrap_or_default().to_owned()
    }

    #[test]
    fn connections_are_distributed_over_the_workers_and_never_move() {
        let router =
            Router::new().route("/", get(|| async { thread::current().name().unwrap_or_default().to_owned() }));
        let stopping = CancellationToken::new();
        let workers = Workers::start(&handler(router), Duration::from_secs(5), Clocks::DOCUMENTED, &stopping).unwrap();
        let count = workers.workers.len();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let places = Places::new(1000);
        let clients = (0..3 * count)
            .map(|_| {
                let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (stream, address) = listener.accept().unwrap();
                stream.set_nonblocking(true).unwrap();
                workers.assign(AcceptedConnection::new(stream, places.take(address.ip()).unwrap()));
                client
            })
            .collect::<Vec<_>>();
        let first = clients.iter().map(request).collect::<Vec<_>>();
        assert_eq!(clients.iter().map(request).collect::<Vec<_>>(), first);
        let mut threads = BTreeMap::<&String, usize>::new();
        for thread in &first {
            *threads.entry(thread).or_default() += 1;
        }
        assert_eq!(threads.values().copied().collect::<Vec<_>>(), vec![3; count], "{threads:?}");

        drop(clients);
        let runtime = build_runtime(Threads::Single).unwrap();
        let drained = runtime.block_on(workers.drain());
        assert!(drained.all);
        drained.join();
        assert_eq!(places.open(), 0, "a closed connection frees its place");
    }
}
