"""Runs published q programs, unchanged, with a given q and prints what works.

usage: run.py --q PATH --work DIR [--from DIR] [--only WORD]

Programs are taken from a folder of git mirrors or checkouts (also named by the variable QSPACE_PROGRAMS), or cloned at
pinned commits into DIR. The table has a line for each check: program, check, share. A check must reach the share listed in
expected.txt. A program that can be had neither way is skipped, and said to be.
"""

import argparse
import os
import sys
from pathlib import Path

import k4unit
import kdb
import ml
import sources
import tick
import torq

HERE = Path(__file__).parent
PROGRAMS = {
    "KxSystems/kdb": kdb.checks,
    "KxSystems/kdb-tick": tick.checks,
    "simongarland/k4unit": k4unit.checks,
    "DataIntellectTech/TorQ": torq.checks,
    "KxSystems/ml": ml.checks,
}


def expected():
    """The least number of passes of each check, by (program, check)."""
    least = {}
    for line in (HERE / "expected.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            program, check, passed = line.split("\t")
            least[program, check] = int(passed)
    return least


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--q", required=True, type=Path)
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--from", dest="folder", type=Path, default=os.environ.get("QSPACE_PROGRAMS"))
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    q, work = arguments.q.resolve(), arguments.work.resolve()
    least = expected()
    passed = failed = skipped = 0
    for name, checks in PROGRAMS.items():
        if arguments.only not in name:
            continue
        copy = sources.place(name, work, arguments.folder)
        if copy is None:
            print(f"{name:24} skipped: sources not reachable", flush=True)
            skipped += 1
            continue
        for check in checks(q, copy):
            needed = least.get((name, check.name), check.total)
            good = check.passed >= needed
            passed, failed = passed + good, failed + (not good)
            verdict = "ok" if good else f"FAILED, {needed} expected"
            note = f" ({check.note})" if check.note else ""
            print(
                f"{name:24} {check.name:32} {check.passed:4} of {check.total:4}{note} {verdict}",
                flush=True,
            )
            if not good:
                print("\n".join(f"    {line}" for line in check.details[:40]), flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
