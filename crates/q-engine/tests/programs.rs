//! What published q programs rely on, each found by running one unchanged: sessions in a world in memory.

use session::session;

mod session;

// TorQ writes plain longs to int columns (timer, segmented tickerplant, servers); so do k4unit's results
#[test]
fn longs_fit_columns_of_ints_and_shorts() {
    session(&[
        ("t:([]a:`int$();b:`short$())", ""),
        ("`t insert (1;2)", ",0"),
        ("t,:([]a:3 4;b:5 6)", ""),
        ("`t upsert (7;8)", "`t"),
        ("update a:a+1 from `t where b=2", "`t"),
        ("value flip t", "2 3 4 7\n2 5 6 8"),
        ("type each value flip t", "6 5h"),
        ("`t insert (1f;2)", "'type"),
        ("k:([id:`int$()]v:())", ""),
        ("`k upsert (1;`a)", "`k"),
        ("`k upsert (1;`b)", "`k"),
        ("k[2;`v]:`c", ""),
        ("k[2;`v]:`d", ""),
        ("value exec id,v from k", "1 2\nb d"),
        ("d:(`int$())!()", ""),
        ("d[5]:`a", ""),
        ("d", "5| a"),
        ("v:1 2i", ""),
        ("v[0]:3", ""),
        ("v,:4", ""),
        ("v", "3 2 4i"),
        ("w:1 2", ""),
        ("w,:3i", "'type"),
    ]);
}

// k4unit: exec of a function applied to columns
#[test]
fn each_of_a_name_is_no_signal_in_a_parse_tree() {
    session(&[
        ("f:{x+y}", ""),
        ("t:([]a:1 2;b:3 4)", ""),
        ("exec f'[a;b] from t", "4 6"),
        ("exec f'[a;b] from t where a>5", "()"),
        ("eval parse\"f'[1 2;3 4]\"", "4 6"),
        ("eval parse\"'`oops\"", "'oops"),
        ("eval parse\"'3\"", "'stype"),
    ]);
}

// TorQ: the daily adjustment of its time zones is exec'ed from the row that asof gives; ml: nodes of trees and graphs
#[test]
fn entries_of_a_dictionary_are_queried_as_they_are() {
    session(&[
        ("d:`a`b`c!(1;2 3;`x)", ""),
        ("exec a from d", "1"),
        ("exec b,a from d", "b| 2 3\na| 1"),
        ("select n:1+a,b from d", "n| 2\nb| 2 3"),
        ("update a:b,e:neg a from d", "a| 2 3\nb| 2 3\nc| `x\ne| -1"),
    ]);
}

// TorQ's permissions: `@[1b;`.access.enabled;0b]`
#[test]
fn an_atom_is_applied_and_not_amended() {
    session(&[
        ("@[1b;`.access.enabled;0b]", "0b"),
        ("@[2.5;0;`no]", "`no"),
        ("@[1 2 3;0;neg]", "-1 2 3"),
    ]);
}

// TorQ's permissions: `err.:(::)`
#[test]
fn an_assigned_empty_member_makes_a_namespace() {
    session(&[
        ("\\d .pm", ""),
        ("err.:(::)", ""),
        ("err[`f]:{x}", ""),
        ("err", " | ::\nf| {x}"),
        ("key err", "``f"),
    ]);
}

// the unit tests of ml count assignments as passed when `value` of them gives `::`
#[test]
fn the_value_of_an_assignment_text_is_the_identity() {
    session(&[
        ("(::)~value\"a:5\"", "1b"),
        ("(::)~value\"b:2;a+:b\"", "1b"),
        ("a", "7"),
        ("value\"1+a:5\"", "6"),
    ]);
}

// ml: `hp.i.logUniform:xexp[10]hp.i.uniform::`
#[test]
fn a_last_identity_composes() {
    session(&[
        ("f:neg sum::", ""),
        ("f 1 2 3", "-6"),
        ("g:xexp[2]{x+y}::", ""),
        ("g[1;2]", "8f"),
        ("(value::)`a`b!1 2", "1 2"),
        ("x:(::)", ""),
        ("x~::", "1b"),
    ]);
}

// ml: rows of graphs and columns of one-hot encodings
#[test]
fn dictionaries_join_by_name() {
    session(&[
        ("k:([a:1 2]b:3 4;c:5 6)", ""),
        ("last 0!k,`c`b`a!7 8 9", "a| 9\nb| 8\nc| 7"),
        ("raze ([]a:1 2;b:3 4)", "a| 2\nb| 4"),
        ("(`a`b!1 2),raze enlist`c`d!3 4", "a| 1\nb| 2\nc| 3\nd| 4"),
        ("(`a`b!1 2),()", "a| 1\nb| 2"),
    ]);
}

// ml's tests are files `name.t`, embedPy's `name.p`
#[test]
fn a_letter_names_the_function_that_takes_its_lines() {
    session(&[
        (".t.e:{(`t;x)}", ""),
        ("t)1+1", "`t\n\"1+1\""),
        ("value\"t)xy\"", "`t\n\"xy\""),
        ("u)x", "'.u.e"),
    ]);
}

