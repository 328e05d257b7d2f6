//! Notices that the tools of a caller have changed.
//!
//! What a caller's tools are depends on its accounts, profiles, connectors and key, which other servers change too. So a stream looks
//! once a second, at what this server keeps in memory, whether they are still the same, and whether the key may still use them.

use futures_util::stream;
use patchbay_engine::{AgentRequest, AgentTools, Engine, Error};
use patchbay_mcp::server::{Change, ChangeStream};
use tokio::time::{Duration, sleep};

use crate::extract::{Standing, has_ended};

/// The time between two looks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What a stream compares.
struct Watched {
    engine: Engine,
    standing: Standing,
    request: AgentRequest,
    version: String,
}

/// Returns the changes of a caller's tools. They end when the caller has none, for example because its accounts or its key were deleted.
pub(super) fn changes(engine: Engine, standing: Standing, request: AgentRequest, tools: &AgentTools) -> ChangeStream {
    let watched = Watched { engine, standing, request, version: tools.version().to_owned() };
    Box::pin(stream::unfold(watched, |mut watched| async move {
        watched.changed().await.then_some((Change::Tools, watched))
    }))
}

impl Watched {
    /// Waits for a change. Returns false if the caller has no tools.
    async fn changed(&mut self) -> bool {
        loop {
            sleep(LOOK_INTERVAL).await;
            let tools = match self.tools().await {
                Ok(tools) => tools,
                Err(error) if has_ended(&error) => return false,
                // While nobody can tell, the stream waits.
                Err(_) => continue,
            };
            if tools.version() != self.version {
                tools.version().clone_into(&mut self.version);
                return true;
            }
        }
    }

    /// Returns the tools that the key has now.
    async fn tools(&self) -> Result<AgentTools, Error> {
        let caller = self.standing.caller().await?;
        self.engine.agents.open(&caller, &self.request).await
    }
}
