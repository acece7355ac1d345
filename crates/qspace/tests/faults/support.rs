//! What the tests share: installations, their processes, bundles of code, waiting.

pub(crate) mod bundles;
pub(crate) mod installation;
pub(crate) mod processes;

use std::time::{Duration, Instant};

/// Nothing that is waited for takes so long on any machine; a longer wait is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// Asks over and over until there is an answer; `what` names it when there never is one.
pub(crate) async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(POLL).await;
    }
}
