//! The grammar, rule by rule (`semantics.md` A, B, H, I).

use proptest::prelude::*;
use q_value::Value;

use crate::parse;
use crate::tree::{NamedNode, Node, NodeKind, Pattern, Query, Target};

/// A tree in one line: applications as `f[x;y]`, everything else in words.
fn shown(node: &Node) -> String {
    let all = |nodes: &[Node]| nodes.iter().map(shown).collect::<Vec<_>>().join(";");
    let named = |entries: &[NamedNode]| {
        let parts: Vec<String> = entries
            .iter()
            .map(|entry| format!("{}:{}", entry.name.text(), shown(&entry.value)))
            .collect();
        parts.join(";")
    };
    match &node.kind {
        NodeKind::Constant(value) => match value {
            Value::Long(x) => x.to_string(),
            Value::Symbol(x) => format!("`{}", x.text()),
            Value::List(v) if v.is_empty() => "()".to_owned(),
            value => format!("{}h", value.type_number()),
        },
        NodeKind::Name(name) => name.text(),
        NodeKind::Operator(operator) => operator.text().to_owned(),
        NodeKind::UnaryOperator(operator) => operator.text().to_owned(),
        NodeKind::Iterator(iterator) => iterator.text().to_owned(),
        NodeKind::Identity => "::".to_owned(),
        NodeKind::Elided => String::new(),
        NodeKind::Derived { iterator, function } => {
            format!("<{}{}>", shown(function), iterator.text())
        }
        NodeKind::Apply {
            function,
            arguments,
        } => format!("{}[{}]", shown(function), all(arguments)),
        NodeKind::Compose(outer, inner) => format!("compose({} {})", shown(outer), shown(inner)),
        NodeKind::List(items) => format!("({})", all(items)),
        NodeKind::Assign {
            target,
            through,
            global,
            value,
        } => {
            let target = match target {
                Target::Name(name) => name.text(),
                Target::Indexed { name, indices } => format!("{}[{}]", name.text(), all(indices)),
                Target::Pattern(pattern) => format!("({})", pattern_shown(pattern)),
            };
            let verb = through.map_or("", |operator| operator.text());
            let colons = if *global { "::" } else { ":" };
            format!("{target}{verb}{colons}{}", shown(value))
        }
        NodeKind::Conditional(parts) => format!("if-else({})", all(parts)),
        NodeKind::PatternConditional {
            value,
            cases,
            otherwise,
        } => {
            let cases: Vec<String> = cases
                .iter()
                .map(|(pattern, result)| format!("{}->{}", pattern_shown(pattern), shown(result)))
                .collect();
            let otherwise = otherwise.as_deref().map(shown).unwrap_or_default();
            format!(
                "match({}: {} else {otherwise})",
                shown(value),
                cases.join(", ")
            )
        }
        NodeKind::If(parts) => format!("if({})", all(parts)),
        NodeKind::Do(parts) => format!("do({})", all(parts)),
        NodeKind::While(parts) => format!("while({})", all(parts)),
        NodeKind::Sequence(parts) => format!("sequence({})", all(parts)),
        NodeKind::Lambda(tree) => {
            let parameters: Vec<String> = tree
                .parameters
                .iter()
                .map(|parameter| match &parameter.pattern {
                    None => parameter.name.text(),
                    Some(pattern) => pattern_shown(pattern),
                })
                .collect();
            format!("{{[{}]{}}}", parameters.join(";"), all(&tree.body))
        }
        NodeKind::Return(value) => format!("return({})", shown(value)),
        NodeKind::Signal(value) => format!("signal({})", shown(value)),
        NodeKind::TableLiteral { keys, columns } => {
            format!("table([{}]{})", named(keys), named(columns))
        }
        NodeKind::DictLiteral(entries) => format!("dict({})", named(entries)),
        NodeKind::Query(query) => {
            let Query {
                kind,
                columns,
                by,
                from,
                conditions,
                limit,
                order,
                distinct,
            } = &**query;
            let mut text = format!("{kind:?}");
            if let Some(limit) = limit {
                text += &format!(" limit {}", shown(limit));
            }
            if let Some((order, column)) = order {
                text += &format!(" {order:?} {}", shown(column));
            }
            if *distinct {
                text += " distinct";
            }
            text += &format!(" <{}>", named(columns));
            if let Some(by) = by {
                text += &format!(" by <{}>", named(by));
            }
            text += &format!(" from {}", shown(from));
            if !conditions.is_empty() {
                text += &format!(" where <{}>", all(conditions));
            }
            text
        }
    }
}

