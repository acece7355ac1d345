//! Limits: depth of calls, memory, sizes of lambdas; and the session goes on after each.

use q_engine::fake::FakeWorld;
use q_engine::{Interpreter, Outcome, STACK_SIZE, on_large_stack};

fn show(interpreter: &mut Interpreter, line: &str) -> String {
    match interpreter.run_line(line.as_bytes()) {
        Outcome::Nothing => String::new(),
        Outcome::Value(_, text) => String::from_utf8_lossy(&text).trim_end().to_owned(),
        Outcome::Error(error, _) => error.to_string(),
    }
}

/// Runs lines in one session, on the stack that the process gives evaluation, and compares what each shows.
fn session(lines: &'static [(&'static str, &'static str)]) {
    on_large_stack(move || {
        let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
        interpreter.set_stack_size(STACK_SIZE / 2);
        for (line, expected) in lines {
            assert_eq!(show(&mut interpreter, line), *expected, "{line}");
        }
    })
    .expect("a thread");
}

#[test]
fn calls_nest_up_to_a_limit_whatever_runs_them() {
    session(&[
        ("f:{$[x=0;0;1+f x-1]}", ""),
        ("f 19000", "19000"),
        ("f 21000", "'stack"),
        ("g:{$[x=0;();g[x-1],x]}", ""),
        ("count g 19000", "19000"),
        ("g 21000", "'stack"),
        ("@[g;21000;{x}]", "\"stack\""),
        ("h:{h each enlist x}", ""),
        ("h 1", "'stack"),
        ("k:{[x;y]k[x;y]+k[y;x]}", ""),
        ("k[1;2]", "'stack"),
        ("v:{value\"v[]\"}", ""),
        ("v[]", "'stack"),
        ("f 19000", "19000"),
    ]);
}

#[test]
fn calls_in_tail_position_do_not_nest() {
    session(&[
        ("{$[x=0;y;.z.s[x-1;y+1]]}[1000000;0]", "1000000"),
        ("{$[x=0;count y;.z.s[x-1;y,x]]}[200000;()]", "200000"),
        ("{if[x=0;:`done];.z.s x-1}100000", "`done"),
    ]);
}

#[test]
fn what_memory_cannot_hold_is_wsfull() {
    session(&[
        ("til 1000000000000", "'wsfull"),
        ("1000000000000#0", "'wsfull"),
        ("1000000000000#1 2 3", "'wsfull"),
        ("1000000000000?10", "'wsfull"),
        ("where 2#1000000000000", "'wsfull"),
        ("@[til;1000000000000;{x}]", "\"wsfull\""),
        ("{x#0}1000000000000", "'wsfull"),
        ("1+1", "2"),
    ]);
}

#[test]
fn lambdas_have_the_documented_limits() {
    session(&[
        ("{[a;b;c;d;e;f;g;h;i]}", "'params"),
        ("value\"{a\",(\":a\"sv string til 111),\":0}\"", "'locals"),
        (
            "100h=type value\"{a\",(\":a\"sv string til 110),\":0}\"",
            "1b",
        ),
        (
            "value\"{a\",(\"::a\"sv string til 111),\"::0}\"",
            "'globals",
        ),
        (
            "100h=type value\"{a\",(\"::a\"sv string til 110),\"::0}\"",
            "1b",
        ),
        ("value\"{\",(\";\"sv string 2+til 241),\"}\"", "'limit"),
        (
            "100h=type value\"{\",(\";\"sv string 2+til 230),\"}\"",
            "1b",
        ),
        (
            "value raze\"{if[1;\",(65024#enlist\"0;\"),\"]}\"",
            "'branch",
        ),
        (
            "100h=type value raze\"{if[1;\",(20000#enlist\"0;\"),\"]}\"",
            "1b",
        ),
    ]);
}
