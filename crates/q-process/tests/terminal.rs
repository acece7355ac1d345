//! The console on a terminal: keys, history, continuation, completion, interrupts, output while a line is edited.

mod support;

use std::os::unix::fs::PermissionsExt;

use support::Client;
use support::terminal::Terminal;

const LEFT: &str = "\x1b[D";
const UP: &str = "\x1b[A";
const BACKSPACE: &str = "\x7f";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_R: &str = "\x12";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn start(folder: &tempfile::TempDir) -> Terminal {
    start_with(&[], &[], folder)
}

fn start_with(
    arguments: &[&str],
    settings: &[(&str, &str)],
    folder: &tempfile::TempDir,
) -> Terminal {
    let mut terminal = Terminal::start(arguments, settings, folder.path());
    terminal.wait("q)");
    terminal
}

#[test]
fn keys_edit_the_line() {
    let folder = folder();
    let mut terminal = start(&folder);
    assert_eq!(terminal.run(&format!("7+6{LEFT}{BACKSPACE}*")), "42\n");
    terminal.send(&format!("nonsense{CTRL_C}"));
    terminal.wait("q)");
    assert_eq!(terminal.run("1+1"), "2\n");
    assert!(terminal.run("`a+1").starts_with("'type\n"));
}

#[test]
fn control_d_and_two_backslashes_end_with_the_terminal_as_it_was() {
    for keys in [CTRL_D, "\\\\\r", "exit 0\r"] {
        let folder = folder();
        let mut terminal = start(&folder);
        assert!(!terminal.is_as_found());
        terminal.send(keys);
        assert_eq!(terminal.end().code(), Some(0), "{keys:?}");
        assert!(terminal.is_as_found(), "{keys:?}");
    }
}

#[test]
fn an_exit_while_a_line_is_edited_leaves_the_terminal_as_it_was() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.run(".z.exit:{-1\"bye \",string x;}");
    terminal.run(".z.ts:{exit 3}");
    terminal.send("\\t 1\r");
    terminal.wait("bye 3");
    assert_eq!(terminal.end().code(), Some(3));
    assert!(terminal.is_as_found());
}

#[test]
fn history_is_there_in_the_next_run_for_its_owner_alone() {
    let folder = folder();
    let mut terminal = start(&folder);
    for line in ["left:41", "right:1", "left:41"] {
        terminal.run(line);
    }
    terminal.send(CTRL_D);
    terminal.end();
    let file = folder.path().join("history");
    let mode = std::fs::metadata(&file)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut terminal = start(&folder);
    terminal.send(UP);
    terminal.wait("left:41");
    terminal.send(UP);
    terminal.wait("right:1");
    terminal.enter(UP, "q)");
    terminal.send(&format!("{CTRL_R}eft:"));
    terminal.wait("left:41");
    terminal.send("\r");
    terminal.wait("\r\n");
    terminal.wait("q)");
    assert_eq!(terminal.run("left+right"), "42\n");
}

#[test]
fn what_is_open_goes_on_in_the_next_line() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.send("f:{\r");
    terminal.wait("\r\n.)");
    terminal.send("x+\"\r");
    terminal.wait("\r\n.)");
    terminal.send(CTRL_C);
    terminal.wait("q)");
    terminal.send("f:{\r");
    terminal.wait("\r\n.)");
    assert_eq!(terminal.run(" x+1}"), "");
    assert_eq!(terminal.run("f 41"), "42\n");
    // the whole statement is one entry of the history
    terminal.send(&format!("{UP}{UP}"));
    terminal.wait("f:{\r\n x+1}");
}

#[test]
fn pasted_lines_are_run_one_by_one() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.send("\x1b[200~a:40\nb:{\n x+2\n }\n\x1b[201~\r");
    terminal.wait(" }\r\n");
    terminal.wait("q)");
    assert_eq!(terminal.run("b a"), "42\n");
    // without the marks of a paste as well
    terminal.send("c:1\rd:2\rc+d\r");
    terminal.wait("c+d\r\n3\r\n");
}

#[test]
fn the_tabulator_completes() {
    let folder = folder();
    std::fs::write(folder.path().join("lines.txt"), "one\n").expect("written");
    let mut terminal = start(&folder);
    terminal.run("trade:([]price:1 2;size:3 4)");
    assert_eq!(terminal.run("exec pri\t from tr\t"), "1 2\n");
    assert_eq!(terminal.run("read0`:li\t"), "\"one\"\n");
    terminal.send("trade.\t");
    terminal.wait("trade.price");
    terminal.wait("trade.size");
}

#[test]
fn control_c_stops_what_runs_and_the_console_lives_on() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.send("-1\"go\";while[1;]\r");
    terminal.wait("go\r\n");
    terminal.send(CTRL_C);
    terminal.wait("\r\n'stop\r\n");
    terminal.wait("q)");
    assert_eq!(terminal.run("1+1"), "2\n");
}

#[test]
fn control_c_stops_a_callback_while_a_line_is_edited() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.run(".z.ts:{system\"t 0\";-1\"in\";while[1;]}");
    terminal.send("\\t 1\r");
    terminal.wait("in\r\n");
    terminal.send(CTRL_C);
    terminal.wait("'stop");
    terminal.wait("q)");
    terminal.send("2*21\r");
    terminal.wait("\r\n42\r\n");
}