fn pattern_shown(pattern: &Pattern) -> String {
    let entries = |entries: &[(q_value::Symbol, Pattern)]| {
        let parts: Vec<String> = entries
            .iter()
            .map(|(name, item)| format!("{}={}", name.text(), pattern_shown(item)))
            .collect();
        parts.join(";")
    };
    match pattern {
        Pattern::Any => "_".to_owned(),
        Pattern::Name(name) => name.text(),
        Pattern::Filtered {
            pattern, filter, ..
        } => {
            format!("{}~{}", pattern_shown(pattern), shown(filter))
        }
        Pattern::Indexed { name, .. } => format!("{}[]", name.text()),
        Pattern::Constant(node) => shown(node),
        Pattern::List(items, _) => {
            let parts: Vec<String> = items.iter().map(|(item, _)| pattern_shown(item)).collect();
            format!("list({})", parts.join(";"))
        }
        Pattern::Dict(items, _) => format!("dict({})", entries(items)),
        Pattern::Table { keys, columns } => {
            format!("table([{}]{})", entries(keys), entries(columns))
        }
        Pattern::Bang(keys, values) => {
            format!("{}!{}", pattern_shown(keys), pattern_shown(values))
        }
        Pattern::Flip(columns) => format!("flip {}", pattern_shown(columns)),
    }
}

fn read(text: &str, in_k: bool) -> String {
    match parse(text.as_bytes(), in_k) {
        Ok(program) => {
            let parts: Vec<String> = program.statements.iter().map(shown).collect();
            parts.join(" | ")
        }
        Err(error) => format!("'{} at {}", error.name, error.position),
    }
}

#[track_caller]
fn q(text: &str, expected: &str) {
    assert_eq!(read(text, false), expected, "{text}");
}

#[track_caller]
fn k(text: &str, expected: &str) {
    assert_eq!(read(text, true), expected, "{text}");
}

#[test]
fn everything_to_the_right_is_the_right_argument() {
    q("2*3+4", "*[2;+[3;4]]");
    q("count first x", "count[first[x]]");
    q("2 3 f x", "7h[f[x]]");
    q("x in y,z", "in[x;,[y;z]]");
    q("f each g x", "each[f;g[x]]");
    q("not x in y", "not[in[x;y]]");
    q("x[1]-1", "-[x[1];1]");
    q("x -1", "x[-1]");
    q("not in[x;y]", "not[in[x;y]]");
    q("0N!.[f;x;`e]", "![-9223372036854775808;.[f;x;`e]]");
    q("`a `b", "`a[`b]");
}

#[test]
fn derived_functions_stand_between() {
    q("10+/x", "<+/>[10;x]");
    q("+/[x]", "<+/>[x]");
    q("(+/)x", "<+/>[x]");
    q("x f'y", "<f'>[x;y]");
    q("x,/:\\:y", "<<,/:>\\:>[x;y]");
    q("-':[x]", "<-':>[x]");
    q("count''[x]", "<<count'>'>[x]");
    q("'[f;g]", "'[f;g]");
    q("(/;+)", "(/;+)");
}

#[test]
fn operators_in_parentheses_are_values() {
    q("(+)", "+");
    q("(#)x", "#:[x]");
    q("(#:)each x", "each[#:;x]");
    q("@[x;0;+;1]", "@[x;0;+;1]");
    q(".[f;();:;()]", ".[f;();:;()]");
    q("$42", "'$ at 0");
    q("x+", "+[x;]");
    q("til count@", "compose(til @[count;])");
    q("(min@+)", "compose(min +)");
    q("0 (0|+)\\x", "<compose(|[0;] +)\\>[0;x]");
    q("(0;)@value@", "compose((0;) @[value;])");
}

#[test]
fn holes_are_elided() {
    q("f[]", "f[]");
    q("f[;1]", "f[;1]");
    q("f[;]", "f[;]");
    q("(;1)", "(;1)");
    q("()", "()");
    q("m[1;]", "m[1;]");
    q("a;", "a | ");
    q("a;;b", "a |  | b");
    q("", "");
}

#[test]
fn assignments() {
    q("a:1", "a:1");
    q("1+a:5", "+[1;a:5]");
    q("a[1;2]:3", "a[1;2]:3");
    q("a[1][2]:3", "a[1;2]:3");
    q("a,:x", "a,:x");
    q("a[`b]-:1", "a[`b]-:1");
    q("d _:k", "d_:k");
    q("a::b+c", "a::+[b;c]");
    q("a:b:2", "a:b:2");
    q("f:+", "f:+");
    q("a:-1", "a:-1");
    q("f ::", "f");
    q("(a`b),:()", "a[`b],:()");
    q(".a.b:1", ".a.b:1");
    q("from:1", "from:1");
    q("cos:12", "'assign at 0");
    q("in:12", "'assign at 0");
    q("1:2", "'1: at 0");
    q("2+`a :4", "'assign at 5");
    q("a:", "'parse at 2");
}