// KX's book.q and firewall example: deltas add up from nothing; the white paper on order books joins to an empty table
#[test]
fn a_missing_key_counts_as_the_identity_of_the_operator() {
    session(&[
        ("d:`a`b!1 2", ""),
        ("d[`c]+:10", ""),
        ("d[`e]-:4", ""),
        ("d", "a| 1\nb| 2\nc| 10\ne| -4"),
        ("@[d;`g;*;5]`g", "5"),
        ("b:([]s:();p:())!()", ""),
        ("b[`s`p!(`x;1)]+:2.5", ""),
        ("b[`s`p!(`x;1)]+:2.5", ""),
        ("b", "s p|\n---| -\nx 1| 5"),
        ("n:()!()", ""),
        ("n[`a],:1", ""),
        ("n[`a],:2", ""),
        ("n", "a| 1 2"),
    ]);
}

// ml: representative points of clusters take the columns that a table of the merged ones has
#[test]
fn rows_of_a_table_are_joined_with_rows() {
    session(&[
        ("t:([]v:1 2 3;w:(1 2;3 4;5 6))", ""),
        ("@[t;0 2;,;([]v:7 8)]", "v w\n-----\n7 1 2\n2 3 4\n8 5 6"),
        ("@[t;1;,;enlist[`v]!enlist 9]1", "v| 9\nw| 3 4"),
        ("@[t;0 2;{x[`v]*:y;x};10 20]`v", "10 2 60"),
        ("@[([]v:1 2 3);0 2;+;10]`v", "11 2 13"),
    ]);
}

// ml: inputs of the nodes of a pipeline start alike and get names of their own
#[test]
fn rows_of_one_shape_get_entries_of_their_own() {
    session(&[
        ("p:([n:`a`b]w:2#enlist(1#`)!1#(::))", ""),
        ("type exec w from p", "98h"),
        ("p[`b;`w;`x]:1 2", ""),
        ("p[`b;`w;`x]", "1 2"),
        ("key each exec w from p", ",`\n``x"),
        ("p,:`w`n!((1#`y)!1#7;`a)", ""),
        ("key each exec w from p", ",`y\n``x"),
        ("k:([n:`a`b]c:00b;e:1 2)", ""),
        ("k,:`c`n!(1b;`b)", ""),
        ("k,:`c`n!(1b;`d)", ""),
        ("k", "n| c e\n-| ---\na| 0 1\nb| 1 2\nd| 1"),
    ]);
}

// TorQ: kinds of sockets by kind of process, whose default stands under the empty name
#[test]
fn a_dictionary_with_an_empty_name_is_a_namespace_only_with_the_identity() {
    session(&[
        (".s.d:enlist[`]!enlist`", ""),
        (".s.d`a`b", "``"),
        (
            "update k:`tcp^.s.d[t] from ([]t:`a`b)",
            "t k\n-----\na tcp\nb tcp",
        ),
        (".s.n:(enlist`)!enlist(::)", ""),
        (".s.n.x:1", ""),
        ("key .s.n", "``x"),
    ]);
}

// ml's registry: `f . enlist config`, where the list of one dictionary is a table
#[test]
fn a_table_of_arguments_is_its_rows() {
    session(&[
        ("{x`a}. enlist`a`b!1 2", "1"),
        (".[{x[`a]+y`a};([]a:1 2);0N]", "3"),
        ("{x`a}.([]a:1 2)", "'rank"),
    ]);
}

// ml: `n#` of a projection is a list of functions, which `raze` keeps
#[test]
fn raze_keeps_a_list_of_one_function() {
    session(&[
        ("count each(raze 1#{x+y};raze enlist(+))", "1 1"),
        ("type raze enlist{x}", "0h"),
        ("{x 1}each raze 1#{x+y}[1]", ",2"),
    ]);
}

// KX's bell.q and comb.q
#[test]
fn files_and_repetitions_by_name() {
    session(&[
        ("`f 0:(\"ab\";();enlist\"c\")", "`f"),
        ("read0`f", "\"ab\"\n\"\"\n,\"c\""),
        ("n:3", ""),
        ("0<=system\"t:n 1+1\"", "1b"),
        ("system\"t:m 1+1\"", "'type"),
    ]);
}

// embedPy: `pykw` stands between its arguments
#[test]
fn a_function_assigned_in_the_language_s_namespace_is_a_word() {
    session(&[
        (".q.beside:{x,10*y}", ""),
        ("1 beside 2+3", "1 50"),
        ("(1 2)beside'3 4", "1 30\n2 40"),
        ("\\d .other", ""),
        ("f:{x beside 1}", ""),
        ("f 5", "5 10"),
        ("\\d .", ""),
        (".q.twice:{2*x}", ""),
        ("1+twice sum 1 2", "7"),
        ("count twice 1 2 3", "3"),
        ("exec a beside 0 from ([]a:1 2)", "1 2 0"),
        ("exec twice a from ([]a:1 2)", "2 4"),
        ("eval parse\"1 beside 2\"", "1 20"),
        ("beside:1", "'assign"),
        ("twice:1", "'assign"),
        ("in:1", "'assign"),
        ("{twice:x;twice+1}1", "2"),
    ]);
}
