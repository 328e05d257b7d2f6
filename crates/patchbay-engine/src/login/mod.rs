//! Login: password hashing and the throttle of guesses.

mod password;
mod throttle;

pub(crate) use password::{DashboardPasswords, check_strength};
pub(crate) use throttle::LoginThrottle;
