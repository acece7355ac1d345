"""qPython 2 against `qspace q`."""

import os
import queue
import subprocess
import threading

import numpy
import pytest
from qpython import qconnection
from qpython.qcollection import QTable
from qpython.qtype import QException

QSPACE = os.environ.get("QSPACE", "qspace")
SCRIPT = """
trade:([]sym:`a`b;price:1.5 2.5;size:10 20)
keyed:([sym:`a`b]price:1.5 2.5)
-1"port ",string system"p";
"""


@pytest.fixture
def q(tmp_path):
    path = tmp_path / "script.q"
    path.write_text(SCRIPT)
    process = subprocess.Popen(
        [QSPACE, "q", str(path), "-p", "0W"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True).start()
    port = int(lines.get(timeout=60).split()[1])
    connection = qconnection.QConnection(host="127.0.0.1", port=port)
    connection.open()
    yield connection
    connection.close()
    process.terminate()
    process.wait(timeout=10)


def test_values_come_back(q):
    assert q.sendSync("1+1") == 2
    assert q.sendSync("{x+y}", numpy.int64(1), numpy.int64(2)) == 3
    assert list(q.sendSync("1.5 2.5")) == [1.5, 2.5]
    assert list(q.sendSync("`a`b")) == [b"a", b"b"]
    table = q.sendSync("trade")
    assert isinstance(table, QTable) and list(table["size"]) == [10, 20]
    assert list(q.sendSync("keyed").values["price"]) == [1.5, 2.5]
    assert q.sendSync("count til 10000") == 10000


def test_async_and_errors(q):
    q.sendAsync("later:5")
    assert q.sendSync("later") == 5
    with pytest.raises(QException, match="type"):
        q.sendSync("1+`a")
