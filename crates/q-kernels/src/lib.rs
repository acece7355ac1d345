//! Loops over buffers: arithmetic, comparison, casts, sorting, grouping, search, aggregates, joins.
