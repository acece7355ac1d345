//! One start of q: its secret and what its bootstrap asks for.

use std::sync::atomic::{AtomicBool, Ordering};

use cluster_runtime::NodeSpec;
use q_value::{Value, Vector};
use subtle::ConstantTimeEq;

use crate::APP_PATH;

/// Key of the argument that sets `.z.zd` and is no option of q.
pub(crate) const ZIP_DEFAULT: &str = "AWS_ZIP_DEFAULT";

/// One start of q, from the spawn to its end.
pub(crate) struct Session {
    pub id: u64,
    secret: String,
    pub config: SessionConfig,
    /// False from the end of the initialization script on.
    initializing: AtomicBool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish()
    }
}

impl Session {
    pub(crate) fn new(id: u64, config: SessionConfig) -> Self {
        Session {
            id,
            secret: hex::encode(rand::random::<[u8; 32]>()),
            config,
            initializing: AtomicBool::new(true),
        }
    }

    pub(crate) fn initializing(&self) -> bool {
        self.initializing.load(Ordering::Relaxed)
    }

    pub(crate) fn end_initialization(&self) {
        self.initializing.store(false, Ordering::Relaxed);
    }

    /// The password q's bootstrap logs in with, given to q in its environment.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    pub(crate) fn admits(&self, password: &[u8]) -> bool {
        self.secret.as_bytes().ct_eq(password).into()
    }
}

/// What the bootstrap needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionConfig {
    /// Absolute path of the initialization script as q sees it; empty for none.
    pub initialization_script: String,
    /// For `.z.zd`; empty for none.
    pub zip_default: Vec<i64>,
    pub arguments: Vec<(String, String)>,
    pub cluster_type: String,
}

impl SessionConfig {
    /// What this specification means for q.
    ///
    /// # Errors
    /// `AWS_ZIP_DEFAULT` is not made of numbers.
    pub(crate) fn of(spec: &NodeSpec) -> Result<Self, String> {
        let revision = &spec.revision;
        let mut zip_default = Vec::new();
        let mut arguments = Vec::new();
        for (key, value) in &revision.command_line_arguments {
            if key == ZIP_DEFAULT {
                zip_default = value
                    .split(',')
                    .map(|part| part.trim().parse())
                    .collect::<Result<_, _>>()
                    .map_err(|_| {
                        format!("{ZIP_DEFAULT} must be block size, algorithm and level as in 17,2,6, not {value:?}")
                    })?;
            } else {
                arguments.push((key.clone(), value.clone()));
            }
        }
        Ok(SessionConfig {
            initialization_script: revision
                .initialization_script
                .as_ref()
                .map(|script| format!("{APP_PATH}/code/{script}"))
                .unwrap_or_default(),
            zip_default,
            arguments,
            cluster_type: spec.cluster_type.clone(),
        })
    }

    /// The dictionary that bootstrap.q reads.
    pub(crate) fn to_value(&self) -> Value {
        let keys: Vec<&str> = self.arguments.iter().map(|(key, _)| key.as_str()).collect();
        let values = self
            .arguments
            .iter()
            .map(|(_, value)| Value::list(vec![Value::string(value)]))
            .collect();
        Value::dict(
            Value::symbols(["init", "zip_default", "args", "cluster_type", "database"]),
            Value::list(vec![
                Value::string(&self.initialization_script),
                Value::Longs(Vector::new(self.zip_default.clone())),
                Value::dict(Value::symbols(keys), Value::list(values)),
                Value::string(&self.cluster_type),
                Value::string(""),
            ]),
        )
    }
}
