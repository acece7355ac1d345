"""What is measured: expressions of q and of NumPy over the same vectors, in groups that share data."""

from dataclasses import dataclass, field

import numpy as np

# how NumPy reads a vector file of q, by its type number
STORAGE = {
    1: np.bool_, 4: np.uint8, 5: np.int16, 6: np.int32, 7: np.int64, 8: np.float32, 9: np.float64, 10: "S1",
    12: np.int64, 13: np.int32, 14: np.int32, 15: np.float64, 16: np.int64, 17: np.int32, 18: np.int32, 19: np.int32,
}
NULL = np.iinfo(np.int64).min


def whole(saved):
    """The result as it is; an atom as a vector of one."""
    return saved("(),r")


@dataclass
class Row:
    name: str
    count: int
    q: str
    # called with the vectors
    peer: object = None
    # bytes read and written by a streaming row
    bytes: tuple = None
    # the result of q as an array, given a function that fetches an expression over `r`; None leaves out the comparison
    check: object = whole
    # the same of NumPy's result
    expected: object = lambda data, result: np.atleast_1d(result)
    slow_peer: bool = False


@dataclass
class Group:
    make: object
    rows: list
    # lines of q run once the vectors are there
    setup: list = field(default_factory=list)
    # vectors that q makes itself
    q_made: tuple = ()


def generator():
    return np.random.Generator(np.random.PCG64(7))


def previous_subtracted(a):
    answer = np.empty_like(a)
    answer[:1] = a[:1]
    np.subtract(a[1:], a[:-1], out=answer[1:])
    return answer


def filled(a, is_null):
    """The usual idiom for filling forward."""
    at = np.where(is_null, 0, np.arange(len(a)))
    np.maximum.accumulate(at, out=at)
    return a[at]


def first_places(keys, wanted):
    """Where each wanted item stands first among the keys; their count where it does not."""
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys, wanted, sorter=order)
    place = order[np.minimum(at, len(keys) - 1)]
    return np.where(keys[place] == wanted, place, len(keys))


def grouped(a):
    """Rows by key, keys ascending, and where each key's rows begin."""
    order = np.argsort(a, kind="stable")
    placed = a[order]
    starts = np.flatnonzero(np.concatenate(([True], placed[1:] != placed[:-1])))
    return order, placed[starts]


def group_checks():
    """q numbers groups by first appearance: its lists in the order of their keys."""
    return dict(
        check=lambda saved: saved("raze value[r]iasc key r"),
        expected=lambda data, result: result[0],
    )


def distinct_checks():
    return dict(check=lambda saved: saved("`#asc r"), expected=lambda data, result: np.sort(result))


