//! Seeded fault simulation of the control plane over an in-memory world (development only).
//!
//! The control plane is the real one: its operations, planner, reconciler and store (SQLite in memory). The world below
//! it is [`cluster_runtime::fake`]: agents and q processes in virtual time. A [`Simulation`] drives both in one thread,
//! step by step, so that it can crash the control plane between any two steps and lose any call; what must always hold
//! is checked after every step by [`Watch`].

mod code;
mod faults;
mod simulation;
mod watch;

pub use code::{Objects, PermissiveInspector};
pub use faults::{Faults, Outcome};
pub use simulation::{Setup, Simulation, SimulationError};
pub use watch::{Violation, Watch};
