"""k4unit runs its own sample file: six of its seven tests hold, one is wrong on purpose ((*/2 2)~+/2 3)."""

from session import Check, answers

QUESTIONS = [
    ("KUltf`:sample.csv", "15"),
    ("KUrt[]", "7"),
    ("exec ok from KUTR", "1111011b"),
    ("exec all valid from KUTR", "1b"),
    ("exec code from KUerr", ",`(*/2 2)~+/2 3"),
    ("type each flip[KUTR]`ms`bytes`repeat`msx", "6 7 6 6h"),
]


def checks(q, copy):
    passed, total, details = answers(q, ["k4unit.q"], QUESTIONS, folder=copy)
    yield Check("sample.csv", passed, total, details=details)
