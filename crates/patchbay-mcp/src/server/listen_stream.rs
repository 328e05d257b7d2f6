//! The stream of a client that wants to know about changes.
//!
//! A change is sent at once. Further changes of the same kind within a second are sent as one, when the second has passed.

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use patchbay_model::{Clock, Timestamp};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    listen::{Change, ChangeStream, ListenFilter, Subscription},
    places::StreamPlace,
    response::{EventStream, notification},
    tasks_json,
};
use crate::{RequestId, meta::SUBSCRIPTION_ID, sse};

/// The shortest time between two notices of one kind.
const PAUSE: Duration = Duration::from_secs(1);

/// What decides when a stream ends.
pub(crate) struct StreamEnd {
    /// Cancelled when the server stops.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the session ends.
    pub(crate) session: Option<CancellationToken>,
    /// When the caller's authority ends.
    pub(crate) expires_at: Option<Timestamp>,
}

/// The stream of one subscription.
pub(crate) struct ListenStream {
    /// The request that began the stream; `None` for the stream of a legacy session.
    id: Option<RequestId>,
    served: ListenFilter,
    changes: ChangeStream,
    /// The kinds that were sent less than a pause ago: the end of the pause, and whether they changed again.
    recent: BTreeMap<Kind, (Instant, bool)>,
    /// Whether the first notice is still to be sent.
    is_new: bool,
    keep_alive: Duration,
    idle: Pin<Box<Sleep>>,
    expiry: Pin<Box<Sleep>>,
    end: StreamEnd,
    has_ended: bool,
    _place: StreamPlace,
}

/// A kind of change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Tools,
    Prompts,
    Resources,
    Resource(String),
}

impl ListenStream {
    pub(crate) fn new(
        id: Option<RequestId>,
        subscription: Subscription,
        place: StreamPlace,
        keep_alive: Duration,
        end: StreamEnd,
        clock: &dyn Clock,
    ) -> Self {
        /// Longer than any stream.
        const NEVER: Duration = Duration::from_hours(24 * 365);
        let until = end.expires_at.map_or(NEVER, |moment| moment.since(clock.now())).min(NEVER);
        Self {
            id,
            served: subscription.served,
            changes: subscription.changes,
            recent: BTreeMap::new(),
            is_new: true,
            keep_alive,
            idle: Box::pin(sleep(keep_alive)),
            expiry: Box::pin(sleep(until)),
            end,
            has_ended: false,
            _place: place,
        }
    }

    /// Returns the events.
    pub(crate) fn into_events(self) -> EventStream {
        Box::pin(stream::unfold(self, |mut listening| async move {
            let event = listening.next().await?;
            Some((event, listening))
        }))
    }

    async fn next(&mut self) -> Option<Bytes> {
        /// What happened.
        enum Happened {
            Changed(Option<Change>),
            Due,
            Idle,
            Ended,
        }

        if self.has_ended {
            return None;
        }
        if std::mem::take(&mut self.is_new)
            && let Some(acknowledged) = self.acknowledged()
        {
            return Some(acknowledged);
        }
        loop {
            let due = self.recent.values().map(|(until, _)| *until).min();
            let happened = tokio::select! {
                biased;
                () = ended(&self.end) => Happened::Ended,
                () = self.expiry.as_mut() => Happened::Ended,
                change = self.changes.next() => Happened::Changed(change),
                () = passed(due) => Happened::Due,
                () = self.idle.as_mut() => Happened::Idle,
            };
            let notice = match happened {
                Happened::Ended | Happened::Changed(None) => {
                    self.has_ended = true;
                    return self.result();
                }
                Happened::Idle => Some(sse::PING),
                Happened::Due => self.due(),
                Happened::Changed(Some(change)) => self.changed(change),
            };
            if let Some(notice) = notice {
                self.idle.as_mut().reset(Instant::now() + self.keep_alive);
                return Some(notice);
            }
        }
    }

