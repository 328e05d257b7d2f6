//! Answers that are kept for a while: `cacheTTL` of a request.
//!
//! An answer is found again by a keyed hash of everything that made it: project, account, profile, connector, the
//! values of all credentials and the whole request. No other tenant, account or version of the credentials can hit
//! it, and nothing of them can be read from the key. What is kept is wiped when it is forgotten; the key is random
//! and ends with the process. Memory is bounded, the oldest answers go first.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
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

use crate::client::Incoming;

/// The most that all bodies may take, in bytes.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The largest body that is kept, in bytes.
const LARGEST: usize = 1024 * 1024;
/// The most answers.
const MOST_ANSWERS: usize = 4096;
/// The longest that an answer is kept, whatever the file says.
const LONGEST: Duration = Duration::from_hours(24);

/// What a request is known by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// The kept answers of all accounts.
#[derive(Default)]
pub struct Answers {
    /// Made with the first request that is looked for.
    key: OnceLock<hmac::Key>,
    is_used: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    accounts: HashMap<AccountId, Shelf>,
    /// By age: where each answer is.
    order: BTreeMap<u64, (AccountId, Fingerprint)>,
    next: u64,
    bytes: usize,
}

/// The answers of one account.
#[derive(Default)]
struct Shelf {
    answers: HashMap<Fingerprint, Arc<Kept>>,
    /// Counts what made answers stale: one that was asked for before must not be kept after.
    changes: u64,
    /// Requests under way whose answers may be kept.
    fetching: usize,
}

struct Kept {
    until: Instant,
    number: u64,
    status: StatusCode,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
    url: Url,
}

/// The right to keep the answer to a request that was not found.
pub struct Fetch<'a> {
    answers: &'a Answers,
    account: AccountId,
    fingerprint: Fingerprint,
    changes: u64,
}

/// Hashes the parts of a request.
pub struct Hasher(hmac::Context);

impl Hasher {
    /// Adds a part; parts do not run into each other.
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

impl Answers {
    /// Returns a hasher with this process's key.
    pub fn hasher(&self, entropy: &dyn Entropy) -> Hasher {
        let key = self.key.get_or_init(|| {
            let mut key = Zeroizing::new([0; 32]);
            entropy.fill(&mut *key);
            hmac::Key::new(hmac::HMAC_SHA256, &*key)
        });
        Hasher(hmac::Context::with_key(key))
    }

    /// The kept answer, or the right to keep the one that is fetched now.
    pub fn find(&self, account: &AccountId, fingerprint: Fingerprint) -> Result<Incoming, Fetch<'_>> {
        self.is_used.store(true, Ordering::Release);
        let mut state = self.lock();
        let shelf = state.accounts.entry(account.clone()).or_default();
        let found = shelf.answers.get(&fingerprint).cloned();
        if let Some(kept) = found.filter(|kept| kept.until > Instant::now()) {
            drop(state);
            return Ok(Incoming {
                status: kept.status,
                headers: kept.headers.clone(),
                body: Bytes::copy_from_slice(&kept.body),
                url: kept.url.clone(),
            });
        }
        shelf.fetching += 1;
        let changes = shelf.changes;
        drop(state);
        Err(Fetch { answers: self, account: account.clone(), fingerprint, changes })
    }

