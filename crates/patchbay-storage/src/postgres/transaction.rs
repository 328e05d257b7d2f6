//! Runs the work of the stores on the storage runtime.
//!
//! A connection's socket belongs to the runtime that opened it. Requests run on other runtimes, whose threads end first when the
//! server stops. Therefore a store sends its work to the runtime that opened the storage, and awaits the result. A caller that
//! goes away does not interrupt the work: it commits or fails as a whole.
//!
//! What is tried again:
//! - a transaction that clashed with another one (SQLSTATE 40001, 40P01), up to [`MAX_CLASHES`] times, after a random pause;
//! - a transaction whose connection was lost before its COMMIT was sent, once: nothing was stored;
//! - a transaction whose connection was lost while it committed, if the database does not have its mark (`write_marks`). If it has,
//!   the result is returned.
//!
//! Nothing waits without end: the server ends a statement after `statement_timeout`, and a try that a silent server or network does
//! not end is given up after [`TRY_TIMEOUT`], with its connection. A request that finds no free connection waits for the pool's
//! `acquire_timeout`.

use std::{
    hash::{BuildHasher, RandomState},
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use patchbay_metrics::{DbOperation, metrics};
use patchbay_model::LeaderFence;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    PostgresStorage,
    error::{Failure, Outcome},
    losses::Losses,
    open::LOCAL_LIMITS,
    replicas::check_fence,
    write_marks::{WriteMark, WriteMarks},
};
use crate::{Result, StorageError, current_fence};

/// How often a transaction is tried again after a clash.
const MAX_CLASHES: u32 = 5;
/// How long a try may take once it has its connection: longer than one statement may.
const TRY_TIMEOUT: Duration = Duration::from_secs(12);
/// How long a connection may take to return to the pool, which asks the server whether it is alive.
const RETURN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the server is asked for the outcome of a transaction, how long one answer may take (longer than `lock_timeout`), and
/// the pause between two questions.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);
const SETTLED_WITHIN: Duration = Duration::from_secs(8);
const QUESTION_PAUSE: Duration = Duration::from_millis(100);
/// How long the server may take to answer a question that waits for nothing.
pub(super) const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a leader's transaction may be idle: nobody else becomes the leader meanwhile, also if this process stands still.
const LEADER_IDLE_TIMEOUT: &str = "SET LOCAL idle_in_transaction_session_timeout = '5s'";
/// The longest pause after the first clash. It doubles with each.
const CLASH_PAUSE_MICROS: u64 = 4_000;

/// Work on a connection.
pub(super) type Work<'c, T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'c>>;

/// The work of a store's method without its types: what runs it is compiled once, and not for each method.
trait AnyWork: Send + Sync {
    /// Does the work, and keeps its result.
    fn begin<'c>(&'c self, connection: &'c mut PgConnection) -> Work<'c, ()>;
}

struct TypedWork<A, T, F> {
    arguments: A,
    work: F,
    result: Mutex<Option<T>>,
}

impl<A, T, F> AnyWork for TypedWork<A, T, F>
where
    A: Send + Sync,
    T: Send,
    F: for<'c> Fn(&'c mut PgConnection, &'c A) -> Work<'c, T> + Send + Sync,
{
    fn begin<'c>(&'c self, connection: &'c mut PgConnection) -> Work<'c, ()> {
        let work = (self.work)(connection, &self.arguments);
        Box::pin(async {
            let result = work.await?;
            *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            Ok(())
        })
    }
}

/// How work is isolated from other work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Each statement sees what was committed before it.
    Statements,
    /// All statements see one snapshot.
    Snapshot,
    /// A transaction that writes. Each statement sees what was committed before it: work that reads and then writes locks first.
    /// Work of a leader is done only as long as no other server has become the leader.
    Write(Option<LeaderFence>),
}

impl Mode {
    /// Returns what metrics count the work under.
    fn operation(self) -> DbOperation {
        match self {
            Self::Statements => DbOperation::PostgresRead,
            Self::Snapshot => DbOperation::PostgresSnapshot,
            Self::Write(_) => DbOperation::PostgresWrite,
        }
    }
}

/// The connections.
#[derive(Clone)]
struct Connections {
    pool: PgPool,
    losses: Arc<Losses>,
    marks: Arc<WriteMarks>,
    /// Whether each statement needs a transaction: a pooler may send what prepares a statement and what runs it to two servers.
    is_pooled: bool,
}