def longs(n):
    def make():
        random = generator()
        a, b = random.integers(1, 1000, n), random.integers(1, 1000, n)
        with_nulls = a.copy()
        with_nulls[random.integers(0, n, n // 10)] = NULL
        return {"a": a, "b": b, "an": with_nulls}

    size = 8 * n
    rows = [
        Row("sum long", n, "sum a", lambda d: d["a"].sum(), (size, 0)),
        Row("max long", n, "max a", lambda d: d["a"].max(), (size, 0)),
        Row("min long", n, "min a", lambda d: d["a"].min(), (size, 0)),
        Row("avg long", n, "avg a", lambda d: d["a"].mean(), (size, 0)),
        Row("long+long", n, "a+b", lambda d: d["a"] + d["b"], (2 * size, size)),
        Row("long+1", n, "a+1", lambda d: d["a"] + 1, (size, size)),
        Row("long*long", n, "a*b", lambda d: d["a"] * d["b"], (2 * size, size)),
        Row("long>long", n, "a>b", lambda d: d["a"] > d["b"], (2 * size, n)),
        Row("long>500", n, "a>500", lambda d: d["a"] > 500, (size, n)),
        Row("long=500", n, "a=500", lambda d: d["a"] == 500, (size, n)),
        Row("where long>500", n, "where a>500", lambda d: np.flatnonzero(d["a"] > 500)),
        Row("sums long", n, "sums a", lambda d: np.cumsum(d["a"]), (size, size)),
        Row("deltas long", n, "deltas a", lambda d: previous_subtracted(d["a"]), (size, size)),
        Row("fills long", n, "fills an", lambda d: filled(d["an"], d["an"] == NULL), (size, size),
            expected=lambda d, r: np.where(np.cumsum(d["an"] != NULL) > 0, r, NULL)),
        Row("5 xbar long", n, "5 xbar a", lambda d: d["a"] // 5 * 5, (size, size)),
        Row("`float$long", n, "`float$a", lambda d: d["a"].astype(np.float64), (size, size)),
        Row("`int$long", n, "`int$a", lambda d: d["a"].astype(np.int32), (size, size // 2)),
    ]
    return Group(make, rows)


def floats(n):
    def make():
        random = generator()
        x, y = random.random(n), random.random(n)
        with_nulls = x.copy()
        with_nulls[random.integers(0, n, n // 10)] = np.nan
        return {"x": x, "y": y, "xn": with_nulls, "z": 1000 * x}

    size = 8 * n
    rows = [
        Row("sum float", n, "sum x", lambda d: d["x"].sum(), (size, 0)),
        Row("max float", n, "max x", lambda d: d["x"].max(), (size, 0)),
        Row("avg float", n, "avg x", lambda d: d["x"].mean(), (size, 0)),
        Row("float+float", n, "x+y", lambda d: d["x"] + d["y"], (2 * size, size)),
        Row("float*float", n, "x*y", lambda d: d["x"] * d["y"], (2 * size, size)),
        Row("float%float", n, "x%y", lambda d: d["x"] / d["y"], (2 * size, size)),
        Row("float>float", n, "x>y", lambda d: d["x"] > d["y"], (2 * size, n)),
        Row("float>0.5", n, "x>0.5", lambda d: d["x"] > 0.5, (size, n)),
        Row("where float>0.5", n, "where x>0.5", lambda d: np.flatnonzero(d["x"] > 0.5)),
        Row("where float>0.99", n, "where x>0.99", lambda d: np.flatnonzero(d["x"] > 0.99)),
        Row("sums float", n, "sums x", lambda d: np.cumsum(d["x"]), (size, size)),
        Row("deltas float", n, "deltas x", lambda d: previous_subtracted(d["x"]), (size, size)),
        Row("fills float", n, "fills xn", lambda d: filled(d["xn"], np.isnan(d["xn"])), (size, size),
            expected=lambda d, r: np.where(np.cumsum(~np.isnan(d["xn"])) > 0, r, np.nan)),
        Row("0.25 xbar float", n, "0.25 xbar x", lambda d: np.floor(d["x"] / 0.25) * 0.25, (size, size)),
        Row("`long$float", n, "`long$z", lambda d: np.rint(d["z"]).astype(np.int64), (size, size)),
    ]
    return Group(make, rows)


DAY_START = 8035 * 86_400_000_000_000
MINUTES_5 = 300_000_000_000


def timestamps(n, medium):
    def make():
        random = generator()
        t = DAY_START + np.sort(random.integers(0, 86_400_000_000_000, n))
        u = DAY_START + random.integers(0, 86_400_000_000_000, n)
        return {"t": t, "u": u, "m": u[:medium].copy()}

    size = 8 * n
    rows = [
        Row("max timestamp", n, "max u", lambda d: d["u"].max(), (size, 0)),
        Row("timestamp-timestamp", n, "t-u", lambda d: d["t"] - d["u"], (2 * size, size)),
        Row("timestamp>=timestamp", n, "t>=u", lambda d: d["t"] >= d["u"], (2 * size, n)),
        Row("deltas timestamp", n, "deltas t", lambda d: previous_subtracted(d["t"]), (size, size)),
        Row("0D00:05 xbar timestamp", n, "0D00:05 xbar u", lambda d: d["u"] // MINUTES_5 * MINUTES_5, (size, size)),
        Row("`date$timestamp", n, "`date$u", lambda d: (d["u"] // 86_400_000_000_000).astype(np.int32), (size, size // 2)),
        Row("`minute$timestamp", n, "`minute$u",
            lambda d: (d["u"] // 60_000_000_000 % 1440).astype(np.int32), (size, size // 2)),
        Row("asc timestamp", medium, "asc m", lambda d: np.sort(d["m"]), check=lambda saved: saved("`#r")),
        Row("iasc timestamp", medium, "iasc m", lambda d: np.argsort(d["m"], kind="stable")),
        Row("distinct minutes", medium, "distinct 0D00:01 xbar m",
            lambda d: np.unique(d["m"] // 60_000_000_000 * 60_000_000_000), **distinct_checks()),
    ]
    setup = ["t:`timestamp$t;u:`timestamp$u;m:`timestamp$m;"]
    return Group(make, rows, setup)


def structures(n):
    def make():
        random = generator()
        lowest, highest = np.iinfo(np.int64).min + 1, np.iinfo(np.int64).max
        return {
            "wide": random.integers(lowest, highest, n),
            "wide_float": (random.random(n) - 0.5) * 1e300,
            "some": random.integers(0, 1_000_000, n),
            "few": random.integers(0, 1000, n),
            "part": random.integers(0, 1_000_000, max(n // 100, 10)),
            "wide_part": None,
        }

    def made():
        data = make()
        data["wide_part"] = data["wide"][:: 100].copy()
        data["unit"] = np.random.Generator(np.random.PCG64(9)).random(n)
        return data

    rows = [
        Row("asc long", n, "asc wide", lambda d: np.sort(d["wide"]), check=lambda saved: saved("`#r")),
        Row("asc float", n, "asc wide_float", lambda d: np.sort(d["wide_float"]), check=lambda saved: saved("`#r")),
        Row("asc float 0 to 1", n, "asc unit", lambda d: np.sort(d["unit"]), check=lambda saved: saved("`#r")),
        Row("asc long 1e6 values", n, "asc some", lambda d: np.sort(d["some"]), check=lambda saved: saved("`#r")),
        Row("iasc long (stable)", n, "iasc wide", lambda d: np.argsort(d["wide"], kind="stable")),
        Row("iasc long (any order)", n, "iasc wide", lambda d: np.argsort(d["wide"]),
            expected=lambda d, r: np.argsort(d["wide"], kind="stable")),
        Row("iasc float (any order)", n, "iasc unit", lambda d: np.argsort(d["unit"]),
            expected=lambda d, r: np.argsort(d["unit"], kind="stable")),
        Row("iasc long 1e6 values", n, "iasc some", lambda d: np.argsort(d["some"]),
            expected=lambda d, r: np.argsort(d["some"], kind="stable")),
        Row("distinct long 1e6 values", n, "distinct some", lambda d: np.unique(d["some"]), **distinct_checks()),
        Row("distinct long wide", n, "distinct wide", lambda d: np.unique(d["wide"]), **distinct_checks()),
        Row("distinct float", n, "distinct unit", lambda d: np.unique(d["unit"]), **distinct_checks()),
        Row("long in long", n, "some in part", lambda d: np.isin(d["some"], d["part"])),
        Row("long in long wide", n, "wide in wide_part", lambda d: np.isin(d["wide"], d["wide_part"])),
        Row("find long", n, "part?some", lambda d: first_places(d["part"], d["some"])),
        Row("find long wide", n, "wide_part?wide", lambda d: first_places(d["wide_part"], d["wide"])),
        Row("group long 1000 values", n, "group few", lambda d: grouped(d["few"]), **group_checks()),
        Row("group long 1e6 values", n, "group some", lambda d: grouped(d["some"]), **group_checks()),
        Row("group float", n, "group unit", lambda d: grouped(d["unit"]), **group_checks()),
    ]
    return Group(made, rows)


def symbols(n):
    count = 1000
    names = np.array([b"name%d" % (at * 7919 % count) for at in range(count)])

    def make():
        random = generator()
        code, code2 = random.integers(0, count, n), random.integers(0, count, n)
        return {
            "code": code, "code2": code2, "s": names[code], "s2": names[code2],
            "picked": names[:100].copy(), "strings": names[code].astype("S7"),
        }

    setup = [
        f"names:`$\"name\",/:string (7919*til {count})mod {count};",
        "s:names code;s2:names code2;picked:100#names;strings:string s;",
    ]
    codes = {name: at for at, name in enumerate(names)}
    rows = [
        Row("symbol=symbol", n, "s=s2", lambda d: d["s"] == d["s2"]),
        Row("symbol=`name7", n, "s=`name7", lambda d: d["s"] == b"name7"),
        Row("where symbol=`name7", n, "where s=`name7", lambda d: np.flatnonzero(d["s"] == b"name7")),
        Row("symbol in symbols", n, "s in picked", lambda d: np.isin(d["s"], d["picked"])),
        Row("find symbol", n, "picked?s", lambda d: first_places(d["picked"], d["s"]), slow_peer=True),
        Row("distinct symbol", n, "distinct s", lambda d: np.unique(d["s"]),
            check=lambda saved: saved("asc names?r"),
            expected=lambda d, r: np.sort([codes[name] for name in r]), slow_peer=True),
        Row("group symbol", n, "group s", lambda d: grouped(d["s"]), slow_peer=True, **group_checks()),
        Row("asc symbol", n, "asc s", lambda d: np.sort(d["s"]), check=lambda saved: saved("names?`#r"),
            expected=lambda d, r: np.array([codes[name] for name in r]), slow_peer=True),
        Row("iasc symbol", n, "iasc s", lambda d: np.argsort(d["s"], kind="stable"), slow_peer=True),
        Row("fills symbol", n, "fills s", lambda d: filled(d["s"], d["s"] == b""), check=None),
        Row("string symbol", n, "string s", lambda d: d["s"].astype("U"), check=None),
        Row("`$strings", n, "`$strings", lambda d: np.unique(d["strings"], return_inverse=True), check=None,
            slow_peer=True),
    ]
    return Group(make, rows, setup, q_made=("s", "s2", "picked", "strings"))


def texts(n):
    def make():
        random = generator()
        return {"a": random.integers(0, 1_000_000_000, n), "x": np.round(random.random(n) * 1000, 3)}

    def joined(data, result):
        return np.frombuffer(b"".join(result.tolist()), "S1")

    all_text = lambda saved: saved("raze r")  # noqa: E731
    rows = [
        Row("string long", n, "string a", lambda d: d["a"].astype("S"), check=all_text, expected=joined),
        Row("string float", n, "string x", lambda d: d["x"].astype("S"), check=None),
        Row('"J"$strings', n, '"J"$sa', lambda d: d["sa"].astype(np.int64), check=whole),
        Row('"F"$strings', n, '"F"$sx', lambda d: d["sx"].astype(np.float64), check=None),
    ]

    def made():
        data = make()
        data["sa"] = data["a"].astype("S")
        data["sx"] = data["x"].astype("S")
        return data

    return Group(made, rows, ["sa:string a;sx:string x;"], q_made=("sa", "sx"))


def groups(scale):
    large, medium = 100_000_000 // scale, 10_000_000 // min(scale, 100)
    if scale == 10:
        medium = 10_000_000
    return [
        longs(large), floats(large), timestamps(large, medium), structures(medium), symbols(medium),
        texts(medium),
    ]
