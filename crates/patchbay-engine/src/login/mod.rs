//! What signing in needs beside storage: hashing passwords, and slowing down those who guess.

mod password;
mod throttle;

pub(crate) use password::{DashboardPasswords, check_strength};
pub(crate) use throttle::LoginThrottle;
