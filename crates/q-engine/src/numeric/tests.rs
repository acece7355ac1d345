//! Register code against bytecode: the same lambda with a statement in it that register code does not know.

use super::*;
use crate::Outcome;
use crate::fake::FakeWorld;

/// Arguments: ordinary, null, infinite and extreme.
const NUMBERS: [&str; 16] = [
    "0", "1", "-3", "7", "0N", "0W", "-0W", "1.5", "-0.1", "0n", "0w", "-0w", "0f", "100000.1",
    "0b", "1b",
];

fn interpreter() -> Interpreter {
    let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
    interpreter.set_stack_size(1_800_000);
    interpreter
}

fn show(interpreter: &mut Interpreter, line: &str) -> String {
    match interpreter.run_line(line.as_bytes()) {
        Outcome::Nothing => String::new(),
        Outcome::Value(_, text) => String::from_utf8_lossy(&text).into_owned(),
        Outcome::Error(error, _) => error.to_string(),
    }
}

/// Defines `fast` and `slow` from one body.
fn define(interpreter: &mut Interpreter, body: &str) {
    for (name, first) in [("fast", ""), ("slow", "if[0b;()];")] {
        let line = format!("{name}:{{[x;y]{first}{body}}}");
        assert_eq!(show(interpreter, &line), "", "{line}");
    }
}

/// True when `fast` has register code for arguments of these kinds.
fn is_numeric(interpreter: &mut Interpreter, kinds: [Kind; 2]) -> bool {
    let Some(Value::Lambda(lambda)) = interpreter.get_global("fast") else {
        return false;
    };
    let code = Arc::clone(crate::machine::code_of(&lambda).expect("made here"));
    code.is_numeric
        && interpreter
            .numeric(&code, &lambda, signature(kinds.into_iter().map(Some)))
            .is_some()
}

fn compare(interpreter: &mut Interpreter, body: &str) {
    define(interpreter, body);
    for x in NUMBERS {
        for y in NUMBERS {
            let given = |name: &str| format!("-3!.[{name};({x};{y});{{(`error;x)}}]");
            let (fast, slow) = (
                show(interpreter, &given("fast")),
                show(interpreter, &given("slow")),
            );
            assert_eq!(fast, slow, "{{[x;y]{body}}}[{x};{y}]");
        }
    }
}

#[test]
fn every_op_gives_what_the_bytecode_gives() {
    let mut interpreter = interpreter();
    show(&mut interpreter, "\\P 17");
    for op in [
        "+", "-", "*", "%", "&", "|", "<", ">", "<=", ">=", "=", "<>", "~", "mod", "div",
    ] {
        for body in [
            format!("x {op} y"),
            format!("y {op} x"),
            format!("x {op} 3"),
            format!("3 {op} x"),
            format!("x {op} -5000000000"),
            format!("x {op} 0N"),
            format!("y {op} 0.1"),
            format!("$[x {op} y;1;2]"),
            format!("$[x {op} 1;x;y]"),
            format!("$[1 {op} x;10;20]+5"),
            format!("a:x;b:y;a {op} b"),
            format!("x:x {op} y;x"),
        ] {
            compare(&mut interpreter, &body);
        }
    }
    for body in [
        "neg x",
        "not x",
        "x+:y;x",
        "x-:2;x",
        "x*:y;y",
        "x%:y;x",
        "1+x+:y",
        "(neg x)*not y<x",
    ] {
        compare(&mut interpreter, body);
    }
}

#[test]
fn arithmetic_on_longs_is_register_code() {
    let mut interpreter = interpreter();
    for body in [
        "x+y",
        "$[x<y;x;y]",
        "s:0;i:0;while[i<x;s+:i*y;i+:1];s",
        "s:0;do[x;s+:y];s",
        "r:0;if[x<y;r:1];r",
        "$[x<1;y;.z.s[x-1;y+2]]",
        "$[x<1;y;1+.z.s[x-1;y]]",
        "$[x<2;x;fast[x-1;y]+fast[x-2;y]]",
        ":x+1",
        "(x mod 7)+x div 3",
    ] {
        define(&mut interpreter, body);
        assert!(
            is_numeric(&mut interpreter, [Kind::Long, Kind::Long]),
            "{body}"
        );
    }
    for body in ["x,y", "(x;y)", "x+`a", "til x", "a::x", "$[x<1;x;0.5]"] {
        define(&mut interpreter, body);
        assert!(
            !is_numeric(&mut interpreter, [Kind::Long, Kind::Long]),
            "{body}"
        );
    }
}

#[test]
fn control_words_and_calls_give_what_the_bytecode_gives() {
    let mut interpreter = interpreter();
    for body in [
        "s:0;i:0;while[i<5;s+:i*x;i+:1];s+y",
        "s:x;do[3;s:s+y];s",
        "r:0;if[x<y;r:1];r",
        "if[x<y;:x-y];x+y",
        "(x+1)+$[x<y;x;y]",
        "(x+1)+($[x<y;x;y])*a:x",
        "a:x;x:y;y:a;x-y",
        "a:b:x;a+b+x",
        "(a:x)+a+:y",
        "x+(x:y)+x",
        "$[x<y;$[y<3;1;2];$[x<0;3;4]]",
        "$[x<y;1;x=y;2;3]",
        "a:1;while[a<20;a:$[a<x;20;a+1+a mod 3]];a",
        "i:0;while[i<3;i+:1;if[i>1;:i+x]];y",
        "not[x]+y",
        "x-y-x-y-3",
    ] {
        compare(&mut interpreter, body);
    }
}

