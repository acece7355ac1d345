//! Shapes, routes, validation and errors of the FinSpace API; typed ids.
