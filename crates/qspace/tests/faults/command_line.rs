//! The commands of developers and operators as processes: what they print, and how they end.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::support::bundles::{Files, failing, release, upload};
use super::support::installation::Installation;

/// Exit code, standard output and standard error.
fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn write(directory: &Path, files: &Files) -> String {
    for (name, text) in files {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    directory.display().to_string()
}

fn broken() -> Files {
    vec![
        ("init.q", "system\"l lib/broken.q\"\n".to_owned()),
        ("lib/broken.q", "a:1\nf:{[x]\n  x+(1;2\n  }\n".to_owned()),
    ]
}

fn check(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_qspace"))
        .arg("check")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    told(&output)
}

#[test]
fn check_judges_code_without_a_server() {
    let parent = tempfile::tempdir().expect("a directory");
    let good = write(&parent.path().join("good"), &release(1));
    let bad = write(&parent.path().join("bad"), &broken());
    let (code, out, err) = check(&[&good, "--init", "init.q"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(
        out.contains("2 files, 2 q files parse, nothing to refuse"),
        "{out}"
    );
    let (code, out, err) = check(&[&bad, "--init", "init.q"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    let place = err.lines().next().unwrap_or_default();
    assert!(place.starts_with("lib/broken.q:4:3: "), "{err}");
    assert!(
        err.contains("^") && err.contains("1 problem found"),
        "{err}"
    );
    let (code, _, err) = check(&[&good, "--init", "start.q"]);
    assert!(code == Some(1) && err.contains("start.q"), "{err}");
    let (code, _, err) = check(&["/nonexistent"]);
    assert!(code == Some(1) && err.contains("/nonexistent"), "{err}");
    assert_eq!(check(&[]).0, Some(2), "the command line itself is wrong");
}

#[tokio::test]
async fn a_developer_deploys_looks_back_and_returns() {
    let installation = Installation::start().await;
    let code = upload(installation.world(), "1.zip", &release(1)).await;
    installation.create("solo", "GP", 1, &code).await;
    installation.create("trio", "GATEWAY", 3, &code).await;
    let parent = tempfile::tempdir().expect("a directory");
    let second = write(&parent.path().join("second"), &release(2));
    let third = write(&parent.path().join("third"), &release(3));
    let bad = write(&parent.path().join("bad"), &broken());
    let fails = write(&parent.path().join("fails"), &failing());
    let run = |arguments: &[&str]| told(&installation.command(arguments));
    let version = async || {
        let mut q = installation.connect("trio").await;
        q.ask_long("version").expect("an answer")
    };

    let (code, out, err) = run(&["deploy", "--cluster", "trio", "--code", &second]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    for part in [
        "uploaded  s3://qspace-code/trio/",
        "accepted  trio ROLLING",
        "done      revision 2 in ",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert_eq!(out.matches("  reached").count(), 3, "each node once: {out}");
    assert_eq!(version().await, 2);

    let (code, out, err) = run(&["deploy", "--cluster", "trio", "--code", &bad]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(
        err.starts_with("lib/broken.q:4:3: ") && err.contains("nothing was deployed"),
        "{err}"
    );

    let (code, out, err) = run(&[
        "deploy",
        "--cluster",
        "trio",
        "--code",
        &fails,
        "--strategy",
        "FORCE",
    ]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        err.contains("returned to revision 2") && err.contains("'type"),
        "{err}"
    );
    assert_eq!(version().await, 2);

    let (code, _, err) = run(&[
        "deploy",
        "--cluster",
        "trio",
        "--code",
        &third,
        "--strategy",
        "NO_RESTART",
    ]);
    assert!(code == Some(1) && err.contains("NO_RESTART"), "{err}");
    let (code, _, err) = run(&["deploy", "--cluster", "none", "--code", &third]);
    assert!(code == Some(1) && err.contains("none"), "{err}");
    let (code, out, err) = run(&[
        "deploy",
        "--cluster",
        "solo",
        "--code",
        &third,
        "--strategy",
        "no_restart",
    ]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let arguments = [
        "deploy",
        "--cluster",
        "trio",
        "--code",
        &third,
        "--strategy",
        "FORCE",
        "--arg",
        "s=2",
    ];
    let (code, out, err) = run(&arguments);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(version().await, 3);
    assert_eq!(
        installation
            .connect("trio")
            .await
            .ask_long("system\"s\"")
            .ok(),
        Some(2)
    );

    let (code, out, err) = run(&["history", "--cluster", "trio", "--verbose"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let rows: Vec<&str> = out
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let expected = [
        ("4*", "FORCE", "done"),
        ("3", "FORCE", "rolled_back"),
        ("2", "ROLLING", "done"),
        ("1", "", "done"),
    ];
    assert_eq!(rows.len(), expected.len(), "{out}");
    for (row, (revision, strategy, state)) in rows.iter().zip(expected) {
        assert!(
            row.split(' ').next() == Some(revision)
                && row.contains(strategy)
                && row.contains(state),
            "{row}"
        );
    }
    assert!(
        out.contains("arg     s=2") && out.contains("init    init.q"),
        "{out}"
    );

    // The revision that failed is passed over.
    let (code, out, err) = run(&["rollback", "--cluster", "trio", "--strategy", "force"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("to revision 2"), "{out}");
    assert_eq!(version().await, 2);
    let (code, out, err) = run(&["rollback", "--cluster", "trio", "--to", "1"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(version().await, 1);
    let (code, _, err) = run(&["rollback", "--cluster", "trio", "--to", "77"]);
    assert!(code == Some(1) && err.contains("77"), "{err}");

    let (code, out, err) = run(&["logs", "--cluster", "trio", "--lines", "1000"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(
        out.contains("about to fail") && out.contains("'type"),
        "{out}"
    );
    let node = &installation.node_ids("trio").await[0];
    let (code, one, _) = run(&["logs", "--cluster", "trio", "--node", node, "-n", "5"]);
    assert_eq!((code, one.lines().count()), (Some(0), 5), "{one}");
    let (code, _, err) = run(&["logs", "--cluster", "none"]);
    assert!(code == Some(1) && err.contains("none"), "{err}");

    let (code, out, err) = run(&["env"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let shell = Command::new("sh")
        .args(["-c", "eval \"$0\"; echo \"$AWS_ENDPOINT_URL $AWS_REGION\"; test -n \"$AWS_SECRET_ACCESS_KEY\" && ls \"$AWS_DATA_PATH\""])
        .arg(&out)
        .env("AWS_DATA_PATH", "")
        .output()
        .expect("sh");
    let (code, out, err) = told(&shell);
    assert_eq!(code, Some(0), "{err}");
    let endpoint = fs::read_to_string(installation.data().join("endpoint")).expect("the endpoint");
    assert!(
        out.starts_with(&format!("{} us-east-1\nfinspace\n", endpoint.trim())),
        "{out}"
    );
}