/// A connection of the pool that is closed when it is dropped, unless it was found sound.
struct Checkout {
    connection: PoolConnection<Postgres>,
    is_sound: bool,
    is_pooled: bool,
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if !self.is_sound {
            self.connection.close_on_drop();
        } else if let Ok(runtime) = Handle::try_current() {
            // The pool itself waits without end for the answer of a server that is silent.
            let returned = self.connection.return_to_pool();
            runtime.spawn(timeout(RETURN_TIMEOUT, returned));
        }
    }
}

/// Waits for an answer of the server until `deadline`. After that, the connection is lost.
pub(super) async fn answer<T>(deadline: Instant, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    match timeout_at(deadline, work).await {
        Ok(outcome) => outcome,
        Err(late) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late)).into()),
    }
}

impl Checkout {
    /// Takes a connection from the pool.
    async fn new(connections: &Connections) -> Outcome<Self> {
        let connection = connections.pool.acquire().await?;
        Ok(Self { connection, is_sound: false, is_pooled: connections.is_pooled })
    }

    /// Begins, in one round trip.
    async fn begin(&mut self, mode: Mode, mark: Option<&WriteMark>) -> Outcome<()> {
        let mut statements = match mode {
            Mode::Statements if !self.is_pooled => return Ok(()),
            Mode::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Statements | Mode::Write(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
        .to_owned();
        let is_leaders = matches!(mode, Mode::Write(Some(_)));
        let limits =
            self.is_pooled.then_some(LOCAL_LIMITS).into_iter().chain(is_leaders.then_some(LEADER_IDLE_TIMEOUT));
        for statement in limits.map(str::to_owned).chain(mark.map(WriteMark::statement)) {
            statements.push_str("; ");
            statements.push_str(&statement);
        }
        // They contain no value from outside.
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *self.connection).await?;
        Ok(())
    }

    async fn end(&mut self, mode: Mode, statement: &'static str) -> Outcome<()> {
        if mode != Mode::Statements || self.is_pooled {
            sqlx::raw_sql(statement).execute(&mut *self.connection).await?;
        }
        self.is_sound = true;
        Ok(())
    }
}

/// What came of one try.
enum Try {
    Done,
    /// The connection was lost while the transaction committed.
    Unknown(WriteMark, Failure),
    Failed(Failure),
}

async fn attempt(connections: &Connections, mode: Mode, work: &dyn AnyWork) -> Try {
    let mut checkout = match Checkout::new(connections).await {
        Ok(checkout) => checkout,
        Err(failure) => return Try::Failed(failure),
    };
    let deadline = Instant::now() + TRY_TIMEOUT;
    let mut mark = matches!(mode, Mode::Write(_)).then(|| connections.marks.next());
    let marked = async {
        checkout.begin(mode, mark.as_ref()).await?;
        if let Mode::Write(Some(fence)) = mode {
            check_fence(&mut checkout.connection, fence).await?;
        }
        work.begin(&mut checkout.connection).await
    };
    let (failure, is_done) = match answer(deadline, marked).await {
        Ok(()) => match answer(deadline, checkout.end(mode, "COMMIT")).await {
            Ok(()) => return Try::Done,
            Err(failure) => (failure, true),
        },
        Err(failure) => (failure, false),
    };
    let is_lost = failure.is_lost();
    if is_lost && let Some(mark) = &mut mark {
        mark.lose();
    }
    match (is_done, mark) {
        (true, Some(mark)) if is_lost => Try::Unknown(mark, failure),
        (false, _) if !is_lost => {
            // If it fails, the connection is closed, which rolls back too.
            let _ = answer(deadline, checkout.end(mode, "ROLLBACK")).await;
            Try::Failed(failure)
        }
        _ => Try::Failed(failure),
    }
}

async fn run(connections: Connections, mode: Mode, work: Arc<dyn AnyWork>) -> Outcome<()> {
    let (mut clashes, mut is_retried) = (0, false);
    loop {
        let tried = attempt(&connections, mode, &*work).await;
        if let Try::Unknown(_, failure) | Try::Failed(failure) = &tried
            && failure.is_lost()
        {
            connections.losses.note(failure);
        }
        let failure = match tried {
            Try::Done => return Ok(()),
            Try::Unknown(mark, failure) => {
                if was_committed(&connections, &mark).await? {
                    return Ok(());
                }
                failure
            }
            Try::Failed(failure) => failure,
        };
        if failure.is_clash() && clashes < MAX_CLASHES {
            clashes += 1;
            sleep(pause(clashes)).await;
        } else if failure.is_lost() && !is_retried {
            is_retried = true;
        } else {
            return Err(failure);
        }
    }
}

/// Returns a random pause, so that transactions that clashed do not clash again.
fn pause(clashes: u32) -> Duration {
    Duration::from_micros(RandomState::new().hash_one(clashes) % (CLASH_PAUSE_MICROS << clashes))
}

/// Asks the database whether a transaction was committed.
async fn was_committed(connections: &Connections, mark: &WriteMark) -> Outcome<bool> {
    match timeout(SETTLE_TIMEOUT, settle(connections, mark)).await {
        Ok(answer) => answer,
        Err(late) => Err(unknown(late.to_string())),
    }
}

async fn settle(connections: &Connections, mark: &WriteMark) -> Outcome<bool> {
    loop {
        match ask(connections, mark).await {
            Ok(is_stored) => return Ok(is_stored),
            // The server has not noticed yet that its client is gone.
            Err(failure) if failure.waited_for_a_lock() => {}
            Err(failure) if failure.is_lost() => connections.losses.note(&failure),
            Err(Failure::Database(sqlx::Error::PoolTimedOut)) => {}
            Err(failure) => return Err(unknown(StorageError::from(failure).to_string())),
        }
        sleep(QUESTION_PAUSE).await;
    }
}

async fn ask(connections: &Connections, mark: &WriteMark) -> Outcome<bool> {
    let mut checkout = Checkout::new(connections).await?;
    let asked = async {
        checkout.begin(Mode::Statements, None).await?;
        let is_stored = mark.is_stored(&mut checkout.connection).await?;
        checkout.end(Mode::Statements, "COMMIT").await?;
        Ok(is_stored)
    };
    answer(Instant::now() + SETTLED_WITHIN, asked).await
}

fn unknown(cause: String) -> Failure {
    Failure::Storage(StorageError::Unavailable {
        remedy: "the connection was lost while a change was stored: read it again to see whether it was",
        source: cause.into(),
    })
}

impl PostgresStorage {
    async fn on_runtime<A, T, F>(&self, mode: Mode, arguments: A, work: F) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, &'c A) -> Work<'c, T> + Send + Sync + 'static,
    {
        let connections = Connections {
            pool: self.pool.clone(),
            losses: self.losses.clone(),
            marks: self.marks.clone(),
            is_pooled: self.is_pooled,
        };
        let work = Arc::new(TypedWork { arguments, work, result: Mutex::new(None) });
        let began = Instant::now();
        let ended = self.runtime.spawn(run(connections, mode, work.clone())).await;
        metrics().db.observe(mode.operation(), began.elapsed());
        match ended {
            Ok(outcome) => {
                outcome?;
                let result = work.result.lock().unwrap_or_else(PoisonError::into_inner).take();
                Ok(result.unwrap_or_else(|| unreachable!("work that succeeded has a result")))
            }
            Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
            Err(stopped) => Err(StorageError::Closed(stopped.into())),
        }
    }

    /// Reads with one statement.
    pub(super) async fn read<A, T, F>(&self, arguments: A, work: F) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, &'c A) -> Work<'c, T> + Send + Sync + 'static,
    {
        self.on_runtime(Mode::Statements, arguments, work).await
    }

    /// Reads with several statements that see one snapshot.
    pub(super) async fn snapshot<A, T, F>(&self, arguments: A, work: F) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, &'c A) -> Work<'c, T> + Send + Sync + 'static,
    {
        self.on_runtime(Mode::Snapshot, arguments, work).await
    }

    /// Writes in one transaction, which is rolled back if `work` fails. `work` may run several times.
    pub(super) async fn write<A, T, F>(&self, arguments: A, work: F) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, &'c A) -> Work<'c, T> + Send + Sync + 'static,
    {
        self.on_runtime(Mode::Write(current_fence()), arguments, work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_bounded() {
        for clashes in 1..=MAX_CLASHES {
            assert!(pause(clashes) < Duration::from_micros(CLASH_PAUSE_MICROS << clashes));
        }
    }
}
