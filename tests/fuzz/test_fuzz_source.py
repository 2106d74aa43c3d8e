"""An entry's Python, which ``check`` reads and never runs, and the names that it may import."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path
from random import Random

from fuzzing import Fuzz, Target, WronglyJudgedError
from mutations import ODD_TEXTS, spoilt_bytes

from harness.submissions.faults import Fault, unprintable
from harness.submissions.futile import check_futile
from harness.submissions.remembering import check_remembering
from harness.submissions.source import check_loader, parse_source

ROOT = Path(__file__).parents[2]
SOURCES = tuple(
    path.read_bytes()
    for path in (
        ROOT / "harness" / "submissions" / "source.py",
        ROOT / "submissions" / "climate-tfidf" / "model.py",
        ROOT / "tests" / "submissions" / "fine" / "entry" / "model.py",
    )
)
TOKENS = (
    b"def load(directory):\n    pass\n", b"def load(a, b):\n    pass\n", b"load = lambda: 0\n",
    b"async def load(directory):\n    pass\n", b"from x import *\n", b"load, *load = 1, 2\n",
    b"@load\n", b"class load: pass\n", b"def load(*, a):\n    pass\n", b"def load(*a, **k): pass\n",
    b"return\n", b"yield\n", b"await x\n", b"global load\n", b"nonlocal x\n", b"\n\t \t", b"\f",
    b"# -*- coding: rot13 -*-\n", b"# -*- coding: utf-16 -*-\n", b"# coding: idna\n", b"\\\n",
    b"# coding: unicode_escape\n", b"# coding: undefined\n", b"# coding: utf-7\n", b"# coding: x\n",
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\x0c", b"\x1a", b"\xed\xa0\x80", b"\xc2\xa0",
    b"(" * 500, b"[" * 100_000, b"-" * 100_000 + b"1\n", b"not " * 5_000, b"f'{" * 200,
    b"x." * 9_000,
    b"lambda:" * 3_000, b"if 1:\n" * 30, b"9" * 5_000, b"0x" + b"f" * 5_000, b"1_",
    b"0777", b"1e999j",
    b"'\\N{LATIN SMALL LETTER A}'", b"'\\N{x}'", b"'\\ud800'", b"b'\\xff'", b"f'{x!z}'", b"`", b"?",
    b"match x:\n case 1: pass\n", b"x: int = 1\n", b"del load\n", b"1 = x\n", b"x := 1\n",
    b"*a, *b = c\n",
    b"import time, os as o\n", b"time.monotonic = 1\n", b"o.x: int = 2\n", b"[[time.x, a]] = b\n",
    b"import sys\nsys.modules['json'].dumps = 0\n", b"f(SIGCHLD, SIG_IGN)\n", b"o.\xc3\xa9 = 1\n",
    b"'a' * 10**9\n", b"2 ** 10**9\n", b"1 << 10**9\n", b"((1,) * 99) * 99\n", b"'%9999999s' % 1\n",
)  # fmt: skip


def make(rng: Random) -> bytes:
    content = rng.choice(SOURCES)
    for _ in range(rng.choice((0, 1, 1, 2, 3, 6))):
        content = spoilt_bytes(content, rng, (*TOKENS, *(t.encode() for t in ODD_TEXTS)))
    return content


def compiles(content: bytes) -> bool:
    """Say whether Python takes the source, as an import would find out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(content, "model.py", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def judge(content: bytes) -> str:
    found = parse_source("model.py", content)
    refused = isinstance(found, Fault)
    if not refused and not compiles(content):
        raise WronglyJudgedError("Python does not compile it")
    fault = found if isinstance(found, Fault) else check_loader("model.py", found, "load")
    warned: list[Fault] = []
    if not isinstance(found, Fault):
        warned += check_futile("model.py", found)
        warned += check_remembering("model.py", found)
    for said in filter(None, (fault, *warned)):
        texts = (said.message, said.remedy)
        if any(unprintable(text) is not None or len(text) > 1_000 for text in texts):
            raise WronglyJudgedError(f"not fit to be shown: {said!r:.300}")
    if refused:
        return "refused"
    return "loads" if fault is None else "does not load"


def test_no_source_is_misread(fuzz: Fuzz) -> None:
    fuzz(Target("sources", make, judge, frozenset({"refused", "loads", "does not load"})))


def test_what_is_read_is_not_run() -> None:
    assert isinstance(parse_source("model.py", b"raise SystemExit\n"), ast.Module)
