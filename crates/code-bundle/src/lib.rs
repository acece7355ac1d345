//! Zips of q code: safe reading, checking, unpacking, replacing.
