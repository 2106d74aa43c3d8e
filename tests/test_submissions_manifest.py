from __future__ import annotations

import string
import time
import tomllib
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.submissions.check import CheckContext, check
from harness.submissions.faults import NOWHERE, RULES, Position
from harness.submissions.manifest import (
    EnvironmentTable,
    LifecycleTable,
    Manifest,
    ModelTable,
    SubmissionTable,
    WeightsTable,
    parse,
)
from harness.submissions.positions import KeyPath, Positions, TooDeepError
from harness.submissions.values import is_spdx_expression, wrong_with_path

FINE = """\
schema = 1

[submission]
name = "Name"
team = "Team"
task = "deforestation"
description = "A description."
licence = "Apache-2.0"

[model]
entry = "model:load"
output = "index"
"""


def faults_of(text: str) -> list[tuple[str, int | None, int | None]]:
    return [(fault.code, fault.line, fault.column) for fault in parse(text.encode()).faults]


def test_everything_of_the_format_is_read() -> None:
    manifest = parse(
        b"""
schema = 1
[submission]
name = "N\xc3\xa9on"
team = "T"
task = "t"
description = '''
Two
lines'''
licence = "(MIT OR Apache-2.0) AND LicenseRef-mine"
version = "1.2"
authors = ["Ada", "Grace"]
url = "https://example.org/a?b=c"
[model]
command = ["./run", "--fast"]
output = "scores"
batch_size = 0x40
stochastic = true
family = "boosted-trees"
[environment]
requirements = "locks/requirements.lock"
accelerator = "cuda"
[[weights]]
path = "weights/a.safetensors"
hub = "team/repo@0123456789012345678901234567890123456789"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
bytes = 1_000
licence = "MIT"
[lifecycle]
training_kwh = 3
fine_tuning_kwh = 0.5
provenance = "measured"
hardware = "a laptop"
source = "a wall meter"
"""
    )
    assert manifest.faults == ()
    read = manifest.manifest
    assert read is not None
    assert read.submission.name == "Néon"
    assert read.model.command == ("./run", "--fast")
    assert read.model.batch_size == 64
    assert read.weights[0].bytes == 1_000
    record = read.reference("folder", "d" * 64)
    assert record.entry == "folder"
    assert record.authors == ("Ada", "Grace")
    assert record.family == "boosted-trees"
    assert record.lifecycle is not None
    assert record.lifecycle.training_kwh == 3.0
    assert record.lifecycle.hardware == "a laptop"


def test_what_is_absent_has_its_default() -> None:
    manifest = parse(FINE.encode()).manifest
    assert manifest is not None
    assert manifest.model.batch_size == 64
    assert manifest.environment.accelerator == "none"
    assert manifest.lifecycle is None
    assert manifest.reference("e", "d").lifecycle is None
    assert manifest.reference("e", "d").family is None


def test_a_family_is_spelt_so_that_two_teams_spell_it_alike() -> None:
    (fault,) = parse((FINE + 'family = "Boosted trees"\n').encode()).faults
    assert "model.family" in fault.message
    assert fault.remedy == (
        "give what kind of model it is: small letters, digits and single dashes, for instance "
        'family = "boosted-trees"'
    )


def test_a_fault_names_field_finding_and_remedy() -> None:
    (fault,) = parse((FINE + 'batch_size = "64"\n').encode()).faults
    assert fault.message == 'model.batch_size is the text "64", not a whole number'
    assert fault.remedy == (
        "give how many samples the model is handed at once, for instance batch_size = 64"
    )
    assert (fault.path, fault.line, fault.column) == ("submission.toml", 13, 1)


def test_an_unknown_field_suggests_the_nearest() -> None:
    (fault,) = parse((FINE + "batchsize = 64\n").encode()).faults
    assert fault.message == '[model] has no field "batchsize" (did you mean "batch_size"?)'


def test_an_escape_sequence_in_a_key_cannot_reach_a_terminal() -> None:
    (fault,) = parse((FINE + '"\\u001b[31m" = 1\n').encode()).faults
    assert "\x1b" not in fault.message
    assert "\\x1b[31m" in fault.message


def test_a_message_stays_short_however_long_a_key_is() -> None:
    (fault,) = parse((FINE + f"{'k' * 10_000} = 1\n").encode()).faults
    assert len(fault.message + fault.remedy) < 500
    (fault,) = parse((FINE + f"[lifecycle]\n{'k' * 10_000} = 1\n").encode()).faults
    inner = parse((FINE + f"[{'k' * 10_000}]\nx = '\\x07'\n").encode()).faults
    assert all(len(each.message + each.remedy) < 500 for each in (fault, *inner))


def test_only_so_many_unknown_fields_are_named() -> None:
    found = parse((FINE + "".join(f"x{i} = 1\n" for i in range(500))).encode()).faults
    assert len(found) == 21
    assert "480 more" in found[-1].message


