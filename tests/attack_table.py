"""The attacks as a table: what comes of each at each grade, and what takes its wall away.

    python tests/attack_table.py            # run all attacks here, and print what came of them
    python tests/attack_table.py --write    # write docs/explanation/attacks.md, by what is stated

What is stated is what the suite holds every attack to: see ``tests/test_sandbox_attacks.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from attack_bench import Range, offered
from attack_corpus import Attack, all_attacks
from attack_outcome import seen, verdict_holds

from harness.records.evaluation import IsolationGrade

PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "attacks.md"
GRADES: tuple[IsolationGrade, ...] = ("A", "B", "C", "D")
HEAD = """# What was tried against the harness

Each row is a folder of `tests/attacks`: a submission that tries something. The suite runs all of
them at every grade of isolation that the machine offers, and holds each to what is stated here;
beside each run an honest entry must come out as before, with the same answers and the same reading
of the meter, and no file outside may have changed. Each attack is also run with its wall taken
away, and must succeed then: so it is known to be one, and the wall to be what stops it.

- **contained**: it ends its own evaluation, and the record blames the submission, in the stage and
  with the words that `attack.toml` states.
- **flagged**: it gets nothing, its evaluation ends well, and the record's warnings or checks say
  what was seen; a code that begins with FRG is a warning of `check`, which reads it in the source.
- **open**: it succeeds. At grade D only, which keeps nothing apart and is never ranked.
- **no**: it is not run, because it could harm the machine.

`python tests/attack_table.py` runs them all and prints what came of each on this machine;
`python tests/attack_table.py --write` writes this page.

"""


def page(attacks: tuple[Attack, ...]) -> str:
    """Return the page, by what is stated."""
    rows = [
        "| attack | what it tries | the wall | A | B | C | D | it succeeds without |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for attack in attacks:
        cells = [f"`{attack.name}`", attack.tries, attack.wall]
        cells += [_stated(attack, grade) for grade in GRADES]
        rows.append(f"| {' | '.join([*cells, _without(attack)])} |")
    run = [attack for attack in attacks if not attack.is_static]
    counted = (
        f"There are {len(attacks)} attacks: {len(run)} are run, and {len(attacks) - len(run)} are "
        "met by `check`, which runs nothing.\n"
    )
    gets = [
        f"- `{attack.name}` at grade {grade}: it gets {expected.gets}.\n"
        for attack in attacks
        for grade, expected in attack.expect.items()
        if expected.gets
    ]
    return (
        f"{HEAD}{counted}\n"
        + "\n".join(rows)
        + "\n"
        + _noted("What an attack gets where it is flagged", gets)
    )


def _noted(what: str, lines: list[str]) -> str:
    return f"\n{what}:\n\n{''.join(lines)}" if lines else ""


def _stated(attack: Attack, grade: IsolationGrade) -> str:
    expected = attack.expected_at(grade)
    if expected is None:
        return "no"
    if attack.is_static and expected.faults:
        return f"contained ({', '.join(expected.faults)})"
    where = expected.stage or ", ".join(expected.flags)
    return f"{expected.verdict} ({where})" if where else expected.verdict


def _without(attack: Attack) -> str:
    groups: dict[tuple[str, ...], list[str]] = {}
    for way, switches in attack.without.items():
        if switches:
            groups.setdefault(switches, []).append(way)
    parts = [f"{' + '.join(switches)} ({', '.join(ways)})" for switches, ways in groups.items()]
    return "; ".join(parts)


def observed(attacks: tuple[Attack, ...]) -> Iterator[str]:
    """Run all attacks at every grade that this machine offers; yield a row of each as it ends."""
    with ExitStack() as stack:
        ranges = {grade: Range(sandbox, stack) for grade, sandbox in sorted(offered().items())}
        yield f"{'attack':32} {' '.join(f'{grade:10}' for grade in ranges)}"
        for attack in attacks:
            cells = [_came(attack, grade, place) for grade, place in ranges.items()]
            yield f"{attack.name:32} {' '.join(f'{cell:10}' for cell in cells)}".rstrip()


def _came(attack: Attack, grade: IsolationGrade, place: Range) -> str:
    expected = attack.expected_at(grade)
    if expected is None:
        return "-"
    outcome = next(place.run(attack))
    place.require_unharmed()
    effects = [e for e in attack.success.effects if seen(e, outcome, place.secrets, expected)]
    if effects and not expected.gets and expected.verdict == "open":
        return "open"
    wrong = "" if expected.verdict == "open" else verdict_holds(expected, outcome)
    return "NOT AS STATED" if wrong else expected.verdict


def main() -> None:
    """Write the page, or print what comes of the attacks here."""
    attacks = all_attacks()
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(attacks), encoding="utf-8")
        return
    for row in observed(attacks):
        print(row, flush=True)  # noqa: T201 - it is what the command is for


if __name__ == "__main__":
    main()
