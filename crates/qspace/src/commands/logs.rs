//! `qspace logs`: what the q processes of a cluster wrote.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use clap::Args;

use crate::client::{self, AccessArguments, Api, LogPage};

/// How often a followed log is asked for news.
const POLL: Duration = Duration::from_millis(250);

/// Prints the log of a cluster's nodes: standard output and error of q.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Cluster whose log is printed.
    #[arg(long, value_name = "NAME")]
    pub cluster: String,

    /// Only this node.
    #[arg(long, value_name = "ID")]
    pub node: Option<String>,

    /// How many of the last lines of each node to begin with.
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 100)]
    pub lines: u64,

    /// Go on printing what comes, until interrupted.
    #[arg(long, short)]
    pub follow: bool,

    #[command(flatten)]
    pub access: AccessArguments,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    client::block_on(async {
        let api = Api::connect(&arguments.access).await?;
        let mut cursor: Option<String> = None;
        let mut seen = BTreeSet::new();
        loop {
            let node = arguments.node.as_deref();
            let page = api
                .logs(&arguments.cluster, node, arguments.lines, cursor.as_deref())
                .await?;
            match print(&page, &mut seen) {
                // the reader, such as `head`, has had enough
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                other => other?,
            }
            if !arguments.follow {
                return Ok(());
            }
            cursor = Some(page.cursor);
            tokio::time::sleep(POLL).await;
        }
    })
}

/// Lines are prefixed with the beginning of their node's id once there are several nodes.
fn print(page: &LogPage, seen: &mut BTreeSet<String>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    seen.extend(page.nodes.iter().map(|node| node.node_id.clone()));
    for node in &page.nodes {
        for line in &node.lines {
            if seen.len() > 1 {
                write!(out, "{} ", node.node_id.get(..8).unwrap_or(&node.node_id))?;
            }
            writeln!(out, "{line}")?;
        }
    }
    out.flush()
}
