"""PyKX (unlicensed) and kola against a plain `qspace q`: all types, plain and TLS."""

import datetime
import os

os.environ.setdefault("PYKX_UNLICENSED", "true")

import kola
import pandas
import pykx
import pytest

SCRIPT = """
trade:([]time:2024.01.31D09:30:00 2024.01.31D09:31:00;sym:`a`b;price:1.5 0n;size:10 0N;side:"BS";note:("one";"two"))
keyed:([sym:`a`b]price:1.5 2.5)
"""

ATOMS = {
    "1b": True,
    "0x2a": 42,
    "42h": 42,
    "42i": 42,
    "42": 42,
    "1.5": 1.5,
    '"a"': b"a",
    "`sym": "sym",
    "2024.01.31": datetime.date(2024, 1, 31),
    "2024.01.31D09:30:00": datetime.datetime(2024, 1, 31, 9, 30),
    "0D00:01:00": datetime.timedelta(minutes=1),
    "09:30:00": datetime.timedelta(hours=9, minutes=30),
    "09:30:00.500": datetime.timedelta(hours=9, minutes=30, milliseconds=500),
}
VECTORS = {
    "101b": [True, False, True],
    "1 2 3h": [1, 2, 3],
    "1 2 3": [1, 2, 3],
    "1.5 2.5": [1.5, 2.5],
    '"text"': b"text",
    "`a`b`c": ["a", "b", "c"],
    "(1;`a;\"x\")": [1, "a", b"x"],
    "`a`b!1 2": {"a": 1, "b": 2},
    "([]a:1 2;b:`x`y)": {"a": [1, 2], "b": ["x", "y"]},
}


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def connection(request, q_process):
    port = q_process("-E", "1", script=SCRIPT)
    with pykx.SyncQConnection("127.0.0.1", port, tls=request.param) as q:
        yield q


def test_pykx_reads_atoms_vectors_and_tables(connection):
    for text, expected in {**ATOMS, **VECTORS}.items():
        assert connection(text).py() == expected, text
    assert connection("::").py() is None
    assert str(connection('"G"$"0a1b2c3d-0000-0000-0000-000000000001"').py()) == "0a1b2c3d-0000-0000-0000-000000000001"


def test_pykx_makes_frames_of_tables_and_keyed_tables(connection):
    frame = connection("trade").pd()
    assert list(frame.columns) == ["time", "sym", "price", "size", "side", "note"]
    assert frame["time"][0] == pandas.Timestamp("2024-01-31 09:30:00")
    assert frame["price"].isna().tolist() == [False, True]
    assert frame["size"][0] == 10 and frame["note"].tolist() == [b"one", b"two"]
    assert connection("42").pd() == 42 and connection("`sym").pd() == "sym"
    assert connection("2024.01.31D09:30:00").pd() == pandas.Timestamp("2024-01-31 09:30:00")
    assert connection("1.5 2.5").pd().tolist() == [1.5, 2.5] and connection("`a`b").pd().tolist() == ["a", "b"]
    assert connection("keyed").py() == {("a",): {"price": 1.5}, ("b",): {"price": 2.5}}
    keyed = connection("keyed").pd()
    assert keyed.index.name == "sym" and keyed["price"].tolist() == [1.5, 2.5]
    assert connection("select sum size by sym from trade").py() is not None


def test_pykx_sends_values_and_receives_errors(connection):
    assert connection("{x+y}", 1, 2).py() == 3
    connection["sent"] = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert connection("exec a from sent").py() == [1, 2]
    with pytest.raises(pykx.QError, match="type"):
        connection("1+`a")
    with pytest.raises(pykx.QError, match="nosuchname"):
        connection("nosuchname")
    big = connection("til 1000000").np()
    assert big[-1] == 999999
    connection("async:7", wait=False)
    assert connection("async").py() == 7


def test_pykx_without_context(q_process):
    port = q_process(script=SCRIPT)
    with pykx.SyncQConnection("127.0.0.1", port, no_ctx=True) as q:
        assert q("count trade").py() == 2


def test_a_password_file_decides(q_process, tmp_path):
    users = tmp_path / "users.txt"
    users.write_text("alice:secret\n")
    port = q_process("-U", str(users))
    with pykx.SyncQConnection("127.0.0.1", port, username="alice", password="secret", no_ctx=True) as q:
        assert q(".z.u").py() == "alice"
    with pytest.raises(pykx.PyKXException):
        pykx.SyncQConnection("127.0.0.1", port, username="alice", password="wrong", no_ctx=True)


def test_kola_reads_and_sends(q_process):
    port = q_process(script=SCRIPT)
    q = kola.Q("127.0.0.1", port)
    q.connect()
    assert q.sync("1+1") == 2
    assert q.sync("{x+y}", 1, 2) == 3
    frame = q.sync("trade")
    assert frame.columns == ["time", "sym", "price", "size", "side", "note"] and frame.height == 2
    q.asyn("kola:5")
    assert q.sync("kola") == 5
    with pytest.raises(Exception, match="nosuchname"):
        q.sync("nosuchname")
    q.disconnect()


def test_q_talks_to_q(q_process):
    served = q_process(script=SCRIPT + "\n.z.po:{opened,:x};opened:()\n")
    asking = q_process(
        script=f"""
h:hopen `:127.0.0.1:{served}:user:pass
answers:(h"1+1";h({{x*y}};6;7);h"exec sum size from trade";@[h;"1+`a";{{`$x}}])
(neg h)"late:1"
answers,:h"late"
tls:@[hopen;`:tcps://127.0.0.1:{served};{{`$x}}]
hclose h
"""
    )
    with pykx.SyncQConnection("127.0.0.1", asking, no_ctx=True) as q:
        assert q("answers").py() == [2, 42, 10, "type", 1]
    with pykx.SyncQConnection("127.0.0.1", served, no_ctx=True) as q:
        assert q("0<count opened").py() is True


def test_deferred_answers(q_process):
    port = q_process(
        script="""
waiting:()
.z.pg:{$[x~"later";[waiting,:.z.w;-30!(::)];value x]}
release:{-30!(first waiting;0b;`done);waiting::1_waiting}
.z.ts:{if[count waiting;release[]]}
\\t 50
"""
    )
    with pykx.SyncQConnection("127.0.0.1", port, no_ctx=True, timeout=10) as q:
        assert q("later").py() == "done"
        assert q("1+1").py() == 2
