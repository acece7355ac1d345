//! The trait by which nodes are observed and changed, and its makers.
