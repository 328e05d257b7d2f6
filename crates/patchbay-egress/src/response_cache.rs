//! The cache of responses to requests with a `cacheTTL`.
//!
//! The cache key is a keyed hash of everything that determines the response: project, account, profile, connector, the
//! values of all credentials, and the whole request. Another tenant, account or version of the credentials can never
//! hit the entry, and the key reveals nothing about them. The hash key is random and exists only in this process.
//! Bodies are zeroed when they are evicted. Memory is bounded; the oldest entries are evicted first.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use patchbay_model::{AccountId, Entropy};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::{message::InboundResponse, sync::lock};

/// The maximum size of all bodies together.
const MAX_TOTAL_BYTES: usize = 32 * 1024 * 1024;
/// The maximum size of one body; a larger one is not cached.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The maximum number of entries.
const MAX_ENTRIES: usize = 4096;
/// The maximum time that an entry is valid.
const MAX_TTL: Duration = Duration::from_hours(24);

/// The cache key of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// The cached responses of all accounts.
#[derive(Default)]
pub struct ResponseCache {
    /// Generated for the first request that is looked up.
    key: OnceLock<hmac::Key>,
    is_used: AtomicBool,
    state: Mutex<CacheState>,
}

#[derive(Default)]
struct CacheState {
    accounts: HashMap<AccountId, AccountEntries>,
    /// Entries by their number, the oldest first.
    order: BTreeMap<u64, (AccountId, Fingerprint)>,
    next_number: u64,
    total_bytes: usize,
}

/// The entries of one account.
#[derive(Default)]
struct AccountEntries {
    responses: HashMap<Fingerprint, Arc<CachedResponse>>,
    /// Incremented by each invalidation: a response that was requested before one must not be stored after it.
    generation: u64,
    /// The number of fill permits that exist.
    permits: usize,
}

struct CachedResponse {
    expires_at: Instant,
    number: u64,
    status: StatusCode,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
    url: Url,
}

/// The result of a cache lookup.
pub enum CacheLookup<'a> {
    /// The cached response.
    Hit(InboundResponse),
    /// No valid response is cached. The permit stores the one that is fetched now.
    Miss(FillPermit<'a>),
}

/// The permission to store the response to a request that was not cached.
pub struct FillPermit<'a> {
    cache: &'a ResponseCache,
    account: AccountId,
    fingerprint: Fingerprint,
    generation: u64,
}

/// Hashes the parts of a request.
pub struct FingerprintHasher(hmac::Context);

impl FingerprintHasher {
    /// Adds a part. Its length is hashed too, so that the boundaries between parts count.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// Returns the fingerprint of all parts.
    pub fn finish(self) -> Fingerprint {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.sign().as_ref());
        Fingerprint(bytes)
    }
}

impl ResponseCache {
    /// Returns a hasher with the key of this cache.
    pub fn hasher(&self, entropy: &dyn Entropy) -> FingerprintHasher {
        let key = self.key.get_or_init(|| {
            let mut key = Zeroizing::new([0; 32]);
            entropy.fill(&mut *key);
            hmac::Key::new(hmac::HMAC_SHA256, &*key)
        });
        FingerprintHasher(hmac::Context::with_key(key))
    }

