"""The unit tests of the ml toolkit, with a stand-in where its tests ask Python."""

import fnmatch
from pathlib import Path

from session import Check, run

HERE = Path(__file__).parent
# statements that compare with what kdb+'s own random numbers gave, or were recorded with them
DRAWN = [
    "*.fit[[]endog*", "*.fit[[]resid*", "*.predict?*~pred*", "*windowFeatures*windowTab*", "*laggedFeatures*lagTab*",
    ".ml.trainTestSplit*~`xtrain*", "minMax3.transform*",
]  # fmt: skip


def checks(q, copy):
    folder = copy / "ml"
    # the toolkit names its files from a folder `ml`, as it is installed
    (folder / "ml").symlink_to(".")
    whole = [0, 0, 0, 0]
    for test in sorted(folder.glob("*/tests/*.t")) + sorted(folder.glob("tests/*.t")):
        name = str(test.relative_to(folder))
        if name.startswith("ml/"):
            continue
        shown = run(q, [HERE / "ml.q", name, "-q"], folder=folder, seconds=300, QHOME=str(HERE / "home"))
        lines = shown.splitlines()
        counts = [line for line in lines if line.startswith("counts ")]
        passed, failed, python = map(int, counts[-1].split()[1:]) if counts else (0, 1, 0)
        wrong = [line.removeprefix('  FAILED "') for line in lines if line.startswith("  FAILED ")]
        drawn = sum(any(fnmatch.fnmatchcase(line, one) for one in DRAWN) for line in wrong)
        failed -= drawn
        whole = [a + b for a, b in zip(whole, (passed, failed, python, drawn))]
        note = f"{python} need Python, {drawn} kdb+'s random numbers"
        yield Check(name, passed, passed + failed, note, lines)
    passed, failed, python, drawn = whole
    note = f"{python} need Python, {drawn} kdb+'s random numbers"
    yield Check("all unit tests", passed, passed + failed, note)
