//! The instants between which the control plane may die, for tests that let it die at each of them.
//!
//! Nothing watches in production: every instant is then one look at an empty `Option`.

use std::sync::Arc;

/// An instant that a crash separates from the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A deployment is on disk, its request not answered yet.
    Accepted,
    /// Something was decided; nothing of it is written.
    BeforeRecord,
    /// All of it is written; nothing of it is committed.
    BeforeCommit,
    AfterRecord,
    BeforeAction,
    AfterAction,
}

/// Sees every instant as it comes, on whatever thread it comes.
pub trait StepWatch: Send + Sync {
    fn reached(&self, step: Step);
}

/// Whoever watches, if anybody does.
#[derive(Clone, Default)]
pub(crate) struct Steps(Option<Arc<dyn StepWatch>>);

impl Steps {
    pub(crate) fn watched_by(watch: Option<Arc<dyn StepWatch>>) -> Self {
        Steps(watch)
    }

    pub(crate) fn reached(&self, step: Step) {
        if let Some(watch) = &self.0 {
            watch.reached(step);
        }
    }
}
