"""Findings as Markdown: the summary of a job, or a text to send.

Every text that a team chose is spelled so that no reader of Markdown finds markup or a link in it:
punctuation as character references, which CommonMark takes for no structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.submissions.faults import Fault, shortened
from harness.submissions.findings import Subject, Subjects, worst_first

MAX_BYTES = 1 << 20
"""Of the summary of one step: a runner that is given more shows nothing of it."""

_MAX_TEXT = 500
"""Characters of one cell."""
_MAX_SUBJECTS = 1_000
_MARKUP = re.compile(r"[\x00-\x1f\x7f\\`*_{}\[\]<>()#+!|~&@$^:]|(?<=[wW])\.")
"""Also what GitHub makes more of: ``www.`` is a link, ``@`` a person, ``$`` a formula, and
``:100:`` a picture."""
_ROOM_FOR_THE_END = 200


def markdown(subjects: Subjects, most_bytes: int = MAX_BYTES) -> str:
    """Return a table of verdicts and one of findings, errors first, in at most ``most_bytes``.

    What has no room is counted in a last line; empty where not even that has any.
    """
    lines, left = [], most_bytes - _ROOM_FOR_THE_END
    said, findings = 0, worst_first(subjects)
    for line in _head(subjects):
        left -= len(line.encode()) + 1
        lines.append(line)
    if left < 0:
        return ""
    if findings:
        lines += ("", "| | rule | where | what | fix |", "|---|---|---|---|---|")
    for subject, found in findings:
        row = _row(subject, found)
        left -= len(row.encode()) + 1
        if left < 0:
            break
        lines.append(row)
        said += 1
    if more := len(findings) - said:
        lines += ("", f"{more:,} more findings have no room here; the log has them all.")
    return "\n".join((*lines, ""))


def _head(subjects: Subjects) -> Iterator[str]:
    failed = sum(not subject.ok for subject in subjects)
    verdict = f"{failed:,} of {len(subjects):,} refused" if failed else "nothing to refuse"
    yield f"### Check: {verdict if subjects else 'no entry was changed'}"
    if subjects:
        yield ""
        yield "| | verdict | errors | warnings |"
        yield "|---|---|--:|--:|"
    for subject in subjects[:_MAX_SUBJECTS]:
        outcome = "passes" if subject.ok else "**fails**"
        counts = f"{subject.count('error')} | {subject.count('warning')}"
        yield f"| {_text(subject.name)} | {outcome} | {counts} |"
    if len(subjects) > _MAX_SUBJECTS:
        yield f"| {len(subjects) - _MAX_SUBJECTS:,} more | | | |"


def _row(subject: Subject, found: Fault) -> str:
    place = (subject.path(found), found.line, found.column)
    where = ":".join(str(part) for part in place if part)
    cells = (found.severity, found.code, where, found.message, found.remedy)
    return f"| {' | '.join(map(_text, cells))} |"


def _text(text: str) -> str:
    """Spell any text as itself, in one cell of a table."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", shortened(text, _MAX_TEXT))