    /// Returns the notice of a change, if it is sent now.
    fn changed(&mut self, change: Change) -> Option<Bytes> {
        let kind = match change {
            Change::Tools if self.served.tools => Kind::Tools,
            Change::Prompts if self.served.prompts => Kind::Prompts,
            Change::Resources if self.served.resources => Kind::Resources,
            Change::Resource(uri) if self.served.resource_uris.contains(&uri) => Kind::Resource(uri),
            Change::Task(task) if self.served.task_ids.contains(&task.task.id) => {
                // Every state of a task is sent: a client waits for the last one.
                let mut params = Map::new();
                tasks_json::write(&task, &mut params);
                return Some(self.notice("notifications/tasks", params));
            }
            _ => return None,
        };
        if let Some((_, is_pending)) = self.recent.get_mut(&kind) {
            *is_pending = true;
            return None;
        }
        Some(self.send(kind))
    }

    /// Returns the notice of a kind that changed again, after its pause.
    fn due(&mut self) -> Option<Bytes> {
        let now = Instant::now();
        let kind = self.recent.iter().find(|(_, (until, _))| *until <= now).map(|(kind, _)| kind.clone())?;
        let (_, is_pending) = self.recent.remove(&kind)?;
        is_pending.then(|| self.send(kind))
    }

    fn send(&mut self, kind: Kind) -> Bytes {
        self.recent.insert(kind.clone(), (Instant::now() + PAUSE, false));
        let (method, params) = match kind {
            Kind::Tools => ("notifications/tools/list_changed", Map::new()),
            Kind::Prompts => ("notifications/prompts/list_changed", Map::new()),
            Kind::Resources => ("notifications/resources/list_changed", Map::new()),
            Kind::Resource(uri) => {
                ("notifications/resources/updated", Map::from_iter([("uri".to_owned(), Value::String(uri))]))
            }
        };
        self.notice(method, params)
    }

    /// Returns the first notice of a stream that a request began: what of its filter is served.
    fn acknowledged(&self) -> Option<Bytes> {
        self.id.as_ref()?;
        let mut notifications = Map::new();
        for (name, is_served) in [
            ("toolsListChanged", self.served.tools),
            ("promptsListChanged", self.served.prompts),
            ("resourcesListChanged", self.served.resources),
        ] {
            if is_served {
                notifications.insert(name.to_owned(), Value::Bool(true));
            }
        }
        for (name, served) in
            [("resourceSubscriptions", &self.served.resource_uris), ("taskIds", &self.served.task_ids)]
        {
            if !served.is_empty() {
                notifications.insert(name.to_owned(), json!(served));
            }
        }
        let params = Map::from_iter([("notifications".to_owned(), Value::Object(notifications))]);
        Some(self.notice("notifications/subscriptions/acknowledged", params))
    }

    /// Returns the response that ends a stream that a request began.
    fn result(&self) -> Option<Bytes> {
        let id = self.id.as_ref()?;
        let result = json!({ "resultType": "complete", "_meta": self.meta() });
        Some(sse::event(None, &super::response::Reply::result(id, &result).parts))
    }

    fn notice(&self, method: &str, mut params: Map<String, Value>) -> Bytes {
        if self.id.is_some() {
            params.insert("_meta".to_owned(), self.meta());
        }
        sse::event(None, &[notification(method, &Value::Object(params))])
    }

    fn meta(&self) -> Value {
        let id = self.id.as_ref().and_then(|id| serde_json::from_str::<Value>(id.as_json()).ok());
        json!({ SUBSCRIPTION_ID: id })
    }
}

/// Waits until a stream must end.
async fn ended(end: &StreamEnd) {
    let session = async {
        match &end.session {
            Some(session) => session.cancelled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = end.stop.cancelled() => {}
        () = session => {}
    }
}

/// Waits until a moment; forever without one.
async fn passed(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
