//! `qspace serve`: puts the server together and runs it.

mod crash_at_step;
mod installation;
mod listener;
mod logging;
mod settings;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

pub use installation::Installation;
pub use logging::LogFormat;
pub use settings::Settings;

use crate::data_directory::DataDirectory;

/// Serves until SIGTERM or SIGINT. Prints `qspace ready endpoint=http://ADDR:PORT` when it does.
///
/// Errors: the data directory is in use or cannot be written, the address is taken, the database cannot be opened.
pub fn run(settings: Settings) -> anyhow::Result<()> {
    logging::start(settings.log_format, &settings.log_filter)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(serve(settings))
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    // Handlers first: a signal that comes while starting ends the server in order too.
    let stop = listener::StopSignal::install()?;
    let directory = DataDirectory::at(settings.data.clone());
    directory.create()?;
    let _lock = directory.lock()?;
    finspace_model::contract().compile_patterns();

    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener
        .local_addr()
        .context("cannot read the address listened on")?;
    // Written before nodes are looked after, because they find the server by it.
    directory.write_endpoint(&format!("http://{}", reachable(address)))?;

    let installation = Installation::open(&settings, &directory).await?;
    if directory.write_credentials(installation.root_credential())? {
        eprintln!(
            "qspace: wrote new root credentials to {} (for AWS_SHARED_CREDENTIALS_FILE; `qspace env` prints all settings)",
            directory.credentials_path().display()
        );
    }
    let edge = Arc::new(installation.edge());
    println!("qspace ready endpoint=http://{address}");
    tracing::info!(%address, data = %settings.data.display(), "serving");
    listener::serve(listener, edge, stop).await;
    installation.close().await;
    tracing::info!("stopped; nodes live on");
    Ok(())
}

/// The address by which processes of this machine reach the server.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}
