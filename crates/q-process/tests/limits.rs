//! The limits of memory and time: evaluation ends, the process does not; what is freed goes back.

mod support;

use q_value::Value;
use support::{Server, run, text};

#[test]
fn over_the_limit_of_memory_is_an_error_and_the_process_lives_on() {
    let lines = "x:til 4000000\n\
        y:til 40000000\n\
        count x\n\
        {[n]l:();while[1b;l,:n?1000];l}1000000\n\
        count x,x\n\
        x,x,x,x,x\n\
        {[n]l:();while[1b;l,:enlist til n];l}10\n\
        @[til;40000000;{x}]\n\
        1+1\n";
    let output = run(
        &["-w", "100"],
        lines,
        tempfile::tempdir().expect("a folder").path(),
    );
    assert_eq!(text(&output.stdout), "4000000\n8000000\n\"wsfull\"\n2\n");
    let errors: Vec<String> = text(&output.stderr)
        .lines()
        .filter(|line| line.starts_with('\''))
        .map(str::to_owned)
        .collect();
    assert_eq!(errors, ["'wsfull"; 4]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_limit_of_memory_is_lifted_and_set_at_run_time() {
    let lines = "til 40000000\n\\w 2000\ncount til 40000000\n";
    let output = run(
        &["-w", "100"],
        lines,
        tempfile::tempdir().expect("a folder").path(),
    );
    assert_eq!(text(&output.stdout), "2097152000\n40000000\n");
    assert!(text(&output.stderr).starts_with("'wsfull"));
}

#[test]
fn what_is_freed_goes_back_to_the_system_on_demand() {
    // many small blocks, some made by a second thread, and a large one
    let lines = "before:.Q.w[]`heap\n\
        x:string til 1000000\n\
        y:til 10000000\n\
        full:.Q.w[]`heap\n\
        used:.Q.w[]`used\n\
        x:y:()\n\
        (used-.Q.w[]`used)>50000000\n\
        0<.Q.gc[]\n\
        after:.Q.w[]`heap\n\
        (full-before)>100000000\n\
        (after-before)<30000000\n";
    let output = run(
        &["-s", "2"],
        lines,
        tempfile::tempdir().expect("a folder").path(),
    );
    assert_eq!(text(&output.stdout), "1b\n1b\n1b\n1b\n");
}

#[test]
fn numeric_code_and_kernels_over_the_time_limit_are_stopped() {
    let server = Server::start("x:3000000?1000000000", &["-T", "1"]);
    let mut client = server.connect();
    assert_eq!(client.error("while[1b;asc x]"), "stop");
    client.expect("1+1", &Value::Long(2));
    assert_eq!(client.error("{while[1b;x]}{x+y}/[0;x]"), "stop");
    assert_eq!(
        client.error("fib:{$[x<2;x;fib[x-1]+fib[x-2]]};fib 60"),
        "stop"
    );
    assert_eq!(client.error("{i:0;while[i>=0;i+:1];i}[0]"), "stop");
    client.expect("count x", &Value::Long(3_000_000));
}
