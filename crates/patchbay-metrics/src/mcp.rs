//! Requests of agents.

use std::time::Duration;

use crate::{Histogram, Label as _, label::label};

label! {
    /// The method of a message of the Model Context Protocol.
    McpMethod {
        /// `initialize`.
        Initialize = "initialize",
        /// `server/discover`.
        Discover = "server/discover",
        /// `ping`.
        Ping = "ping",
        /// `tools/list`.
        ListTools = "tools/list",
        /// `tools/call`.
        CallTool = "tools/call",
        /// `subscriptions/listen`.
        Listen = "subscriptions/listen",
        /// `tasks/get`.
        GetTask = "tasks/get",
        /// `tasks/update`.
        UpdateTask = "tasks/update",
        /// `tasks/cancel`.
        CancelTask = "tasks/cancel",
        /// Any other, a notification, or a body that is not a message.
        Other = "other",
    }
}

impl McpMethod {
    /// Returns the method of a name.
    pub fn of(name: &str) -> Self {
        Self::ALL.iter().copied().find(|method| method.as_str() == name).unwrap_or(Self::Other)
    }
}

/// The times until a response began.
#[derive(Debug)]
pub struct McpTimes(Box<[Histogram]>);

impl Default for McpTimes {
    fn default() -> Self {
        Self(McpMethod::ALL.iter().map(|_| Histogram::default()).collect())
    }
}

impl McpTimes {
    /// Counts a request.
    pub fn observe(&self, method: McpMethod, duration: Duration) {
        self.of(method).observe(duration);
    }

    pub(crate) fn of(&self, method: McpMethod) -> &Histogram {
        &self.0[method.index()]
    }
}
