"""Findings as SARIF 2.1.0 (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0), for code scanning."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any
from urllib.parse import quote

import harness
from harness.submissions.faults import RULES, Fault, Rule
from harness.submissions.findings import Subject, Subjects

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
"""The base of every address: the repository's root, wherever it lies."""
FINGERPRINT = "frugalAiFinding/v1"


def sarif(subjects: Subjects) -> dict[str, Any]:
    """Return one run with all rules and every finding; the same for the same findings."""
    numbers = {code: number for number, code in enumerate(RULES)}
    seen: Counter[str] = Counter()
    results = [
        _result(subject, found, numbers[found.code], seen)
        for subject in subjects
        for found in subject.faults
    ]
    driver = {
        "name": "frugal-ai-harness",
        "version": harness.__version__,
        "rules": [_rule(code, rule) for code, rule in RULES.items()],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "frugal-ai-check/"},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The repository's root."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, rule: Rule) -> dict[str, Any]:
    fails = "An entry that breaks it is not evaluated." if rule.severity == "error" else (
        "An entry that breaks it is evaluated all the same."
    )  # fmt: skip
    where = "docs/reference/check-rules.md has all rules."
    return {
        "id": code,
        "shortDescription": {"text": rule.explanation},
        "fullDescription": {"text": f"{rule.explanation} {fails}"},
        "help": {
            "text": f"{rule.explanation} {fails} Each finding says how to mend it. {where}",
            "markdown": f"{rule.explanation} {fails}\n\nEach finding says how to mend it; `{code}` "
            "never changes its meaning. `python -m harness check --rules` prints all rules.",
        },
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(subject: Subject, found: Fault, number: int, seen: Counter[str]) -> dict[str, Any]:
    path = subject.path(found)
    # A reader needs a line: what is wrong with a whole file is shown at its first.
    region = {"startLine": found.line or 1}
    if found.line is not None and found.column is not None:
        region["startColumn"] = found.column
    location = {
        "artifactLocation": {"uri": quote(path, safe="/"), "uriBaseId": ROOT},
        "region": region,
    }
    return {
        "ruleId": found.code,
        "ruleIndex": number,
        "level": found.severity,
        "message": {"text": f"{found.message}. Fix: {found.remedy}."},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {FINGERPRINT: _fingerprint(path, found, seen)},
    }


def _fingerprint(path: str, found: Fault, seen: Counter[str]) -> str:
    """Return what a finding keeps when lines above it come and go: no two of a run have the same.

    The SHA-256 of code, path and message, and of how many before it had these.
    """
    said = f"{found.code}\0{path}\0{found.message}"
    seen[said] += 1
    return hashlib.sha256(f"{said}\0{seen[said]}".encode("utf-8", "surrogatepass")).hexdigest()
