//! Idempotency keys: a request that is sent twice with one key runs once (draft-ietf-httpapi-idempotency-key-header).
//!
//! A key belongs to a caller of a project. It is reserved in the storage before the request runs, and gets the response when
//! the request has ended. Until it is deleted, a day later, the request with this key gets that response again.
//!
//! - A request that ended without any effect ([`Error::is_without_effect`]) releases its key: it may run again.
//! - Every other response is kept, errors too: the request may have taken effect.
//! - A reservation without a response, of a request that does not run, was interrupted. Its outcome is unknown, and the
//!   request is not repeated. Only this process owns the database, so the set of running requests is complete.
//! - The time is compared only when keys are deleted: a clock that jumps repeats nothing.
//!
//! The storage gets hashes of keys and requests, and sealed responses.

mod kept_response;
mod key;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use patchbay_model::{Clock, KeyHash, ProjectId};
use patchbay_storage::{
    IdempotencyLimits, KeyedRequest, KeyedResponse, NewIdempotencyKey, Reservation, Storage, StorageError,
};
use patchbay_vault::{SealContext, Vault};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

pub use kept_response::{KeptResponse, MAX_KEPT_BYTES};
pub use key::{IdempotencyKey, IdempotencyScope, RequestFingerprint};

use crate::{EngineParts, Error, ErrorCode};

/// How long a key is kept at least. Expired keys are deleted every hour.
const KEY_TTL: Duration = Duration::from_hours(24);
/// The `Retry-After` of a request that is still running.
const RUNNING_RETRY_AFTER_SECS: u64 = 1;
/// The longest `Retry-After` of a project that has reached a limit.
const MAX_LIMIT_RETRY_AFTER_SECS: u64 = 3_600;
/// How long a shutdown waits for requests whose clients have disconnected.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(10);

/// The requests with an idempotency key.
pub struct Idempotency {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    /// The fingerprints of the running requests, by the hash of their key.
    running: Mutex<HashMap<KeyHash, RequestFingerprint>>,
    tasks: TaskTracker,
}

/// What happens to a request with a key.
pub enum KeyedRun {
    /// It runs now.
    New(RunningKey),
    /// It has run before; this is its response.
    Replay(KeptResponse),
}

/// A running request with a key. If it is dropped without an outcome, the outcome is unknown.
pub struct RunningKey {
    service: Arc<Idempotency>,
    project: ProjectId,
    hash: KeyHash,
}

impl Idempotency {
    pub(crate) fn new(parts: &EngineParts) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Begins a request with a key, or returns the response that it got before.
    ///
    /// # Errors
    ///
    /// 422 `IdempotencyKeyReusedError` if the key belongs to another request; 409 `IdempotencyKeyRunningError`,
    /// `IdempotencyOutcomeUnknownError` or `IdempotencyNotKeptError` if the request has begun and has no response to repeat;
    /// 429 `IdempotencyLimitError`; 503 `StorageUnavailableError`. Nothing runs then.
    pub async fn begin(
        self: &Arc<Self>,
        scope: &IdempotencyScope,
        key: &IdempotencyKey,
        fingerprint: RequestFingerprint,
    ) -> Result<KeyedRun, Error> {
        let (project, hash) = (scope.project(), scope.hash(key));
        loop {
            if let Some(running) = self.running().get(&hash) {
                return Err(if *running == fingerprint { still_running() } else { reused() });
            }
            if let Some(found) = self.storage.idempotency_keys().get(project, &hash).await?
                && (found.fingerprint != fingerprint.0 || found.response.is_some())
            {
                return self.known(project, &hash, fingerprint, found);
            }
            // From here on, no other request with this key runs: a reservation without a response was interrupted.
            let Some(running) = self.claim(project, hash, fingerprint) else { continue };
            let expires_at = self.clock.now().plus(KEY_TTL);
            let (bucket, limits) = scope.limits();
            let new = NewIdempotencyKey {
                key: hash,
                project: project.clone(),
                bucket: bucket.to_owned(),
                fingerprint: fingerprint.0,
                expires_at,
            };
            return match self.storage.idempotency_keys().reserve(&new, limits).await? {
                Reservation::Reserved => Ok(KeyedRun::New(running)),
                Reservation::Exists(found) => self.known(project, &hash, fingerprint, found),
                Reservation::Full(first_expiry) => {
                    let micros = first_expiry.as_micros().saturating_sub(self.clock.now().as_micros());
                    let seconds = u64::try_from(micros / 1_000_000).unwrap_or(0);
                    Err(full(limits).with_retry_after(seconds.clamp(60, MAX_LIMIT_RETRY_AFTER_SECS)))
                }
            };
        }
    }

