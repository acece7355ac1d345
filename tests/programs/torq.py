"""TorQ: its common code loads in the order of torq.q, and processes of a small system find each other."""

import re
import time

from session import Check, answers, errors, free_port, run, server

HEADER = "host,port,proctype,procname,U,localtime,g,T,w,load,startwithall,extras,qcmd\n"


def environment(copy, base):
    return {
        "TORQHOME": copy, "TORQDATA": copy, "TORQAPPHOME": copy, "KDBLOG": copy / "logs", "KDBHTML": copy / "html",
        "KDBLIB": copy / "lib", "KDBCONFIG": copy / "config", "KDBCODE": copy / "code", "KDBTESTS": copy / "tests",
        "KDBAPPCONFIG": copy / "appconfig", "KDBAPPCODE": copy / "appcode", "KDBHDB": copy / "hdb",
        "KDBWDB": copy / "wdbhdb", "KDBTPLOG": copy / "tplogs", "KDBBASEPORT": base, "KDBSTACKID": f"-stackid {base}",
        "TORQPROCESSES": copy / "processes.csv",
    }  # fmt: skip


def process(kind, name, *more):
    return ["torq.q", "-proctype", kind, "-procname", name, "-procfile", "processes.csv", "-debug", *more]


def loads(q, copy, variables):
    """The files of code/common that load, in one discovery process."""
    files = sorted(path.name for path in (copy / "code" / "common").glob("*.[qk]"))
    shown = run(q, process("discovery", "discovery1", "-trap"), "exit 0\n", copy, **variables)
    loaded = set(re.findall(r"successfully loaded \S*/code/common/(\S+)", shown))
    details = [f"{name} did not load" for name in files if name not in loaded] + errors(shown)
    details += [line for line in shown.splitlines() if "|ERR|" in line]
    return Check("code/common loads", len(loaded), len(files), details=details)


def checks(q, copy):
    base = free_port()
    variables = {name: str(value) for name, value in environment(copy, base).items()}
    for folder in ("logs", "hdb", "wdbhdb", "tplogs", "appconfig", "appcode"):
        (copy / folder).mkdir(exist_ok=True)
    discovery, gateway = free_port(), free_port()
    (copy / "processes.csv").write_text(
        HEADER
        + f"localhost,{discovery},discovery,discovery1,,1,0,,,${{KDBCODE}}/processes/discovery.q,1,,q\n"
        + f"localhost,{gateway},gateway,gateway1,,1,0,,,${{KDBCODE}}/processes/gateway.q,1,,q\n"
    )
    yield loads(q, copy, variables)
    code = copy / "code" / "processes"
    steps = [
        f'd:hopen`$":localhost:{discovery}:admin:admin";g:hopen`$":localhost:{gateway}:admin:admin";',
        ('d".proc.procname"', "`discovery1"),
        ('g".proc.proctype"', "`gateway"),
        ('d"exec distinct procname from .servers.SERVERS where not null w"', ",`gateway1"),
        ('g"0<exec count i from .timer.timer where active"', "1b"),
    ]
    with (
        server(q, process("discovery", "discovery1", "-load", code / "discovery.q"), copy, copy / "d.log", discovery, **variables),
        server(q, process("gateway", "gateway1", "-load", code / "gateway.q"), copy, copy / "g.log", gateway, **variables),
    ):  # fmt: skip
        time.sleep(3)
        passed, total, details = answers(q, [], steps, folder=copy)
    yield Check("discovery and gateway", passed, total, details=details)