@pytest.mark.parametrize(
    ("broken", "position"),
    [
        ("[model\n", (1, 7)),
        ("a = 1\na = 2\n", (2, 6)),
        ("schema = 1\na = 'x\n", (2, None)),
        ("a = 1\nb = [1,\n\n", (2, None)),
        ("a = 2026-13-45\n", None),
        ("a = " + "9" * 5_000, None),
    ],
)
def test_broken_toml_is_one_fault(broken: str, position: tuple[int, int | None] | None) -> None:
    ((code, line, column),) = faults_of(broken)
    assert code == "FRG105"
    if position is not None:
        assert (line, column) == position


@pytest.mark.parametrize(
    "bomb",
    [
        "a = " + "[" * 30_000,
        "a = " + "{a=" * 20_000,
        "a" + ".a" * 30_000 + " = 1",
        "[" + "a." * 30_000 + "a]",
        "x = [{a = [{b = [{c = [{d = 1}]}]}]}]",
    ],
)
def test_nesting_bombs_are_refused_at_once(bomb: str) -> None:
    begin = time.monotonic()
    ((code, line, _),) = faults_of(bomb)
    assert (code, line) == ("FRG105", 1)
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize(
    "licence",
    ["MIT", "Apache-2.0", "GPL-2.0+", "MIT OR Apache-2.0", "(MIT AND BSD-3-Clause)",
     "GPL-2.0-only WITH Classpath-exception-2.0", "LicenseRef-our-own", "CC-BY-NC-4.0",
     "((MIT))", "MIT AND (Zlib OR DocumentRef-a:LicenseRef-b)"],
)  # fmt: skip
def test_spdx_expressions_are_taken(licence: str) -> None:
    assert is_spdx_expression(licence)


@pytest.mark.parametrize(
    "licence",
    ["Apache 2.0", "MIT License", "MIT OR", "OR MIT", "(MIT", "MIT)", "", "()", "MIT WITH (X)",
     "A WITH B WITH C", "MIT/Apache", "MIT, BSD", "(MIT) WITH X", "<script>", "-MIT",
     "MIT\xa0OR\xa0ISC"],
)  # fmt: skip
def test_what_is_no_spdx_expression_is_refused(licence: str) -> None:
    assert not is_spdx_expression(licence)


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "/etc/passwd", "~/x", "a\\b", "", ".", "a//b", "a/", "./a", ".git/x"],
)
def test_paths_that_are_not_plain_are_refused(path: str) -> None:
    assert wrong_with_path(path)


def test_plain_paths_are_taken() -> None:
    assert wrong_with_path("weights/a-b_c.v1/model.safetensors") == ""


def test_every_path_field_is_held_to_the_folder() -> None:
    text = FINE.replace('entry = "model:load"', 'command = ["bin/../../run"]') + (
        '[environment]\nrequirements = "/lock"\n[[weights]]\npath = "a/../b"\n'
        f'url = "https://example.org"\nsha256 = "{"0" * 64}"\nbytes = 1\nlicence = "MIT"\n'
    )
    assert [found for found in sorted(faults_of(text)) if found[0] == "FRG116"] == [
        ("FRG116", 11, 1),
        ("FRG116", 14, 1),
        ("FRG116", 16, 1),
    ]


def test_the_scanner_knows_the_whole_of_tomls_spelling() -> None:
    text = '''\
# [not.a.table]
top = """
[not_a_table]
x = 1 # """  # a comment with "quotes
"quoted key" . 'other' = [ 1, # one
  "]", {k = 'v', "l" = [2]} ]
date = 1979-05-27 07:32:00
[ a . "b c" ]
k = \'\'\'
k2 = 1\'\'\'
[[c.d]]
[[c.d]]
  e.f = true
[c.d.g]
h = "\\"#"
"\\u00e9" = 0
four = """x""""
'''
    at = Positions(text)
    expected: dict[KeyPath, tuple[int, int]] = {
        ("top",): (2, 1),
        ("quoted key",): (5, 1),
        ("quoted key", "other"): (5, 1),
        ("quoted key", "other", 1): (6, 3),
        ("quoted key", "other", 2, "k"): (6, 9),
        ("quoted key", "other", 2, "l", 0): (6, 25),
        ("date",): (7, 1),
        ("a", "b c"): (8, 1),
        ("a", "b c", "k"): (9, 1),
        ("c", "d"): (11, 1),
        ("c", "d", 1): (12, 1),
        ("c", "d", 1, "e", "f"): (13, 3),
        ("c", "d", 1, "g"): (14, 1),
        ("c", "d", 1, "g", "h"): (15, 1),
        ("c", "d", 1, "g", "é"): (16, 1),
        ("c", "d", 1, "g", "four"): (17, 1),
    }
    assert {path: at.of(path) for path in expected} == {
        path: Position(*position) for path, position in expected.items()
    }
    assert at.of(("not_a_table",)) == NOWHERE


