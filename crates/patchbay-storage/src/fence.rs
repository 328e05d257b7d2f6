//! Work that only the leader may do.

use patchbay_model::LeaderFence;

tokio::task_local! {
    static FENCE: LeaderFence;
}

/// Runs a leader's work. Each transaction in it that writes checks first that no other server has become the leader, and keeps
/// one from becoming it until the transaction ends. Work that it spawns is not covered.
pub async fn fenced<T>(fence: LeaderFence, work: impl Future<Output = T>) -> T {
    FENCE.scope(fence, work).await
}

/// Returns the number of the leadership under which the current task works; none outside of [`fenced`].
pub fn current_fence() -> Option<LeaderFence> {
    FENCE.try_with(|fence| *fence).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_knows_its_leadership() {
        assert_eq!(current_fence(), None);
        assert_eq!(fenced(LeaderFence(7), async { current_fence() }).await, Some(LeaderFence(7)));
        assert_eq!(current_fence(), None);
    }
}
