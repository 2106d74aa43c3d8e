"""Findings as JUnit's XML, as Jenkins and GitLab read it: a suite an entry, a test case a rule.

There is no standard of it; this keeps to what the readers' schemas have in common (testsuites,
testsuite, testcase, failure, system-out), and gives no times, for a check measures none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.submissions.faults import RULES, Fault
from harness.submissions.findings import Subject, Subjects

_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_BAD = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no spelling for, escaped or not: most controls, surrogates, U+FFFE, U+FFFF."""


def junit(subjects: Subjects) -> str:
    """Return a whole document. A rule that an error breaks is a failed case of its entry.

    A warning fails nothing: its case passes, and says so in its ``system-out``.
    """
    suites = [*map(_suite, subjects)]
    tests = sum(len(subject.codes) for subject in subjects)
    failures = sum(len(_broken(subject)) for subject in subjects)
    opened = f'<testsuites name="check" tests="{tests}" failures="{failures}" errors="0">'
    lines = ('<?xml version="1.0" encoding="UTF-8"?>', opened, *suites, "</testsuites>", "")
    return "\n".join(lines)


def _broken(subject: Subject) -> set[str]:
    return {found.code for found in subject.faults if found.severity == "error"}


def _suite(subject: Subject) -> str:
    name, failures = _xml(subject.name), len(_broken(subject))
    opened = (
        f'  <testsuite name="{name}" tests="{len(subject.codes)}" failures="{failures}" '
        'errors="0" skipped="0">'
    )
    return "\n".join((opened, *_cases(subject), "  </testsuite>"))


def _cases(subject: Subject) -> Iterator[str]:
    by_code: dict[str, list[Fault]] = {}
    for found in subject.faults:
        by_code.setdefault(found.code, []).append(found)
    for code in subject.codes:
        case = f'    <testcase classname="{_xml(subject.name)}" name="{_xml(_title(code))}"'
        faults = by_code.get(code)
        if not faults:
            yield f"{case}/>"
            continue
        told = _xml("\n".join(_told(subject, found) for found in faults))
        if RULES[code].severity == "error":
            first = _xml(faults[0].message)
            inside = f'<failure type="{code}" message="{first}">{told}</failure>'
        else:
            inside = f"<system-out>{told}</system-out>"
        yield f"{case}>\n      {inside}\n    </testcase>"


def _title(code: str) -> str:
    return f"{code} {RULES[code].explanation}"


def _told(subject: Subject, found: Fault) -> str:
    place = (subject.path(found), found.line, found.column)
    where = ":".join(str(part) for part in place if part)
    return f"{where}: {found.message}\n    fix: {found.remedy}"


def _xml(text: str) -> str:
    """Spell text for content and for attributes in double quotes."""
    shown = _BAD.sub("\N{REPLACEMENT CHARACTER}", text)
    return "".join(_ESCAPED.get(character, character) for character in shown)