    /// Returns the cached response of an account's request, or the permission to store it.
    pub fn lookup(&self, account: &AccountId, fingerprint: Fingerprint) -> CacheLookup<'_> {
        self.is_used.store(true, Ordering::Release);
        let mut state = self.state();
        let entries = state.accounts.entry(account.clone()).or_default();
        let found = entries.responses.get(&fingerprint).cloned();
        if let Some(cached) = found.filter(|cached| cached.expires_at > Instant::now()) {
            drop(state);
            return CacheLookup::Hit(InboundResponse {
                status: cached.status,
                headers: cached.headers.clone(),
                body: Bytes::copy_from_slice(&cached.body),
                url: cached.url.clone(),
            });
        }
        entries.permits += 1;
        let generation = entries.generation;
        drop(state);
        CacheLookup::Miss(FillPermit { cache: self, account: account.clone(), fingerprint, generation })
    }

    /// Removes an account's responses, and prevents that those in flight are stored. Call it after a request that may
    /// have changed data at the provider.
    pub fn invalidate(&self, account: &AccountId) {
        if !self.is_used.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.state();
        let CacheState { accounts, order, total_bytes, .. } = &mut *state;
        if let Some(entries) = accounts.get_mut(account) {
            entries.generation += 1;
            for (_, cached) in entries.responses.drain() {
                order.remove(&cached.number);
                *total_bytes -= cached.body.len();
            }
            if entries.permits == 0 {
                accounts.remove(account);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, CacheState> {
        lock(&self.state)
    }
}

impl CacheState {
    fn remove(&mut self, account: &AccountId, fingerprint: Fingerprint) {
        if let Some(entries) = self.accounts.get_mut(account) {
            if let Some(cached) = entries.responses.remove(&fingerprint) {
                self.order.remove(&cached.number);
                self.total_bytes -= cached.body.len();
            }
            if entries.responses.is_empty() && entries.permits == 0 {
                self.accounts.remove(account);
            }
        }
    }

    /// Evicts the oldest entries until one more of this size fits.
    fn evict_for(&mut self, size: usize) {
        while self.total_bytes + size > MAX_TOTAL_BYTES || self.order.len() >= MAX_ENTRIES {
            let Some((_, (account, fingerprint))) = self.order.pop_first() else { return };
            self.remove(&account, fingerprint);
        }
    }
}

impl FillPermit<'_> {
    /// Stores a successful response for `ttl`, at most 24 hours. Does not store it if the account was invalidated since
    /// the lookup, or if the provider forbids it (`no-store`, RFC 9111 section 5.2.2.5).
    pub fn fill(self, response: &InboundResponse, ttl: Duration) {
        let is_forbidden = response.headers.get_all(header::CACHE_CONTROL).iter().any(|value| {
            let mut directives = value.to_str().unwrap_or_default().split(',');
            directives.any(|directive| directive.trim().eq_ignore_ascii_case("no-store"))
        });
        let ttl = ttl.min(MAX_TTL);
        if is_forbidden || !response.status.is_success() || response.body.len() > MAX_BODY_BYTES || ttl.is_zero() {
            return;
        }
        let mut headers = response.headers.clone();
        headers.remove(header::SET_COOKIE);
        let mut state = self.cache.state();
        if state.accounts.get(&self.account).is_none_or(|entries| entries.generation != self.generation) {
            return;
        }
        // An expired entry. The account's entries remain, because this permit exists.
        state.remove(&self.account, self.fingerprint);
        state.evict_for(response.body.len());
        let number = state.next_number;
        state.next_number += 1;
        state.total_bytes += response.body.len();
        state.order.insert(number, (self.account.clone(), self.fingerprint));
        let cached = CachedResponse {
            expires_at: Instant::now() + ttl,
            number,
            status: response.status,
            headers,
            body: Zeroizing::new(response.body.to_vec()),
            url: response.url.clone(),
        };
        if let Some(entries) = state.accounts.get_mut(&self.account) {
            entries.responses.insert(self.fingerprint, Arc::new(cached));
        }
    }
}

impl Drop for FillPermit<'_> {
    fn drop(&mut self) {
        let mut state = self.cache.state();
        if let Some(entries) = state.accounts.get_mut(&self.account) {
            entries.permits -= 1;
            if entries.permits == 0 && entries.responses.is_empty() {
                state.accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn hit(lookup: CacheLookup<'_>) -> Option<InboundResponse> {
        match lookup {
            CacheLookup::Hit(response) => Some(response),
            CacheLookup::Miss(_) => None,
        }
    }

    fn miss(lookup: CacheLookup<'_>) -> FillPermit<'_> {
        match lookup {
            CacheLookup::Miss(permit) => permit,
            CacheLookup::Hit(_) => panic!("the response is cached"),
        }
    }

    fn fingerprint(cache: &ResponseCache, parts: &[&str]) -> Fingerprint {
        let mut hasher = cache.hasher(&SeededEntropy::new(5));
        parts.iter().for_each(|part| hasher.add(part.as_bytes()));
        hasher.finish()
    }

    fn response(body: &[u8], cache_control: &str) -> InboundResponse {
        let headers = HeaderMap::from_iter([
            (header::CACHE_CONTROL, cache_control.parse().unwrap()),
            (header::SET_COOKIE, "a=b".parse().unwrap()),
        ]);
        let url = "https://api.example.com/x".parse().unwrap();
        InboundResponse { status: StatusCode::OK, headers, body: Bytes::copy_from_slice(body), url }
    }

    fn put(cache: &ResponseCache, account: &str, name: &str, body: &[u8], seconds: u64) {
        if let CacheLookup::Miss(permit) = cache.lookup(&AccountId::new(account), fingerprint(cache, &[account, name]))
        {
            permit.fill(&response(body, ""), Duration::from_secs(seconds));
        }
    }

    fn get(cache: &ResponseCache, account: &str, name: &str) -> Option<Bytes> {
        hit(cache.lookup(&AccountId::new(account), fingerprint(cache, &[account, name]))).map(|found| found.body)
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_is_returned_until_it_expires() {
        let cache = ResponseCache::default();
        put(&cache, "a", "x", b"one", 60);
        assert_eq!(get(&cache, "a", "x").as_deref(), Some(&b"one"[..]));
        assert_eq!(get(&cache, "b", "x"), None, "only for its account");
        let found = hit(cache.lookup(&AccountId::new("a"), fingerprint(&cache, &["a", "x"]))).unwrap();
        assert!(found.headers.get(header::SET_COOKIE).is_none());
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(get(&cache, "a", "x"), None);
        put(&cache, "a", "x", b"two", u64::MAX);
        tokio::time::advance(MAX_TTL + Duration::from_secs(1)).await;
        assert_eq!(get(&cache, "a", "x"), None, "at most a day");
    }

    #[tokio::test(start_paused = true)]
    async fn an_invalidation_removes_entries_and_blocks_fills_in_flight() {
        let cache = ResponseCache::default();
        put(&cache, "a", "x", b"one", 60);
        put(&cache, "b", "x", b"other", 60);
        let account = AccountId::new("a");
        let permit = miss(cache.lookup(&account, fingerprint(&cache, &["a", "y"])));
        cache.invalidate(&account);
        permit.fill(&response(b"stale", ""), MINUTE);
        assert_eq!((get(&cache, "a", "x"), get(&cache, "a", "y")), (None, None));
        assert!(get(&cache, "b", "x").is_some());
        put(&cache, "a", "x", b"two", 60);
        assert!(get(&cache, "a", "x").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn failed_large_and_no_store_responses_are_not_stored() {
        let cache = ResponseCache::default();
        let account = AccountId::new("a");
        let mut failed = response(b"no", "");
        failed.status = StatusCode::NOT_FOUND;
        for bad in [response(b"no", "private, No-Store"), failed, response(&vec![b'x'; MAX_BODY_BYTES + 1], "")] {
            miss(cache.lookup(&account, fingerprint(&cache, &["a", "x"]))).fill(&bad, MINUTE);
            assert_eq!(get(&cache, "a", "x"), None);
        }
        assert!(cache.state().accounts.is_empty(), "no state remains");
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_the_oldest_entries_are_evicted() {
        let cache = ResponseCache::default();
        let body = vec![b'x'; MAX_BODY_BYTES];
        for number in 0..40 {
            put(&cache, "a", &number.to_string(), &body, 60);
        }
        assert!(cache.state().total_bytes <= MAX_TOTAL_BYTES);
        assert!(get(&cache, "a", "39").is_some() && get(&cache, "a", "0").is_none());
        for number in 0..MAX_ENTRIES + 9 {
            put(&cache, &format!("n{number}"), "x", b"1", 60);
        }
        let state = cache.state();
        assert_eq!(state.order.len(), MAX_ENTRIES);
        assert_eq!(state.accounts.len(), MAX_ENTRIES, "accounts without entries are removed");
        assert_eq!(
            state.total_bytes,
            state
                .accounts
                .values()
                .flat_map(|entries| entries.responses.values())
                .map(|cached| cached.body.len())
                .sum::<usize>()
        );
    }

    #[test]
    fn the_boundaries_between_parts_count() {
        let cache = ResponseCache::default();
        assert!(fingerprint(&cache, &["ab", "c"]) != fingerprint(&cache, &["a", "bc"]));
        let mut other = ResponseCache::default().hasher(&SeededEntropy::new(6));
        other.add(b"a");
        assert!(fingerprint(&cache, &["a"]) != other.finish(), "another cache has another key");
    }
}
