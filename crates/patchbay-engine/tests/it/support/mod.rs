//! What the tests share: a [`TestBed`], the fixtures, simulated providers, and a browser that authorizes at them.

mod bed;
mod browser;
mod builder;
mod event_sink;
mod fixtures;
mod provider;
mod requests;
pub mod tls;
mod urls;

pub use bed::TestBed;
pub use browser::{Browser, without};
pub use builder::{EngineSetup, test_clock};
pub use event_sink::RecordingSink;
pub use fixtures::{connector_files, fixture, fixture_files, fixture_with, load_connector};
pub use provider::{HttpProvider, Provider, serve};
pub use requests::{new_authorization, new_profile, proxy_request, run_request, secrets, session_for};
