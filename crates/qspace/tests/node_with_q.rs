//! A node with the product's own q: the `.aws` library, the callbacks, connection tokens, draining.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_protocol::connection_token::{ConnectionRequest, ConnectionTokenSigner};
use cluster_runtime::local::{DataLayout, LocalConfig, LocalRuntime, PidLock, kill_leftovers};
use cluster_runtime::{
    Apply, ClusterKey, ClusterRuntime, CodeArtifact, NodePhase, NodeSpec, NodeStatus, Observed,
    RevisionSpec,
};
use code_bundle::{Bundle, Limits, pack_directory};
use q_value::Value;
use q_wire::{CAPABILITY, Header, Login, MessageKind, TextOnly, decode_message, encode_message};

const PATIENCE: Duration = Duration::from_secs(30);
const CLUSTER: &str = "cluster";

struct Fixture {
    data: tempfile::TempDir,
    runtime: LocalRuntime,
    signer: ConnectionTokenSigner,
    port: u16,
}

impl Fixture {
    async fn new() -> Self {
        let data = tempfile::tempdir().expect("temporary directory");
        let config = LocalConfig::new(data.path(), env!("CARGO_BIN_EXE_qspace"));
        let runtime = LocalRuntime::new(config).expect("a runtime");
        let port = runtime
            .allocate_cluster_port("127.0.0.1")
            .await
            .expect("a port");
        Fixture {
            data,
            runtime,
            signer: ConnectionTokenSigner::generate(),
            port,
        }
    }

    fn spec(&self, number: u64, apply: Apply, files: &[(&str, &str)]) -> NodeSpec {
        NodeSpec {
            cluster: ClusterKey {
                environment_id: "environment".into(),
                cluster_name: CLUSTER.into(),
            },
            node_id: "0123456789abcdef".repeat(2),
            generation: number,
            cluster_type: "GP".into(),
            cluster_port: self.port,
            listen_address: "127.0.0.1".into(),
            revision: RevisionSpec {
                number,
                code: Some(code(self.data.path(), number, files)),
                initialization_script: Some("init.q".into()),
                command_line_arguments: [
                    ("s", "2"),
                    ("procName", "tp 1"),
                    ("AWS_ZIP_DEFAULT", "17,2,6"),
                ]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            },
            apply,
            token_public_key: self.signer.public_key_pem(),
            tls: None,
            environment: [("PEERS".to_owned(), "one,two".to_owned())].into(),
            q_command: Vec::new(),
        }
    }

    async fn reach(&self, spec: &NodeSpec, wanted: impl Fn(&NodeStatus) -> bool) -> NodeStatus {
        self.runtime.ensure_node(spec).await.expect("ensure");
        let deadline = Instant::now() + PATIENCE;
        let mut last = None;
        while Instant::now() < deadline {
            for observed in self.runtime.observe().await.expect("observe") {
                match observed {
                    Observed::Alive(status)
                        if status.generation >= spec.generation && wanted(&status) =>
                    {
                        return status;
                    }
                    other => last = Some(other),
                }
            }
            let _ = tokio::time::timeout(Duration::from_millis(200), self.runtime.changed()).await;
        }
        let log = self.log(spec).await.join("\n");
        panic!("waited in vain; the node is {last:?}; its log:\n{log}");
    }

    async fn healthy(&self, spec: &NodeSpec) -> NodeStatus {
        let number = spec.revision.number;
        self.reach(spec, |status| {
            status.revision == number && status.phase == NodePhase::Healthy
        })
        .await
    }

    async fn log(&self, spec: &NodeSpec) -> Vec<String> {
        let tail = self
            .runtime
            .log_tail(&spec.cluster, &spec.node_id, None)
            .await;
        tail.expect("log")
    }

    fn password(&self, cluster_name: &str, user: &str, age_seconds: i64) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock")
            .as_secs();
        let request = ConnectionRequest {
            host: "127.0.0.1",
            port: self.port,
            user,
            environment_id: "environment",
            cluster_name,
            region: "us-east-1",
            access_key_id: "KEY",
        };
        self.signer
            .password(&request, i64::try_from(now).expect("a time") - age_seconds)
    }

    fn connect(&self) -> Client {
        Client::open(self.port, "user", &self.password(CLUSTER, "user", 0)).expect("admitted")
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let layout = DataLayout::new(self.data.path());
        for directory in layout.node_directories().unwrap_or_default() {
            let ended = PidLock::kill_holder(&directory.pid_file(), Duration::from_secs(5));
            let left = kill_leftovers(directory.path());
            if !std::thread::panicking() {
                ended.expect("the agent ends");
                left.expect("q ends");
            }
        }
    }
}

