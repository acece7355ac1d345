//! The command that starts q: the stage, the program, bootstrap.q, the port, the user's arguments, the environment.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use cluster_runtime::NodeSpec;
use cluster_runtime::local::{NODE_DIRECTORY_VARIABLE, NodeDirectory};
use tokio::process::Command;

use crate::api_client::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::options::NodeOptions;
use crate::q_link::Session;

/// The library's source, written into every node's directory.
pub(crate) const BOOTSTRAP: &str = include_str!("bootstrap.q");

/// Variables of the server that are none of q's business: its keys, its configuration, its own sockets.
const HIDDEN_PREFIXES: [&str; 5] = ["AWS_", "QSPACE_", "LISTEN_", "NOTIFY_", "CARGO_"];

/// What one start of q is made of.
pub(crate) struct QStart<'a> {
    pub options: &'a NodeOptions,
    pub directory: &'a NodeDirectory,
    pub spec: &'a NodeSpec,
    pub session: &'a Session,
    pub agent_address: SocketAddr,
    pub node_port: u16,
    /// The cluster's listening socket.
    pub listener: OwnedFd,
}

impl QStart<'_> {
    /// The command, ready to be spawned by a thread that lives as long as the agent.
    pub(crate) fn command(self) -> Option<Command> {
        let (program, stage_arguments) = self.options.exec_stage_command.split_first()?;
        let mut command = Command::new(program);
        command
            .args(stage_arguments)
            .arg("--agent-pid")
            .arg(std::process::id().to_string())
            .arg("--app")
            .arg(self.directory.app());
        // Scripts that load their libraries by relative paths find them; the documentation leaves the place open.
        // Without a script, `/opt/kx/app`, where it says databases are read from.
        if self.spec.revision.initialization_script.is_some() {
            command.arg("--working-directory").arg("code");
        }
        command
            .arg("--listener")
            .arg("--")
            .args(self.q_command_line());
        for (name, _) in std::env::vars_os() {
            if HIDDEN_PREFIXES
                .iter()
                .any(|prefix| name.to_string_lossy().starts_with(prefix))
            {
                command.env_remove(name);
            }
        }
        command.envs(self.environment());
        command
            .stdin(Stdio::from(self.listener))
            .env("LISTEN_FDS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Some(command)
    }

    fn q_command_line(&self) -> Vec<OsString> {
        let mut line: Vec<OsString> = if self.spec.q_command.is_empty() {
            self.options.default_q_command.clone()
        } else {
            self.spec.q_command.iter().map(OsString::from).collect()
        };
        line.push(self.directory.bootstrap().into_os_string());
        line.push("-p".into());
        line.push(format!("{}:{}", self.spec.listen_address, self.node_port).into());
        // Plain and TLS on the same port; our own engine makes a certificate when none is given.
        if self.spec.tls.is_some() || self.spec.q_command.is_empty() {
            line.push("-E".into());
            line.push("1".into());
        }
        for (key, value) in &self.session.config.arguments {
            // The port is the node's, not the user's.
            if key != "p" {
                line.push(format!("-{key}").into());
                line.push(value.into());
            }
        }
        line
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut variables: Vec<(OsString, OsString)> = vec![
            (NODE_DIRECTORY_VARIABLE.into(), self.directory.path().into()),
            ("QSPACE_AGENT".into(), self.agent_address.to_string().into()),
            ("QSPACE_AGENT_SECRET".into(), self.session.secret().into()),
        ];
        if let Some(tls) = &self.spec.tls {
            variables.push(("SSL_CERT_FILE".into(), tls.certificate.clone().into()));
            variables.push(("SSL_KEY_FILE".into(), tls.key.clone().into()));
        }
        // Scripts open connections between nodes without any set-up of their own, and nodes prove themselves by
        // checking the token, not by a certificate. Whoever wants more gives its own settings.
        variables.push(("SSL_VERIFY_SERVER".into(), "NO".into()));
        let for_agent = |name: &str| name == ACCESS_KEY_ID || name == SECRET_ACCESS_KEY;
        let given = self
            .spec
            .environment
            .iter()
            .filter(|(name, _)| !for_agent(name));
        variables.extend(given.map(|(name, value)| (name.into(), value.into())));
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::q_link::SessionConfig;
    use cluster_runtime::{Apply, ClusterKey, RevisionSpec, TlsFiles};

    fn spec() -> NodeSpec {
        NodeSpec {
            cluster: ClusterKey {
                environment_id: "env".into(),
                cluster_name: "tick".into(),
            },
            node_id: "ab".into(),
            generation: 1,
            cluster_type: "GP".into(),
            cluster_port: 5000,
            listen_address: "127.0.0.1".into(),
            revision: RevisionSpec {
                number: 1,
                code: None,
                initialization_script: Some("init.q".into()),
                command_line_arguments: [
                    ("s", "2"),
                    ("p", "1"),
                    ("AWS_ZIP_DEFAULT", "17,2,6"),
                    ("names", "a b"),
                ]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            },
            apply: Apply::Drain,
            token_public_key: String::new(),
            tls: Some(TlsFiles {
                certificate: "/c.pem".into(),
                key: "/k.pem".into(),
            }),
            environment: [
                ("PEERS", "x"),
                (ACCESS_KEY_ID, "AK"),
                ("QSPACE_NODE_SECRET_ACCESS_KEY", "hidden"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
            q_command: vec!["/opt/q".into()],
        }
    }

    #[test]
    fn q_gets_its_arguments_and_no_keys() {
        let spec = spec();
        let options = NodeOptions::new("/node").expect("options");
        let session = Session::new(1, SessionConfig::of(&spec).expect("config"));
        assert_eq!(session.config.zip_default, [17, 2, 6]);
        let start = QStart {
            options: &options,
            directory: &NodeDirectory::at("/node"),
            spec: &spec,
            session: &session,
            agent_address: "127.0.0.1:9".parse().expect("address"),
            node_port: 7,
            listener: std::fs::File::open("/dev/null")
                .expect("a descriptor")
                .into(),
        };
        assert_eq!(
            start.q_command_line(),
            [
                "/opt/q",
                "/node/bootstrap.q",
                "-p",
                "127.0.0.1:7",
                "-E",
                "1",
                "-s",
                "2",
                "-names",
                "a b"
            ]
        );
        let environment = start.environment();
        assert!(environment.contains(&("PEERS".into(), "x".into())));
        assert!(
            !environment
                .iter()
                .any(|(_, value)| value == "hidden" || value == "AK")
        );
        let command = start.command().expect("a command");
        let arguments: Vec<_> = command.as_std().get_args().collect();
        assert!(
            arguments
                .windows(2)
                .any(|pair| pair == ["--working-directory", "code"])
        );
    }

    #[test]
    fn a_zip_default_that_is_no_number_is_refused() {
        let mut spec = spec();
        spec.revision.command_line_arguments = vec![("AWS_ZIP_DEFAULT".into(), "fast".into())];
        assert!(SessionConfig::of(&spec).is_err());
    }
}