    /// Forgets an account's answers, and what is being fetched at the moment: it has changed something.
    pub fn forget(&self, account: &AccountId) {
        if !self.is_used.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.lock();
        let State { accounts, order, bytes, .. } = &mut *state;
        if let Some(shelf) = accounts.get_mut(account) {
            shelf.changes += 1;
            for (_, kept) in shelf.answers.drain() {
                order.remove(&kept.number);
                *bytes -= kept.body.len();
            }
            if shelf.fetching == 0 {
                accounts.remove(account);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, account: &AccountId, fingerprint: Fingerprint) {
        if let Some(shelf) = self.accounts.get_mut(account) {
            if let Some(kept) = shelf.answers.remove(&fingerprint) {
                self.order.remove(&kept.number);
                self.bytes -= kept.body.len();
            }
            if shelf.answers.is_empty() && shelf.fetching == 0 {
                self.accounts.remove(account);
            }
        }
    }

    /// Until one more of this size fits.
    fn make_room(&mut self, size: usize) {
        while self.bytes + size > MOST_BYTES || self.order.len() >= MOST_ANSWERS {
            let Some((_, (account, fingerprint))) = self.order.pop_first() else { return };
            self.remove(&account, fingerprint);
        }
    }
}

impl Fetch<'_> {
    /// Keeps a good answer, unless the account has changed something since, or the provider forbids it
    /// (`no-store`, RFC 9111 section 5.2.2.5).
    pub fn keep(self, incoming: &Incoming, seconds: u64) {
        let forbidden = incoming.headers.get_all(header::CACHE_CONTROL).iter().any(|value| {
            let words = value.to_str().unwrap_or_default().split(',');
            words.into_iter().any(|word| word.trim().eq_ignore_ascii_case("no-store"))
        });
        let life = Duration::from_secs(seconds).min(LONGEST);
        if forbidden || !incoming.status.is_success() || incoming.body.len() > LARGEST || life.is_zero() {
            return;
        }
        let mut headers = incoming.headers.clone();
        headers.remove(header::SET_COOKIE);
        let mut state = self.answers.lock();
        if state.accounts.get(&self.account).is_none_or(|shelf| shelf.changes != self.changes) {
            return;
        }
        // One that is over; its account stays, as this fetch holds it.
        state.remove(&self.account, self.fingerprint);
        state.make_room(incoming.body.len());
        let number = state.next;
        state.next += 1;
        state.bytes += incoming.body.len();
        state.order.insert(number, (self.account.clone(), self.fingerprint));
        let kept = Kept {
            until: Instant::now() + life,
            number,
            status: incoming.status,
            headers,
            body: Zeroizing::new(incoming.body.to_vec()),
            url: incoming.url.clone(),
        };
        if let Some(shelf) = state.accounts.get_mut(&self.account) {
            shelf.answers.insert(self.fingerprint, Arc::new(kept));
        }
    }
}

impl Drop for Fetch<'_> {
    fn drop(&mut self) {
        let mut state = self.answers.lock();
        if let Some(shelf) = state.accounts.get_mut(&self.account) {
            shelf.fetching -= 1;
            if shelf.fetching == 0 && shelf.answers.is_empty() {
                state.accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    fn fingerprint(answers: &Answers, parts: &[&str]) -> Fingerprint {
        let mut hasher = answers.hasher(&SeededEntropy::new(5));
        parts.iter().for_each(|part| hasher.add(part.as_bytes()));
        hasher.finish()
    }

    fn incoming(body: &[u8], cache_control: &str) -> Incoming {
        let headers = HeaderMap::from_iter([
            (header::CACHE_CONTROL, cache_control.parse().unwrap()),
            (header::SET_COOKIE, "a=b".parse().unwrap()),
        ]);
        let url = "https://api.example.com/x".parse().unwrap();
        Incoming { status: StatusCode::OK, headers, body: Bytes::copy_from_slice(body), url }
    }

    fn put(answers: &Answers, account: &str, name: &str, body: &[u8], seconds: u64) {
        let Err(fetch) = answers.find(&AccountId::new(account), fingerprint(answers, &[account, name])) else { return };
        fetch.keep(&incoming(body, ""), seconds);
    }

    fn get(answers: &Answers, account: &str, name: &str) -> Option<Bytes> {
        answers.find(&AccountId::new(account), fingerprint(answers, &[account, name])).ok().map(|found| found.body)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_given_again_until_its_time_is_over() {
        let answers = Answers::default();
        put(&answers, "a", "x", b"one", 60);
        assert_eq!(get(&answers, "a", "x").as_deref(), Some(&b"one"[..]));
        assert_eq!(get(&answers, "b", "x"), None, "nobody else's");
        let found = answers.find(&AccountId::new("a"), fingerprint(&answers, &["a", "x"])).ok().unwrap();
        assert!(found.headers.get(header::SET_COOKIE).is_none());
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(get(&answers, "a", "x"), None);
        put(&answers, "a", "x", b"two", u64::MAX);
        tokio::time::advance(LONGEST + Duration::from_secs(1)).await;
        assert_eq!(get(&answers, "a", "x"), None, "a day at most");
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_forgets_what_was_kept_and_what_is_under_way() {
        let answers = Answers::default();
        put(&answers, "a", "x", b"one", 60);
        put(&answers, "b", "x", b"other", 60);
        let account = AccountId::new("a");
        let under_way = answers.find(&account, fingerprint(&answers, &["a", "y"])).err().unwrap();
        answers.forget(&account);
        under_way.keep(&incoming(b"stale", ""), 60);
        assert_eq!((get(&answers, "a", "x"), get(&answers, "a", "y")), (None, None));
        assert!(get(&answers, "b", "x").is_some());
        put(&answers, "a", "x", b"two", 60);
        assert!(get(&answers, "a", "x").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_must_not_be_kept_is_not() {
        let answers = Answers::default();
        let account = AccountId::new("a");
        let mut failed = incoming(b"no", "");
        failed.status = StatusCode::NOT_FOUND;
        for bad in [incoming(b"no", "private, No-Store"), failed, incoming(&vec![b'x'; LARGEST + 1], "")] {
            answers.find(&account, fingerprint(&answers, &["a", "x"])).err().unwrap().keep(&bad, 60);
            assert_eq!(get(&answers, "a", "x"), None);
        }
        assert!(answers.lock().accounts.is_empty(), "nothing is left behind");
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_the_oldest_go_first() {
        let answers = Answers::default();
        let body = vec![b'x'; LARGEST];
        for number in 0..40 {
            put(&answers, "a", &number.to_string(), &body, 60);
        }
        assert!(answers.lock().bytes <= MOST_BYTES);
        assert!(get(&answers, "a", "39").is_some() && get(&answers, "a", "0").is_none());
        for number in 0..MOST_ANSWERS + 9 {
            put(&answers, &format!("n{number}"), "x", b"1", 60);
        }
        let state = answers.lock();
        assert_eq!(state.order.len(), MOST_ANSWERS);
        assert_eq!(state.accounts.len(), MOST_ANSWERS, "accounts without an answer are forgotten");
        assert_eq!(
            state.bytes,
            state.accounts.values().flat_map(|shelf| shelf.answers.values()).map(|kept| kept.body.len()).sum::<usize>()
        );
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let answers = Answers::default();
        assert!(fingerprint(&answers, &["ab", "c"]) != fingerprint(&answers, &["a", "bc"]));
        let mut elsewhere = Answers::default().hasher(&SeededEntropy::new(6));
        elsewhere.add(b"a");
        assert!(fingerprint(&answers, &["a"]) != elsewhere.finish(), "the key ends with the process");
    }
}
