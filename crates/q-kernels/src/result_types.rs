//! Result types of the operators for every pair of argument types, as the reference states them page by page.
//!
//! Rows are the left argument, columns the right one, both in the order `b g x h i j e f c s p m d z n u v t`; a point is
//! `'type`. Sources: the pages add, subtract, multiply, divide, mod, greater, less-than, fill; unary pages by name.

use q_value::Type;

/// One row per left type, one letter per right type.
pub(crate) type PairTable = [&'static str; 18];

pub(crate) static ADD: PairTable = [
    "i.iiijef..pmdznuvt",
    "..................",
    "i.iiijef..pmdznuvt",
    "i.iiijef..pmdznuvt",
    "i.iiijef..pmdznuvt",
    "j.jjjjef..pmdznuvt",
    "e.eeeeef..pmdznuvt",
    "f.fffffff.ffzzffff",
    ".......f..pmdznuvt",
    "..................",
    "p.pppppfp.n...pppp",
    "m.mmmmmfm..i..pppp",
    "d.dddddzd...i.pppp",
    "z.zzzzzzz....fpzzz",
    "n.nnnnnfn.ppppnnnn",
    "u.uuuuufu.pppznuvt",
    "v.vvvvvfv.pppznvvt",
    "t.tttttft.pppznttt",
];

pub(crate) static SUBTRACT: PairTable = [
    "i.iiijefi.pmdznuvt",
    "..................",
    "i.iiijefi.pmdznuvt",
    "i.iiijefi.pmdznuvt",
    "i.iiijefi.pmdznuvt",
    "j.jjjjefj.pmdznuvt",
    "e.eeeeefe.pmdznuvt",
    "f.fffffff.ffzzffff",
    ".......f..pmdznuvt",
    "..................",
    "p.pppppfp.n...pppp",
    "m.mmmmmfm..i..pppp",
    "d.dddddzd...i.pppp",
    "z.zzzzzzz....fpzzz",
    "n.nnnnnfn.ppppnnnn",
    "u.uuuuufu.pppznuvt",
    "v.vvvvvfv.pppznvvt",
    "t.tttttft.pppznttt",
];

/// Also the types of `wsum`, that multiplies before it adds.
pub(crate) static MULTIPLY: PairTable = [
    "i.iiijef..pmdznuvt",
    "..................",
    "i.iiijef..pmdznuvt",
    "i.iiijef..pmdznuvt",
    "i.iiijef..pmdznuvt",
    "j.jjjjef..pmdznuvt",
    "e.eeeeef..pmdznuvt",
    "f.fffffff.ffzzffff",
    ".......f..pmdznuvt",
    "..................",
    "p.pppppfp.........",
    "m.mmmmmfm.........",
    "d.dddddzd.........",
    "z.zzzzzzz.........",
    "n.nnnnnfn.........",
    "u.uuuuufu.........",
    "v.vvvvvfv.........",
    "t.tttttft.........",
];

pub(crate) static MODULO: PairTable = [
    "i.iiijef..pmdznuvt",
    "..................",
    "i.iiijef..pmdznuvt",
    "i.iiijef..pmdznuvt",
    "i.iiijef..pmdznuvt",
    "j.jjjjef..pmdznuvt",
    "f.fffffff.ffzzffff",
    "f.fffffff.ffzzffff",
    ".......f..pmdznuvt",
    "..................",
    "n.nnnnnfn.........",
    "i.iiiiifi.........",
    "i.iiiii.i.........",
    "f.fffffff.........",
    "n.nnnnnfn.........",
    "u.uuuuufu.........",
    "v.vvvvvfv.........",
    "t.tttttft.........",
];

/// Everything but symbols and guids, always to float.
pub(crate) static DIVIDE: PairTable = [
    "f.fffffff.ffffffff",
    "..................",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "..................",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
    "f.fffffff.ffffffff",
];

/// `&` and `|`; comparisons bring both sides to this type too.
pub(crate) static EXTREME: PairTable = [
    "b.xhijefc.pmdznuvt",
    "..................",
    "x.xhijefc.pmdznuvt",
    "h.hhijefc.pmdznuvt",
    "i.iiijefc.pmdznuvt",
    "j.jjjjefc.pmdznuvt",
    "e.eeeeefc.pmdznuvt",
    "f.ffffffc.pmdznuvt",
    "c.ccccccc.pmdznuvt",
    "..................",
    "p.ppppppp.ppppnuvt",
    "m.mmmmmmm.pmd.....",
    "d.ddddddd.pddz....",
    "z.zzzzzzz.p.zznuvt",
    "n.nnnnnnn.n..nnnnn",
    "u.uuuuuuu.u..unuvt",
    "v.vvvvvvv.v..vnvvt",
    "t.ttttttt.t..tnttt",
];

pub(crate) static FILL: PairTable = [
    "b.xhijefc.pmdznuvt",
    ".g................",
    "x.xhijefc.pmdznuvt",
    "h.hhijefc.pmdznuvt",
    "i.iiijefc.pmdznuvt",
    "j.jjjjefc.pmdznuvt",
    "e.eeeeefc.pmdznuvt",
    "f.ffffffc.pmdznuvt",
    "c.ccccccc.pmdznuvt",
    ".........s........",
    "p.ppppppp.ppppnuvt",
    "m.mmmmmmm.pmd.....",
    "d.ddddddd.pddz....",
    "z.zzzzzzz.p.zznuvt",
    "n.nnnnnnn.n..nnnnn",
    "u.uuuuuuu.u..unuvt",
    "v.vvvvvvv.v..vnvvt",
    "t.ttttttt.t..tnttt",
];

/// Which pairs may be compared (`b`); the type compared in is that of [`EXTREME`].
pub(crate) static COMPARE: PairTable = [
    "b.bbbbbbb.bbbbbbbb",
    ".b................",
    "b.bbbbbbb.bbbbbbbb",
    "b.bbbbbbb.bbbbbbbb",
    "b.bbbbbbb.bbbbbbbb",
    "b.bbbbbbb.bbbbbbbb",
    "b.bbbbbbb.bbbbbbbb",
    "b.bbbbbbb.bbbbbbbb",
    "b.bbbbbbb.bbbbbbbb",
    ".........b........",
    "b.bbbbbbb.bbbbbbbb",
    "b.bbbbbbb.bbb.....",
    "b.bbbbbbb.bbbb....",
    "b.bbbbbbb.b.bbbbbb",
    "b.bbbbbbb.b..bbbbb",
    "b.bbbbbbb.b..bbbbb",
    "b.bbbbbbb.b..bbbbb",
    "b.bbbbbbb.b..bbbbb",
];

/// One letter per argument type, in the same order.
pub(crate) type UnaryTable = &'static str;

pub(crate) const ABS: UnaryTable = "i.ihijefi.pmdznuvt";
pub(crate) const NEG: UnaryTable = ABS;
pub(crate) const SIGNUM: UnaryTable = "i.iiiiiii.iiiiiiii";
pub(crate) const CEILING: UnaryTable = "i.ihijjji.........";
/// Chars and symbols become lower case.
pub(crate) const FLOOR: UnaryTable = "...hijjjcs........";
/// `sqrt exp log sin cos tan asin acos atan`.
pub(crate) const REAL_FUNCTION: UnaryTable = "f.fffffff.fffzffff";
pub(crate) const RECIPROCAL: UnaryTable = "f.fffffff.pffzffff";
/// `sum`, `prd`. The reference's table says int for chars, its examples `'type`: the examples are followed.
pub(crate) const SUM: UnaryTable = "i.iiijef..pmdznuvt";
/// `min`, `max` and their running and moving forms.
pub(crate) const EXTREMUM: UnaryTable = "b.xhijefc.pmdznuvt";
/// `avg med var dev svar sdev`.
pub(crate) const MEAN: UnaryTable = "f.fffffff.ffffffff";
/// `msum`: a difference of running sums, so that points in time become durations.
pub(crate) const MOVING_SUM: UnaryTable = "i.iiijef..niifnuvt";

fn place(ty: Type) -> usize {
    let number = ty as usize;
    if number < 3 { number - 1 } else { number - 2 }
}

/// The result type of a pair; `None` is `'type`.
pub(crate) fn of_pair(table: &PairTable, x: Type, y: Type) -> Option<Type> {
    Type::from_letter(table[place(x)].as_bytes()[place(y)])
}

/// The result type for one argument; `None` is `'type`.
pub(crate) fn of_one(table: UnaryTable, x: Type) -> Option<Type> {
    Type::from_letter(table.as_bytes()[place(x)])
}
