"""The example scripts of KxSystems/kdb: each loads without an error, and some answer what their comments promise."""

from session import Check, answers, errors, run

SCRIPTS = [
    "sp.q", "trade.q", "stat.q", "comb.q", "bell.q", "holiday.q", "tree.q", "sparse.q", "state.q", "greplin.q", "z.q",
    "e/book.q", "e/dmm.q", "e/huff.q", "e/z.q", "tick/sym.q", "tick/taq.q", "tick/fx.q", "tick/lvl2.q", "tick/tba.q",
    "utils/csvutil.q", "utils/dbmaint.q",
]  # fmt: skip

SUPPLIERS = [
    ("exec city from select distinct p,s.city from sp where p=`p2", "`london`paris"),
    ("exec qty from select sum qty by p.color from sp", "900 1000 1200"),
    ("count select from sp where s.city=p.city", "6"),
    ("meta[sp][`s;`f]", "`s"),
]
TRADES = [
    ("trade", "+`time`sym`price`size!(,09:30:00.000;,`a;,10.75;,100i)"),
    ("select sum size by sym from trade", "(+(,`sym)!,`s#,`a)!+(,`size)!,,100i"),
]
STATISTICS = [
    ("nx 0", "0.5"),
    ("1e-3>abs 1.96-xn nx 1.96", "1b"),
    ("count nor 11", "11"),
    ("mode 1 2 2 3", ",2"),
    ("all 1e-12>abs raze cvm[m]-m cov/:\\:m:3 50#150?1f", "1b"),
    ("all 1e-12>abs raze crm[m]-m cor/:\\:m:3 50#150?1f", "1b"),
    ("iqr til 10", "5.166667"),
]


def checks(q, copy):
    details = []
    for script in SCRIPTS:
        wrong = errors(run(q, [script, "-q"], folder=copy))
        details.extend(f"{script}: {line}" for line in wrong[:1])
    yield Check("scripts load", len(SCRIPTS) - len(details), len(SCRIPTS), details=details)
    for script, questions in (("sp.q", SUPPLIERS), ("trade.q", TRADES), ("stat.q", STATISTICS)):
        passed, total, details = answers(q, [script], questions, folder=copy)
        yield Check(f"{script} answers", passed, total, details=details)