#[test]
fn recursion_gives_what_the_bytecode_gives() {
    let mut interpreter = interpreter();
    for (name, first) in [("fast", ""), ("slow", "if[0b;()];")] {
        for line in [
            format!("{name}:{{[x;y]{first}$[x<1;y;.z.s[x-1;y+x]]}}"),
            format!("{name}F:{{{first}$[x<2;x;{name}F[x-1]+{name}F x-2]}}"),
            format!("{name}A:{{[m;n]{first}$[m=0;n+1;n=0;.z.s[m-1;1];.z.s[m-1;.z.s[m;n-1]]]}}"),
            format!("{name}G:{{[a;b]{first}$[b=0;a;.z.s[b;a mod b]]}}"),
        ] {
            assert_eq!(show(&mut interpreter, &line), "");
        }
    }
    for call in ["[50;2]", "F 15", "F 0N", "A[2;3]", "G[1071;462]", "G[17;0]"] {
        assert_eq!(
            show(&mut interpreter, &format!("fast{call}")),
            show(&mut interpreter, &format!("slow{call}")),
            "{call}"
        );
    }
}

#[test]
fn iterators_give_what_the_bytecode_gives() {
    let mut interpreter = interpreter();
    for list in [
        "til 20",
        "1 0N 3 0W",
        "1.5 0n 2 -3",
        "101b",
        "0#0",
        "`a`b!1 2",
        "enlist 4",
        "(1;2.5;3)",
    ] {
        for body in ["x+y", "x*y", "$[x<y;x;y]", "x<y", "y+0.5*x"] {
            define(&mut interpreter, body);
            for form in [
                "{}/[LIST]",
                "{}/[3;LIST]",
                "{}/[0.5;LIST]",
                "{}\\[LIST]",
                "{}\\[1;LIST]",
                "{}'[LIST;LIST]",
                "{}'[LIST;2]",
                "{}[2]each LIST",
            ] {
                let line = |name: &str| {
                    format!(
                        "-3!@[{{{}}};::;{{x}}]",
                        form.replace("{}", name)
                            .replace("LIST", &format!("({list})"))
                    )
                };
                let (fast, slow) = (line("fast"), line("slow"));
                assert_eq!(
                    show(&mut interpreter, &fast),
                    show(&mut interpreter, &slow),
                    "{body}: {fast}"
                );
            }
        }
    }
}

#[test]
fn globals_are_read_on_every_call() {
    let mut interpreter = interpreter();
    for (line, expected) in [
        ("k:2", ""),
        ("f:{x*k}", ""),
        ("f 5", "10\n"),
        ("k:3", ""),
        ("f 5", "15\n"),
        ("k:2.5", ""),
        ("f 5", "12.5\n"),
        ("k:1 2", ""),
        ("f 5", "5 10\n"),
        ("g:{$[x<1;0;1+g x-1]}", ""),
        ("g 5", "5\n"),
        ("h:g", ""),
        ("g:{100}", ""),
        ("h 5", "101\n"),
    ] {
        assert_eq!(show(&mut interpreter, line), expected, "{line}");
    }
}

/// A generator of expressions, from a seed.
struct Expressions(u64);

impl Expressions {
    fn below(&mut self, bound: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound) as usize
    }

    fn one(&mut self, depth: usize) -> String {
        let leaves = [
            "x", "y", "a", "b", "1", "-2", "0N", "40000", "1.5", "x", "y", "a",
        ];
        if depth == 0 {
            return leaves[self.below(leaves.len() as u64)].to_owned();
        }
        let (left, right) = (self.one(depth - 1), self.one(depth - 1));
        let ops = [
            "+", "-", "*", "+", "-", "*", "&", "|", "%", "<", "=", " mod ", " div ",
        ];
        match self.below(9) {
            0 => format!(
                "$[{left}<{right};{};{}]",
                self.one(depth - 1),
                self.one(depth - 1)
            ),
            1 => format!(
                "$[{left}={right};{};{}]",
                self.one(depth - 1),
                self.one(depth - 1)
            ),
            2 => format!("(neg {left})"),
            3 => format!("(a:{left})"),
            _ => format!("(({left}){}{right})", ops[self.below(ops.len() as u64)]),
        }
    }

    fn body(&mut self) -> String {
        let (start, step, end) = (self.one(1), self.one(2), self.one(2));
        match self.below(4) {
            0 => format!("a:x;b:y;{end}"),
            1 => format!("a:{};b:y;do[3;b:{step}];{end}", "x"),
            2 => format!("a:y;b:0;while[b<3;b+:1;a:{step}];{end}"),
            _ => format!("a:x;b:y;a:{start};if[a<y;a:{step}];{end}"),
        }
    }
}

#[test]
fn random_bodies_give_what_the_bytecode_gives() {
    let mut interpreter = interpreter();
    show(&mut interpreter, "\\P 17");
    let mut expressions = Expressions(0x2545_f491_4f6c_dd1d);
    let mut numeric = 0;
    for _ in 0..200 {
        let body = expressions.body();
        define(&mut interpreter, &body);
        numeric += usize::from(is_numeric(&mut interpreter, [Kind::Long, Kind::Long]));
        for (x, y) in [
            ("3", "5"),
            ("-7", "2"),
            ("0N", "4"),
            ("5", "0"),
            ("0W", "-1"),
            ("2.5", "1"),
            ("1", "0n"),
            ("1b", "2"),
        ] {
            let given = |name: &str| format!("-3!.[{name};({x};{y});{{(`error;x)}}]");
            let (fast, slow) = (
                show(&mut interpreter, &given("fast")),
                show(&mut interpreter, &given("slow")),
            );
            assert_eq!(fast, slow, "{{[x;y]{body}}}[{x};{y}]");
        }
    }
    assert!(
        numeric > 50,
        "only {numeric} of 200 bodies became register code"
    );
}
