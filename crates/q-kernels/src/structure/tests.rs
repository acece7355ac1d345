//! Examples of the reference (ref/join, take, drop, flip, enkey, lj, aj, wj ...), by page.

use q_value::display::k_text;
use q_value::{Attribute, Binary, QResult, Symbol, Unary, Value};

use super::*;
use crate::{binary, unary};

fn longs(items: &[i64]) -> Value {
    Value::Longs(items.to_vec().into())
}

fn til(count: i64) -> Value {
    longs(&(0..count).collect::<Vec<i64>>())
}

fn syms(text: &str) -> Value {
    Value::symbols(text.split_whitespace())
}

fn sym(text: &str) -> Value {
    Value::symbol(text)
}

fn table(columns: &[(&str, Value)]) -> Value {
    let names = columns.iter().map(|(name, _)| Symbol::new(name)).collect();
    Value::table(
        names,
        columns.iter().map(|(_, column)| column.clone()).collect(),
    )
}

fn keyed_by(count: usize, columns: &[(&str, Value)]) -> Value {
    keyed::enkey(count, table(columns)).expect("columns are left")
}

#[track_caller]
fn shows(result: QResult<Value>, expected: &str) {
    match result {
        Ok(value) => assert_eq!(String::from_utf8_lossy(&k_text(&value, 7)), expected),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

fn op(op: Binary, x: Value, y: Value) -> QResult<Value> {
    binary(op, x, y)
}

#[test]
fn join_keeps_types_and_promotes_nothing() {
    let join = |x, y| op(Binary::Join, x, y);
    shows(join(longs(&[1, 2]), Value::Long(3)), "1 2 3");
    shows(join(Value::Long(1), Value::Long(2)), "1 2");
    shows(join(longs(&[1, 2]), Value::Float(3.0)), "(1;2;3f)");
    shows(join(Value::empty_list(), Value::Long(1)), ",1");
    shows(join(Value::empty_list(), longs(&[1])), ",1");
    shows(join(sym("a"), Value::string("bc")), "(`a;\"b\";\"c\")");
    shows(
        join(Value::list(vec![longs(&[1, 2, 3])]), longs(&[4, 5])),
        "(1 2 3;4;5)",
    );
    shows(join(Value::string("ab"), Value::Char(b'c')), "\"abc\"");
}

#[test]
fn join_of_dictionaries_is_upsert() {
    let x = Value::dict(syms("a b c"), longs(&[1, 2, 3]));
    let y = Value::dict(syms("c d d"), longs(&[4, 5, 6]));
    shows(op(Binary::Join, x, y), "`a`b`c`d!1 2 4 6");
    let x = keyed_by(
        1,
        &[
            ("k", syms("a b")),
            ("v", longs(&[1, 2])),
            ("w", longs(&[3, 4])),
        ],
    );
    let y = keyed_by(
        1,
        &[
            ("k", syms("b c")),
            ("w", longs(&[9, 8])),
            ("v", longs(&[7, 6])),
        ],
    );
    shows(
        op(Binary::Join, x, y),
        "(+(,`k)!,`a`b`c)!+`v`w!(1 7 6;3 9 8)",
    );
}

#[test]
fn join_of_tables_needs_the_same_columns() {
    let t = table(&[("a", longs(&[1, 2])), ("b", syms("x y"))]);
    let s = table(&[("b", syms("z")), ("a", longs(&[3]))]);
    shows(op(Binary::Join, t.clone(), s), "+`a`b!(1 2 3;`x`y`z)");
    let other = table(&[("a", longs(&[3]))]);
    shows(op(Binary::Join, t, other), "'mismatch");
}

#[test]
fn take_first_last_and_over_again() {
    let take = |x, y| op(Binary::Take, x, y);
    shows(take(Value::Long(5), til(9)), "0 1 2 3 4");
    shows(take(Value::Long(-5), til(9)), "4 5 6 7 8");
    shows(take(Value::Long(5), syms("A S D")), "`A`S`D`A`S");
    shows(take(Value::Long(-5), syms("A S D")), "`S`D`A`S`D");
    shows(take(Value::Long(3), Value::Long(9)), "9 9 9");
    shows(take(Value::Long(0), sym("a")), "`symbol$()");
    shows(take(Value::Long(2), longs(&[])), "0N 0N");
    shows(take(Value::Long(0), longs(&[1])), "`long$()");
    shows(take(Value::Long(i64::MAX), Value::Long(2)), "'limit");
    shows(take(Value::Float(1.0), til(3)), "'type");
    let d = Value::dict(syms("a b c"), longs(&[1, 2, 3]));
    shows(take(Value::Long(-2), d.clone()), "`b`c!2 3");
    shows(take(syms("a b"), d.clone()), "`a`b!1 2");
    shows(take(syms("a z"), d), "`a`z!1 0N");
}

#[test]
fn take_reshapes() {
    let take = |x: &[i64], y| op(Binary::Take, longs(x), y);
    shows(take(&[2, 4], syms("A S D")), "(`A`S`D`A;`S`D`A`S)");
    shows(take(&[2, 2, 3], til(5)), "((0 1 2;3 4 0);(1 2 3;4 0 1))");
    shows(take(&[i64::MIN, 3], til(10)), "(0 1 2;3 4 5;6 7 8;,9)");
    shows(take(&[3, i64::MIN], til(10)), "(0 1 2;3 4 5;6 7 8 9)");
    shows(take(&[4, i64::MIN], til(9)), "(0 1;2 3;4 5;6 7 8)");
    shows(take(&[2], til(10)), "0 1");
    shows(take(&[1, 2, 0], Value::string("a")), ",(\"\";\"\")");
    for shape in [
        &[1, 0, 2][..],
        &[2, 3, i64::MIN],
        &[i64::MIN, 2, 1],
        &[-1, 2, 3],
    ] {
        shows(take(shape, til(3)), "'domain");
    }
}

#[test]
fn take_of_tables() {
    let t = table(&[
        ("a", longs(&[1, 2, 3])),
        ("b", syms("x y z")),
        ("c", til(3)),
    ]);
    shows(
        op(Binary::Take, Value::Long(2), t.clone()),
        "+`a`b`c!(1 2;`x`y;0 1)",
    );
    shows(
        op(Binary::Take, syms("c a"), t.clone()),
        "+`c`a!(0 1 2;1 2 3)",
    );
    let kt = keyed::enkey(1, t).expect("columns are left");
    let keys = table(&[("a", longs(&[3, 9]))]);
    shows(op(Binary::Take, keys, kt), "(+(,`a)!,,3)!+`b`c!(,`z;,2)");
}

#[test]
fn drop_cut_and_delete() {
    let drop = |x, y| op(Binary::Drop, x, y);
    shows(drop(Value::Long(5), til(9)), "5 6 7 8");
    shows(drop(Value::Long(-5), til(9)), "0 1 2 3");
    shows(drop(Value::Long(99), til(9)), "`long$()");
    shows(drop(longs(&[2, 4, 9]), til(10)), "(2 3;4 5 6 7 8;,9)");
    shows(
        drop(longs(&[2, 4, 4, 9]), til(10)),
        "(2 3;`long$();4 5 6 7 8;,9)",
    );
    shows(drop(longs(&[4, 2]), til(10)), "'domain");
    shows(drop(til(9), Value::Long(5)), "0 1 2 3 4 6 7 8");
    let d = Value::dict(syms("a b c"), longs(&[1, 2, 3]));
    shows(drop(Value::Long(1), d.clone()), "`b`c!2 3");
    shows(drop(d.clone(), sym("a")), "`b`c!2 3");
    shows(drop(sym("a"), d.clone()), "`b`c!2 3");
    shows(drop(syms("a b"), d.clone()), "(,`c)!,3");
    shows(drop(d, syms("a b")), "'type");
    let by_long = Value::dict(longs(&[1, 100]), syms("x y"));
    shows(drop(by_long.clone(), Value::Long(1)), "(,100)!,`y");
    shows(drop(longs(&[100]), by_long), "(,1)!,`x");
    let t = table(&[("a", longs(&[1])), ("b", longs(&[4])), ("c", syms("d"))]);
    shows(drop(syms("a b"), t.clone()), "+(,`c)!,,`d");
    shows(drop(t.clone(), syms("a b")), "'type");
    shows(drop(sym("a"), t.clone()), "'type");
    shows(drop(t, sym("a")), "'type");
    shows(drop::cut(Value::Long(4), til(10)), "(0 1 2 3;4 5 6 7;8 9)");
}

#[test]
fn attributes_are_checked() {
    let set = |name: &str, x| op(Binary::Take, sym(name), x);
    shows(set("s", longs(&[1, 2, 3])), "`s#1 2 3");
    shows(set("s", longs(&[3, 2, 1])), "'s-fail");
    shows(set("u", longs(&[1, 1])), "'u-fail");
    shows(set("p", longs(&[2, 2, 1])), "`p#2 2 1");
    shows(set("p", longs(&[2, 1, 2])), "'u-fail");
    shows(set("", set("s", longs(&[1, 2])).expect("ascends")), "1 2");
    shows(set("q", longs(&[1])), "'type");
    let step = set("s", Value::dict(longs(&[1, 3]), syms("a b"))).expect("ascends");
    assert_eq!(step.attribute(), Attribute::Sorted);
    let t = table(&[("a", longs(&[1, 1, 2])), ("b", longs(&[1, 2, 0]))]);
    let Ok(Value::Table(sorted)) = set("s", t) else {
        panic!("rows ascend")
    };
    assert_eq!(sorted.columns[0].attribute(), Attribute::Parted);
    shows(
        set("s", table(&[("a", longs(&[1, 1])), ("b", longs(&[2, 1]))])),
        "'s-fail",
    );
}

#[test]
fn flip_reverse_rotate_sublist() {
    let flip = |x| unary(Unary::Flip, x);
    let rows = Value::list(vec![longs(&[1, 2, 3]), longs(&[4, 5, 6])]);
    shows(flip(rows), "(1 4;2 5;3 6)");
    let rows = Value::list(vec![longs(&[1, 2]), Value::Float(4.0)]);
    shows(flip(rows), "((1;4f);(2;4f))");
    shows(
        flip(Value::list(vec![longs(&[1, 2]), longs(&[1])])),
        "'length",
    );
    shows(flip(longs(&[1, 2])), "'rank");
    let d = Value::dict(syms("a b"), Value::list(vec![sym("I"), longs(&[1, 2])]));
    shows(flip(d), "+`a`b!(`I`I;1 2)");
    shows(flip(table(&[("a", longs(&[1]))])), "(,`a)!,,1");
    shows(unary(Unary::Reverse, Value::string("abc")), "\"cba\"");
    shows(
        rearrange::rotate(Value::Long(2), longs(&[2, 3, 5, 7, 11])),
        "5 7 11 2 3",
    );
    shows(
        rearrange::rotate(Value::Long(-2), longs(&[2, 3, 5, 7, 11])),
        "7 11 2 3 5",
    );
    shows(rearrange::sublist(Value::Long(3), longs(&[1, 2])), "1 2");
    shows(rearrange::sublist(Value::Long(-1), longs(&[1, 2])), ",2");
    shows(rearrange::sublist(longs(&[1, 2]), til(5)), "1 2");
    shows(rearrange::sublist(longs(&[4, 5]), til(5)), ",4");
}

#[test]
fn raze_and_cross() {
    shows(
        join::raze(Value::list(vec![longs(&[1, 2]), longs(&[3])])),
        "1 2 3",
    );
    shows(join::raze(Value::Long(42)), ",42");
    let function = Value::Binary(q_value::Binary::Add);
    shows(join::raze(Value::list(vec![function])), ",+");
    shows(
        join::raze(Value::list(vec![Value::Long(1), syms("a b")])),
        "(1;`a;`b)",
    );
    let tables = vec![
        table(&[("a", longs(&[1]))]),
        table(&[("a", longs(&[2, 3]))]),
    ];
    shows(join::raze(Value::list(tables)), "+(,`a)!,1 2 3");
    let cross = |x, y| rearrange::cross(x, y);
    shows(
        cross(longs(&[1, 2]), longs(&[10, 20])),
        "(1 10;1 20;2 10;2 20)",
    );
    let pairs = Value::list(vec![longs(&[1, 2]), longs(&[3, 4])]);
    shows(cross(pairs, longs(&[5])), "(1 2 5;3 4 5)");
    shows(
        cross(
            table(&[("s", syms("A B"))]),
            table(&[("v", longs(&[1, 2]))]),
        ),
        "+`s`v!(`A`A`B`B;1 2 1 2)",
    );
}

#[test]
fn keys_and_columns() {
    let t = table(&[
        ("a", longs(&[3, 4])),
        ("b", longs(&[6, 7])),
        ("c", syms("z u")),
    ]);
    shows(
        keyed::xcol(syms("d e"), t.clone()),
        "+`d`e`c!(3 4;6 7;`z`u)",
    );
    let renamed = Value::dict(syms("a c"), syms("A C"));
    shows(keyed::xcol(renamed, t.clone()), "+`A`b`C!(3 4;6 7;`z`u)");
    let unknown = Value::dict(syms("q"), syms("r"));
    shows(keyed::xcol(unknown, t.clone()), "'length");
    shows(keyed::xcols(sym("b"), t.clone()), "+`b`a`c!(6 7;3 4;`z`u)");
    shows(
        op(Binary::Bang, Value::Long(1), t.clone()),
        "(+(,`a)!,3 4)!+`b`c!(6 7;`z`u)",
    );
    shows(op(Binary::Bang, Value::Long(3), t.clone()), "'length");
    let kt = keyed::xkey(sym("c"), t.clone());
    shows(kt.clone(), "(+(,`c)!,`z`u)!+`a`b!(3 4;6 7)");
    let kt = kt.expect("a key");
    shows(keyed::cols(kt.clone()), "`c`a`b");
    shows(keyed::keys(kt.clone()), ",`c");
    shows(
        op(Binary::Bang, Value::Long(0), kt),
        "+`c`a`b!(`z`u;3 4;6 7)",
    );
    shows(op(Binary::Bang, syms("a b"), longs(&[1])), "'length");
    shows(op(Binary::Bang, sym("a"), Value::Long(1)), "'type");
    let nested = table(&[
        ("code", syms("F")),
        (
            "v",
            Value::list(vec![Value::Floats(vec![5.4, 43.2].into())]),
        ),
        ("m", Value::list(vec![Value::Identity])),
    ]);
    shows(
        meta::meta(nested),
        "(+(,`c)!,`code`v`m)!+`t`f`a!(\"sF \";```;```)",
    );
}

#[test]
fn sorting_by_columns() {
    let t = table(&[("s", syms("b a b a")), ("v", longs(&[1, 2, 0, 1]))]);
    shows(
        sorting::xasc(syms("s v"), t.clone()),
        "+`s`v!(`s#`a`a`b`b;1 2 0 1)",
    );
    shows(
        sorting::xdesc(sym("v"), t.clone()),
        "+`s`v!(`a`b`a`b;2 1 1 0)",
    );
    shows(sorting::xasc(sym("q"), t), "'q");
    let t = table(&[("a", longs(&[0, 0, 1])), ("c", til(3))]);
    let grouped = sorting::xgroup(sym("a"), t.clone());
    shows(grouped.clone(), "(+(,`a)!,0 1)!+(,`c)!,(0 1;,2)");
    shows(
        sorting::ungroup(grouped.expect("grouped")),
        "+`a`c!(0 0 1;0 1 2)",
    );
}

fn left() -> Value {
    table(&[
        ("a", longs(&[1, 2, 3])),
        ("b", syms("I J K")),
        ("c", longs(&[10, 20, 30])),
    ])
}

fn right() -> Value {
    keyed_by(
        2,
        &[
            ("a", longs(&[1, 3])),
            ("b", syms("I K")),
            ("c", longs(&[1, i64::MIN])),
            ("d", longs(&[10, 20])),
        ],
    )
}

#[test]
fn joins_by_key() {
    shows(
        equi::lj(left(), right()),
        "+`a`b`c`d!(1 2 3;`I`J`K;1 20 0N;10 0N 20)",
    );
    shows(
        equi::ljf(left(), right()),
        "+`a`b`c`d!(1 2 3;`I`J`K;1 20 30;10 0N 20)",
    );
    shows(equi::ij(left(), right()), "+`a`b`c`d!(1 3;`I`K;1 0N;10 20)");
    shows(
        equi::pj(left(), right()),
        "+`a`b`c`d!(1 2 3;`I`J`K;11 20 30;10 0 20)",
    );
    shows(equi::lj(left(), left()), "'type");
    shows(
        equi::lj(left(), Value::empty_list()),
        "+`a`b`c!(1 2 3;`I`J`K;10 20 30)",
    );
    let t1 = table(&[("k", longs(&[1, 2, 3, 4])), ("c", longs(&[10, 20, 30, 40]))]);
    let t2 = table(&[
        ("k", longs(&[2, 2, 3, 4, 5])),
        ("c", longs(&[200, 222, 300, 400, 500])),
        ("v", til(5)),
    ]);
    shows(
        equi::ej(sym("k"), t1, t2),
        "+`k`c`v!(2 2 3 4;200 222 300 400;0 1 2 3)",
    );
}

#[test]
fn union_joins() {
    let s = || {
        vec![
            ("a", longs(&[1, 2])),
            ("b", longs(&[2, 3])),
            ("c", longs(&[5, 7])),
        ]
    };
    let t = || {
        vec![
            ("a", longs(&[1, 2, 3])),
            ("b", longs(&[2, 3, 7])),
            ("c", longs(&[10, i64::MIN, 30])),
            ("d", Value::string("ABC")),
        ]
    };
    shows(
        union_join::uj(table(&s()), table(&t())),
        "+`a`b`c`d!(1 2 1 2 3;2 3 2 3 7;5 7 10 0N 30;\"  ABC\")",
    );
    let keyed = |f: fn(Value, Value) -> QResult<Value>| f(keyed_by(2, &s()), keyed_by(2, &t()));
    shows(
        keyed(union_join::uj),
        "(+`a`b!(1 2 3;2 3 7))!+`c`d!(10 0N 30;\"ABC\")",
    );
    shows(
        keyed(union_join::ujf),
        "(+`a`b!(1 2 3;2 3 7))!+`c`d!(10 7 30;\"ABC\")",
    );
    shows(union_join::uj(table(&s()), keyed_by(2, &t())), "'type");
}

#[test]
fn as_of_joins() {
    let seconds = |items: &[i32]| Value::Seconds(items.to_vec().into());
    let t = || {
        table(&[
            ("time", seconds(&[61, 63, 64])),
            ("sym", syms("msft ibm ge")),
            ("qty", longs(&[100, 200, 150])),
        ])
    };
    let q = || {
        table(&[
            ("time", seconds(&[60, 60, 60, 62])),
            ("sym", syms("ibm msft msft ibm")),
            ("px", longs(&[100, 99, 101, 98])),
        ])
    };
    let names = || syms("sym time");
    shows(
        asof::aj(names(), t(), q()),
        "+`time`sym`qty`px!(00:01:01 00:01:03 00:01:04;`msft`ibm`ge;100 200 150;101 98 0N)",
    );
    shows(
        asof::aj0(names(), t(), q()),
        "+`time`sym`qty`px!(00:01:00 00:01:02 00:01:04;`msft`ibm`ge;100 200 150;101 98 0N)",
    );
    let row = Value::dict(names(), Value::list(vec![sym("ibm"), Value::Second(61)]));
    shows(asof::asof(q(), row), "(,`px)!,100");
    let none = table(&[("sym", syms("x")), ("time", seconds(&[61]))]);
    shows(asof::asof(q(), none), "+(,`px)!,,0N");
    let only_time = table(&[("time", seconds(&[61, 59]))]);
    let quotes = table(&[("time", seconds(&[60, 61])), ("px", longs(&[1, 2]))]);
    shows(
        asof::aj(sym("time"), only_time, quotes),
        "+`time`px!(00:01:01 00:00:59;2 0N)",
    );
    // ajf fills nulls from the left
    let t1 = table(&[
        ("time", seconds(&[1, 1])),
        ("sym", syms("a b")),
        ("p", longs(&[0, 1])),
    ]);
    let t2 = table(&[
        ("time", seconds(&[0, 0])),
        ("sym", syms("a b")),
        ("p", longs(&[1, i64::MIN])),
        ("n", syms("r s")),
    ]);
    shows(
        asof::ajf(names(), t1, t2),
        "+`time`sym`p`n!(00:00:01 00:00:01;`a`b;1 1;`r`s)",
    );
}

#[test]
fn window_joins() {
    let seconds = |items: &[i32]| Value::Seconds(items.to_vec().into());
    let t = table(&[
        ("sym", syms("ibm ibm ibm")),
        ("time", seconds(&[1, 4, 8])),
        ("price", longs(&[100, 101, 105])),
    ]);
    let q = table(&[
        ("sym", syms("ibm ibm ibm ibm ibm ibm ibm ibm ibm")),
        ("time", seconds(&[1, 2, 3, 4, 5, 6, 7, 8, 9])),
        ("ask", longs(&[101, 103, 103, 104, 104, 107, 108, 107, 108])),
        ("bid", longs(&[98, 99, 102, 103, 103, 104, 106, 106, 107])),
    ]);
    let windows = Value::list(vec![seconds(&[-1, 2, 6]), seconds(&[2, 5, 9])]);
    let specification = |ask: Value, bid: Value| {
        Value::list(vec![
            q.clone(),
            Value::list(vec![ask, sym("ask")]),
            Value::list(vec![bid, sym("bid")]),
        ])
    };
    let mut apply = |f: &Value, mut arguments: Vec<Value>| match f {
        Value::Unary(op) => unary(*op, arguments.remove(0)),
        _ => Ok(arguments.remove(0)),
    };
    let mut run = |specification, prevailing| {
        window::window_join(
            windows.clone(),
            syms("sym time"),
            t.clone(),
            specification,
            prevailing,
            &mut apply,
        )
    };
    let head = "+`sym`time`price`ask`bid!(`ibm`ibm`ibm;00:00:01 00:00:04 00:00:08;100 101 105;";
    let extremes = specification(Value::Unary(Unary::Max), Value::Unary(Unary::Min));
    shows(
        run(extremes.clone(), true),
        &format!("{head}103 104 108;98 99 104)"),
    );
    shows(
        run(extremes, false),
        &format!("{head}103 104 108;98 99 104)"),
    );
    let lists = specification(Value::Identity, Value::Identity);
    shows(
        run(lists, true),
        &format!(
            "{head}(101 103;103 103 104 104;107 108 107 108);(98 99;99 102 103 103;104 106 106 107))"
        ),
    );
}

#[test]
fn coalesce_does_not_overwrite_with_nulls() {
    let x = keyed_by(
        1,
        &[
            ("k", longs(&[1, 2, 3])),
            ("v", longs(&[10, 20, 30])),
            ("w", syms("a b c")),
        ],
    );
    let more = Value::Symbols(vec![Symbol::new("bb"), Symbol::NULL].into());
    let y = keyed_by(
        1,
        &[
            ("k", longs(&[2, 3])),
            ("v", longs(&[i64::MIN, 3000])),
            ("w", more),
        ],
    );
    shows(
        op(Binary::Fill, x.clone(), y.clone()),
        "(+(,`k)!,1 2 3)!+`v`w!(10 20 3000;`a`bb`c)",
    );
    shows(
        op(Binary::Join, x, y),
        "(+(,`k)!,1 2 3)!+`v`w!(10 0N 3000;`a`bb`)",
    );
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn rows(most: usize) -> impl Strategy<Value = Vec<(u8, i64)>> {
        proptest::collection::vec((0u8..4, 0i64..12), 0..most)
    }

    fn sym_column(rows: &[(u8, i64)]) -> Value {
        let names: Vec<Symbol> = rows
            .iter()
            .map(|(group, _)| Symbol::new(format!("s{group}")))
            .collect();
        Value::Symbols(names.into())
    }

    fn table_of_rows(rows: &[(u8, i64)], payload: &str) -> Value {
        table(&[
            ("sym", sym_column(rows)),
            (
                "time",
                longs(&rows.iter().map(|(_, time)| *time).collect::<Vec<i64>>()),
            ),
            (payload, til(rows.len() as i64)),
        ])
    }

    fn column(value: &Value, name: &str) -> Vec<i64> {
        let plain = keyed::unkey(value.clone()).expect("a table");
        match plain.column(Symbol::new(name)) {
            Some(Value::Longs(v)) => v.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #[test]
        fn as_of_join_is_the_last_row_not_after(left in rows(30), mut right in rows(30)) {
            right.sort_by_key(|(_, time)| *time);
            let joined = asof::aj(
                syms("sym time"),
                table_of_rows(&left, "l"),
                table_of_rows(&right, "r"),
            );
            let expected: Vec<i64> = left
                .iter()
                .map(|(group, time)| {
                    let found = right.iter().rposition(|(other, at)| other == group && at <= time);
                    found.map_or(i64::MIN, |row| row as i64)
                })
                .collect();
            prop_assert_eq!(column(&joined.expect("tables"), "r"), expected);
        }

        #[test]
        fn left_join_finds_the_first_row_of_the_key(left in rows(30), right in rows(30)) {
            let keyed = keyed::enkey(2, table_of_rows(&right, "r")).expect("a column is left");
            let joined = equi::lj(table_of_rows(&left, "l"), keyed).expect("tables");
            let expected: Vec<i64> = left
                .iter()
                .map(|row| right.iter().position(|other| other == row).map_or(i64::MIN, |at| at as i64))
                .collect();
            prop_assert_eq!(column(&joined, "r"), expected);
        }

        #[test]
        fn equi_join_pairs_all_rows(left in rows(20), right in rows(20)) {
            let joined = equi::ej(
                syms("sym time"),
                table_of_rows(&left, "l"),
                table_of_rows(&right, "r"),
            )
            .expect("tables");
            let mut expected = Vec::new();
            for (at, row) in left.iter().enumerate() {
                for (other, candidate) in right.iter().enumerate() {
                    if row == candidate {
                        expected.push((at as i64, other as i64));
                    }
                }
            }
            let pairs: Vec<(i64, i64)> =
                column(&joined, "l").into_iter().zip(column(&joined, "r")).collect();
            prop_assert_eq!(pairs, expected);
        }

        #[test]
        fn upsert_keeps_the_last_value_of_each_key(left in rows(20), right in rows(20)) {
            let dict = |rows: &[(u8, i64)]| {
                let mut seen = Vec::new();
                let (mut keys, mut values) = (Vec::new(), Vec::new());
                for (key, value) in rows {
                    if !seen.contains(key) {
                        seen.push(*key);
                        keys.push(i64::from(*key));
                        values.push(*value);
                    }
                }
                (keys, values)
            };
            let (mut keys, mut values) = dict(&left);
            let x = Value::dict(longs(&keys), longs(&values));
            let (more, new): (Vec<i64>, Vec<i64>) =
                right.iter().map(|(key, value)| (i64::from(*key), *value)).unzip();
            for (key, value) in more.iter().zip(&new) {
                match keys.iter().position(|other| other == key) {
                    Some(at) => values[at] = *value,
                    None => {
                        keys.push(*key);
                        values.push(*value);
                    }
                }
            }
            let joined = op(Binary::Join, x, Value::dict(longs(&more), longs(&new))).expect("joins");
            prop_assert!(joined.is_identical(&Value::dict(longs(&keys), longs(&values))));
        }

        #[test]
        fn take_and_drop_part_a_list(items in proptest::collection::vec(any::<i64>(), 0..20), count in -25i64..25) {
            let list = longs(&items);
            let dropped = op(Binary::Drop, Value::Long(count), list.clone()).expect("a list");
            let taken = rearrange::sublist(Value::Long(count), list.clone()).expect("a list");
            let whole = if count < 0 {
                op(Binary::Join, dropped, taken)
            } else {
                op(Binary::Join, taken, dropped)
            };
            prop_assert!(whole.expect("lists").is_identical(&list));
            let cyclic = op(Binary::Take, Value::Long(count), list).expect("a list");
            prop_assert_eq!(cyclic.count() as u64, count.unsigned_abs());
            if let (Value::Longs(v), false) = (&cyclic, items.is_empty()) {
                let length = items.len() as i64;
                for (at, item) in v.iter().enumerate() {
                    let from = if count < 0 { at as i64 + count } else { at as i64 };
                    prop_assert_eq!(*item, items[from.rem_euclid(length) as usize]);
                }
            }
        }

        #[test]
        fn sorting_orders_rows(rows in rows(40)) {
            let sorted = sorting::xasc(syms("time sym"), table_of_rows(&rows, "row")).expect("a table");
            let mut expected: Vec<(i64, u8, i64)> =
                rows.iter().enumerate().map(|(row, (group, time))| (*time, *group, row as i64)).collect();
            expected.sort();
            let order: Vec<i64> = expected.iter().map(|(_, _, row)| *row).collect();
            prop_assert_eq!(column(&sorted, "row"), order);
        }

        #[test]
        fn flip_twice_is_the_same(rows in 1usize..6, columns in 1usize..6) {
            let matrix = Value::list((0..rows).map(|row| longs(&(0..columns as i64).map(|at| at * 7 + row as i64).collect::<Vec<i64>>())).collect());
            let there = rearrange::flip(matrix.clone()).expect("a matrix");
            prop_assert!(rearrange::flip(there).expect("a matrix").is_identical(&matrix));
        }
    }
}
