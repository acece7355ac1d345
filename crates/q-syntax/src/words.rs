//! The words of the language: which are reserved, which stand between their arguments.

/// Keywords of two arguments that may stand between them (`x in y`).
pub const INFIX: &[&str] = &[
    "and", "asof", "bin", "binr", "cor", "cov", "cross", "cut", "div", "dsave", "each", "ema",
    "except", "fby", "ij", "ijf", "in", "insert", "inter", "like", "lj", "ljf", "lsq", "mavg",
    "mcount", "mdev", "mmax", "mmin", "mmu", "mod", "msum", "or", "over", "peach", "pj", "prior",
    "rotate", "scan", "scov", "set", "setenv", "ss", "sublist", "sv", "uj", "ujf", "union",
    "upsert", "vs", "wavg", "within", "wsum", "xasc", "xbar", "xcol", "xcols", "xdesc", "xexp",
    "xgroup", "xkey", "xlog", "xprev", "xrank",
];

/// Keywords that stand between their arguments in k too, being primitives.
pub const INFIX_IN_K: &[&str] = &[
    "bin", "binr", "cor", "cov", "div", "in", "insert", "like", "setenv", "ss", "wavg", "within",
    "wsum", "xexp",
];

/// All other keywords that are functions or values.
pub const PREFIX: &[&str] = &[
    "abs",
    "acos",
    "aj",
    "aj0",
    "ajf",
    "ajf0",
    "all",
    "any",
    "asc",
    "asin",
    "atan",
    "attr",
    "avg",
    "avgs",
    "ceiling",
    "cols",
    "cos",
    "count",
    "csv",
    "deltas",
    "desc",
    "dev",
    "differ",
    "distinct",
    "ej",
    "enlist",
    "eval",
    "exit",
    "exp",
    "fills",
    "first",
    "fkeys",
    "flip",
    "floor",
    "get",
    "getenv",
    "group",
    "gtime",
    "hclose",
    "hcount",
    "hdel",
    "hopen",
    "hsym",
    "iasc",
    "idesc",
    "inv",
    "key",
    "keys",
    "last",
    "load",
    "log",
    "lower",
    "ltime",
    "ltrim",
    "max",
    "maxs",
    "md5",
    "med",
    "meta",
    "min",
    "mins",
    "neg",
    "next",
    "not",
    "null",
    "parse",
    "prd",
    "prds",
    "prev",
    "rand",
    "rank",
    "ratios",
    "raze",
    "read0",
    "read1",
    "reciprocal",
    "reval",
    "reverse",
    "rload",
    "rsave",
    "rtrim",
    "save",
    "sdev",
    "show",
    "signum",
    "sin",
    "sqrt",
    "ssr",
    "string",
    "sum",
    "sums",
    "svar",
    "system",
    "tables",
    "tan",
    "til",
    "trim",
    "type",
    "ungroup",
    "upper",
    "value",
    "var",
    "view",
    "views",
    "where",
    "wj",
    "wj1",
];

/// Words of control and of the query templates; `by` and `from` are names outside those.
pub const SPECIAL: &[&str] = &["delete", "do", "exec", "if", "select", "update", "while"];

fn contains(table: &[&str], word: &[u8]) -> bool {
    table
        .binary_search_by(|entry| entry.as_bytes().cmp(word))
        .is_ok()
}

/// True for a word that stands between its arguments.
pub fn is_infix(word: &[u8], in_k: bool) -> bool {
    contains(if in_k { INFIX_IN_K } else { INFIX }, word)
}

/// True for a word that cannot be assigned: `'assign`. `view` can be, as KX's own `sp.q` does.
pub fn is_reserved(word: &[u8], in_k: bool) -> bool {
    if in_k {
        contains(INFIX_IN_K, word) || matches!(word, b"do" | b"if" | b"while")
    } else {
        contains(INFIX, word)
            || contains(PREFIX, word) && word != b"view"
            || contains(SPECIAL, word)
    }
}

/// True for a keyword that has a value (everything reserved but the words of control and queries).
pub fn is_keyword(word: &[u8]) -> bool {
    contains(INFIX, word) || contains(PREFIX, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_disjoint() {
        for table in [INFIX, INFIX_IN_K, PREFIX, SPECIAL] {
            assert!(table.is_sorted_by(|a, b| a < b), "{table:?}");
        }
        assert!(PREFIX.iter().all(|word| !INFIX.contains(word)));
        assert!(INFIX_IN_K.iter().all(|word| INFIX.contains(word)));
        assert!(is_infix(b"xasc", false) && !is_infix(b"xasc", true));
        assert!(is_reserved(b"select", false) && !is_reserved(b"selected", false));
    }
}