fn code(at: &Path, number: u64, files: &[(&str, &str)]) -> CodeArtifact {
    let source = at.join(format!("source-{number}"));
    for (name, text) in files {
        let path = source.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directory");
        std::fs::write(path, text).expect("file");
    }
    let zip = pack_directory(&source, &Limits::default()).expect("pack");
    let path = at.join(format!("{number}.zip"));
    std::fs::write(&path, &zip).expect("zip");
    let bundle = Bundle::open(zip, &Limits::default()).expect("bundle");
    CodeArtifact {
        sha256: bundle.sha256().to_owned(),
        path: path.display().to_string(),
    }
}

/// A q client of a few lines.
struct Client(TcpStream);

impl Client {
    /// `None` when the server closes instead of admitting.
    fn open(port: u16, user: &str, password: &str) -> Option<Self> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("connect");
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        let login = Login {
            user: user.into(),
            password: password.into(),
            capability: Some(CAPABILITY),
        };
        stream.write_all(&login.to_bytes()).expect("login");
        let mut answer = [0];
        matches!(stream.read(&mut answer), Ok(1)).then_some(Client(stream))
    }

    fn send(&mut self, kind: MessageKind, query: &str) {
        let message = encode_message(kind, &Value::string(query), CAPABILITY).expect("encode");
        self.0.write_all(&message).expect("send");
    }

    /// The text of an error as `Err`.
    fn receive(&mut self) -> Result<Value, String> {
        let mut message = vec![0; Header::LENGTH];
        self.0.read_exact(&mut message).expect("an answer");
        let length = Header::parse(&message).expect("a header").length;
        message.resize(usize::try_from(length).expect("a length"), 0);
        self.0
            .read_exact(&mut message[Header::LENGTH..])
            .expect("an answer");
        let decoded = decode_message(&message, &mut TextOnly).expect("a message");
        decoded
            .payload
            .map_err(|error| String::from_utf8_lossy(error.text()).into_owned())
    }

    fn ask(&mut self, query: &str) -> Result<Value, String> {
        self.send(MessageKind::Sync, query);
        self.receive()
    }

    /// What `-3!` makes of the result.
    fn show(&mut self, query: &str) -> String {
        let value = self
            .ask(&format!("-3!{query}"))
            .unwrap_or_else(|error| panic!("{query}: '{error}"));
        String::from_utf8_lossy(value.as_text().expect("a string")).into_owned()
    }
}

#[tokio::test]
async fn scripts_find_the_library_their_arguments_and_their_files() {
    let fixture = Fixture::new().await;
    let init = "-1 \"loading\";\n\\l lib.q\n.awscust.z.ts{...}\nloaded:1b\n".replace("{...}", "{}");
    let spec = fixture.spec(
        1,
        Apply::Drain,
        &[("init.q", &init), ("lib.q", "version:{1}\n")],
    );
    let status = fixture.healthy(&spec).await;
    let mut client = fixture.connect();
    for (query, expected) in [
        ("loaded", "1b"),
        ("version[]", "1"),
        (".aws.akcp", "\"/opt/kx/app/code\""),
        (".aws.akcsp", "\"/opt/kx/app/code_scratch\""),
        ("first .aws.args`procName", "\"tp 1\""),
        ("first (.Q.opt .z.x)`procName", "\"tp 1\""),
        ("first (.Q.opt .z.X)`s", ",\"2\""),
        ("system\"s\"", "2i"),
        (".z.zd", "17 2 6"),
        ("getenv`PEERS", "\"one,two\""),
        ("count getenv`QSPACE_AGENT_SECRET", "0"),
        ("system\"cd\"", "\"/opt/kx/app/code\""),
        ("key`:/opt/kx/app/code", "`s#`init.q`lib.q"),
        (".z.u", "`user"),
        (
            "`finspace_error_code in key .aws.get_kx_cluster`other",
            "1b",
        ),
        ("type (.aws.list_kx_clusters[])`message", "10h"),
        (".z.ts[]", "::"),
    ] {
        assert_eq!(client.show(query), expected, "{query}");
    }
    let mut direct = Client::open(
        status.node_port,
        "user",
        &fixture.password(CLUSTER, "user", 0),
    )
    .expect("the node's own port takes the same token");
    assert_eq!(direct.show("1+1"), "2");
    let log = fixture.log(&spec).await;
    assert!(
        log.iter().any(|line| line.ends_with(" out  loading")),
        "{log:?}"
    );
}

