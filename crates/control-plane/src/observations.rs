//! The last observation of all nodes, for answers: it may be a tick old and is never waited for.

use std::sync::{Arc, PoisonError, RwLock};

use cluster_runtime::Observed;

#[derive(Debug, Default)]
pub(crate) struct Observations {
    newest: RwLock<Arc<Vec<Observed>>>,
}

impl Observations {
    pub(crate) fn newest(&self) -> Arc<Vec<Observed>> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, observed: Vec<Observed>) -> Arc<Vec<Observed>> {
        let observed = Arc::new(observed);
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&observed);
        observed
    }
}
