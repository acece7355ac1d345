"""kdb-tick in three processes: feed, filtered subscriber, restart of the RDB from the log, end of day into the HDB."""

import time

from session import Check, answers, free_port, server

SCHEMA = """trade:([]time:`timespan$();sym:`symbol$();price:`float$();size:`int$())
quote:([]time:`timespan$();sym:`symbol$();bid:`float$();ask:`float$())
"""

# messages reach the RDB on another connection than the questions, so these wait for what they ask about
ARRIVED = 'n:0;while[(not r"{0}")&200>n+:1;system"sleep 0.05"];'

FEED = [
    "h:hopen`::{tick};r:hopen`::{rdb};upd:{{[t;x]got::got,x`sym}};got:0#`;",
    ('first h(".u.sub";`trade;`a)', "`trade"),
    'h(".u.upd";`trade;(`a`b`a;1 2 3f;10 20 30i));h(".u.upd";`quote;(`b;1.5;2.5));',
    ('h".u.i"', "2"),
    ARRIVED.format("count quote"),
    ("got", "`a`a"),
    ('r"exec sum size by sym from trade"', "(`s#`a`b)!40 20i"),
    ('r"count quote"', "1"),
    ('r"attr trade`sym"', "`g"),
    ('h"-11!(-2;.u.L)"', "2"),
]
REPLAYED = [
    "h:hopen`::{tick};r:hopen`::{rdb};",
    ('r"exec sum size by sym from trade"', "(`s#`a`b)!40 20i"),
    'h".u.endofday[]";',
    ARRIVED.format("0=count trade"),
    ('r"count trade"', "0"),
    ('r"attr trade`sym"', "`g"),
    ('(hopen`::{hdb})"exec sum size by sym from trade"', "`a`b!40 20i"),
    ('(hopen`::{hdb})"(count date;attr exec sym from trade;cols quote)"', "(1;`p;`date`sym`time`bid`ask)"),
    'h".u.upd[`trade;(`c;1f;1i)]";',
    ARRIVED.format("count trade"),
    ('r"exec sym from trade"', "`g#,`c"),
]  # fmt: skip


def filled(step, ports):
    if isinstance(step, str):
        return step.format(**ports)
    return step[0].format(**ports), step[1]


def checks(q, copy):
    (copy / "tick" / "day.q").write_text(SCHEMA)
    (copy / "logs" / "day").mkdir(parents=True)
    ports = {name: free_port() for name in ("tick", "rdb", "hdb")}
    ask = [[filled(step, ports) for step in part] for part in (FEED, REPLAYED)]
    log, to = copy / "process", [f":{ports['tick']}", f":{ports['hdb']}"]
    passed = []
    with (
        server(q, ["tick.q", "day", copy / "logs"], copy, f"{log}-tick.log", ports["tick"]),
        server(q, [copy / "logs" / "day"], copy, f"{log}-hdb.log", ports["hdb"]),
    ):
        for name, questions in zip(("feed and subscribers", "replay and end of day"), ask):
            with server(q, ["tick/r.q", *to], copy, f"{log}-rdb.log", ports["rdb"]):
                time.sleep(0.2)
                count, total, details = answers(q, [], questions, folder=copy)
            passed.append(Check(name, count, total, details=details))
    yield from passed
