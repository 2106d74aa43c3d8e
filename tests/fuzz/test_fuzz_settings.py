"""What an organiser writes, or a device on the organiser's network answers."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from fuzzing import Fuzz, Target, WronglyJudgedError
from mutations import altered, spoilt_bytes
from profile_samples import WHOLE
from tomls import TOKENS, written

from harness.errors import ConfigurationError, MeasurementError
from harness.meters import plug_answer, shelly, tasmota
from harness.records.base import Frozen
from harness.records.profile_file import read_profile
from harness.records.rules import read_rules
from harness.records.team_names import appearance
from harness.records.teams import parse_teams

ROOT = Path(__file__).parents[2]
RULES = tomllib.loads((ROOT / "leaderboard" / "rules.toml").read_text())
PROFILE = tomllib.loads(WHOLE)


def maker_of(whole: dict[str, Any]) -> Callable[[Random], bytes]:
    def make(rng: Random) -> bytes:
        tree: Any = whole
        for _ in range(rng.choice((0, 1, 1, 1, 2, 4))):
            tree = altered(tree, rng)
        content = written(tree, rng)
        for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
            content = spoilt_bytes(content, rng, TOKENS)
        return content

    return make


def require_shape(read: Any, whole: Any) -> None:  # noqa: ANN401 - what TOML holds
    """Hold what was taken against a file that has every key; ``*`` stands for any."""
    if isinstance(whole, dict) and type(read) is dict:
        for key, value in read.items():
            if key not in whole and "*" not in whole:
                raise WronglyJudgedError(f"{key!r:.100} is no key")
            require_shape(value, whole.get(key, whole.get("*")))
    elif isinstance(whole, list) and type(read) is list:
        for value in read:
            require_shape(value, whole[0])
    elif isinstance(whole, float):
        if type(read) not in (int, float) or not 0 <= read < math.inf:
            raise WronglyJudgedError(f"{read!r:.100} is no number for this")
    elif type(read) is not type(whole) or (isinstance(whole, int) and read < 0):
        raise WronglyJudgedError(f"{read!r:.100} is not as {whole!r:.100}")


def judged(
    read: Callable[[Path], Frozen], whole: dict[str, Any], path: Path
) -> Callable[[bytes], str]:
    def judge(content: bytes) -> str:
        path.write_bytes(content)
        try:
            made = read(path)
        except ConfigurationError as error:
            if not error.remedy or str(path) not in error.message:
                raise WronglyJudgedError(f"{error.message:.200}") from None
            return "refused"
        require_shape(tomllib.loads(content.decode()), whole)
        require_usable(made)
        return "taken"

    return judge


def require_usable(made: Any) -> None:  # noqa: ANN401 - rules or a profile
    """Whatever is taken can be digested: nothing is found out in the middle of an evaluation."""
    digest = made.reference_to_these.digest if hasattr(made, "boards") else made.digest
    if len(digest) != 64:
        raise WronglyJudgedError("no digest")


def test_no_rules_are_misjudged(tmp_path: Path, fuzz: Fuzz) -> None:
    # Names of protocols and of tasks are anybody's; every number is as good as a float here.
    protocol = RULES["protocols"]["official"]
    reference = RULES["reference"]["climate-disinformation"]
    prize = {key: float(value) for key, value in RULES["prizes"]["tasks"]["chainsaw"].items()}
    whole = RULES | {
        "protocols": {"*": protocol},
        "reference": {"*": reference},
        "prizes": {"least_items": 1.0, "tasks": {"*": prize}},
    }
    whole = {
        table: {key: _number_like(value) for key, value in fields.items()}
        if table in {"energy", "disturbance", "cautions", "limits", "environments"}
        else fields
        for table, fields in whole.items()
    }
    whole["protocols"] = {"*": {key: _number_like(value) for key, value in protocol.items()}}
    judge = judged(read_rules, whole, tmp_path / "rules.toml")
    fuzz(Target("rules.toml", maker_of(RULES), judge, frozenset({"taken", "refused"})))


def _number_like(value: Any) -> Any:  # noqa: ANN401 - a field
    if isinstance(value, list):
        return [_number_like(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


TEAMS: dict[str, Any] = {
    "schema": 1,
    "organisers": ["ada", "Grace-H"],
    "teams": [
        {"id": "green-bits", "name": "Green Bits", "logins": ["octocat", "hubot[bot]"]},
        {"id": "blue", "name": "Équipe bleue", "logins": []},
    ],
}


def test_no_file_of_teams_is_misjudged(fuzz: Fuzz) -> None:
    def judge(content: bytes) -> str:
        try:
            made = parse_teams(content, "teams.toml")
        except ConfigurationError as error:
            if not error.remedy or not error.message.startswith("teams.toml: "):
                raise WronglyJudgedError(f"{error.message:.200}") from None
            return "refused"
        require_shape(tomllib.loads(content.decode()), TEAMS)
        logins = [login.lower() for team in made.teams for login in team.logins]
        looks = [
            look for team in made.teams for look in {appearance(team.id), appearance(team.name)}
        ]
        for each in (logins, looks, [team.id for team in made.teams]):
            if len(set(each)) != len(each):
                raise WronglyJudgedError(f"{each!r:.100} are not all different")
        for team in made.teams:
            if made.named(team.id) is not team or made.alike(team.name) is not team:
                raise WronglyJudgedError(f"{team!r:.100} is not found again")
        return "taken"

    fuzz(Target("teams.toml", maker_of(TEAMS), judge, frozenset({"taken", "refused"})))


def test_no_profile_is_misjudged(tmp_path: Path, fuzz: Fuzz) -> None:
    whole = PROFILE | {
        "model": {key: _number_like(value) for key, value in PROFILE["model"].items()},
        "match": PROFILE["match"] | {"power_limits_watts": {"*": 1.0}},
    }
    judge = judged(read_profile, whole, tmp_path / "bench-1.toml")
    expected = frozenset({"taken", "refused"})
    fuzz(Target("hardware profiles", maker_of(PROFILE), judge, expected))


SHELLY = {"id": 0, "apower": 60.2, "aenergy": {"total": 1234.567, "minute_ts": 1_764_075_600}}
TASMOTA = {"StatusSNS": {"Time": "2026-01-02T03:04:05", "ENERGY": {"Total": 1.234, "Power": 60}}}
ANSWER_TOKENS = (
    b"NaN", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"1e999999999999999999999", b"-0", b"00",
    b"9" * 5_000, b"[" * 100_000, b"[" * 980 + b"]" * 980, b'{"a":' * 900, b"\xff", b"\\ud800",
    b"\xef\xbb\xbf", b"\0", b"null", b"true", b'"', b"{", b"}", b",", b":", b"0." + b"1" * 5_000,
)  # fmt: skip


def make_answer(rng: Random) -> tuple[bool, bytes]:
    is_shelly = rng.random() < 0.5
    tree: Any = SHELLY if is_shelly else TASMOTA
    for _ in range(rng.choice((0, 1, 1, 2))):
        tree = altered(tree, rng)
    try:
        content = json.dumps(tree, default=str, ensure_ascii=rng.random() < 0.5)
    except ValueError:  # a number with thousands of digits
        content = '{"apower": ' + "9" * 5_000 + "}"
    spoilt = content.encode("utf-8", "surrogatepass")
    for _ in range(rng.choice((0, 0, 1, 2))):
        spoilt = spoilt_bytes(spoilt, rng, ANSWER_TOKENS)
    return is_shelly, spoilt


def judge_answer(case: tuple[bool, bytes]) -> str:
    is_shelly, content = case
    maker = shelly.maker(0) if is_shelly else tasmota.MAKER
    try:
        document = plug_answer.parse(content, "plug", "look")
        answer = plug_answer.require_sane(maker.read(document, "plug"), "plug")
        units = answer.micro_watt_hours, answer.milliwatts
        step = plug_answer.step_of(answer.watt_hours)
    except MeasurementError as error:
        if not error.remedy or len(error.message) > 500:
            raise WronglyJudgedError(f"{error.message:.200}") from None
        return "refused"
    said = json.loads(content)
    total = said["aenergy"]["total"] if is_shelly else said["StatusSNS"]["ENERGY"]["Total"] * 1_000
    watts = said["apower"] if is_shelly else said["StatusSNS"]["ENERGY"]["Power"]
    if isinstance(total, bool) or isinstance(watts, bool) or not 0 < watts <= 4_000:
        raise WronglyJudgedError(f"{watts!r} W were taken")
    if not math.isclose(units[0], total * 1e6, rel_tol=1e-9, abs_tol=1):
        raise WronglyJudgedError(f"{total!r} Wh became {units[0]}")
    if not math.isclose(units[1], watts * 1e3, rel_tol=1e-9, abs_tol=1) or not step > 0:
        raise WronglyJudgedError(f"{watts!r} W became {units[1]}")
    return "taken"


def test_no_answer_of_a_plug_is_misread(fuzz: Fuzz) -> None:
    expected = frozenset({"taken", "refused"})
    fuzz(Target("answers of plugs", make_answer, judge_answer, expected))
