//! Input through a pipe, scripts, the end of the process.

mod support;

use std::process::Stdio;

use support::{q, run, text};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn lines_of_a_pipe_are_run_and_shown_without_a_prompt() {
    let output = run(&[], "1+1\na:5\n([]x:1 2)\na\n", folder().path());
    assert_eq!(text(&output.stdout), "2\nx\n-\n1\n2\n5\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn errors_go_to_standard_error_and_the_next_line_is_run() {
    let output = run(&[], "1+`a\n2\n", folder().path());
    assert_eq!(text(&output.stdout), "2\n");
    assert_eq!(text(&output.stderr), "'type\n  [0]  1+`a\n        ^\n");
}

#[test]
fn output_and_errors_keep_their_order() {
    let script = "printf '1\\n`a+1\\n-1\"x\";\\n`b+1\\n2\\n' | \"$0\" -q 2>&1";
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_q")])
        .output()
        .expect("a shell");
    let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    let kept: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert_eq!(kept, ["1", "'type", "x", "'type", "2"]);
}

#[test]
fn lines_of_the_shell_are_shown_as_a_list() {
    let folder = folder();
    let output = run(
        &[],
        "\\echo one; echo 2\n\\mkdir sub\n\\ls\n\\P 3 /digits\n\\P\n",
        folder.path(),
    );
    assert_eq!(text(&output.stdout), "\"one\"\n,\"2\"\n\"sub\"\n3i\n");
}

#[test]
fn exit_gives_the_status_and_runs_the_callback() {
    let output = run(
        &[],
        ".z.exit:{-1\"bye \",string x;}\nexit 7\n1+1\n",
        folder().path(),
    );
    assert_eq!(text(&output.stdout), "bye 7\n");
    assert_eq!(output.status.code(), Some(7));
    let output = run(&[], "\\\\\n", folder().path());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_script_is_run_before_the_console_with_its_arguments() {
    let folder = folder();
    std::fs::write(folder.path().join("s.q"), "b:2*a:21\nf:{x+b}\n").expect("written");
    let output = run(
        &["s.q", "-P", "3", "one", "-name", "two"],
        "f 1\n.z.f\n.z.x\n1%3\n",
        folder.path(),
    );
    // -q stands before the script here, so the script is an argument like the others
    assert_eq!(output.status.code(), Some(0));
    let output = q()
        .args(["s.q", "-q", "-P", "3", "one", "-name", "two"])
        .current_dir(folder.path())
        .stdin(input("f 1\n.z.f\n.z.x\n1%3\n", folder.path()))
        .output()
        .expect("q runs");
    assert_eq!(
        text(&output.stdout),
        "43\n`s.q\n\"one\"\n\"-name\"\n\"two\"\n0.333\n"
    );
}

fn input(lines: &str, folder: &std::path::Path) -> Stdio {
    let path = folder.join("input");
    std::fs::write(&path, lines).expect("written");
    std::fs::File::open(path).expect("opened").into()
}

#[test]
fn a_script_that_fails_ends_a_process_without_a_console() {
    let folder = folder();
    std::fs::write(
        folder.path().join("bad.q"),
        "-1\"begun\";\n1+`a\n-1\"not reached\";\n",
    )
    .expect("written");
    let output = q()
        .args(["bad.q", "-q", "-p", "0W"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("q runs");
    assert_eq!(text(&output.stdout), "begun\n");
    assert!(
        text(&output.stderr).starts_with("'type\n"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn refused_command_lines_say_why() {
    let output = run(&["-t"], "", folder().path());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("-t needs milliseconds"));
    let output = q().arg("--help").output().expect("q runs");
    assert!(text(&output.stdout).contains("-p PORT"));
}

#[test]
fn a_script_sees_the_timer_of_the_command_line() {
    let folder = folder();
    std::fs::write(folder.path().join("s.q"), "-1 string system\"t\";exit 0\n").expect("written");
    let output = q()
        .args(["s.q", "-q", "-t", "1000"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::null())
        .output()
        .expect("q runs");
    assert_eq!(text(&output.stdout), "1000\n");
}

#[test]
fn a_timer_keeps_the_process_until_it_is_done() {
    let lines = "n:0\n.z.ts:{n+:1;if[n=3;-1\"three\";exit 0]}\n\\t 5\n";
    let output = run(&[], lines, folder().path());
    assert_eq!(text(&output.stdout), "three\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn paths_are_laid_out_elsewhere() {
    let folder = folder();
    let app = folder.path().join("app");
    std::fs::create_dir_all(app.join("code")).expect("made");
    std::fs::write(app.join("code/lib.q"), "loaded:1b\n").expect("written");
    let lines = "\\l /opt/kx/app/code/lib.q\nloaded\n\\cd /opt/kx/app/code\nsystem\"cd\"\nsystem\"pwd\"\n\
                 `:/opt/kx/app/data/x set 1 2 3;\nget`:/opt/kx/app/data/x\nkey`:/opt/kx/app\n";
    let output = q()
        .arg("-q")
        .env("QSPACE_PATH_MAP", format!("/opt/kx/app={}", app.display()))
        .current_dir(folder.path())
        .stdin(input(lines, folder.path()))
        .output()
        .expect("q runs");
    assert_eq!(
        text(&output.stdout),
        "1b\n\"/opt/kx/app/code\"\n\"/opt/kx/app/code\"\n1 2 3\n`s#`code`data\n",
        "{}",
        text(&output.stderr)
    );
    assert!(app.join("data/x").exists());
}

#[test]
fn read0_takes_lines_of_the_same_input() {
    let output = run(&[], "x:read0 0\nhello\nx\n", folder().path());
    assert_eq!(text(&output.stdout), "\"hello\"\n");
}
