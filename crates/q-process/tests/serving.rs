//! A q process as a server: logins, messages, limits, signals, browsers.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use q_value::Value;
use q_wire::{MessageKind, encode_message};
use rustix::process::Signal;
use support::{Client, PATIENCE, Server, q, text};

#[test]
fn clients_ask_and_are_answered_in_order() {
    let server = Server::start("f:{x*2}\n", &[]);
    let mut client = server.connect();
    client.expect("1+1", &Value::Long(2));
    let call = Value::list(vec![Value::symbol("f"), Value::Longs(vec![1, 2].into())]);
    client.send(MessageKind::Sync, &call);
    let (_, answer) = client.receive().expect("answered");
    assert!(
        answer
            .expect("a value")
            .is_identical(&Value::Longs(vec![2, 4].into()))
    );
    assert_eq!(client.error("1+`a"), "type");
    assert_eq!(client.error("nosuch"), "nosuch");
    client.send(MessageKind::Async, &Value::string("late:5"));
    client.expect("late", &Value::Long(5));
    client.expect(
        "(.z.u;0<.z.w;.z.a)",
        &Value::list(vec![
            Value::symbol("user"),
            Value::Boolean(true),
            Value::Int(0x7f00_0001),
        ]),
    );
}

#[test]
fn messages_may_come_in_any_pieces() {
    let server = Server::start("", &[]);
    let mut client = server.connect();
    let mut bytes = Vec::new();
    for number in 0..2000i64 {
        let message = Value::list(vec![Value::string("{x+1}"), Value::Long(number)]);
        bytes.extend(encode_message(MessageKind::Sync, &message, 6).expect("encodes"));
    }
    let (first, rest) = bytes.split_at(100);
    for byte in first {
        client.stream.write_all(&[*byte]).expect("sent");
    }
    client.stream.write_all(rest).expect("sent");
    for number in 0..2000i64 {
        let (_, answer) = client.receive().expect("answered");
        assert!(
            answer
                .expect("a value")
                .is_identical(&Value::Long(number + 1))
        );
    }
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let server = Server::start("", &[]);
    let mut lazy = server.connect();
    for _ in 0..20 {
        lazy.send(MessageKind::Sync, &Value::string("til 500000"));
    }
    let mut other = server.connect();
    other.expect("2+2", &Value::Long(4));
    for _ in 0..20 {
        let (_, answer) = lazy.receive().expect("answered");
        assert_eq!(answer.expect("a value").count(), 500_000);
    }
}

#[test]
fn callbacks_see_who_comes_and_goes() {
    let script = "seen:()\n.z.po:{seen,:`open}\n.z.pc:{seen,:`close}\n.z.pw:{[u;p]p~\"open sesame\"}\n\
                  .z.ps:{seen,:`async;value x}\n.z.pg:{seen,:`sync;value x}\n";
    let server = Server::start(script, &[]);
    assert!(Client::log_in(server.port, "ali", "wrong").is_none());
    let mut first = Client::log_in(server.port, "ali", "open sesame").expect("let in");
    first.send(MessageKind::Async, &Value::string("1"));
    first.expect(".z.u", &Value::symbol("ali"));
    drop(first);
    let mut second = Client::log_in(server.port, "baba", "open sesame").expect("let in");
    // the close of the first may be seen after the second came in
    while second.long("sum seen=`close") == 0 {
        std::thread::yield_now();
    }
    second.expect(
        "4#seen except`close",
        &Value::symbols(["open", "async", "sync", "open"]),
    );
}

#[test]
fn a_password_file_is_asked_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let users = folder.path().join("users");
    std::fs::write(&users, "ann:secret\n").expect("written");
    let users = users.to_string_lossy().into_owned();
    let server = Server::start("", &["-U", &users]);
    assert!(Client::log_in(server.port, "ann", "").is_none());
    assert!(Client::log_in(server.port, "eve", "secret").is_none());
    assert!(Client::log_in(server.port, "ann", "secret").is_some());
}

#[test]
fn restricted_clients_run_no_commands_and_stay_in_the_folder() {
    let server = Server::start("`:inside set 1;\n", &["-u", "1"]);
    let mut client = server.connect();
    assert_eq!(client.error("system\"pwd\""), "access");
    assert_eq!(client.error("\\p 0"), "access");
    client.expect("get`:inside", &Value::Long(1));
    assert_eq!(client.error("read0`:/etc/passwd"), "access: /etc/passwd");
    assert_eq!(client.error("get`:../x"), "access: ../x");
}

#[test]
fn blocked_clients_change_nothing() {
    let server = Server::start("x:1\n", &["-b"]);
    let mut client = server.connect();
    assert_eq!(client.error("x:2"), "noupdate");
    client.expect("x", &Value::Long(1));
}

#[test]
fn the_process_itself_tells_that_clients_are_blocked() {
    let server = Server::start("blocked:system\"_\"\n", &["-b"]);
    server.connect().expect("blocked", &Value::Boolean(true));
}

#[test]
fn a_call_over_the_time_limit_is_stopped() {
    let server = Server::start("", &["-T", "1"]);
    let mut client = server.connect();
    assert_eq!(client.error("while[1b;1+1]"), "stop");
    client.expect("1+1", &Value::Long(2));
}

#[test]
fn an_interrupt_stops_what_runs_and_nothing_else() {
    let mut server = Server::start("", &[]);
    let mut client = server.connect();
    client.send(
        MessageKind::Sync,
        &Value::string("-1\"running\";while[1b;1+1]"),
    );
    assert_eq!(server.line(), "running");
    server.signal(Signal::INT);
    let (_, answer) = client.receive().expect("answered");
    assert_eq!(answer.expect_err("stopped").text(), b"stop");
    client.expect("1+1", &Value::Long(2));
    // an interrupt that still meets the end of an evaluation is spent on it; one at rest ends the process
    while server.is_running() {
        server.signal(Signal::INT);
        std::thread::yield_now();
    }
    assert_eq!(server.wait().0, Some(130));
}

