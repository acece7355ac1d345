//! WebSocket, as a server and as a client.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use support::{Server, run, text};

/// The request of RFC 6455, section 1.3.
const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// The key that answers it there.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fn read_exactly(socket: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    socket.read_exact(&mut bytes).expect("read");
    bytes
}

fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(read_exactly(socket, 1));
    }
    String::from_utf8(head).expect("text")
}

/// A short frame of a client, masked with zeros.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    bytes.extend_from_slice(payload);
    bytes
}

#[test]
fn texts_and_bytes_come_to_a_callback_and_go_to_the_handle() {
    let server = Server::start(
        ".z.ws:{neg[.z.w]$[10h=type x;.Q.s1 value x;reverse x]}\nopened:closed:()\n\
         .z.wo:{opened,:x}\n.z.wc:{closed,:x}\n",
        &[],
    );
    let mut socket = TcpStream::connect(("127.0.0.1", server.port)).expect("connected");
    socket.write_all(REQUEST.as_bytes()).expect("written");
    let head = head(&mut socket);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(
        head.contains(&format!("Sec-WebSocket-Accept: {ACCEPT}\r\n")),
        "{head}"
    );

    socket.write_all(&frame(1, b"til 3")).expect("written");
    assert_eq!(read_exactly(&mut socket, 7), b"\x81\x050 1 2");
    socket.write_all(&frame(2, &[1, 2, 3])).expect("written");
    assert_eq!(read_exactly(&mut socket, 5), [0x82, 3, 3, 2, 1]);
    socket.write_all(&frame(9, b"?")).expect("written");
    assert_eq!(read_exactly(&mut socket, 3), [0x8a, 1, b'?']);
    assert_eq!(server.connect().long("count opened"), 1);
    let is_web = "\"j\"$\"w\"=first exec p from -38!opened";
    assert_eq!(server.connect().long(is_web), 1);

    socket.write_all(&frame(8, &[])).expect("written");
    assert_eq!(read_exactly(&mut socket, 2), [0x88, 0]);
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).expect("closed");
    assert!(rest.is_empty());
    while server.connect().long("count closed") == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_process_opens_the_web_socket_of_another() {
    let server = Server::start("seen:();.z.ws:{seen,:enlist x}\n", &[]);
    let lines = format!(
        "port:{};h:hopen port\n.z.ws:{{x}}\n\
         r:(`$\":ws://localhost:\",string port)\"GET / HTTP/1.1\\r\\nHost: here\\r\\n\\r\\n\"\n\
         type r 0\n32#r 1\nneg[r 0]\"hello\"\nneg[r 0]0x0102\nneg[r 0][]\nwhile[2>h\"count seen\";]\nh\"seen\"\n\
         @[r 0;\"sync\";{{x}}]\nhclose r 0\n",
        server.port
    );
    let output = run(&[], &lines, server.folder.path());
    assert_eq!(text(&output.stderr), "");
    assert_eq!(
        text(&output.stdout),
        "-6h\n\"HTTP/1.1 101 Switching Protocols\"\n\"hello\"\n0x0102\n\"type\"\n"
    );
}
