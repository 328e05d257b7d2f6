//! A thread for each core, each with a runtime, its connections and its pool of connections to providers.
//!
//! A call is answered where its connection lives, from the first byte to the last: no other thread is woken for
//! it, which costs more than the rest of a small call. The price is that a connection stays with its thread, so
//! new ones go to the thread that has the fewest. What takes long on a processor (passwords, unpacking large
//! bodies) goes to threads of its own, as everywhere.

use std::{
    net::TcpStream,
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Context;
use axum::Router;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::http::Connections;
use crate::system::{Threads, runtime};

/// A connection that was accepted, on its way to its thread.
struct Accepted {
    stream: TcpStream,
    held: Held,
}

/// What a connection holds while it is open: its place in the server's limit and in its thread's count.
struct Held {
    open: Arc<AtomicUsize>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Worker {
    queue: mpsc::UnboundedSender<Accepted>,
    /// Connections that it has, those on their way included.
    open: Arc<AtomicUsize>,
    drained: oneshot::Receiver<bool>,
    thread: JoinHandle<()>,
}

/// The threads that answer requests.
pub struct Workers {
    workers: Vec<Worker>,
    end: CancellationToken,
}

impl Workers {
    /// Starts a thread for each core. A connection gets `grace` to finish its requests at the end.
    pub fn start(router: &Router, grace: Duration) -> anyhow::Result<Self> {
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let end = CancellationToken::new();
        let workers = (0..count)
            .map(|number| Worker::start(number, router.clone(), grace, end.clone()))
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self { workers, end })
    }

    /// Gives a connection to the thread that has the fewest.
    pub fn take(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let alive = self.workers.iter().filter(|worker| !worker.queue.is_closed());
        let Some(worker) = alive.min_by_key(|worker| worker.open.load(Ordering::Relaxed)) else { return };
        worker.open.fetch_add(1, Ordering::Relaxed);
        let held = Held { open: worker.open.clone(), _permit: permit };
        // A thread takes connections until it is told that there are no more, which is after this.
        let _ = worker.queue.send(Accepted { stream, held });
    }

    /// Lets the running requests finish. True when all did within the grace; the threads live on for what was
    /// started beside the requests, until [`Drained::end`].
    pub async fn drain(self) -> Drained {
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
        Drained { all, threads, end: self.end }
    }
}

/// Threads without connections.
pub struct Drained {
    /// Whether every request finished in time.
    pub all: bool,
    threads: Vec<JoinHandle<()>>,
    end: CancellationToken,
}

impl Drained {
    /// Ends the threads and whatever still runs on them.
    pub fn end(self) {
        self.end.cancel();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread that answered requests ended by a panic");
            }
        }
    }
}

impl Worker {
    fn start(number: usize, router: Router, grace: Duration, end: CancellationToken) -> anyhow::Result<Self> {
        let (queue, mut waiting) = mpsc::unbounded_channel::<Accepted>();
        let (tell, drained) = oneshot::channel();
        let runtime = runtime(Threads::One).context("the system gives no event queue for a thread")?;
        let work = move || {
            // The first lane belongs to everything that runs outside of these threads.
            patchbay_engine::set_worker_pool_index(number + 1);
            runtime.block_on(async move {
                let connections = Connections::new(router);
                while let Some(Accepted { stream, held }) = waiting.recv().await {
                    connections.serve(stream, held);
                }
                let _ = tell.send(connections.drain(grace).await);
                end.cancelled().await;
            });
        };
        let thread = thread::Builder::new()
            .name(format!("requests-{number}"))
            .spawn(work)
            .context("the system gives no thread to answer requests")?;
        Ok(Self { queue, open: Arc::default(), drained, thread })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        io::{Read, Write},
        net::TcpListener,
    };

    use axum::routing::get;
    use tokio::sync::Semaphore;

    use super::*;

    fn ask(mut stream: &TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut answer = [0; 1024];
        let length = stream.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        answer.rsplit("\r\n").next().unwrap_or_default().to_owned()
    }

    #[test]
    fn connections_are_spread_over_the_threads_and_stay_with_theirs() {
        let router =
            Router::new().route("/", get(|| async { thread::current().name().unwrap_or_default().to_owned() }));
        let workers = Workers::start(&router, Duration::from_secs(5)).unwrap();
        let count = workers.workers.len();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let places = Arc::new(Semaphore::new(1000));
        let clients = (0..3 * count)
            .map(|_| {
                let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (stream, _) = listener.accept().unwrap();
                stream.set_nonblocking(true).unwrap();
                workers.take(stream, places.clone().try_acquire_owned().unwrap());
                client
            })
            .collect::<Vec<_>>();
        let first = clients.iter().map(ask).collect::<Vec<_>>();
        assert_eq!(clients.iter().map(ask).collect::<Vec<_>>(), first);
        let mut threads = BTreeMap::<&String, usize>::new();
        for thread in &first {
            *threads.entry(thread).or_default() += 1;
        }
        assert_eq!(threads.values().copied().collect::<Vec<_>>(), vec![3; count], "{threads:?}");

        drop(clients);
        let runtime = runtime(Threads::One).unwrap();
        let drained = runtime.block_on(workers.drain());
        assert!(drained.all);
        drained.end();
        assert_eq!(places.available_permits(), 1000, "a connection that ended gives its place back");
    }
}
