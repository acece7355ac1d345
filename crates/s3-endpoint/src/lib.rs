//! An embedded S3 with versions over a directory, and external S3 stores behind the same trait.
