"""What gets an entry nothing is said, and what honest entries do is not."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import RULES, record, session

from harness.evaluation.conspicuous import BY_CHANCE, chance, conspicuous
from harness.records.evaluation import EvaluationRecord, Failed
from harness.records.rules import ReferenceEntries
from harness.records.session import Notice, Remains

GOOD = ((90, 10, 0), (10, 90, 0))


def of(*changes: dict[str, Any]) -> EvaluationRecord:
    """Make a record of as many sessions, each with a change."""
    return record(sessions=[replace(session(index=i), **each) for i, each in enumerate(changes)])


def notice(made: EvaluationRecord) -> Notice:
    (found,) = conspicuous(made, RULES)
    return found


def test_nothing_is_said_of_an_honest_entry() -> None:
    clean = {"remains": Remains(orphans=0, files=0), "confusion": GOOD}
    assert conspicuous(of(clean, clean, clean), RULES) == ()
    assert conspicuous(of({"remains": None, "confusion": None}), RULES) == ()


def test_processes_that_were_left_are_counted_by_session() -> None:
    left, none = Remains(orphans=2, files=0), Remains(orphans=0, files=0)
    found = notice(of({"remains": none}, {"remains": left}, {"remains": replace(left, orphans=1)}))
    assert found.code == "processes-left"
    assert "2 of 3 sessions up to 2 of" in found.message


def test_files_that_were_left_are_counted_by_session() -> None:
    found = notice(of({"remains": Remains(orphans=0, files=1_234)}, {"remains": None}))
    assert found.code == "files-left"
    assert "1 of 2 sessions" in found.message
    assert "(at most 1,234 in a session)" in found.message
    one = notice(of({"remains": Remains(orphans=0, files=1)}))
    assert not re.search(r"\b1 files", one.message)


@pytest.mark.parametrize(
    ("table", "like_guessing"),
    [
        (GOOD, False),
        (((50, 50, 0), (50, 50, 0)), True),
        (((100, 0, 0), (100, 0, 0)), True),  # one answer to all
        (((0, 100, 0), (0, 0, 0)), True),  # one label only: nothing can be told
        (((10, 90, 0), (90, 10, 0)), False),  # the labels are swapped: it is no guess
        (((60, 40, 0), (42, 58, 0)), True),  # p = 0.011: too little to tell
        (((600, 400, 0), (420, 580, 0)), False),
    ],
)
def test_answers_like_guesses_are_said(
    table: tuple[tuple[int, ...], ...], *, like_guessing: bool
) -> None:
    made = of({"confusion": table}, {"confusion": table})
    codes = [each.code for each in conspicuous(made, RULES)]
    assert codes == (["like-guessing"] if like_guessing else [])


def test_that_answers_look_like_guesses_tells_no_label() -> None:
    """One item is answered otherwise than all others, and its label is what is looked for."""
    said = {
        notice(of({"confusion": table})).message
        for table in (((599, 1, 0), (60, 0, 0)), ((600, 0, 0), (59, 1, 0)))
    }
    assert len(said) == 1


def test_a_null_entry_is_not_told_that_it_guesses() -> None:
    made = of({"confusion": ((100, 0, 0), (100, 0, 0))})
    null = ReferenceEntries(null=made.submission.entry)
    assert conspicuous(made, replace(RULES, reference={made.task.id: null})) == ()
    assert conspicuous(made, replace(RULES, reference={})) != ()


def test_a_failed_entry_is_not_told_that_it_guesses() -> None:
    table = ((5, 0, 95), (5, 0, 95))
    made = replace(
        of({"confusion": table}),
        outcome=Failed(stage="measured", blame="submission", message="died", remedy="mend it"),
    )
    assert conspicuous(made, RULES) == ()


def test_the_probability_is_the_known_one() -> None:
    # 2 x 2: n (ad - bc)^2 / (the product of the four sums) = 7.333, of one degree of freedom.
    assert chance([((60, 40), (50, 70))]) == pytest.approx(0.00677, abs=1e-5)


def test_the_probability_takes_no_import_that_every_evaluation_would_wait_for() -> None:
    program = (
        "import sys; from harness.evaluation.conspicuous import chance\n"
        "chance([((60, 40), (50, 70))]); print('scipy.stats' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ran.stdout == b"False\n"


def test_more_sessions_of_the_same_items_prove_no_more() -> None:
    table = ((60, 40, 0), (42, 58, 0))
    assert chance([table] * 9) == pytest.approx(chance([table]))


@settings(max_examples=50, deadline=None)
@given(
    table=st.lists(
        st.lists(st.integers(0, 1_000), min_size=3, max_size=3), min_size=2, max_size=4
    ).filter(lambda rows: sum(map(sum, rows)) > 0)
)
def test_it_is_a_probability_whatever_was_counted(table: list[list[int]]) -> None:
    assert 0.0 <= chance([table]) <= 1.0
    assert chance([table]) == pytest.approx(chance([table[::-1]]))


def test_guesses_are_let_through_as_seldom_as_is_said() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1], 50)
    unsaid = 0
    for _ in range(2_000):
        answers = rng.permutation(labels)
        right = int((labels[:50] == answers[:50]).sum())
        unsaid += chance([((right, 50 - right), (50 - right, right))]) <= BY_CHANCE
    assert unsaid <= 3  # of 2,000 at 1 in 10,000: 0.2 are expected
