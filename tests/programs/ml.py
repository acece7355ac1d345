"""The unit tests of the ml toolkit, with a stand-in where its tests ask Python."""

import fnmatch
from pathlib import Path

from session import Check, run

HERE = Path(__file__).parent
# statements that compare with what kdb+'s own random numbers gave, or were recorded with them
DRAWN = [
    "*.fit[[]endog*", "*.fit[[]resid*", "*.predict?*~pred*", "*windowFeatures*windowTab*", "*laggedFeatures*lagTab*",
    ".ml.trainTestSplit*~`xtrain*", "minMax3.transform*", "*.ml.clust.elbow;1]*", "*kmeans.fit[[]d1tts 0*`update[]]*d1clt[]]*",
    ".ml.fresh.feat.skewness[[]x2]*",
]  # fmt: skip
# statements that ask for models and tables which earlier ones would have made with Python
MADE_BY_PYTHON = [
    "*skAPmodel*", "*qAPmodel*", "*;??xgb*", "*;??pysp*", "*predict[[]xtest[]]*", "*10=count a)", "*skModel*", "*torch*", "*Torch*",
    "*SklearnSGD*", "*mdl3*", "models:.ml.registry.get.update*", "(105h)~type each models", "*;expName;*", "return:?*Predict@*",
    "*@\\\\:return", "*getLatest*mdl*", "*readSklearnJson*", "path~key path", "*.ml.df2tab df*",
]  # fmt: skip


def matches(statement, patterns):
    return any(fnmatch.fnmatchcase(statement, pattern) for pattern in patterns)


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
        wrong = [line[len('  FAILED "') : -1] for line in lines if line.startswith("  FAILED ")]
        drawn = sum(matches(line, DRAWN) for line in wrong)
        made = sum(matches(line, MADE_BY_PYTHON) for line in wrong)
        failed, python = failed - drawn - made, python + made
        whole = [a + b for a, b in zip(whole, (passed, failed, python, drawn))]
        note = f"{python} need Python, {drawn} kdb+'s random numbers"
        yield Check(name, passed, passed + failed, note, lines)
    passed, failed, python, drawn = whole
    note = f"{python} need Python, {drawn} kdb+'s random numbers"
    yield Check("all unit tests", passed, passed + failed, note)
