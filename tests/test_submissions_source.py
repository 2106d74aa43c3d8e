from __future__ import annotations

import ast
import io
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.submissions.contents import HEAD_BYTES, check_contents
from harness.submissions.faults import Fault
from harness.submissions.remembering import check_remembering
from harness.submissions.source import MAX_SOURCE_BYTES, check_loader, parse_source


def loader_code(source: str) -> str | None:
    tree = parse_source("model.py", source.encode())
    assert isinstance(tree, ast.Module)
    found = check_loader("model.py", tree, "load")
    return None if found is None else found.code


@pytest.mark.parametrize(
    "source",
    [
        "def load(directory): ...",
        "def load(directory, /, device='cpu', *, seed=0): ...",
        "def load(*arguments): ...",
        "def load(directory=None, **options): ...",
        "class load:\n    def __init__(self, directory): ...",
        "load = lambda directory: None",
        "load: object = print",
        "from elsewhere import load",
        "from elsewhere import build as load",
        "import load.inner",
        "from elsewhere import *",
        "def __getattr__(name): ...",
        "@decorated\ndef load(a, b): ...",
        "try:\n    from fast import load\nexcept ImportError:\n    def load(directory): ...",
        "if True:\n    (a, load) = 1, print",
        "def load(a, b): ...\ndef load(directory): ...",
        "for load in [print]: pass",
        "(load := print)",
    ],
)
def test_a_load_function_that_can_be_called_is_taken(source: str) -> None:
    assert loader_code(source) is None


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "FRG203"),
        ("def other(directory): ...", "FRG203"),
        ("def outer():\n    def load(directory): ...", "FRG203"),
        ("class Outer:\n    def load(self): ...", "FRG203"),
        ("load(1)", "FRG203"),
        ("other = lambda: (load := 1)", "FRG203"),
        ("def load(): ...", "FRG204"),
        ("def load(*, directory): ...", "FRG204"),
        ("def load(directory, device): ...", "FRG204"),
        ("def load(directory, *, device): ...", "FRG204"),
        ("async def load(directory): ...", "FRG204"),
        ("def load(directory): ...\ndef load(): ...", "FRG204"),
    ],
)
def test_a_load_function_that_cannot_be_called_is_refused(source: str, code: str) -> None:
    assert loader_code(source) == code


def test_a_misspelt_load_function_is_suggested() -> None:
    tree = ast.parse("def laod(directory): ...")
    found = check_loader("model.py", tree, "load")
    assert found is not None
    assert found.message == 'defines no "load" (did you mean "laod"?)'


@pytest.mark.parametrize(
    "source",
    [
        b"a = " + b"-" * 50_000 + b"1",
        b"a = 1" + b"+1" * 50_000,
        b"a = b" + b".c" * 50_000,
        b"a = b" + b"()" * 50_000,
        b"lambda:" * 50_000 + b"1",
        b"a = " + b"(" * 5_000 + b")" * 5_000,
        b"if a: pass\n" + b"elif a: pass\n" * 20_000,
    ],
    ids=["signs", "sums", "attributes", "calls", "lambdas", "brackets", "branches"],
)
def test_source_that_would_exhaust_the_compiler_is_a_fault(source: bytes) -> None:
    found = parse_source("model.py", source)
    assert isinstance(found, Fault)
    assert found.code == "FRG202"


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        (b"a = 1\nb = = 2\n", 2, 5),
        (b"a = 1\n\tb = 2\n", 2, None),
        (b"return 1\n", 1, 1),
        (b"def f():\n    a = 1\n    global a\n", 3, 5),
        (b"a = 1\0\n", None, None),
        (b"# coding: klingon\n", None, None),
        (b"a = '\xff'\n", None, None),
    ],
)
def test_what_does_not_compile_is_pointed_at(
    source: bytes, line: int | None, column: int | None
) -> None:
    found = parse_source("model.py", source)
    assert isinstance(found, Fault)
    assert found.code == "FRG202"
    if line is not None:
        assert found.line == line
    if column is not None:
        assert found.column == column


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ('message = "modèle chargé à côté" +* 2\n', 1, 35),
        ('x = "éééé"; return\n', 1, 13),
        ('a = """éé\n😀é"""; return\n', 2, 8),
        ('def f():\n\tx="éé"; global x\n', 2, 10),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-7"])
def test_columns_are_characters_and_not_bytes(
    source: str, line: int, column: int, encoding: str
) -> None:
    cookie = "# coding: utf-7\n" if encoding == "utf-7" else ""
    found = parse_source("model.py", (cookie + source).encode(encoding))
    assert isinstance(found, Fault)
    assert (found.line, found.column) == (line + bool(cookie), column)


def test_columns_are_those_of_the_entrys_file_and_not_of_one_of_that_name_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.py").write_text('x = "éééé" + 1\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = parse_source("model.py", b'x = "aaaabbbb" +* 1\n')
    assert isinstance(found, Fault)
    assert found.column == 17