KEYS = st.text(string.ascii_letters + " .\"'\\#[]=é\t", min_size=1, max_size=6)
SCALARS = st.one_of(
    st.integers(-9, 9),
    st.booleans(),
    st.text(string.ascii_letters + "\"'\\#[]{}=,\n é", max_size=8),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def spell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return spell_text(value)
    if isinstance(value, list):
        return "[ # comment ]\n" + ",\n".join(spell(item) for item in value) + "]"
    assert isinstance(value, dict)
    return "{" + ", ".join(f"{spell_text(k)} = {spell(v)}" for k, v in value.items()) + "}"


def spell_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\t", "\\t") + '"'


def paths(value: object, path: KeyPath = ()) -> list[KeyPath]:
    inner: list[tuple[str | int, object]]
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        return []
    return [p for key, item in inner for p in [(*path, key), *paths(item, (*path, key))]]


@settings(deadline=None)  # a busy machine is no fault
@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=3))
def test_every_key_of_valid_toml_has_a_position(document: dict[str, dict[str, Any]]) -> None:
    text = ""
    for name, table in document.items():
        text += f"[{spell_text(name)}] # [comment]\n"
        text += "".join(f"{spell_text(k)} = {spell(v)}\n" for k, v in table.items())
    assert tomllib.loads(text) == document
    try:
        at = Positions(text)
    except TooDeepError:
        assert max(len(path) for path in paths(document)) > 8
        return
    lines = text.split("\n")
    for path in paths(document):
        position = at.of(path)
        assert position != at.of(path[:-1])  # which stands in for what stands nowhere
        assert position.line is not None
        assert position.column is not None
        if isinstance(path[-1], str):
            here = lines[position.line - 1][position.column - 1 :]
            assert here.removeprefix("[").startswith(spell_text(path[-1]))


PIECES = st.sampled_from(
    ["schema = 1\n", "[submission]\n", "[model]\n", "[[weights]]\n", "[lifecycle]\n", "name = ",
     "entry = ", '"model:load"\n', "batch_size = ", "64\n", "-1", "1e999", "nan", "[", "]", "{",
     "}", '"', "'", '"""', "=", ".", ",", "\n", "#", " ", "\\", "a", "é", "\x00", "\u202e", "true",
     "1979-05-27", "07:32:00", "training_kwh = ", "sha256", "path", "url = ", "command = ",
     '["x"]\n']
)  # fmt: skip


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(PIECES, max_size=40).map("".join))
@example("model = []\nweights = {}\nsubmission = 1\n")
@example("[model]\nentry = []\ncommand = [1, {}]\n")
@example("lifecycle = [{}]\nweights = [1, [], {path = 3}]\n")
@example("environment = {requirements = [], accelerator = 1979-05-27}\n")
def test_no_text_makes_it_raise(text: str) -> None:
    parsed = parse(text.encode())
    assert (parsed.manifest is None) == bool(parsed.faults)
    assert {fault.code for fault in parsed.faults} <= set(RULES)


def field_names(table: type[msgspec.Struct]) -> st.SearchStrategy[str]:
    return st.sampled_from(table.__struct_fields__)


WRONG = VALUES | st.sampled_from(["model:load", "./run", "../x", "climate", "MIT", "cuda", "boxes"])
WRONG_TABLES = st.fixed_dictionaries(
    {},
    optional={
        "schema": WRONG,
        "submission": st.dictionaries(field_names(SubmissionTable), WRONG) | WRONG,
        "model": st.dictionaries(field_names(ModelTable), WRONG) | WRONG,
        "environment": st.dictionaries(field_names(EnvironmentTable), WRONG) | WRONG,
        "weights": st.lists(st.dictionaries(field_names(WeightsTable), WRONG), max_size=3) | WRONG,
        "lifecycle": st.dictionaries(field_names(LifecycleTable), WRONG) | WRONG,
    },
)


@settings(deadline=None)
@given(WRONG_TABLES)
@example({"model": {"command": [[1], {}]}})
@example({"model": {"command": [], "entry": ["model:load"], "output": [[]]}})
@example({"submission": {"task": ["climate"]}, "weights": [3, {"path": 3}]})
def test_no_value_in_any_field_makes_a_check_raise(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, object]
) -> None:
    entry = tmp_path_factory.mktemp("made", numbered=True) / "entry"
    entry.mkdir()
    text = "".join(f"{name} = {spell(value)}\n" for name, value in document.items())
    (entry / "submission.toml").write_text(text)
    context = CheckContext(
        tasks={"climate": ("index",)}, max_batch=256, entry_bytes=10**6, entry_files=9
    )
    report = check(entry, context)
    assert not report.ok  # no table is whole
    assert "FRG103" not in {fault.code for fault in report.faults}


@settings(deadline=None)  # a busy machine is no fault
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    parsed = parse(content)
    assert parsed.faults  # random bytes are never a manifest
    for fault in parsed.faults:
        fault.message.encode()


def undescribed(kind: type, path: str) -> list[str]:
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    found = []
    for field in info.fields:
        here = f"{path}.{field.name}"
        if not isinstance(field.type, msgspec.inspect.Metadata) or not (
            field.type.extra_json_schema or {}
        ).get("description"):
            found.append(here)
    return found


@pytest.mark.parametrize(
    "table",
    [Manifest, SubmissionTable, ModelTable, EnvironmentTable, WeightsTable, LifecycleTable],
)
def test_every_field_has_the_words_that_a_remedy_needs(table: type) -> None:
    assert undescribed(table, table.__name__) == []
