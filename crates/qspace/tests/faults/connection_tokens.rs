//! Who gets in: only the holder of a token for this cluster, this user and this quarter of an hour, with and without TLS.

use std::io::ErrorKind;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_protocol::connection_token::{ConnectionRequest, ConnectionTokenSigner, TOKEN_SECONDS};
use control_store::Store;
use qspace::data_directory::DataDirectory;
use qspace::demo::q_client::{QClient, Target};

use super::support::bundles::{release, upload};
use super::support::installation::Installation;

/// The key of the installation itself, as its server keeps it.
async fn signer_of(installation: &Installation) -> ConnectionTokenSigner {
    let path = DataDirectory::at(installation.data().to_owned()).database_path();
    let store = Store::open(&path).await.expect("the store");
    let pem = store.setting("connection-token-signing-key").await;
    store.close().await;
    let pem = pem.expect("a setting").expect("the server made a key");
    ConnectionTokenSigner::from_pem(&pem).expect("a key")
}

struct Forger<'a> {
    installation: &'a Installation,
    good: Target,
}

impl Forger<'_> {
    /// A password like the service's own, signed `age` seconds ago.
    fn sign(
        &self,
        signer: &ConnectionTokenSigner,
        environment_id: Option<&str>,
        cluster_name: &str,
        user: &str,
        age: i64,
    ) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock");
        let request = ConnectionRequest {
            host: &self.good.host,
            port: self.good.port,
            user,
            environment_id: environment_id.unwrap_or(&self.installation.world().environment_id),
            cluster_name,
            region: "us-east-1",
            access_key_id: "AKIATEST",
        };
        let now = i64::try_from(now.as_secs()).expect("a time");
        signer.password(&request, now - age)
    }
}

/// What `qspace q` prints when it opens a handle and asks over it.
fn through_q(target: &Target, scheme: &str) -> (String, String) {
    let mut q = Command::new(env!("CARGO_BIN_EXE_qspace"))
        .args(["q", "-q"])
        // The certificate is the node's own; the token is the proof.
        .env("SSL_VERIFY_SERVER", "NO")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("q starts");
    let Target {
        host,
        port,
        user,
        password,
    } = target;
    let script =
        format!("h:hopen `$\":{scheme}{host}:{port}:{user}:{password}\"\nh\"version\"\nexit 0\n");
    let mut input = q.stdin.take().expect("piped");
    input.write_all(script.as_bytes()).expect("q reads");
    drop(input);
    let output = q.wait_with_output().expect("q ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn only_a_token_for_this_cluster_and_user_opens_a_handle() {
    let installation = Installation::start().await;
    let code = upload(installation.world(), "1.zip", &release(1)).await;
    installation.create("solo", "GP", 1, &code).await;
    installation.create("other", "GP", 1, &code).await;
    let good = installation.target("solo").await;
    let user = good.user.clone();
    let signer = signer_of(&installation).await;
    let forger = Forger {
        installation: &installation,
        good: good.clone(),
    };
    let node = installation.node_ids("solo").await.remove(0);
    let own_port = installation.node_target("solo", &node).await.port;

    // What is forged here is right when nothing is wrong with it, so the refusals below are for the reasons they name.
    let genuine = forger.sign(&signer, None, "solo", &user, 0);
    let nearly_expired = forger.sign(&signer, None, "solo", &user, TOKEN_SECONDS - 60);
    for password in [&good.password, &genuine, &nearly_expired] {
        for port in [good.port, own_port] {
            let target = Target {
                password: password.clone(),
                port,
                ..good.clone()
            };
            let mut q = QClient::connect(&target).expect("admitted");
            assert_eq!(q.ask_long("version").expect("an answer"), 1);
        }
    }

    let stranger = ConnectionTokenSigner::generate();
    let mut changed = genuine.clone();
    let last = if changed.ends_with('0') { "1" } else { "0" };
    changed.replace_range(changed.len() - 1.., last);
    let other_cluster = installation.target("other").await.password;
    let wrong = [
        ("empty", &*user, String::new()),
        ("a word", &user, "password".to_owned()),
        ("garbage", &user, "\u{1}\u{7f}&=&=%%%".repeat(40)),
        ("longer than any token", &user, "a".repeat(100_000)),
        ("a changed signature", &user, changed),
        ("an added claim", &user, format!("{genuine}&User=root")),
        (
            "another key",
            &user,
            forger.sign(&stranger, None, "solo", &user, 0),
        ),
        (
            "expired",
            &user,
            forger.sign(&signer, None, "solo", &user, TOKEN_SECONDS + 1),
        ),
        (
            "from the future",
            &user,
            forger.sign(&signer, None, "solo", &user, -3600),
        ),
        ("of the other cluster", &user, other_cluster),
        (
            "another environment",
            &user,
            forger.sign(&signer, Some("elsewhere"), "solo", &user, 0),
        ),
        (
            "of another user",
            &user,
            forger.sign(&signer, None, "solo", "somebody", 0),
        ),
        ("used by another user", "somebody", genuine.clone()),
        ("used by nobody", "", genuine.clone()),
    ];
    for (what, user, password) in &wrong {
        for port in [good.port, own_port] {
            let target = Target {
                user: (*user).to_owned(),
                password: password.clone(),
                port,
                ..good.clone()
            };
            let refused = QClient::connect(&target)
                .map(drop)
                .map_err(|error| error.kind());
            // Closing with input unread shows as a reset.
            let closed = matches!(
                refused,
                Err(ErrorKind::PermissionDenied
                    | ErrorKind::ConnectionReset
                    | ErrorKind::BrokenPipe)
            );
            assert!(closed, "{what} at port {port}: {refused:?}");
        }
    }
    let mut q = QClient::connect(&good).expect("still open to the right ones");
    assert_eq!(q.ask_long("version").expect("an answer"), 1);

    for scheme in ["", "tcps://"] {
        let (out, err) = through_q(&good, scheme);
        assert_eq!((out.as_str(), err.as_str()), ("1", ""), "{scheme}");
        let nobody = Target {
            password: "password".to_owned(),
            ..good.clone()
        };
        let (out, err) = through_q(&nobody, scheme);
        assert!(
            out.is_empty() && err.contains("'access"),
            "{scheme}: {out} {err}"
        );
    }
}