#[test]
fn patterns() {
    q("(a;b):x", "(list(a;b)):x");
    q("(1b;;c):x", "(list(-1h;_;c)):x");
    q("(a:`s;b:f):x", "(list(a~`s;b~f)):x");
    q("([k;v:d]):x", "(dict(k=k;v=d)):x");
    q("([v:(;:x+;b:1)]):y", "(dict(v=list(_;_~+[x;];b~1))):y");
    q("([]c:e):x", "(table([]c=e)):x");
    q("(1 2!(a;b)):x", "(7h!list(a;b)):x");
    q("(flip([a;b])):x", "(flip dict(a=a;b=b)):x");
    q("(a[1]):4", "(a[]):4");
    q("{[(a;b);c:`j]a}", "{[list(a;b);c~`j]a}");
    q("{[x;]x}", "{[x;_]x}");
    q(":[v;r:`f;1;2]", "match(v: r~`f->1 else 2)");
    q("(x+y):1", "'parse at 2");
}

#[test]
fn control() {
    q("$[a;b;c]", "if-else(a;b;c)");
    q("$[a;b]", "$[a;b]");
    q("if[a;b;c]", "if(a;b;c)");
    q("do[3;a]", "do(3;a)");
    q("while[n-:1;a]", "while(n-:1;a)");
    q("{if[x;:y];'`e}", "{[x;y]if(x;return(y));signal(`e)}");
    q("{:x+1}", "{[x]return(+[x;1])}");
    q("(:x)", "x");
    q("if a", "'parse at 3");
}

#[test]
fn lambdas() {
    q("{x+z}", "{[x;y;z]+[x;z]}");
    q("{1}", "{[x]1}");
    q("{[]1}", "{[]1}");
    q("{[a;b]a;b;}", "{[a;b]a;b;}");
    q("{}", "{[x]}");
    q("{{y}x}", "{[x]{[x;y]y}[x]}");
    q("{x}'[y]", "<{[x]x}'>[y]");
    q(
        "{select from y where a=x,b=z}",
        "{[x;y]Select <> from y where <=[a;x];=[b;z]>}",
    );
    q("{[a;b;c;d;e;f;g;h;i]}", "'params at 1");
    q("{[a;a]}", "'parse at 4");
    q("{a::1;a:1}", "'a at 6");
    q("{b:x=y;b::99;x+b}", "{[x;y]b:=[x;y];b::99;+[x;b]}");
    q("{[a]a::1;a:2}", "{[a]a::1;a:2}");
    let program = parse(b"f:{ x /c\n }", false).expect("a lambda");
    let NodeKind::Assign { value, .. } = &program.statements[0].kind else {
        panic!("an assignment")
    };
    let NodeKind::Lambda(tree) = &value.kind else {
        panic!("a lambda")
    };
    assert_eq!(&*tree.source, "{ x /c\n }");
}

#[test]
fn names_of_a_lambda_are_limited() {
    let chained = |colons: &str, count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("a{at}")).collect();
        read(&format!("{{{}{colons}0}}", names.join(colons)), false)
    };
    assert_eq!(chained(":", 111), "'locals at 0");
    assert_eq!(chained("::", 111), "'globals at 0");
    assert!(chained(":", 110).starts_with('{'));
}

#[test]
fn tables_and_dictionaries() {
    q("([]a:1;b)", "table([]a:1;b:b)");
    q("([k:x]a:1)", "table([k:x]a:1)");
    q("([k:x];a:1)", "table([k:x]a:1)");
    q("([]x;1;2+y)", "table([]x:x;x1:1;x2:+[2;y])");
    q("([a:1;b:2])", "dict(a:1;b:2)");
    q("([0;1])", "dict(x:0;x1:1)");
    q("([a:1;b:])", "dict(a:1;b:)");
    q("([])", "dict()");
    q("([]a::1)", "'parse at 4");
}

