//! qSQL: select, exec, update and delete, as templates and in functional form.
//!
//! Both forms become a [`plan::Plan`]; expressions are parse trees evaluated in a scope that sees columns first
//! (`semantics.md` H). Conditions narrow the rows one after the other; groups are evaluated by kernels where the
//! aggregate is known, else group by group.

pub(crate) mod aggregate;
pub(crate) mod delete;
pub(crate) mod functional;
pub(crate) mod group;
pub(crate) mod plan;
pub(crate) mod scope;
pub(crate) mod select;
pub(crate) mod template;
pub(crate) mod update;
