/ Keywords that are defined in q.
