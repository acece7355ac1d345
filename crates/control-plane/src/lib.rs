//! What each operation means; planners; reconcilers.
