//! Column files, splayed, partitioned and segmented tables, sym files, compressed files, logs.
