//! Fused instructions against their plain meaning: each form of a primitive in a lambda gives what applying the primitive
//! to the same arguments gives, value or error, over pairs of all types.

use q_engine::fake::FakeWorld;
use q_engine::{Interpreter, Outcome};

/// Literals of every type: ordinary, null, infinite, vectors, empty, collections.
const VALUES: &[&str] = &[
    "0b",
    "1b",
    "0x07",
    "0Nh",
    "3h",
    "0Ni",
    "-7i",
    "0Wi",
    "0N",
    "0W",
    "5",
    "-3",
    "0Ne",
    "1.5e",
    "0n",
    "-0w",
    "2.5",
    "\"a\"",
    "`",
    "`b",
    "0Np",
    "2024.01.02D03:04:05",
    "2024.03m",
    "2024.01.02",
    "0Nd",
    "0D00:00:05",
    "10:11",
    "10:11:12",
    "10:11:12.5",
    "10101b",
    "1 0N 3",
    "`long$()",
    "1.5 0n 3",
    "1 2 3i",
    "\"abc\"",
    "`a`b`c",
    "()",
    "(1;`a;2.5)",
    "2024.01.02 2024.01.03 0Nd",
    "`a`b!1 2",
    "([]a:1 2;b:`x`y)",
];

fn show(interpreter: &mut Interpreter, line: &str) -> String {
    match interpreter.run_line(line.as_bytes()) {
        Outcome::Nothing => String::new(),
        Outcome::Value(_, text) => String::from_utf8_lossy(&text).trim_end().to_owned(),
        Outcome::Error(error, _) => error.to_string(),
    }
}

/// A session with the values as `S` (their text) and `V`, and `try`, which gives the text of a result or of an error.
fn interpreter() -> Interpreter {
    let mut interpreter = Interpreter::new(Box::new(FakeWorld::new()));
    interpreter.set_stack_size(1_800_000);
    let literals: Vec<String> = VALUES
        .iter()
        .map(|text| format!("\"{}\"", text.replace('"', "\\\"")))
        .collect();
    for line in [
        "\\P 17".to_owned(),
        format!("S:({})", literals.join(";")),
        "V:value each S".to_owned(),
        "try:{[f;a] .[{[f;a] -3!$[1=count a;f a 0;f[a 0;a 1]]};(f;a);{\"error \",x}]}".to_owned(),
        "pairs:{[f]{[f;a]{[f;a;b]try[f;(a;b)]}[f;a]each V}[f]each V}".to_owned(),
        "row:{[f]{[f;b]try[f;(0;b)]}[f]each V}".to_owned(),
        // one function per value on the right, whose text is a constant in it
        "constants:{[f]flip{[f;s]g:value ssr[f;\"CONSTANT\";s];{[g;a]try[g;enlist a]}[g]each V}[f]each S}".to_owned(),
        // where two tables of texts differ
        "unlike:{[a;b]{[a;b]w:where not a~'b;(S w;a w;b w)}'[a;b]where not a~'b}".to_owned(),
    ] {
        assert_eq!(show(&mut interpreter, &line), "", "{line}");
    }
    interpreter
}

/// Compares forms in which `OP` stands for the primitive; `constants` have `CONSTANT` for the right argument.
fn compare(ops: &[&str], forms: &[&str], constants: &[&str]) {
    let mut interpreter = interpreter();
    for op in ops {
        let line = format!("P:pairs {{[f;x;y]f[x;y]}}[({op})]");
        assert_eq!(show(&mut interpreter, &line), "", "{line}");
        for form in forms {
            let form = form.replace("OP", op);
            let line = format!("Q:pairs {form};$[P~Q;`same;unlike[P;Q]]");
            assert_eq!(show(&mut interpreter, &line), "`same", "{form}");
        }
        for form in constants {
            let form = form.replace("OP", op);
            let line = format!("Q:constants\"{form}\";$[P~Q;`same;unlike[P;Q]]");
            assert_eq!(show(&mut interpreter, &line), "`same", "{form}");
        }
    }
}

