"""The rules as they stand, and what a faulty file of rules is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projects import write_rules

from harness.errors import ConfigurationError
from harness.records.rules import Limits, read_rules

CHALLENGE = Path(__file__).parents[1] / "leaderboard" / "rules.toml"


@pytest.fixture(scope="module")
def page() -> str:
    return (CHALLENGE.parents[1] / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("limit", Limits.__struct_fields__)
def test_every_limit_is_explained(page: str, limit: str) -> None:
    assert f"`{limit}`" in page


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    (tmp_path / "leaderboard").mkdir()
    write_rules(tmp_path)
    return tmp_path / "leaderboard" / "rules.toml"


def instead(old: str, new: str) -> Callable[[str], str]:
    def replaced(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return replaced


def test_only_what_is_official_fails_for_disturbances_and_home_is_told_something() -> None:
    rules = read_rules(CHALLENGE)
    assert rules.protocols["official"].when_disturbed == "fail"
    assert rules.protocols["quick"].when_disturbed == "keep"
    assert rules.protocols["official"].looks == (5, 8)
    assert rules.protocols["official"].looks[0] >= rules.boards.min_sessions
    assert rules.protocols["quick"].looks == (3,)
    assert all(protocol.max_repeats >= 1 for protocol in rules.protocols.values())


def test_a_gate_is_no_caution_as_well() -> None:
    rules = read_rules(CHALLENGE)
    gates = set(rules.disturbance.__struct_fields__)
    assert not gates & set(rules.cautions.__struct_fields__)
    assert rules.cautions.kernel_spread < rules.disturbance.kernel_change  # warned of before void


FAULTS = {
    "disturbance": instead("[disturbance]", "[disturbances]"),
    "when_disturbed": instead('when_disturbed = "keep"', 'when_disturbed = "hope"'),
    "max_repeats": instead("max_repeats = 1", "max_repeats = -1"),
    "edge_share": instead("edge_share = 0.5", "edge_share = 0"),
    "steal_share": instead("steal_share = 100.0", "steal_share = -0.1"),
    "throttle_events": instead("throttle_events = 1_000_000", "throttle_events = 0.5"),
    "load_cpu_seconds": instead("load_cpu_seconds = 60", "load_cpu_seconds = 0"),
    "preparation_joules": instead("preparation_joules = 1e6\n", ""),
    r"protocols\.quick\.looks": instead("looks = [1]", "looks = [3, 3]"),
    r"protocols\.official\.looks": instead("looks = [2]", "looks = [1, 2]"),
    "half_width": instead("half_width = 1000.0", "half_width = 0.0"),
    "rebatched_queries": instead("rebatched_queries = 2", "rebatched_queries = -1"),
    "significance": instead("significance = 0.01", "significance = 1.0"),
    r"protocols\.quick\.measured_seconds": instead(
        "measured_seconds = 0.01", "measured_seconds = 31.0"
    ),
    r"campaigns\.least": instead("least = 3", "least = 2"),
    "quality_step": instead("quality_step = 0.05", "quality_step = 0"),
    "draws": instead("draws = 1_000", "draws = 10"),
    "confidence": instead("confidence = 0.95", "confidence = 95"),
    "quality_floor": instead(
        "least_items = 1",
        "least_items = 1\n[prizes.tasks.toy]\nbudget_joules_per_1000_queries = 1.0",
    ),
    "other_cpu_share": instead("[cautions]\n", "[cautions]\nother_cpu_share = 0.02\n"),
}


@pytest.mark.parametrize("field", FAULTS)
def test_a_faulty_rule_is_named(rules_file: Path, field: str) -> None:
    rules_file.write_text(FAULTS[field](rules_file.read_text()))

    with pytest.raises(ConfigurationError, match=field) as caught:
        read_rules(rules_file)

    assert str(rules_file) in caught.value.message
    assert caught.value.remedy


def test_every_fault_is_named_at_once_with_what_was_found(rules_file: Path) -> None:
    text = rules_file.read_text(encoding="utf-8")
    for old, new in (
        ("min_sessions", "min_session"),
        ("control_spread = 100.0", 'control_spread = "wide"'),
        ("looks = [2]", "looks = 2"),
        ("[energy]", "[[energy]]"),
    ):
        text = text.replace(old, new)
    text += '[reference.toy]\nnul = "null"\n[prizes.tasks]\ntoy = 0.5\n'
    rules_file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        read_rules(rules_file)

    energy = {"amortise_queries": 1000, "floor_multiple": 3.0, "edge_share": 0.5}
    many = "is no table of tables: begin each with [prizes.tasks.NAME]"
    assert [line.removeprefix(f"{rules_file}: ") for line in caught.value.message.splitlines()] == [
        "boards.min_session: unknown key: did you mean min_sessions?",
        "boards.min_sessions: is missing",
        f"prizes.tasks: {many}, found {{'toy': 0.5}}",
        f"energy: is no table: begin it with [energy], found {[energy]}",
        "protocols.official.looks: Expected `array`, got `int`, found 2",
        "campaigns.control_spread: Expected `float`, got `str`, found 'wide'",
        "reference.toy.nul: unknown key: did you mean null?",
        "reference.toy.null: is missing",
    ]