#[test]
fn termination_answers_what_has_been_asked_and_ends_cleanly() {
    let mut server = Server::start(".z.exit:{-1\"bye \",string x;}\n", &[]);
    let mut client = server.connect();
    client.send(
        MessageKind::Sync,
        &Value::string("-1\"begun\";n:0;do[300000;n+:1];n"),
    );
    assert_eq!(server.line(), "begun");
    server.signal(Signal::TERM);
    client.send(MessageKind::Sync, &Value::string("`second"));
    let (_, first) = client.receive().expect("answered");
    assert!(first.expect("a value").is_identical(&Value::Long(300_000)));
    let (_, second) = client.receive().expect("answered");
    assert!(
        second
            .expect("a value")
            .is_identical(&Value::symbol("second"))
    );
    // nobody new is let in while it drains
    assert!(Client::log_in(server.port, "late", "").is_none());
    assert!(client.receive().is_none());
    assert_eq!(server.wait(), (Some(0), "bye 0\n".to_owned()));
}

#[test]
fn nonsense_ends_its_own_connection_only() {
    let server = Server::start("", &[]);
    let mut good = server.connect();
    for nonsense in [
        &[0xffu8; 64][..],
        b"GET nonsense",
        &[0x16, 3, 1, 0, 5, 0, 0, 0, 0],
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("connected");
        stream.write_all(nonsense).expect("sent");
        drop(stream);
        let mut bad = server.connect();
        bad.stream.write_all(nonsense).expect("sent");
        let mut byte = [0];
        assert!(!matches!(bad.stream.read(&mut byte), Ok(1)));
    }
    // a message that claims a terabyte waits for it without taking the memory
    let mut claims = server.connect();
    claims
        .stream
        .write_all(&[1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff])
        .expect("sent");
    good.expect("1+1", &Value::Long(2));
}

fn browse(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("answered");
    text(&response)
}

#[test]
fn browsers_are_answered_on_the_same_port() {
    let script = ".z.ph:{\"HTTP/1.1 200 OK\\r\\nX: \",(x[1]`Host),\"\\r\\n\\r\\n\",first x}\n";
    let server = Server::start(script, &[]);
    let answer = browse(server.port, "GET /a?b HTTP/1.1\r\nHost: here\r\n\r\n");
    assert_eq!(answer, "HTTP/1.1 200 OK\r\nX: here\r\n\r\na?b");
}

#[test]
fn browsers_need_a_password_where_others_do() {
    let server = Server::start(
        ".z.pw:{[u;p]u=`ann}\n.z.ph:{\"HTTP/1.1 200 OK\\r\\n\\r\\n\"}\n",
        &[],
    );
    let answer = browse(server.port, "GET / HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("WWW-Authenticate: Basic"));
    // ann:x
    let request = "GET / HTTP/1.1\r\nAuthorization: Basic YW5uOng=\r\n\r\n";
    assert!(browse(server.port, request).starts_with("HTTP/1.1 200 "));
}

#[test]
fn requests_are_judged_before_they_are_answered() {
    let script = ".z.ac:{$[x[0]~\"no\";(0;\"\");x[0]~\"own\";(2;\"HTTP/1.1 403 Mine\\r\\n\\r\\n\");x[0]~\"ask\";(4;\"\");\
                  x[0]~\"bad\";`none;(1;x[1]`From)]}\n\
                  .z.pw:{[u;p]0b}\n.z.ph:{\"HTTP/1.1 200 OK\\r\\n\\r\\n\",string .z.u}\n";
    let server = Server::start(script, &[]);
    let get = |target: &str| {
        browse(
            server.port,
            &format!("GET /{target} HTTP/1.1\r\nFrom: ann\r\n\r\n"),
        )
    };
    assert_eq!(get("x"), "HTTP/1.1 200 OK\r\n\r\nann");
    assert_eq!(get("own"), "HTTP/1.1 403 Mine\r\n\r\n");
    for refused in ["no", "ask", "bad"] {
        assert!(get(refused).starts_with("HTTP/1.1 401 "), "{refused}");
    }
}

#[test]
fn sockets_are_inherited_from_descriptor_three_on() {
    use std::os::fd::AsRawFd;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("known").port();
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).expect("set");
    let mut command = std::process::Command::new("/bin/sh");
    command
        .env("LISTEN_FDS", "1")
        .env_remove("LISTEN_PID")
        .arg("-c")
        .arg(format!("exec \"$0\" \"$@\" 3<&{}", listener.as_raw_fd()))
        .arg(q().get_program());
    let server = Server::start_with(command, "", &[]);
    assert_eq!(server.port, port);
    server
        .connect()
        .expect("system\"p\"", &Value::Int(i32::from(port)));
}

#[test]
fn a_port_may_be_shared() {
    let first = Server::start("me:1\n", &[]);
    let mut asked = first.connect();
    asked.ask("system\"p rp,127.0.0.1:0W\"").expect("listens");
    let port = u16::try_from(asked.long("system\"p\"")).expect("a port");
    let second = Server::start("me:2\n", &[]);
    let mut other = second.connect();
    other
        .ask(&format!("system\"p rp,127.0.0.1:{port}\""))
        .expect("listens");
    let answers: Vec<i64> = (0..40)
        .map(|_| Client::log_in(port, "u", "").expect("let in").long("me"))
        .collect();
    assert!(answers.contains(&1) && answers.contains(&2), "{answers:?}");
}