    /// Runs a task to its end even if its caller disconnects.
    pub fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tasks.spawn(task)
    }

    /// Waits for the running tasks. Those that take too long are interrupted: their outcome is unknown.
    pub(crate) async fn shutdown(&self) {
        self.tasks.close();
        if timeout(SHUTDOWN_WAIT, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "requests with an idempotency key were interrupted");
        }
    }

    /// Returns the outcome of a request that is not running.
    fn known(
        &self,
        project: &ProjectId,
        hash: &KeyHash,
        fingerprint: RequestFingerprint,
        found: KeyedRequest,
    ) -> Result<KeyedRun, Error> {
        if found.fingerprint != fingerprint.0 {
            return Err(reused());
        }
        let Some(KeyedResponse { status, sealed }) = found.response else { return Err(interrupted()) };
        let sealed = sealed.ok_or_else(|| not_kept(status))?;
        let text = self.vault.open(&SealContext::KeyedResponse { project, key: &hash.hex() }, &sealed);
        let text = text.map_err(|error| {
            tracing::error!(%error, "the kept response of an idempotency key cannot be opened");
            Error::new(ErrorCode::Vault, format!("the kept response of this idempotency key cannot be opened: {error}"))
        })?;
        KeptResponse::from_text(&text).map(KeyedRun::Replay).ok_or_else(|| not_kept(status))
    }

    /// Marks a key as running; none if it is.
    fn claim(
        self: &Arc<Self>,
        project: &ProjectId,
        hash: KeyHash,
        fingerprint: RequestFingerprint,
    ) -> Option<RunningKey> {
        match self.running().entry(hash) {
            Entry::Occupied(_) => None,
            Entry::Vacant(place) => {
                place.insert(fingerprint);
                Some(RunningKey { service: self.clone(), project: project.clone(), hash })
            }
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<KeyHash, RequestFingerprint>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningKey {
    /// Keeps the response for a later request with the key. If it cannot be stored, the outcome is unknown to later requests.
    pub async fn keep(self, response: &KeptResponse) {
        let context = SealContext::KeyedResponse { project: &self.project, key: &self.hash.hex() };
        let sealed = self.service.vault.seal(&context, &response.to_text());
        self.finish(KeyedResponse { status: response.status, sealed: Some(sealed) }).await;
    }

    /// Records that the request has completed with a status, without its response.
    pub async fn keep_status(self, status: u16) {
        self.finish(KeyedResponse { status, sealed: None }).await;
    }

    /// Releases the key of a request that had no effect.
    pub async fn release(self) {
        log_failure(self.service.storage.idempotency_keys().release(&self.project, &self.hash).await);
    }

    async fn finish(self, response: KeyedResponse) {
        log_failure(self.service.storage.idempotency_keys().finish(&self.project, &self.hash, &response).await);
    }
}

impl Drop for RunningKey {
    fn drop(&mut self) {
        self.service.running().remove(&self.hash);
    }
}

fn log_failure(stored: Result<(), StorageError>) {
    if let Err(error) = stored {
        tracing::error!(%error, "the outcome of a request with an idempotency key was not stored: its repetition gets 409");
    }
}

fn still_running() -> Error {
    let message =
        "the request with this idempotency key is still running; send it again in a second to get its response";
    Error::new(ErrorCode::IdempotencyKeyRunning, message).with_retry_after(RUNNING_RETRY_AFTER_SECS)
}

fn reused() -> Error {
    let message = "this idempotency key was used with another request (another path, account, header or body); use a new \
                   key for each new request";
    Error::new(ErrorCode::IdempotencyKeyReused, message)
}

fn interrupted() -> Error {
    let message = "the request with this idempotency key was interrupted, so it is not known whether it took effect, and \
                   it is not repeated; check whether it did, and if not, send it again with a new key";
    Error::new(ErrorCode::IdempotencyOutcomeUnknown, message)
}

fn not_kept(status: u16) -> Error {
    let message = format!(
        "the request with this idempotency key has completed with status {status}, but its response is not kept (it is \
         larger than {} MiB, or could not be read to its end), and the request is not repeated; to run it again, send it \
         with a new key",
        MAX_KEPT_BYTES / 1024 / 1024
    );
    Error::new(ErrorCode::IdempotencyNotKept, message)
}

fn full(limits: IdempotencyLimits) -> Error {
    let message = format!(
        "the limit of idempotency keys is reached ({} keys, or {} MiB of responses in a day), and nothing was done; wait, \
         or send requests that only read without a key",
        limits.max_keys,
        limits.max_bytes / 1024 / 1024
    );
    Error::new(ErrorCode::IdempotencyLimit, message)
}

#[cfg(test)]
mod tests;
