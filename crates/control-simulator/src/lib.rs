//! Seeded fault simulation of the control plane over an in-memory world.
