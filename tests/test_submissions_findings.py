"""Findings as other programs read them: each format's rules hold, whatever names are in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # comes with rich
from msgspec.structs import replace

from harness.submissions.annotations import MAX_SHOWN, workflow_commands
from harness.submissions.change import ChangeReport
from harness.submissions.check import CheckReport
from harness.submissions.faults import RULES, Fault, fault, shortened
from harness.submissions.findings import Subject, of_change, of_entry
from harness.submissions.job_summary import MAX_BYTES, markdown
from harness.submissions.junit import junit
from harness.submissions.sarif import sarif

STRUCTURE = json.loads(
    (Path(__file__).parent / "golden" / "sarif-structure.json").read_text(encoding="utf-8")
)
HOSTILE = (
    "</failure><x>&amp;\"'", "::error::x", "##[error]y", "a,b:c%0Ad",
    "| a | `b` | [c](http://d.org)",
    "<script>alert(1)</script>", "\u202eevil", "\u05e9\u05dc\u05d5\u05dd", "🚀" * 20, "x" * 5_000,
    "line\nbreak\r\n", "\x00\x01\x1b[2J", "\ud800", "\ufffe\uffff", "@octocat #1", "]]>",
    "-->", "a b",
)  # fmt: skip
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))


def entry(*faults: Fault, name: str = "some-entry", folder: str = "submissions/x") -> Subject:
    report = CheckReport(
        entry=name, faults=faults, manifest=None, lock=None, digest=None, files=1, bytes=1
    )
    return of_entry(report, folder)


def at(found: Fault, line: int, column: int) -> Fault:
    return replace(found, line=line, column=column)


def errors(count: int, code: str = "FRG202") -> list[Fault]:
    return [fault(code, f"f{number:03}.py", "is wrong", "mend it") for number in range(count)]


def unescaped(text: str) -> str:
    for spelled, meant in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(spelled, meant)
    return text


def test_a_finding_is_the_command_that_the_toolkit_would_write() -> None:
    found = at(fault("FRG202", "a,b:c%.py", "100% wrong", "mend: it, then"), 2, 5)
    first = workflow_commands([entry(found)], "log").splitlines()[0]
    assert first == (
        "::error file=submissions/x/a%2Cb%3Ac%25.py,line=2,col=5,title=FRG202 (some-entry)"
        "::100%25 wrong%0Afix: mend: it, then"
    )


def test_what_is_wrong_with_a_folder_is_shown_at_its_manifest() -> None:
    first = workflow_commands([entry(fault("FRG101", ".", "gone", "make it"))], "log")
    assert first.startswith(
        "::error file=submissions/x/submission.toml,title=FRG101 (some-entry)::"
    )


def test_no_more_annotations_than_are_shown_and_errors_first() -> None:
    warnings = errors(12, "FRG306")
    lines = workflow_commands([entry(*warnings, *errors(30))], "log").splitlines()
    kinds = [line.partition(" ")[0] for line in lines]
    assert kinds[: 2 * MAX_SHOWN + 1] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"]
    assert "22 more" in lines[2 * MAX_SHOWN]


@given(texts, texts)
def test_no_line_of_a_log_is_a_command(name: str, message: str) -> None:
    found = fault("FRG202", name, message, message)
    log = f"{name}\n::add-mask::x\n##[error]x"
    lines = workflow_commands([entry(found, name="x")], log).split("\n")
    assert unescaped(lines[0].partition("title=")[0].partition("file=")[2]).endswith(
        (f"/{found.path},", "/submission.toml,")
    )
    stops = lines.index(next(line for line in lines if line.startswith("::stop-commands::")))
    mark = lines[stops].removeprefix("::stop-commands::")
    assert stops == 1
    assert lines[-2:] == [f"::{mark}::", ""]
    assert not any(mark in line for line in lines[stops + 1 : -2])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([*RULES]), texts, texts), max_size=4), texts)
def test_sarif_keeps_to_the_structure_of_its_schema(
    found: list[tuple[str, str, str]], folder: str
) -> None:
    faults = [fault(code, path, message, message) for code, path, message in found]
    document = sarif([entry(*faults, folder=folder)])

    jsonschema.validate(document, STRUCTURE)
    json.dumps(document, allow_nan=False).encode()
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    prints = [result["partialFingerprints"]["frugalAiFinding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(run["results"]) == len(faults)
    for result, each in zip(run["results"], faults, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == each.code
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert re.fullmatch(r"[A-Za-z0-9_.~%/-]*", location["uri"])  # relative, and no scheme
        assert unquote(location["uri"]).endswith((each.path, "submission.toml"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("version"),
        lambda document: document["runs"][0].pop("tool"),
        lambda document: document["runs"][0]["tool"]["driver"].pop("name"),
        lambda document: document["runs"][0]["results"][0].pop("message"),
        lambda document: document["runs"][0]["results"][0].update(level="fatal"),
        lambda document: document["runs"][0]["results"][0].update(rule="x"),
    ],
)
def test_the_structure_refuses_what_the_schema_refuses(spoil: Any) -> None:  # noqa: ANN401
    document = sarif([entry(*errors(1))])
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, STRUCTURE)


def test_a_fingerprint_outlives_lines_that_come_and_go() -> None:
    def prints(*faults: Fault) -> list[str]:
        results = sarif([entry(*faults)])["runs"][0]["results"]
        return [result["partialFingerprints"]["frugalAiFinding/v1"] for result in results]

    one = fault("FRG202", "m.py", "is wrong", "mend it")
    moved, again = at(one, 9, 1), at(one, 3, 1)
    assert prints(one) == prints(moved)
    assert prints(one, again)[0] == prints(one)[0]


def test_every_rule_of_sarif_has_help() -> None:
    rules = sarif([])["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [*RULES]
    for rule in rules:
        assert rule["help"]["text"].startswith(RULES[rule["id"]].explanation)
        assert rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] == RULES[rule["id"]].severity


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([*RULES]), texts, texts), max_size=4), texts)
def test_junit_is_xml_that_counts_right(found: list[tuple[str, str, str]], name: str) -> None:
    faults = [fault(code, path, message, message) for code, path, message in found]
    document = junit([entry(*faults, name=name), entry()])

    tree = ET.fromstring(document.encode())  # noqa: S314 - our own
    assert tree.tag == "testsuites"
    suites = tree.findall("testsuite")
    assert len(suites) == 2
    for suite in suites:
        cases = suite.findall("testcase")
        failed = [case for case in cases if case.find("failure") is not None]
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(len(failed))
        assert len({case.get("name") for case in cases}) == len(cases)
        assert all(case.get("classname") == suite.get("name") for case in cases)
    assert tree.get("tests") == str(sum(int(suite.get("tests", "")) for suite in suites))
    broken = {each.code for each in faults if each.severity == "error"}
    failures = suites[0].findall("testcase/failure")
    assert {failure.get("type") for failure in failures} == broken


def test_in_junit_a_warning_passes_and_is_told() -> None:
    found = fault("FRG306", "w.pkl", "is a pickle", "use safetensors")
    tree = ET.fromstring(junit([entry(found)]))  # noqa: S314 - our own
    assert tree.get("failures") == "0"
    assert "w.pkl: is a pickle" in (tree.findtext(".//system-out") or "")


def test_a_pull_request_is_held_against_its_own_rules() -> None:
    report = ChangeReport(
        author="a", team=None, organiser=False, base="b", head="h", paths=1, entries=(),
        faults=(fault("FRG602", "README.md", "not yours", "take it back"),),
    )  # fmt: skip
    subject = of_change(report)
    many = fault("FRG602", ".", "7 more like those listed", "correct those first")
    assert subject.path(many) == "leaderboard/teams.toml"  # a file that every challenge has
    assert subject.codes == tuple(code for code in RULES if code[:4] == "FRG6")
    assert not set(subject.codes) & set(entry().codes)
    assert subject.path(report.faults[0]) == "README.md"


@settings(max_examples=60)
@given(texts, texts)
def test_names_come_out_of_a_summary_as_they_are_and_as_nothing_else(
    name: str, message: str
) -> None:
    """By a parser of CommonMark with GitHub's tables."""
    found = fault("FRG202", message, f"www.a.org http://b.org a@b.org {message}", message)
    parser = MarkdownIt("gfm-like", {"linkify": False}).enable(["table", "autolink"])

    tokens = parser.parse(markdown([entry(found, name=name)]))

    inline = [token for token in tokens if token.type == "inline"]
    kinds = {child.type for token in inline for child in token.children or ()}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close"}
    assert sum(token.type == "heading_open" for token in tokens) == 1
    assert sum(token.type == "tr_open" for token in tokens) == 4
    assert not {token.type for token in tokens} & {"html_block", "fence", "code_block", "hr"}
    shown = "".join(child.content for child in inline[-2].children or ())
    assert " ".join(shown.split()) == " ".join(shortened(found.message, 500).split())


def test_a_summary_keeps_to_the_runners_limit_and_counts_what_has_no_room() -> None:
    long = [fault("FRG202", f"{number:04}" + "%" * 400, "é" * 400, "x") for number in range(2_000)]
    said = markdown([entry(*long)])
    assert MAX_BYTES - 5_000 < len(said.encode()) <= MAX_BYTES
    kept = said.count("| error | FRG202")
    assert said.rstrip().endswith(
        f"{2_000 - kept:,} more findings have no room here; the log has them all."
    )
    assert markdown([entry(*long)], most_bytes=100) == ""


def test_a_summary_of_nothing_and_of_a_thousand_entries() -> None:
    assert markdown([]) == "### Check: no entry was changed\n"
    assert markdown([entry()]).startswith("### Check: nothing to refuse\n")
    many = markdown([entry(*errors(1), name=f"e{number}") for number in range(1_200)])
    assert many.startswith("### Check: 1,200 of 1,200 refused\n")
    assert "| 200 more | | | |" in many