def test_positions_in_a_tree_are_characters_too() -> None:
    source = 'x = "éééé"; time.time = lambda: 0\nä = 1; load = lambda: 0\n'
    tree = parse_source("model.py", source.encode())
    assert isinstance(tree, ast.Module)
    assert [each.col_offset for each in tree.body] == [0, 12, 0, 7]


def test_source_that_is_too_long_is_not_compiled() -> None:
    found = parse_source("model.py", b"#" * (MAX_SOURCE_BYTES + 1))
    assert isinstance(found, Fault)
    assert "longer than 1,048,576 bytes" in found.message


def test_other_encodings_and_sloppy_escapes_are_the_teams_affair() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = parse_source("model.py", b"# coding: latin-1\na = '\xe9'\nb = '\\d' is 'd'\n")
    assert isinstance(tree, ast.Module)


@settings(deadline=None)  # a busy machine is no fault
@given(st.binary(max_size=100))
def test_no_bytes_make_it_raise(source: bytes) -> None:
    assert isinstance(parse_source("model.py", source), Fault | ast.Module)


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def saved(array: object) -> bytes:
    made = io.BytesIO()
    np.save(made, np.asarray(array), allow_pickle=True)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("model.pkl", b"", "FRG306"),
        ("model.JOBLIB", b"", "FRG306"),
        ("model.pt", zipped(**{"archive/data.pkl": b"x", "archive/data/0": b"x"}), "FRG306"),
        ("model.pth", pickle.dumps({"a": [1]}, protocol=2), "FRG306"),
        ("model.bin", pickle.dumps({"a": [1]}, protocol=5), "FRG306"),
        ("model.npy", saved([{"a": 1}]), "FRG306"),
        ("model.npy", saved([1.0, 2.0]), None),
        ("model.npz", zipped(**{"a.npy": saved([1.0])}), None),
        ("model.npz", zipped(**{"a.npy": saved([{"a": 1}])}), "FRG306"),
        ("model.bin", b"\x80\x3f\x00\x00" * 8, None),
        ("model.safetensors", b"\x10\0\0\0\0\0\0\0{}", None),
        ("model.onnx", b"\x08\x07", None),
        ("data.zip", b"", "FRG305"),
        ("data.TAR.GZ", b"", "FRG305"),
        ("package.whl", zipped(a=b"x"), "FRG305"),
        ("innocent.txt", zipped(a=b"x"), "FRG305"),
        ("innocent.txt", b"\xfd7zXZ\x00", "FRG305"),
        ("innocent.json", b"x" * 257 + b"ustar", "FRG305"),
        ("words.txt", b"PK, BZh and ustar are words", None),
        ("empty.txt", b"", None),
    ],
)
def test_files_that_are_more_than_they_seem(name: str, content: bytes, code: str | None) -> None:
    found = check_contents(name, content[:HEAD_BYTES])
    assert (None if found is None else found.code) == code


@pytest.mark.parametrize(
    "source",
    [
        "def load({}, b): pass",
        "def load({}, b, c): pass",
        "def load(*, {}): pass",
        "def f({0}, {0}): pass",
    ],
)
def test_a_message_stays_short_however_long_a_name_is(source: str) -> None:
    found = parse_source("model.py", source.format("n" * 20_000).encode())
    fault = check_loader("model.py", found, "load") if isinstance(found, ast.Module) else found
    assert fault is not None
    assert len(fault.message + fault.remedy) < 800


def test_a_message_stays_short_however_long_the_wanted_name_is() -> None:
    fault = check_loader("model.py", ast.parse("x = 1"), "n" * 20_000)
    assert fault is not None
    assert len(fault.message + fault.remedy) < 800


def test_functions_within_functions_are_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "".join(f"{' ' * level}def predict(self, a):\n" for level in range(90))
    tree = ast.parse(f"{deep}{' ' * 90}self.kept.append(a)\n")
    nodes, walked, children = len([*ast.walk(tree)]), 0, ast.iter_child_nodes

    def counted(node: ast.AST) -> Iterator[ast.AST]:
        nonlocal walked
        walked += 1
        return children(node)

    monkeypatch.setattr(ast, "iter_child_nodes", counted)
    assert [fault.code for fault in check_remembering("model.py", tree)] == ["FRG209"]
    assert walked <= 3 * nodes


@pytest.mark.parametrize(
    "source",
    [
        "def load(p):\n kept = {}\n def predict(s):\n  kept.update(zip(s, s))\n return predict",
        "def load(p):\n kept = []\n class M:\n  def predict(self, s):\n   kept.extend(s)",
        "kept = []\ndef predict(s):\n def predict(x):\n  kept.append(x)\n return predict(s)",
        "def predict(self, s):\n def predict():\n  self.kept.append(s)\n return predict()",
    ],
)
def test_a_predict_within_a_function_is_told_what_it_keeps(source: str) -> None:
    faults = [*check_remembering("model.py", ast.parse(source))]
    assert [fault.code for fault in faults] == ["FRG209"]


def test_what_a_predict_keeps_for_one_call_is_no_fault() -> None:
    source = "def predict(s):\n kept = []\n def predict(x):\n  kept.append(x)\n return predict(s)"
    assert [*check_remembering("model.py", ast.parse(source))] == []
