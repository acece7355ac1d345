"""Times q on large vectors beside NumPy and beside the bandwidth of the memory, and checks that results are equal.

Runs as `cargo xtask bench kernels`, which builds q and the bandwidth loops and makes the environment. Every row is
measured in turn: q on one thread, q on all, NumPy, the loops; then again, five times; medians count (`--minimum` for the
least, on a machine that does other work). Rows come from rows.py.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import rows

RUNS = 5


class Q:
    """A q process spoken to over its console."""

    def __init__(self, executable, threads):
        self.threads = threads
        self.process = subprocess.Popen(
            [executable, "-q", "-s", str(threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )

    def run(self, line):
        """What the line prints up to the mark that follows it."""
        self.process.stdin.write(line + "\n-1\"\\001\";\n")
        self.process.stdin.flush()
        printed = []
        while True:
            text = self.process.stdout.readline()
            if not text:
                raise RuntimeError(f"q ended during {line!r}")
            if text == "\001\n":
                return "".join(printed).strip()
            printed.append(text)

    def time(self, expression):
        """Milliseconds the expression took; its result stays in r."""
        answer = self.run(f"r:0;t0:.z.p;r:{expression};t1:.z.p;-1 string`long$t1-t0;")
        try:
            return int(answer) / 1e6
        except ValueError:
            raise RuntimeError(f"{expression}: {answer}") from None

    def processor_time(self):
        """Milliseconds that the living threads of the process have run."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Bandwidth:
    """The loops of the example memory_bandwidth: milliseconds to move bytes."""

    def __init__(self, executable):
        self.process = subprocess.Popen([executable], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def time(self, kind, threads, size):
        """Milliseconds to read, or to copy, so many bytes on so many threads."""
        self.process.stdin.write(f"{kind} {threads} {size}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()) / 1e6

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Streams:
    """Seconds a byte takes on all threads, from the same run as the row."""

    SIZE = 1 << 28

    def __init__(self, bandwidth, threads):
        self.bandwidth, self.threads, self.samples = bandwidth, threads, {"read": [], "copy": []}

    def sample(self):
        for kind, samples in self.samples.items():
            samples.append(self.bandwidth.time(kind, self.threads, self.SIZE) / self.SIZE)

    def floor(self, read, written, statistic):
        """Milliseconds that reading and writing so many bytes takes: what is written goes along as in a copy."""
        of = {kind: statistic(samples) for kind, samples in self.samples.items()}
        copied = min(read, written)
        return copied * of["copy"] + (read - copied) * of["read"] + (written - copied) * of["copy"] / 2


def saved(q, directory, expression="r"):
    """A result of q as a NumPy array, by way of a file."""
    path = directory / "result"
    answer = q.run(f"(hsym`$\"{path}\")set {expression};")
    if answer:
        raise RuntimeError(answer)
    kind = path.open("rb").read(4)[2]
    array = np.fromfile(path, dtype=rows.STORAGE[kind], offset=16)
    path.unlink()
    return array


def load(q, directory, name, array, make="{}"):
    """Gives q a vector: saved as a q file, read, copied into memory of its own."""
    path = directory / "argument"
    kind = {"int64": 7, "float64": 9, "int32": 6, "bool": 1}[str(array.dtype)]
    with path.open("wb") as file:
        file.write(bytes([0xFE, 0x20, kind, 0, 0, 0, 0, 0]) + len(array).to_bytes(8, "little"))
        array.tofile(file)
    answer = q.run(f"mapped:get hsym`$\"{path}\";{name}:" + make.format("(count mapped)#mapped") + ";mapped:0;")
    if answer:
        raise RuntimeError(answer)
    path.unlink()


def is_equal(ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return False
    if ours.dtype.kind == "f":
        # sums differ in the last digits by the order of additions
        return np.allclose(ours, theirs, rtol=1e-9, atol=1e-6, equal_nan=True)
    return bool((ours == theirs).all())


def measure(row, q, data, streams, directory, statistic, clock):
    times = {"one": [], "all": [], "peer": []}
    streams.samples = {"read": [], "copy": []}
    equal = None
    for run in range(RUNS + 1):
        for name, threads in (("one", 1), ("all", q.threads)):
            q.run(f"\\s {threads}")
            before = q.processor_time()
            elapsed = q.time(row.q)
            if name == "one" and clock is not time.perf_counter_ns:
                elapsed = q.processor_time() - before
            times[name].append(elapsed)
        if run == 0 and row.check is not None:
            ours = row.check(lambda expression="r": saved(q, directory, expression))
        q.run("r:0;")
        if row.peer is not None:
            if row.slow_peer and run > 1:
                continue
            start = clock()
            result = row.peer(data)
            times["peer"].append((clock() - start) / 1e6)
            if run == 0 and row.check is not None:
                equal = is_equal(ours, row.expected(data, result))
                ours = None
            result = None
        if row.bytes is not None:
            streams.sample()
    # the first run warms up
    of = {name: statistic(values[1:]) for name, values in times.items() if values}
    floor = None if row.bytes is None else streams.floor(*row.bytes, statistic)
    return of, floor, equal


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--q", required=True)
    parser.add_argument("--bandwidth", required=True)
    parser.add_argument("--scale", type=int, default=1, help="divides all counts")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--minimum", action="store_true", help="the least of the runs, not the median")
    parser.add_argument("--unchecked", action="store_true", help="leave out comparing results")
    parser.add_argument(
        "--processor", action="store_true",
        help="time on the processor for q on one thread and for NumPy: what other programs disturb less",
    )
    arguments = parser.parse_args()
    clock = time.thread_time_ns if arguments.processor else time.perf_counter_ns
    statistic = min if arguments.minimum else statistics.median
    threads = len(os.sched_getaffinity(0))
    print(f"{'min' if arguments.minimum else 'median'} of {RUNS}, milliseconds; {threads} processors, load {os.getloadavg()[0]:.1f}, NumPy {np.__version__}")
    print(f"{'row':<28}{'count':>10}{'q 1':>10}{f'q {threads}':>10}{'NumPy':>10}{'q/NumPy':>9}{'limit':>9}{'q/limit':>9}")
    bandwidth = Bandwidth(arguments.bandwidth)
    streams = Streams(bandwidth, threads)
    behind, above, wrong = [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-kernels-") as directory:
        directory = Path(directory)
        for group in rows.groups(arguments.scale):
            chosen = [row for row in group.rows if arguments.only in row.name]
            if not chosen:
                continue
            q = Q(arguments.q, threads)
            data = group.make()
            for name, array in data.items():
                if name in group.q_made:
                    continue
                load(q, directory, name, array)
            for line in group.setup:
                answer = q.run(line)
                if answer:
                    raise RuntimeError(f"{line}: {answer}")
            for row in chosen:
                if arguments.unchecked:
                    row.check = None
                of, floor, equal = measure(row, q, data, streams, directory, statistic, clock)
                peer, best = of.get("peer"), min(of["all"], of["one"])
                line = f"{row.name:<28}{row.count:>10}{of['one']:>10.2f}{of['all']:>10.2f}"
                line += f"{peer:>10.2f}{of['all'] / peer:>9.2f}" if peer else f"{'':>19}"
                line += f"{floor:>9.2f}{of['all'] / floor:>9.2f}" if floor else ""
                if equal is False:
                    line += "  DIFFERS"
                    wrong.append(row.name)
                print(line, flush=True)
                if peer and of["all"] > peer:
                    behind.append(row.name)
                if floor and of["all"] > 1.3 * floor:
                    above.append(row.name)
            q.end()
            data = None
    bandwidth.end()
    print(f"load {os.getloadavg()[0]:.1f} at the end")
    print("slower than NumPy: " + (", ".join(behind) or "none"))
    print("above 1.3 of the limit: " + (", ".join(above) or "none"))
    if wrong:
        sys.exit("results differ: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
