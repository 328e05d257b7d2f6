//! Password hashing with argon2id (RFC 9106) as PHC strings, one at a time, outside the threads that serve requests.

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use patchbay_model::{Entropy, PasswordHash};
use patchbay_vault::Secret;
use tokio::sync::Semaphore;

use crate::{Error, ErrorCode, Field, Problem, guessability::guesses_log10, validation::invalid};

/// The minimum length of a password; length matters more than character classes (NIST SP 800-63B section 3.1.1).
const MIN_PASSWORD_CHARS: usize = 12;
/// The maximum length of a password, which bounds the cost of hashing.
const MAX_PASSWORD_CHARS: usize = 200;
/// The decimal logarithm of the guesses that a password must withstand. With the delays after wrong passwords, that is
/// more than an attacker can try.
const MIN_PASSWORD_GUESSES_LOG10: f64 = 8.5;
/// The length of the salt, in bytes.
const SALT_BYTES: usize = 16;

/// Hashes and verifies passwords, one at a time: each costs memory and processor time, and unauthenticated clients can
/// cause it.
pub(super) struct DashboardPasswords {
    permits: Arc<Semaphore>,
}

impl Default for DashboardPasswords {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(1)) }
    }
}

impl DashboardPasswords {
    /// Checks that a password is hard to guess.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if it is too short, too long or easy to guess.
    pub(super) async fn check_strength(&self, password: &Secret) -> Result<(), Error> {
        let password = password.clone();
        self.work(move || check_strength(&password)).await?
    }

    /// Hashes a password.
    pub(super) async fn hash(&self, password: &Secret, entropy: &dyn Entropy) -> Result<PasswordHash, Error> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt);
        let password = password.clone();
        let hashed = self.work(move || Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt));
        let hash = hashed.await?.map_err(|error| broken(&error))?;
        Ok(PasswordHash(hash.to_string()))
    }

    /// Returns true if a password has this hash.
    pub(super) async fn verify(&self, password: &Secret, hash: &PasswordHash) -> Result<bool, Error> {
        let (password, hash) = (password.clone(), hash.clone());
        let verified =
            self.work(move || Argon2::default().verify_password(password.expose().as_bytes(), hash.0.as_str()));
        match verified.await? {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(broken(&error)),
        }
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|error| broken(&error))?;
        let work = move || {
            // The task holds the permit, because it continues if its caller disconnects.
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| broken(&error))
    }
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(%error, "could not hash a password");
    Error::new(ErrorCode::Internal, "something went wrong on our side")
}

/// Rejects a password that is too short, too long or easy to guess. Loads word lists: call it in a blocking task.
fn check_strength(password: &Secret) -> Result<(), Error> {
    let length = password.expose().chars().count();
    let refused = |code, message: String| Err(invalid(vec![Problem { path: Field::Password.into(), code, message }]));
    if !(MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&length) {
        return refused("length", format!("a password needs {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"));
    }
    if guesses_log10(password) < MIN_PASSWORD_GUESSES_LOG10 {
        let message =
            "this password is easy to guess; use a few words that do not belong together, or a password manager";
        return refused("weak", message.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let (hasher, entropy) = (DashboardPasswords::default(), SeededEntropy::new(1));
        let password = Secret::new("correct horse battery");
        let hash = hasher.hash(&password, &entropy).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(!hash.0.contains("horse"));
        assert!(hasher.verify(&password, &hash).await.unwrap());
        assert!(!hasher.verify(&Secret::new("correct horse batterY"), &hash).await.unwrap());
        assert_ne!(hasher.hash(&password, &entropy).await.unwrap(), hash, "every hash has its own salt");
        assert!(hasher.verify(&password, &PasswordHash("nonsense".to_owned())).await.is_err());
    }

    #[test]
    fn weak_passwords_are_refused() {
        let known =
            ["password1234", "P@ssw0rd1234", "qwertyuiop12", "patchbay-dashboard", "Summer2024!!", "1q2w3e4r5t6y"];
        for weak in ["", "short", "eleven char", "aaaaaaaaaaaaaaa", &"x1".repeat(101)].into_iter().chain(known) {
            assert!(check_strength(&Secret::new(weak)).is_err(), "{weak}");
        }
        for strong in ["twelve chars", "xk2-Vq9z_Lm4", "tea cup ocean river"] {
            assert!(check_strength(&Secret::new(strong)).is_ok(), "{strong}");
        }
    }
}
