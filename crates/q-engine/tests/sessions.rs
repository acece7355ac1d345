//! Sessions against the evaluator in a world in memory: what is typed, and what the console shows.

use std::sync::atomic::Ordering;

use session::{interpreter, session, show};

mod session;

#[test]
fn evaluation_goes_from_right_to_left() {
    session(&[
        ("2*3+4", "14"),
        ("x:10", ""),
        ("(x+5;x:20;x-5)", "25 20 5"),
        ("a:5", ""),
        ("1+a:7", "8"),
        ("a;", ""),
        ("f:{x;}", ""),
        ("f 1", ""),
    ]);
}

#[test]
fn names_assigned_in_a_lambda_are_local() {
    session(&[
        ("{if[x;t:1];count t}0b", "0"),
        ("{a:1;{a+x}[2]}[]", "'a"),
        ("a:100", ""),
        ("{a:1;{a+x}[2]}[]", "102"),
        ("{a::x}7", "7"),
        ("a", "7"),
        ("{[a]a::x:3;a}9", "3"),
        ("{b,:x;b}1", ",1"),
        ("b", ",1"),
    ]);
}

#[test]
fn conditions_loops_and_returns() {
    session(&[
        ("{$[x>2;`big;x=2;`two;`small]}each 1 2 3", "`small`two`big"),
        ("{i:0;while[i<x;i+:1];i}10", "10"),
        ("{s:0;do[x;s+:2];s}5", "10"),
        ("{if[x>1;:`early];`late}each 1 2", "`late`early"),
        ("$[0b;1;0b;2]", ""),
        ("{'`oops}1", "'oops"),
    ]);
}

#[test]
fn projections_and_compositions() {
    session(&[
        ("add:{x+y+z}", ""),
        ("add[1;;3]10", "14"),
        ("add[1][2;3]", "6"),
        ("add[1;2;3;4]", "'rank"),
        ("(2+)each 1 2", "3 4"),
        ("tc:til count@", ""),
        ("tc`a`b`c", "0 1 2"),
        ("'[neg;{x+y}][1;2]", "-3"),
        ("(1;;3)2", "1 2 3"),
    ]);
}

#[test]
fn iterators_in_their_forms() {
    session(&[
        ("10+/1 2 3", "16"),
        ("(+\\)2 3 4", "2 5 9"),
        ("10+\\1 2", "11 13"),
        ("3 {x*2}\\1", "1 2 4 8"),
        ("{x<100} {x*2}/1", "128"),
        ("{x div 2}/100", "0"),
        ("(-':)5 16 42", "5 11 26"),
        ("1 2 3,'4 5 6", "1 4\n2 5\n3 6"),
        ("1 2+/:10 20", "11 12\n21 22"),
        ("0 1 0'[1 2 3;10 20 30]", "1 20 3"),
        ("{x+y*z}/[1;2 3;4 5]", "24"),
        ("(+/)0#0", "0"),
        ("neg each`a`b!1 2", "a| -1\nb| -2"),
    ]);
}

#[test]
fn amends_keep_types_and_bounds() {
    session(&[
        ("v:1 2 3", ""),
        ("v[1]:5f", "'type"),
        ("v[5]:1", "'length"),
        ("v[1]+:10", ""),
        ("v", "1 12 3"),
        ("w:v;w[0]:9;v", "1 12 3"),
        ("s:(1;2f;3);s[1]:4;s", "1 4 3"),
        ("@[0 0 0;0 0 1;+;1]", "2 1 0"),
        ("@[1 2 3;5;:;1]", "'index"),
        ("d:`a`b!1 2;d[`c]:3;d", "a| 1\nb| 2\nc| 3"),
        ("m:(1 2;3 4);m[;0]:9;m", "9 2\n9 4"),
        (".[m;(0;1);*;10]", "9 20\n9 4"),
        ("x:1 2;x,:5f", "'type"),
        ("x", "1 2"),
    ]);
}

#[test]
fn errors_are_trapped_and_signalled() {
    session(&[
        ("@[{x+`a};1;{x}]", "\"type\""),
        ("@[{'x};\"own\";`caught]", "`caught"),
        (".[{x+y};(1;`b);{\"!\",x}]", "\"!type\""),
        ("@[2+;\"42\"+3;`e]", "'type"),
        ("foo", "'foo"),
        (".Q.trp[{x+`a};1;{[e;b](e;count b)}]", "\"type\"\n3"),
    ]);
}

#[test]
fn deep_recursion_ends_in_stack_and_the_session_goes_on() {
    session(&[
        ("f:{1+f x}", ""),
        ("f 1", "'stack"),
        ("1+1", "2"),
        ("g:{$[x=0;`done;.z.s x-1]}", ""),
        ("g 1000000", "`done"),
    ]);
}

#[test]
fn an_interrupt_ends_a_loop() {
    let mut interpreter = interpreter();
    interpreter.interrupt().store(true, Ordering::Relaxed);
    assert_eq!(show(&mut interpreter, "{while[1b;x+:1]}0"), "'stop");
    assert_eq!(show(&mut interpreter, "2+2"), "4");
}

#[test]
fn namespaces_are_dictionaries() {
    session(&[
        (".a.b:1", ""),
        (".a.c:{b+x}", ""),
        ("key`.a", "``b`c"),
        ("\\d .a", ""),
        ("f:{b+x}", ""),
        ("\\d .", ""),
        (".a.f 10", "11"),
        ("`b in key`.a", "1b"),
        ("delete b from `.a", "`.a"),
        (".a.f 10", "'.a.b"),
        ("d:`k`l!1 2;d.l", "2"),
    ]);
}

