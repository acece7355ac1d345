//! `qspace env`: the exports that point AWS clients at a server.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::client::{Access, AccessArguments};
use crate::data_directory::{self, DataDirectory};

/// Prints the variables that point boto3, the AWS CLI and the SDKs at the server of a data directory.
///
/// Use: eval "$(qspace env)". A model of the finspace service is written beside the data, for releases of boto3 and of the
/// CLI that have dropped it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Data directory of the server. [default: ~/.local/share/qspace]
    #[arg(long, value_name = "DIR", env = "QSPACE_DATA")]
    pub data: Option<PathBuf>,

    /// Region to work in.
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    pub region: String,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let path = arguments.data.unwrap_or_else(data_directory::default_path);
    let path = fs::canonicalize(&path).with_context(|| {
        format!(
            "there is no data directory {}; start `qspace serve` first",
            path.display()
        )
    })?;
    let access = Access::resolve(&AccessArguments {
        data: Some(path.clone()),
        region: Some(arguments.region),
        ..AccessArguments::default()
    })?;
    let models = write_models(&DataDirectory::at(path))?;
    for (name, value) in [
        ("AWS_ENDPOINT_URL", access.endpoint.as_str()),
        ("AWS_REGION", access.region.as_str()),
        ("AWS_DEFAULT_REGION", access.region.as_str()),
        (
            "AWS_ACCESS_KEY_ID",
            access.credential.access_key_id.as_str(),
        ),
        ("AWS_SECRET_ACCESS_KEY", access.credential.secret.expose()),
    ] {
        println!("export {name}={}", quoted(value));
    }
    println!("unset AWS_SESSION_TOKEN AWS_PROFILE");
    println!(
        "export AWS_DATA_PATH={}\"${{AWS_DATA_PATH:+:$AWS_DATA_PATH}}\"",
        quoted(&models)
    );
    Ok(())
}

/// Writes the service model where botocore looks for models; the directory for AWS_DATA_PATH.
fn write_models(directory: &DataDirectory) -> anyhow::Result<String> {
    let root = directory.path().join("models");
    for file in finspace_model::botocore::model_files() {
        let path = root.join(file.path);
        let parent = path.parent().context("model files have directories")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        if fs::read(&path).is_ok_and(|present| present == file.content.as_bytes()) {
            continue;
        }
        data_directory::write_atomically(&path, file.content.as_bytes(), 0o644)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(root.display().to_string())
}

/// A value as a shell reads it back.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn values_survive_a_shell() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
