//! qSQL: select, exec, update and delete, as templates and in functional form.
//!
//! Both forms become a [`plan::Plan`]; expressions are parse trees evaluated in a scope that sees columns first
//! (`semantics.md` H). Conditions narrow the rows one after the other; groups are evaluated by kernels where the
//! aggregate is known, else group by group.

pub mod aggregate;
pub mod delete;
pub mod functional;
pub mod group;
pub mod plan;
pub mod scope;
pub mod select;
pub mod template;
pub mod update;
