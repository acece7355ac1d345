//! The real judge of code: the zip is safe, the script is in it, every q file parses.

use bytes::Bytes;
use code_bundle::{Bundle, Limits};

use crate::code::CodeInspector;

/// Judges by `code-bundle`.
#[derive(Debug, Clone, Default)]
pub struct BundleInspector {
    limits: Limits,
}

impl BundleInspector {
    pub fn new(limits: Limits) -> Self {
        BundleInspector { limits }
    }
}

impl CodeInspector for BundleInspector {
    fn problems(&self, zip: &Bytes, initialization_script: Option<&str>) -> Vec<String> {
        match Bundle::open(zip.to_vec(), &self.limits) {
            Err(error) => vec![error.to_string()],
            Ok(bundle) => bundle
                .check(initialization_script)
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }

    fn zip_bytes_max(&self) -> u64 {
        self.limits.zip_bytes_max
    }
}
