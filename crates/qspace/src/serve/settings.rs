//! Settings: options before environment before file before defaults.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use cluster_runtime::TlsFiles;
use control_plane::{ControlPlaneConfig, Quotas};
use s3_endpoint::ExternalConfig;
use serde::Deserialize;

use super::LogFormat;
use crate::commands::serve::Arguments;
use crate::data_directory;

const DEFAULT_PORT: u16 = 7420;
const DEFAULT_LOG_FILTER: &str = "info";
/// A configuration file is a few lines; more is a mistake.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Everything `qspace serve` is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Absolute.
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub log_format: LogFormat,
    pub log_filter: String,
    pub control: ControlPlaneConfig,
    /// Another S3 that holds code; `None` for the embedded store.
    pub external_objects: Option<ExternalConfig>,
}

/// The configuration file. Every key is optional; unknown ones are errors, because they are typing mistakes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileSettings {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    region: Option<String>,
    account_id: Option<String>,
    log_format: Option<LogFormat>,
    log: Option<String>,
    nodes: NodeSettings,
    quotas: Quotas,
    code_limits: code_bundle::Limits,
    objects: Option<ExternalConfig>,
}

/// The section `[nodes]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NodeSettings {
    /// Address on which the nodes' q ports are bound.
    listen_address: Option<String>,
    /// Host that connection strings name.
    advertised_host: Option<String>,
    /// Command that starts q, program first; the built-in engine when absent.
    q_command: Vec<String>,
    /// PEM files for TLS on the q ports.
    tls: Option<TlsFiles>,
}

impl Settings {
    /// Settings from options and environment (which the options hold already), completed by the file they name.
    ///
    /// Errors: the file cannot be read or has unknown keys; the account id is not 12 digits; the region is malformed.
    pub fn resolve(arguments: Arguments) -> anyhow::Result<Self> {
        let file = match &arguments.config {
            Some(path) => read_file(path)?,
            None => FileSettings::default(),
        };
        let data = arguments
            .data
            .or(file.data)
            .unwrap_or_else(data_directory::default_path);
        let data = std::path::absolute(&data)
            .with_context(|| format!("the data directory {} cannot be used", data.display()))?;
        let mut control = ControlPlaneConfig {
            data_directory: data.clone(),
            q_command: file.nodes.q_command,
            tls: file.nodes.tls,
            quotas: file.quotas,
            code_limits: file.code_limits,
            ..ControlPlaneConfig::default()
        };
        let override_with = |slot: &mut String, value: Option<String>| {
            if let Some(value) = value {
                *slot = value;
            }
        };
        override_with(&mut control.region, arguments.region.or(file.region));
        override_with(
            &mut control.account_id,
            arguments.account_id.or(file.account_id),
        );
        override_with(&mut control.listen_address, file.nodes.listen_address);
        override_with(&mut control.advertised_host, file.nodes.advertised_host);
        check_account_id(&control.account_id)?;
        check_region(&control.region)?;
        Ok(Settings {
            data,
            listen: arguments
                .listen
                .or(file.listen)
                .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, DEFAULT_PORT).into()),
            log_format: arguments.log_format.or(file.log_format).unwrap_or_default(),
            log_filter: arguments
                .log
                .or(file.log)
                .unwrap_or_else(|| DEFAULT_LOG_FILTER.to_owned()),
            control,
            external_objects: file.objects,
        })
    }
}

fn read_file(path: &Path) -> anyhow::Result<FileSettings> {
    let reading = || format!("cannot read the configuration file {}", path.display());
    let size = std::fs::metadata(path).with_context(reading)?.len();
    if size > FILE_BYTES_MAX {
        bail!("{}: it is larger than 1 MiB", reading());
    }
    let text = std::fs::read_to_string(path).with_context(reading)?;
    toml::from_str(&text).with_context(reading)
}

fn check_account_id(account_id: &str) -> anyhow::Result<()> {
    if account_id.len() == 12 && account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        bail!("the account id '{account_id}' must be 12 digits")
    }
}

/// A region stands in ARNs, credential scopes and connection strings: letters, digits and hyphens.
fn check_region(region: &str) -> anyhow::Result<()> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&region.len()) && region.bytes().all(legal) {
        Ok(())
    } else {
        bail!("the region '{region}' must be lower-case letters, digits and hyphens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::NamedTempFile, Arguments) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let arguments = Arguments {
            config: Some(file.path().to_owned()),
            ..Arguments::default()
        };
        (file, arguments)
    }

    #[test]
    fn options_win_over_the_file_and_the_file_over_defaults() {
        let (_file, arguments) = file(
            "data = \"/tmp/from-file\"\nlisten = \"127.0.0.1:1\"\nregion = \"eu-west-1\"\nlog_format = \"json\"\n[quotas]\nenvironments_max = 7\n[nodes]\nadvertised_host = \"q.example\"\n",
        );
        let settings = Settings::resolve(Arguments {
            listen: Some("127.0.0.1:2".parse().unwrap()),
            ..arguments
        })
        .unwrap();
        assert_eq!(settings.data, Path::new("/tmp/from-file"));
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.log_format, LogFormat::Json);
        assert_eq!(settings.log_filter, "info");
        assert_eq!(settings.control.region, "eu-west-1");
        assert_eq!(settings.control.account_id, "000000000000");
        assert_eq!(settings.control.advertised_host, "q.example");
        assert_eq!(settings.control.quotas.environments_max, 7);
        assert_eq!(settings.control.data_directory, settings.data);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("lisen = \"127.0.0.1:1\"", "lisen"),
            ("listen = \"somewhere\"", "listen"),
            ("account_id = \"12\"", "12 digits"),
            ("region = \"EU West\"", "region"),
        ] {
            let (_file, arguments) = file(text);
            let error = format!("{:#}", Settings::resolve(arguments).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
        let missing = Arguments {
            config: Some("/nonexistent/qspace.toml".into()),
            ..Arguments::default()
        };
        assert!(Settings::resolve(missing).is_err());
    }
}