#[tokio::test]
async fn user_callbacks_answer_and_strangers_are_refused_with_a_reason() {
    let fixture = Fixture::new().await;
    let init = ".awscust.z.pg:{(.z.w>0;.z.u;value x)}\nseen:()\n.awscust.z.ps:{seen::x}\n";
    let spec = fixture.spec(1, Apply::Drain, &[("init.q", init)]);
    fixture.healthy(&spec).await;
    let mut client = fixture.connect();
    client.send(MessageKind::Async, "told");
    let Ok(Value::List(answer)) = client.ask("seen") else {
        panic!("the user's callback makes a list");
    };
    let expected = [
        Value::Boolean(true),
        Value::symbol("user"),
        Value::string("told"),
    ];
    let as_expected = answer
        .iter()
        .zip(&expected)
        .all(|(one, other)| one.is_identical(other));
    assert!(as_expected && answer.len() == 3, "{answer:?}");
    let refused = [
        ("user", "password".to_owned(), "not a connection token"),
        (
            "user",
            fixture.password("other", "user", 0),
            "is for environment/other",
        ),
        ("user", fixture.password(CLUSTER, "user", 901), "ended at"),
        (
            "somebody",
            fixture.password(CLUSTER, "user", 0),
            "is for the user user",
        ),
    ];
    for (user, password, reason) in refused {
        assert!(
            Client::open(fixture.port, user, &password).is_none(),
            "{reason}"
        );
        let log = fixture.log(&spec).await;
        assert!(
            log.iter().any(|line| line.contains(reason)),
            "{reason}: {log:?}"
        );
    }
}

#[tokio::test]
async fn a_failing_script_is_named_with_its_error_and_place() {
    let fixture = Fixture::new().await;
    let good = fixture.spec(1, Apply::Drain, &[("init.q", "a:1\n")]);
    fixture.healthy(&good).await;
    let bad = fixture.spec(
        2,
        Apply::Drain,
        &[
            ("init.q", "\\l lib/deep.q\n"),
            ("lib/deep.q", "b:1\nf:{1+`a}\nf[]\n"),
        ],
    );
    let status = fixture
        .reach(&bad, |status| {
            matches!(status.phase, NodePhase::InitFailed { .. })
        })
        .await;
    let NodePhase::InitFailed {
        reason,
        creation_stopped,
    } = status.phase
    else {
        panic!("waited for");
    };
    assert!(
        reason.contains("'type") && reason.contains("lib/deep.q:2: f:{1+`a}"),
        "{reason}"
    );
    assert!(!creation_stopped);
    let stopped = fixture.spec(
        3,
        Apply::Kill,
        &[(
            "init.q",
            ".aws.stop_current_kx_cluster_creation\"no licence\"\n",
        )],
    );
    let status = fixture
        .reach(&stopped, |status| {
            status.revision == 3 && matches!(status.phase, NodePhase::InitFailed { .. })
        })
        .await;
    let expected = NodePhase::InitFailed {
        reason: "no licence".into(),
        creation_stopped: true,
    };
    assert_eq!(status.phase, expected);
    let mut back = good.clone();
    back.generation = 4;
    fixture.healthy(&back).await;
    assert_eq!(fixture.connect().show("a"), "1");
}

#[tokio::test]
async fn draining_answers_what_was_asked_and_in_place_keeps_memory_and_handles() {
    let fixture = Fixture::new().await;
    let one = fixture.spec(
        1,
        Apply::Drain,
        &[
            ("init.q", "\\l lib.q\nt:([]a:til 1000)\n"),
            ("lib.q", "v:1\n"),
        ],
    );
    let first = fixture.healthy(&one).await;
    let mut client = fixture.connect();
    client.ask("`t insert enlist 1000").expect("insert");

    let two = fixture.spec(
        2,
        Apply::InPlace,
        &[("init.q", "\\l lib.q\n"), ("lib.q", "v:2\n")],
    );
    let second = fixture.healthy(&two).await;
    assert_eq!(second.q_pid, first.q_pid);
    assert_eq!(
        (client.show("v"), client.show("count t")),
        ("1".into(), "1001".into())
    );
    client.ask("system\"l lib.q\"").expect("reload");
    assert_eq!(client.show("v"), "2");

    // A question under way when the node is told to restart is answered by the old q.
    client.send(MessageKind::Sync, "s:.z.p;while[.z.p<s+0D00:00:00.3];v");
    let three = fixture.spec(
        3,
        Apply::Drain,
        &[("init.q", "\\l lib.q\n"), ("lib.q", "v:3\n")],
    );
    let told = fixture
        .reach(&three, |status| status.phase == NodePhase::Preparing)
        .await;
    assert_eq!(told.q_pid, second.q_pid, "still at work");
    let answer = client.receive().expect("answered");
    assert!(answer.is_identical(&Value::Long(2)), "{answer:?}");
    // The old q accepts no more: this waits in the queue for the next one, and nothing is lost.
    assert_eq!(fixture.connect().show("v"), "3");
    let third = fixture.healthy(&three).await;
    assert_ne!(third.q_pid, second.q_pid);
}
