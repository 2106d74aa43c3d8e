"""One answer of a plug: parsed strictly, and held against what a plug under a computer can say.

Numbers are read as they are spelled, so that the decimals tell the step that a plug counts in.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

from harness.errors import MeasurementError
from harness.records.base import Frozen

PLAUSIBLE_WATTS = 4_000
"""16 A at 250 V: more than any of these plugs carries."""

_LARGEST_WATT_HOURS = 10**9
_MOST_DECIMALS = 6
_MOST_DIGITS = 40
"""Before the point, or zeros behind it: far beyond any reading, and safe to calculate with."""
_MICRO = Decimal(10**6)
_MILLI = Decimal(10**3)
_SHOWN = 40


class Answer(Frozen, kw_only=False):
    """What a plug said at one time."""

    watt_hours: Decimal
    """Counted since some beginning."""
    watts: Decimal
    clock_seconds: float | None
    """The plug's own time, from any beginning; ``None`` where it does not know it."""

    @property
    def micro_watt_hours(self) -> int:
        """The counter in whole units, finer than any plug counts."""
        return int((self.watt_hours * _MICRO).to_integral_value())

    @property
    def milliwatts(self) -> int:
        """The power in whole units, finer than any plug tells."""
        return int((self.watts * _MILLI).to_integral_value())


class Maker(Frozen):
    """What differs between the makes of plugs."""

    meter: str
    """As it is called on the command line."""
    title: str
    """As it begins messages, before the address."""
    source: str
    """The name of the source: it goes into records, and holds no address."""
    path: str
    """What to ask for."""
    read: Callable[[dict[str, Any], str], Answer]
    """Finds the numbers in an answer; takes the plug's name for messages."""
    refresh_seconds: float
    """Of the power, where it stays the same for too long to see one."""
    clock_stands_seconds: float
    """The plug's own time, or all that it says, is the same for at most so long."""
    counter: str
    """What the counter is called there."""
    remedy: str


def step_of(value: Decimal) -> Decimal:
    """Return the smallest difference that a number spelled with these decimals can show."""
    exponent = value.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return Decimal(1).scaleb(-min(max(decimals, 0), _MOST_DECIMALS))


def parse(content: bytes, name: str, remedy: str) -> dict[str, Any]:
    """Read an answer; raise ``MeasurementError`` naming the plug when it is no JSON object."""
    try:
        document = parse_numbers(content)
    except ValueError as error:
        raise MeasurementError(
            f"{name}: its answer is not valid JSON: {str(error)[:80]}", remedy=remedy
        ) from None
    if not isinstance(document, dict):
        raise MeasurementError(f"{name}: its answer is no JSON object", remedy=remedy)
    return document


def parse_numbers(content: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Read JSON, every number as it is spelled; raise ``ValueError`` where it is none."""
    import json  # noqa: PLC0415 - only plugs and programs are worth it

    try:
        return json.loads(
            content.decode("utf-8"),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_constants,
        )
    except (ArithmeticError, RecursionError) as error:
        raise ValueError(f"no numbers that can be held: {type(error).__name__}") from None


def number(document: dict[str, Any], *path: str, name: str, remedy: str) -> Decimal:
    """Return the number at a path; raise ``MeasurementError`` naming the plug and the field."""
    field = ".".join(path)
    found: Any = document
    for key in path:
        if not isinstance(found, dict) or key not in found:
            raise MeasurementError(f"{name}: {field} is missing from its answer", remedy=remedy)
        found = found[key]
    if not isinstance(found, Decimal):
        import json  # noqa: PLC0415 - as above

        shown = json.dumps(found, default=float)[:_SHOWN]
        raise MeasurementError(f"{name}: {field}: found {shown}, not a number", remedy=remedy)
    if abs(found.adjusted()) > _MOST_DIGITS:
        raise MeasurementError(
            f"{name}: {field}: found {found:.3e}, a number that no plug tells", remedy=remedy
        )
    return found


def require_sane(answer: Answer, name: str) -> Answer:
    """Return the answer; raise ``MeasurementError`` where no plug under a computer says that."""
    if answer.watts < 0:
        _refuse(
            f"{name}: says that the power is {answer.watts} W: less than nothing",
            "turn the plug round or set its direction: it counts energy that flows back",
        )
    if answer.watts == 0:
        _refuse(
            f"{name}: says that the power is 0 W, and this machine draws some while it asks",
            "plug this machine into that plug, switch its output on, and see that it meters",
        )
    if answer.watts > PLAUSIBLE_WATTS:
        _refuse(
            f"{name}: says that the power is {answer.watts} W, more than the "
            f"{PLAUSIBLE_WATTS:,} W that such a plug carries",
            "calibrate the plug, or replace it",
        )
    if not 0 <= answer.watt_hours <= _LARGEST_WATT_HOURS:
        _refuse(
            f"{name}: says that it has counted {answer.watt_hours} Wh, expected 0 to "
            f"{_LARGEST_WATT_HOURS:,}",
            "reset the plug's counter between two evaluations",
        )
    return answer


def _refuse(what: str, remedy: str) -> NoReturn:
    raise MeasurementError(what, remedy=remedy)


def _no_constants(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
