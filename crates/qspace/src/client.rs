//! A thin client of the public API for the commands: the same signed requests that boto3 sends, no private way in.

mod access;
mod api;
mod http;

pub use access::{Access, AccessArguments};
pub use api::{Api, Deployment, DeploymentNode, LogPage};
pub use http::{CallError, Signed};

/// Runs a command's asynchronous part on a runtime of its own.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
