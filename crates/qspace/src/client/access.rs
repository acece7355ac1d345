//! Where the server is and with which keys to sign: options, else the data directory, else the `AWS_*` environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use aws_protocol::credentials::{Credential, Principal, SecretKey};
use clap::Args;

use crate::data_directory::{self, DataDirectory};

/// Options that every command which talks to a server has.
#[derive(Debug, Default, Clone, Args)]
pub struct AccessArguments {
    /// Data directory of a server on this machine, for its address and keys. [default: ~/.local/share/qspace]
    #[arg(long, value_name = "DIR", env = "QSPACE_DATA")]
    pub data: Option<PathBuf>,

    /// Address of the server; with it the keys come from AWS_ACCESS_KEY_ID and its companions.
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// Region to sign for. [default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Environment of the cluster; may be left out when there is only one.
    #[arg(long, value_name = "ID")]
    pub environment_id: Option<String>,
}

/// A server and the keys to use it.
#[derive(Debug, Clone)]
pub struct Access {
    pub endpoint: String,
    pub region: String,
    pub credential: Credential,
}

impl Access {
    /// Finds out whom to call.
    ///
    /// Errors: what is missing and which option or variable gives it.
    pub fn resolve(arguments: &AccessArguments) -> anyhow::Result<Access> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let region = arguments
            .region
            .clone()
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"))
            .unwrap_or_else(|| "us-east-1".into());
        let endpoint = match &arguments.data {
            Some(_) => arguments.endpoint_url.clone(),
            None => arguments
                .endpoint_url
                .clone()
                .or_else(|| variable("AWS_ENDPOINT_URL_FINSPACE"))
                .or_else(|| variable("AWS_ENDPOINT_URL")),
        };
        if let Some(endpoint) = endpoint {
            return Ok(Access {
                endpoint,
                region,
                credential: keys_of_environment()?,
            });
        }
        let path = arguments
            .data
            .clone()
            .unwrap_or_else(data_directory::default_path);
        let directory = DataDirectory::at(path);
        let endpoint = directory.read_endpoint()?;
        Ok(Access {
            endpoint,
            region,
            credential: keys_of_file(&directory)?,
        })
    }
}

fn keys_of_environment() -> anyhow::Result<Credential> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(access_key_id), Some(secret)) = (
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
    ) else {
        bail!(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; `eval \"$(qspace env)\"` sets them, or name the server's directory with --data"
        );
    };
    Ok(Credential {
        access_key_id,
        secret: SecretKey::new(secret),
        session_token: variable("AWS_SESSION_TOKEN").map(SecretKey::new),
        expires_at: None,
        principal: Principal::Root,
    })
}

/// The `[default]` profile of the data directory's credentials file.
pub(crate) fn keys_of_file(directory: &DataDirectory) -> anyhow::Result<Credential> {
    let path = directory.credentials_path();
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let values: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    match (
        values.get("aws_access_key_id"),
        values.get("aws_secret_access_key"),
    ) {
        (Some(access_key_id), Some(secret)) => Ok(Credential {
            access_key_id: (*access_key_id).into(),
            secret: SecretKey::new((*secret).into()),
            session_token: None,
            expires_at: None,
            principal: Principal::Root,
        }),
        _ => bail!(
            "{} holds no keys; start `qspace serve` once to write it anew",
            path.display()
        ),
    }
}