#[test]
fn views_follow_what_they_depend_on() {
    session(&[
        ("a:1;b:2", ""),
        ("v::a+b", ""),
        ("v", "3"),
        ("a:10", ""),
        ("v", "12"),
        ("views[]", "`s#,`v"),
        ("view`v", "\"a+b\""),
        ("v:5", ""),
        ("a:0;v", "5"),
    ]);
}

#[test]
fn queries_by_template_and_by_function() {
    session(&[
        ("t:([]s:`a`b`a`c;p:1 2 3 4f;n:10 20 30 40)", ""),
        (
            "select sum n by s from t where p<4",
            "s| n\n-| --\na| 40\nb| 20",
        ),
        ("exec n by s from t", "a| 10 30\nb| ,20\nc| ,40"),
        ("exec max p from t", "4f"),
        ("select[2;>p]s from t", "s\n-\nc\na"),
        (
            "?[t;enlist(=;`s;enlist`a);0b;`s`n!`s`n]",
            "s n\n----\na 10\na 30",
        ),
        (
            "{[lim]select from t where n>lim}25",
            "s p n\n------\na 3 30\nc 4 40",
        ),
        ("update n:neg n from`t where s=`a", "`t"),
        ("exec n from t", "-10 20 -30 40"),
        ("delete from`t where s=`b", "`t"),
        ("count t", "3"),
        ("delete p from t", "s n\n-----\na -10\na -30\nc 40"),
        (
            "select p wavg n,d:(max n)-min n by s from t",
            "s| n   d\n-| ------\na| -25 20\nc| 40  0",
        ),
    ]);
}

#[test]
fn rows_go_into_tables() {
    session(&[
        ("t:([]s:`symbol$();n:`int$())", ""),
        ("`t insert(`a;1i)", ",0"),
        ("`t insert(`b`c;2 3i)", "1 2"),
        ("`t insert(`d;2f)", "'type"),
        ("count t", "3"),
        ("k:([s:`a`b]n:1 2)", ""),
        ("`k upsert(`b;20)", "`k"),
        ("`k upsert([]s:`c`a;n:3 10)", "`k"),
        ("k", "s| n\n-| --\na| 10\nb| 20\nc| 3"),
        ("`k insert(`a;5)", "'insert"),
        ("k`b", "n| 20"),
    ]);
}

#[test]
fn enumerations_follow_their_domain() {
    session(&[
        ("sym:`a`b", ""),
        ("e:`sym$`b`a`b", ""),
        ("e", "`sym$`b`a`b"),
        ("`sym$`zz", "'cast"),
        ("`sym?`zz", "`sym$`zz"),
        ("sym", "`a`b`zz"),
        ("s:([k:`x`y]v:1 2);u:([]k:`s$`y`x)", ""),
        ("select k.v from u", "v\n-\n2\n1"),
    ]);
}

#[test]
fn patterns_take_values_apart() {
    session(&[
        ("(a;b):1 2", ""),
        ("a,b", "1 2"),
        ("(a;b):1 2 3", "'length"),
        ("{[(p;q)]p+q}3 4", "7"),
        ("(n:`s;m:`h):(`x;1.5)", "'type"),
    ]);
}

#[test]
fn peach_runs_on_threads_that_cannot_write() {
    session(&[
        ("k:10", ""),
        ("\\s 4", ""),
        ("{k*x}peach til 5", "0 10 20 30 40"),
        ("{k::x}peach til 5", "'noupdate"),
        ("{x+`a}peach 1 2", "'type"),
        ("{x*x}peach`a`b!3 4", "a| 9\nb| 16"),
        ("{sum{x*y}[x]peach til x}peach 3 4", "9 24"),
        ("k", "10"),
    ]);
}

#[test]
fn code_is_data() {
    session(&[
        ("parse\"a+1\"", "+\n`a\n1"),
        ("eval parse\"2*3+4\"", "14"),
        ("value\"1+1\"", "2"),
        ("value(`f;1)", "'f"),
        ("value({x+y};1;2)", "3"),
        ("reval parse\"a:1\"", "'noupdate: `. `a"),
        ("a", "'a"),
    ]);
}

#[test]
fn scripts_show_values_in_one_line() {
    session(&[
        (
            "`:s.q 0:(\"1+1\";\"a:5\";\"([]x:1 2)\";\"\\\\d .n\";\"f:{a+x}\";\" \";\"\")",
            "`:s.q",
        ),
        ("\\l s.q", ""),
        ("a", "5"),
        ("key`.n", "``f"),
    ]);
}

#[test]
fn files_live_in_the_world() {
    session(&[
        ("`:dir/f set 1 2 3", "`:dir/f"),
        ("get`:dir/f", "1 2 3"),
        ("`:dir/f upsert 4 5", "`:dir/f"),
        ("get`:dir/f", "1 2 3 4 5"),
        ("`:t.txt 0:(\"one\";\"two\")", "`:t.txt"),
        ("read0`:t.txt", "\"one\"\n\"two\""),
        ("hcount`:t.txt", "8"),
        ("key`:dir", "`s#,`f"),
        ("hdel`:t.txt", "`:t.txt"),
        ("key`:t.txt", "()"),
        ("`:db/t/ set([]a:1 2;b:3 4)", "`:db/t/"),
        ("select from`:db/t/ where a>1", "a b\n---\n2 4"),
    ]);
}

#[test]
fn an_append_in_place_is_linear() {
    // a quadratic append of this many items would take minutes
    session(&[
        ("{l:();do[x;l,:1];count l}300000", "300000"),
        ("g:();do[300000;g,:2];count g", "300000"),
        ("d:(til 10)!10#0;do[300000;d[3]+:1];d 3", "300000"),
        ("m:1000#0;{do[x;m[7]+:1]}300000;m 7", "300000"),
    ]);
}
