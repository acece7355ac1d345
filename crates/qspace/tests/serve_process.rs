//! `qspace serve` as a process: what it prints and writes, whom it lets in, how it ends and comes back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_protocol::credentials::{Credential, Principal, SecretKey};
use aws_protocol::sigv4::{PathStyle, RequestHead, SigningTarget, sha256_hex, signature_headers};
use http::HeaderMap;

/// A server process, ended with the test whatever happens.
struct Server {
    process: Child,
    /// `ADDR:PORT`.
    address: String,
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qspace"));
    command
        .env_clear()
        .env("QSPACE_LOG", "warn")
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut process = command(data).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .strip_prefix("qspace ready endpoint=http://")
            .and_then(|rest| rest.strip_suffix('\n'))
            .unwrap_or_else(|| panic!("not the ready line: {line:?}"))
            .to_owned();
        Server { process, address }
    }

    /// Ends the server in order; its exit status and what it wrote to stderr.
    fn stop(mut self) -> (ExitStatus, String) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let mut stderr = String::new();
        let mut pipe = self.process.stderr.take().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        (self.process.wait().unwrap(), stderr)
    }

    /// Status and body of a signed GET.
    fn get(&self, path: &str, keys: &Credential) -> (u16, String) {
        let mut headers = HeaderMap::new();
        headers.insert("host", self.address.parse().unwrap());
        let head = RequestHead {
            method: "GET",
            path,
            query: "",
            headers: &headers,
        };
        let target = SigningTarget {
            region: "us-east-1",
            service: "finspace",
            path_style: PathStyle::NormalizedAndEncodedTwice,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let added = signature_headers(&head, keys, &target, &sha256_hex(b""), now).unwrap();
        headers.extend(added);
        let mut request = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n");
        for (name, value) in &headers {
            request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (status, body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended when the test stopped it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn keys_of(data: &Path) -> Credential {
    let text = std::fs::read_to_string(data.join("credentials")).unwrap();
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().strip_prefix("= "))
            .unwrap()
            .to_owned()
    };
    assert!(text.starts_with("[default]\n"));
    Credential {
        access_key_id: value("aws_access_key_id"),
        secret: SecretKey::new(value("aws_secret_access_key")),
        session_token: None,
        expires_at: None,
        principal: Principal::Root,
    }
}

#[test]
fn a_first_start_makes_keys_that_still_work_after_the_next() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let server = Server::start(&data);
    let mode = |name: &str| {
        let path = data.join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode(""), mode("credentials")), (0o700, 0o600));
    let endpoint = std::fs::read_to_string(data.join("endpoint")).unwrap();
    assert_eq!(endpoint, format!("http://{}\n", server.address));

    let keys = keys_of(&data);
    let (status, body) = server.get("/kx/environments", &keys);
    assert_eq!((status, body.as_str()), (200, "{\"environments\":[]}"));
    let stranger = Credential {
        secret: SecretKey::new("guess".to_owned()),
        ..keys.clone()
    };
    assert_eq!(server.get("/kx/environments", &stranger).0, 403);

    let (status, stderr) = server.stop();
    assert!(status.success(), "{status}: {stderr}");
    assert!(stderr.contains("wrote new root credentials"), "{stderr}");
    assert!(
        !stderr.contains(keys.secret.expose()),
        "the secret is in the log"
    );

    let server = Server::start(&data);
    assert_eq!(server.get("/kx/environments", &keys).0, 200);
    let (_, stderr) = server.stop();
    assert!(!stderr.contains("credentials"), "{stderr}");
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start(parent.path());
    let refused = command(parent.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("in use by another qspace serve"), "{text}");
    assert!(text.contains(&server.process.id().to_string()), "{text}");
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let status = Command::new(env!("CARGO_BIN_EXE_qspace"))
        .args(["serve", "--listen", "nowhere"])
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}
