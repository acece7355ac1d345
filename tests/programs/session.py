"""q processes for the checks: sessions fed through a pipe, servers on free ports, and the results of checks."""

import contextlib
import dataclasses
import os
import socket
import subprocess
import time


@dataclasses.dataclass
class Check:
    """How many of the parts of a check passed, and what was seen of those that did not."""

    name: str
    passed: int
    total: int
    note: str = ""
    details: list = dataclasses.field(default_factory=list)


def run(q, arguments, text="", folder=None, seconds=120, **environment):
    """What a q prints on both streams when it is started so and fed this text."""
    try:
        done = subprocess.run(
            [q, *map(str, arguments)],
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            timeout=seconds,
            env={**os.environ, **environment},
        )
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + "\n'no end within the time"
    return done.stdout.decode(errors="replace")


def answers(q, arguments, steps, folder=None, **environment):
    """A check's passes, parts and details. A step is a statement, or an expression and the k text it must show."""
    questions = [step for step in steps if not isinstance(step, str)]
    text = "".join(
        f"{step}\n" if isinstance(step, str) else f'-1"<",.Q.s1[{step[0]}],">";\n' for step in steps
    )
    shown = run(q, [*arguments, "-q"], text, folder, **environment)
    found = [line[1:-1] for line in shown.splitlines() if line.startswith("<")]
    found += ["nothing"] * (len(questions) - len(found))
    details = [
        f"{expression} gave {got}, not {wanted}"
        for (expression, wanted), got in zip(questions, found)
        if got != wanted
    ]
    passed = len(questions) - len(details)
    return passed, len(questions), details + (shown.splitlines()[-15:] if details else [])


def errors(shown):
    """The error lines of a session's output."""
    return [line for line in shown.splitlines() if line.startswith("'")]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def server(q, arguments, folder, log, port, **environment):
    """A q that listens; it is ended when the block ends."""
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [q, *map(str, arguments), "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **environment},
        )
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port, process, seconds=60):
    """Returns when the port answers or the process is gone."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
