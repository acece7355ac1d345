//! `qspace serve`: the control plane and its HTTP edge.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::serve::{self, LogFormat, Settings};

/// Serves the API on one port until SIGTERM or SIGINT. Nodes live on.
///
/// Settings are taken from these options, else from the environment, else from the configuration file, else they have
/// their defaults.
#[derive(Debug, Default, Args)]
pub struct Arguments {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE", env = "QSPACE_CONFIG")]
    pub config: Option<PathBuf>,

    /// Data directory; made at the first start. [default: ~/.local/share/qspace]
    #[arg(long, value_name = "DIR", env = "QSPACE_DATA")]
    pub data: Option<PathBuf>,

    /// Address and port to answer on; port 0 takes a free one. [default: 127.0.0.1:7420]
    #[arg(long, value_name = "ADDR:PORT", env = "QSPACE_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Region that ARNs and connection strings name. [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "QSPACE_REGION")]
    pub region: Option<String>,

    /// Account id that ARNs name, 12 digits. [default: 000000000000]
    #[arg(long, value_name = "DIGITS", env = "QSPACE_ACCOUNT_ID")]
    pub account_id: Option<String>,

    /// Form of the log on stderr. [default: text]
    #[arg(long, value_enum, value_name = "FORM", env = "QSPACE_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,

    /// Which log lines are written, such as `info` or `warn,control_plane=debug`. [default: info]
    #[arg(long, value_name = "FILTER", env = "QSPACE_LOG")]
    pub log: Option<String>,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    serve::run(Settings::resolve(arguments)?)
}
