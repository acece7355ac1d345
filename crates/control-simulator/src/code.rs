//! Objects in memory and a judge that looks for one word.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use control_plane::{CodeInspector, CodeSource, CodeSourceError};

/// Text that makes [`PermissiveInspector`] find a problem.
const BAD_CODE: &str = "does not parse";
const BUCKET: &str = "code";

/// The bucket `code`, by key.
#[derive(Debug, Default)]
pub struct Objects {
    by_key: Mutex<BTreeMap<String, Bytes>>,
}

impl Objects {
    pub fn put(&self, key: &str, content: &str) {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        by_key.insert(key.to_owned(), Bytes::copy_from_slice(content.as_bytes()));
    }
}

#[async_trait::async_trait]
impl CodeSource for Objects {
    async fn fetch(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bytes_max: u64,
    ) -> Result<Bytes, CodeSourceError> {
        if bucket != BUCKET {
            return Err(CodeSourceError::NoSuchBucket);
        }
        if version.is_some() {
            return Err(CodeSourceError::NoSuchVersion);
        }
        let by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        let found = by_key.get(key).cloned().ok_or(CodeSourceError::NoSuchKey)?;
        match found.len() as u64 > bytes_max {
            true => Err(CodeSourceError::TooLarge { limit: bytes_max }),
            false => Ok(found),
        }
    }
}

/// Finds code good unless it says that it does not parse.
#[derive(Debug, Clone, Copy, Default)]
pub struct PermissiveInspector;

impl CodeInspector for PermissiveInspector {
    fn problems(&self, zip: &Bytes, _initialization_script: Option<&str>) -> Vec<String> {
        match String::from_utf8_lossy(zip).contains(BAD_CODE) {
            true => vec!["lib/bad.q:3:7: unexpected ')'".to_owned()],
            false => Vec::new(),
        }
    }

    fn zip_bytes_max(&self) -> u64 {
        1 << 20
    }
}
