//! Compile and evaluate: primitives, iterators, qSQL, namespaces; the world behind one trait.
