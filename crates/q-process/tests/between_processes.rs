//! q processes that talk to each other.

mod support;

use q_value::Value;
use support::{Server, q, run, text};

/// What a q process prints that runs these lines after `port` and `h`, a handle to it, are set.
fn client_of(server: &Server, lines: &str) -> String {
    let lines = format!("port:{};h:hopen port\n{lines}", server.port);
    let output = run(&[], &lines, server.folder.path());
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout)
}

#[test]
fn a_handle_is_called_like_a_function() {
    let server = Server::start("f:{x+y}\nt:([]a:1 2;s:`x`y)\n", &[]);
    let shown = client_of(
        &server,
        "h\"1+1\"\nh(`f;1;2)\nh({x*y};6;7)\nh\"t\"\n@[h;\"1+`a\";{x}]\nh(+/;1 2 3)\n\
         (`$\"::\",string port)\"2+2\"\nhclose h\n@[h;\"1\";{14#x}]\n",
    );
    let expected = "2\n3\n42\na s\n---\n1 x\n2 y\n\"type\"\n6\n4\n\"Cannot write t\"\n";
    assert_eq!(shown, expected);
}

#[test]
fn messages_keep_their_order_and_arrive_while_a_reply_is_awaited() {
    let server = Server::start("back:{neg[.z.w](`got;x);x+1}\n", &[]);
    let shown = client_of(
        &server,
        "seen:0#0;got:{seen,:x}\nneg[h]\"v:1\";neg[h]\"v+:1\";h\"v\"\nh(`back;10)\nseen\n\
         neg[h](`back;20);h[]\nneg[h]\"neg[.z.w]`one\";h[]\n",
    );
    assert_eq!(shown, "2\n11\n,10\n`got\n20\n`one\n");
}

#[test]
fn servers_may_ask_back_before_they_answer() {
    let server = Server::start("ask:{1+.z.w\"secret\"}\n", &[]);
    assert_eq!(client_of(&server, "secret:41\nh\"ask[]\"\n"), "42\n");
}

#[test]
fn an_answer_may_be_deferred() {
    let script = "waiting:()\n.z.pg:{$[x~`later;[waiting,:.z.w;-30!(::)];value x]}\n\
                  release:{-30!(first waiting;0b;`done);-30!(last waiting;1b;\"no\");}\n";
    let server = Server::start(script, &[]);
    let mut one = server.connect();
    let mut two = server.connect();
    one.send(q_wire::MessageKind::Sync, &Value::symbol("later"));
    while server.connect().long("count waiting") == 0 {
        std::thread::yield_now();
    }
    two.send(q_wire::MessageKind::Sync, &Value::symbol("later"));
    while server.connect().long("count waiting") == 1 {
        std::thread::yield_now();
    }
    server.connect().ask("release[]").expect("released");
    let (_, answer) = one.receive().expect("answered");
    assert!(
        answer
            .expect("a value")
            .is_identical(&Value::symbol("done"))
    );
    let (_, answer) = two.receive().expect("answered");
    assert_eq!(answer.expect_err("an error").text(), b"no");
}

#[test]
fn a_process_that_goes_away_is_an_error_and_a_callback() {
    let server = Server::start("", &[]);
    let shown = client_of(
        &server,
        ".z.pc:{-1\"gone \",string x=h;}\n@[h;\"exit 0\";{x}]\n.z.ts:{exit 0}\n\\t 50\n",
    );
    assert_eq!(shown, "\"close\"\ngone 1\n");
}

#[test]
fn attempts_fail_with_a_reason() {
    let server = Server::start(".z.pw:{[u;p]0b}\n", &[]);
    let lines = format!(
        "@[hopen;`::{};{{x}}]\n@[hopen;(`:127.0.0.1:1;500);{{x}}]\n@[hopen;`:nosuch.invalid:1;{{3#x}}]\n",
        server.port
    );
    let output = run(&[], &lines, server.folder.path());
    assert_eq!(
        text(&output.stdout),
        "\"access\"\n\"hop. OS reports: Connection refused\"\n\"hop\"\n"
    );
}

#[test]
fn plain_and_tls_share_a_port() {
    let server = Server::start("", &["-E", "1"]);
    let port = server.port;
    let lines = format!(
        "s:hopen`:tcps://127.0.0.1:{port}:u:p\ns\"1+1\"\ncount s\"til 3000000\"\ns\"count \",.Q.s1 200000#\"x\"\n\
         p:hopen {port}\np\"2+2\"\nneg[s]\"v:7\";s\"v\"\nhclose s\n"
    );
    let output = q()
        .arg("-q")
        .env("SSL_VERIFY_SERVER", "NO")
        .stdin(lines_of(&server, &lines))
        .output()
        .expect("q runs");
    assert_eq!(
        text(&output.stdout),
        "2\n3000000\n200000\n4\n7\n",
        "{}",
        text(&output.stderr)
    );
    let verified = q()
        .arg("-q")
        .stdin(lines_of(
            &server,
            &format!("@[hopen;`:tcps://127.0.0.1:{port};{{3#x}}]\n"),
        ))
        .output()
        .expect("q runs");
    assert_eq!(text(&verified.stdout), "\"hop\"\n");
}

#[test]
fn tls_only_means_only_tls() {
    let server = Server::start("", &["-E", "2"]);
    assert!(support::Client::log_in(server.port, "u", "").is_none());
}

#[cfg(target_os = "linux")]
#[test]
fn unix_sockets_carry_the_port_s_name() {
    let server = Server::start("", &[]);
    let shown = client_of(&server, "u:hopen`$\":unix://\",string port\nu\"1+1\"\n");
    assert_eq!(shown, "2\n");
}

fn lines_of(server: &Server, lines: &str) -> std::process::Stdio {
    let path = server.folder.path().join("input");
    std::fs::write(&path, lines).expect("written");
    std::fs::File::open(path).expect("opened").into()
}

#[test]
fn a_log_is_written_through_a_handle_and_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "`:log set ();l:hopen`:log\nupd:{[t;x]n+:count x;}\nn:0\n\
                 {l enlist(`upd;`t;til x)}each 1 2 3;\nhclose l;-11!`:log\nn\n-11!(-2;`:log)\n\
                 h:hopen`:log;h 0x0000;hclose h;-11!(-2;`:log)\n";
    let output = run(&[], lines, folder.path());
    assert_eq!(text(&output.stderr), "");
    let shown = text(&output.stdout);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[..3], ["3", "6", "3"]);
    assert!(lines[3].starts_with("3 "), "{shown}");
}