#[test]
fn queries() {
    q("select from t", "Select <> from t");
    q(
        "select c1,c1,2*c2,c2+c3,string c3 from t",
        "Select <c1:c1;c11:c1;x:*[2;c2];c2:+[c2;c3];c3:string[c3]> from t",
    );
    q(
        "select last p,v:a wavg b by s,5 xbar t.minute from t where d=1,(x,y)~z",
        "Select <p:last[p];v:wavg[a;b]> by <s:s;minute:xbar[5;t.minute]> from t where <=[d;1];~[,[x;y];z]>",
    );
    q("select a wavg b from t", "Select <b:wavg[a;b]> from t");
    q(
        "select `second$time from t",
        "Select <time:$[`second;time]> from t",
    );
    q(
        "select[5;>p] from t",
        "Select limit 5 Descending p <> from t",
    );
    q("select[<p]a from t", "Select Ascending p <a:a> from t");
    q("select distinct a from t", "Select distinct <a:a> from t");
    q("exec a by b from t", "Exec <a:a> by <b:b> from t");
    q("delete from `t where a", "Delete <> from `t where <a>");
    q(
        "select a from select b from t where c,d",
        "Select <a:a> from Select <b:b> from t where <c;d>",
    );
    q(
        "select from t where a in exec b from u",
        "Select <> from t where <in[a;Exec <b:b> from u]>",
    );
    q("count select from t", "count[Select <> from t]");
    q("select by s from t", "Select <> by <s:s> from t");
    q("f[select from t;1]", "f[Select <> from t;1]");
    q(
        "select a,a by a from t",
        "'dup names for cols/groups a at 0",
    );
    q("select a t", "'from at 10");
    q(
        "update a:1 from t lj u where b",
        "Update <a:1> from lj[t;u] where <b>",
    );
}

#[test]
fn k_has_prefix_glyphs() {
    k("#x", "#:[x]");
    k("x:. x", "x:.:[x]");
    k(
        "$[99h<@x;:`$\"_a\";x]",
        "if-else(<[-5h;@:[x]];return($[`;10h]);x)",
    );
    k("if[` in!x;y]", "if(in[`;!:[x]];y)");
    k("+/x", "<+/>[x]");
    k("select", "select");
    assert_eq!(read("k){#x}", false), "{[x]#:[x]}");
    assert_eq!(read("#x", false), "'# at 0");
}

#[test]
fn brackets_that_do_not_match() {
    q("(1;2", "'( at 0");
    q("f[1;2)", "') at 5");
    q("{x+y", "'{ at 0");
    q("1+)", "') at 2");
    q("\"abc", "'\" at 0");
}

#[test]
fn depth_is_bounded() {
    let nested = |open: &str, close: &str, count| {
        let text = format!("{}1{}", open.repeat(count), close.repeat(count));
        read(&text, false)
    };
    assert!(nested("(", ")", 100).starts_with('1'));
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        ("f[", "]"),
        ("([]a:", ")"),
        ("(1;", ")"),
    ] {
        assert!(nested(open, close, 100_000).starts_with("'limit"), "{open}");
    }
    for text in ["1+", "f ", "'", ":", "a:", "x["] {
        assert!(
            read(&text.repeat(100_000), false).starts_with('\''),
            "{text}"
        );
    }
    let long = format!("1{}", "'".repeat(100_000));
    assert!(read(&long, false).starts_with("'limit"));
    // long texts of short parts are no problem, whatever the parts
    for (open, part, close) in [
        ("([]", "1;", "2)"),
        ("select ", "1,", "1 by 1 from t"),
        ("{", "x;", "}"),
        ("f[", ";", "]"),
        ("(", "1;", ")"),
        ("", "1 ", ""),
        ("", "`a", ""),
        ("\"", "\\n", "\""),
    ] {
        let text = format!("{open}{}{close}", part.repeat(50_000));
        let result = read(&text, false);
        assert!(!result.starts_with("'limit"), "{part}");
    }
    let many: Vec<String> = (0..50_000).map(|at| format!("a{at}")).collect();
    assert_eq!(
        read(&format!("{{{}}}", many.join(";")), false),
        "'globals at 0"
    );
    assert!(parse("a:1;".repeat(100_000).as_bytes(), false).is_ok());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, false);
        let _ = parse(&bytes, true);
        if let Err(problem) = crate::check::check_source("a.q", &bytes) {
            prop_assert!(!problem.to_string().is_empty());
        }
    }

    #[test]
    fn any_tokens_are_read_or_refused(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "1", "x", "`a", "\"s\"", "+", ":", "::", "'", "/", "\\:", "(", ")", "[", "]", "{",
                "}", ";", " ", "select", "from", "by", "where", ",", "$", "if", "in", "each", "0N",
                "-", ".", "_", "([]", "\n", "k)", "!", "#:", "0:", "2024.01.01",
            ]),
            0..60,
        )
    ) {
        let text = words.concat();
        if let Err(error) = parse(text.as_bytes(), false) {
            prop_assert!(error.position <= text.len());
        }
        let _ = parse(text.as_bytes(), true);
    }

    #[test]
    fn bracketed_applications_mean_the_same(x in 0i64..100, y in 0i64..100) {
        prop_assert_eq!(read(&format!("{x}+{y}"), false), read(&format!("+[{x};{y}]"), false));
        prop_assert_eq!(read(&format!("{x} mod {y}"), false), read(&format!("mod[{x};{y}]"), false));
    }
}