#[test]
fn a_third_control_c_ends_what_does_not_listen() {
    let folder = folder();
    let mut terminal = start(&folder);
    // a loop that catches the first one would now and then meet the second outside of its trap; a command that ignores
    // them is ended by the hang-up of its terminal
    let deaf = "trap '' INT; echo deaf >&2; exec sleep 60";
    terminal.send(&format!(
        "-1\"go\";@[{{while[1;]}};0;{{system\"{deaf}\"}}]\r"
    ));
    terminal.wait("go\r\n");
    terminal.send(CTRL_C);
    terminal.wait("deaf\r\n");
    terminal.send(CTRL_C);
    terminal.wait("q is still busy; Ctrl-C once more ends the process");
    terminal.send(CTRL_C);
    assert_eq!(terminal.end().code(), Some(130));
    assert!(terminal.is_as_found());
}

#[test]
fn the_timer_prints_above_the_line_being_edited() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.run("n:0");
    terminal.run(".z.ts:{-1\"tick \",string n+:1;if[n=3;system\"t 0\"];}");
    // the first ticks may come before the prompt
    terminal.send("\\t 1\r100+");
    terminal.wait("tick 3\r\n");
    terminal.wait("100+");
    terminal.send("23\r");
    terminal.wait("\r\n123\r\n");
}

#[test]
fn clients_are_served_while_a_line_is_edited() {
    let folder = folder();
    let mut terminal = start_with(&["-p", "0W"], &[], &folder);
    let port = terminal.run("\\p");
    let port = port.trim().trim_end_matches('i').parse().expect("a port");
    terminal.send("half:");
    terminal.wait("half:");
    let mut client = Client::log_in(port, "user", "").expect("let in");
    let answer = client.ask("6*7").expect("an answer");
    assert_eq!(answer.as_i64(), Some(42));
    client.ask("-1\"from a client\";").expect("printed");
    terminal.wait("from a client\r\n");
    terminal.wait("q)half:");
    terminal.enter("5", "q)");
    assert_eq!(terminal.run("half"), "5\n");
}

#[test]
fn output_without_a_line_end_stays() {
    let folder = folder();
    let mut terminal = start(&folder);
    assert_eq!(terminal.run("1\"partial\";"), "partial\n");
}

#[test]
fn q_code_reads_a_line_of_its_own() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.send("x:read0 0\r");
    terminal.wait("\r\n");
    terminal.send("some (text\r");
    terminal.wait("q)");
    assert_eq!(terminal.run("x"), "\"some (text\"\n");
}

#[test]
fn colours_are_on_unless_they_are_unwanted() {
    let folder = folder();
    let coloured = "\x1b[1;34mtil\x1b[0m \x1b[36m3\x1b[0m";
    let mut terminal = start_with(&[], &[("NO_COLOR", "")], &folder);
    terminal.run("til 3");
    terminal.run("`a+1");
    assert!(terminal.raw().contains(coloured), "{:?}", terminal.raw());
    assert!(
        terminal.raw().contains("\x1b[31m'type"),
        "{:?}",
        terminal.raw()
    );
    let mut terminal = start(&folder);
    terminal.run("til 3");
    terminal.run("`a+1");
    let raw = terminal.raw();
    assert!(
        !raw.contains("\x1b[1;34m") && !raw.contains("\x1b[31m"),
        "{raw:?}"
    );
}

#[test]
fn the_size_of_the_window_is_followed_until_one_is_chosen() {
    let folder = folder();
    let mut terminal = start(&folder);
    assert_eq!(terminal.run("\\c"), "24 80i\n");
    terminal.resize(30, 100);
    assert_eq!(terminal.run("\\c"), "30 100i\n");
    terminal.run("\\c 20 60");
    terminal.resize(40, 90);
    assert_eq!(terminal.run("\\c"), "20 60i\n");
    for (arguments, settings, size) in [
        (&["-c", "15", "70"][..], &[][..], "15 70i\n"),
        (&[], &[("LINES", "33"), ("COLUMNS", "99")], "33 99i\n"),
    ] {
        let mut terminal = start_with(arguments, settings, &folder);
        assert_eq!(terminal.run("\\c"), size);
    }
}

#[test]
fn the_prompt_tells_the_namespace() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.send("\\d .my\r");
    terminal.wait("\r\nq.my)");
    terminal.send("f:(\r");
    terminal.wait("\r\n....)");
    terminal.send("1)\r");
    terminal.wait("q.my)");
}

#[test]
fn help_is_shown() {
    let folder = folder();
    let mut terminal = start(&folder);
    terminal.send("\\? til\r");
    terminal.wait("til: the longs");
    // the example in it has a prompt of its own
    terminal.wait("0 1 2 3 4\r\n");
    terminal.send("\\?\r");
    terminal.wait("\njoins");
}

#[test]
fn a_plain_terminal_gets_prompts_and_nothing_else() {
    let folder = folder();
    for setting in [("QSPACE_CONSOLE", "plain"), ("TERM", "dumb")] {
        let mut terminal = start_with(&[], &[setting], &folder);
        assert!(terminal.is_as_found());
        terminal.send("6*7\r");
        terminal.wait("\r\n42\r\nq)");
        terminal.send(&format!("half{CTRL_C}"));
        terminal.wait("\r\nq)");
        terminal.send("1+1\r");
        terminal.wait("\r\n2\r\nq)");
        assert!(!terminal.raw().contains('\x1b'), "{:?}", terminal.raw());
        terminal.send(CTRL_D);
        assert_eq!(terminal.end().code(), Some(0));
    }
}