const ATOMIC: &[&str] = &[
    "+", "-", "*", "%", "&", "|", "^", "<", ">", "<=", ">=", "=", "<>",
];

#[test]
fn a_primitive_on_locals_and_constants_is_the_primitive() {
    compare(
        &[ATOMIC, &["~", ",", "mod", "div"]].concat(),
        &[
            "{[x;y]x OP y}",
            "{[x;y]a:x;b:y;a OP b}",
            "{[x;y](x;y);x OP y}",
            "{[x;y]x:x OP y;x}",
        ],
        &[
            "{x OP CONSTANT}",
            "{a:x;a OP CONSTANT}",
            "{x;x:x OP CONSTANT;x}",
        ],
    );
}

#[test]
fn assignment_through_a_primitive_is_the_primitive() {
    compare(
        &["+", "-", "*", "%", "&", "|", "^"],
        &[
            "{[x;y]x OP:y;x}",
            "{[x;y]x OP:y}",
            "{[x;y]a:x;a OP:y;(x;a)1}",
            "{[x;y]A::x;A OP:y;A}",
            "{[x;y]A::x;A OP:y}",
        ],
        &["{x OP:CONSTANT;x}", "{a:x;a OP:CONSTANT;(x;a)1}"],
    );
}

#[test]
fn a_comparison_in_a_condition_is_the_comparison() {
    let mut interpreter = interpreter();
    for op in ["<", ">", "<=", ">=", "=", "<>", "~"] {
        for (plain, fused) in [
            ("{[x;y]c:x OP y;$[c;1;2]}", "{[x;y]$[x OP y;1;2]}"),
            (
                "{[x;y]c:x OP y;r:0;if[c;r:1];r}",
                "{[x;y]r:0;if[x OP y;r:1];r}",
            ),
            ("{[x;y]c:x OP 1;$[c;1;2]}", "{[x;y]$[x OP 1;1;2]}"),
            ("{[x;y]c:1 OP x;$[c;1;2]}", "{[x;y]$[1 OP x;1;2]}"),
        ] {
            let line = format!("P:pairs {plain};Q:pairs {fused};$[P~Q;`same;unlike[P;Q]]")
                .replace("OP", op);
            assert_eq!(show(&mut interpreter, &line), "`same", "{op} {fused}");
        }
    }
}

#[test]
fn items_amended_as_a_statement_are_items_amended() {
    let mut interpreter = interpreter();
    for (target, index) in [
        ("1 2 3", "1"),
        ("1 2 3", "7"),
        ("1.5 2 3", "0"),
        ("`a`b`c!1 2 3", "`b"),
        ("`a`b`c!1 2 3", "`d"),
        ("10 20 30!1.5 2 3", "20"),
        ("(100+til 100)!til 100", "150"),
        ("\"abc\"", "1"),
        ("(1;`a;2.5)", "2"),
        ("([]a:1 2 3)", "1"),
    ] {
        for op in ["+", "-", "*", "%", "&", ",", ""] {
            let plain = format!(
                "{{[x;y]t:{target};i:{index};r:.[t;enlist i;{};y];r}}",
                if op.is_empty() { ":" } else { op }
            );
            for fused in [
                format!("{{[x;y]t:{target};t[{index}]{op}:y;t}}"),
                format!(
                    "{{[x;y]t:{target};u:t;i:{index};t[i]{op}:y;if[not u~{target};'shared];t}}"
                ),
                format!("{{[x;y]t:{target};z:t[{index}]{op}:y;t}}"),
                format!("{{[x;y]T::{target};T[{index}]{op}:y;T}}"),
            ] {
                // assignment says length where amending says index
                let line = format!(
                    "P:ssr[;\"error index\";\"error length\"]each row {plain};Q:row {fused};$[P~Q;`same;(S;P;Q)@\\:where not P~'Q]"
                );
                assert_eq!(show(&mut interpreter, &line), "`same", "{fused}");
            }
        }
    }
}
