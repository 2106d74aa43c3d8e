"""One sentence for a comparison: what is claimed, and nothing that is not. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.ranking.energy_ratio import Unit
from harness.ranking.paired_energy import EnergyFinding
from harness.ranking.paired_quality import QualityFinding
from harness.records.meter import Grade

NOUN: dict[Grade, str] = {
    "wall": "energy",
    "sensor": "energy",
    "model": "modelled energy",
    "simulated": "simulated energy",
}
UNITS: dict[Unit, str] = {
    "sessions": "sessions",
    "rounds": "rounds",
    "campaigns": "campaigns",
    "occasions": "days or campaigns",
}
TOLD_APART = frozenset({"better", "worse", "less", "more"})
_TIMES = 2.0
"""From so many times the energy on, it is told in times and not in per cent."""
_DIGITS = range(8)
_TWO_DIGITS = 10
_ALL = 100
"""Per cent: nothing uses as much less."""
_TO = "\N{EN DASH}"


@dataclass(frozen=True)
class Terms:
    """What the sentence is about."""

    a: str
    b: str
    metric: str
    grade: Grade
    quality_margin: float
    energy_margin: float

    @property
    def energy(self) -> str:
        """What the joules are."""
        return NOUN[self.grade]

    @property
    def quality(self) -> str:
        """The metric, as one reads it."""
        return self.metric.replace("_", " ")


def is_conclusive(quality: QualityFinding, energy: EnergyFinding) -> bool:
    """Say whether the two are told apart on some axis, or are the same within both margins."""
    statuses = {quality.status, energy.status}
    return bool(statuses & TOLD_APART) or statuses == {"equivalent"}


def sentence(terms: Terms, quality: QualityFinding, energy: EnergyFinding) -> str:
    """Return the verdict on b beside a."""
    a, b = terms.a, terms.b
    if not is_conclusive(quality, energy):
        takes = what_it_takes(quality, energy)
        return f"inconclusive: {_open(terms, quality, energy)}{f'; {takes}' if takes else ''}"
    if energy.status in TOLD_APART and quality.status in TOLD_APART:
        return _both(terms, quality, energy)
    if energy.status in TOLD_APART:
        return f"{b} uses {_joules(terms, energy)} at {_settled_quality(terms, quality)}"
    if quality.status in TOLD_APART:
        higher = "higher" if quality.status == "better" else "lower"
        return (
            f"{b} has a {higher} {terms.quality} than {a}, by {_points(quality)}, "
            f"{_settled_energy(terms, energy)}"
        )
    return (
        f"{a} and {b} are the same within the margins: {_same_quality(terms)}, "
        f"{_same_energy(terms)}"
    )


def what_it_takes(quality: QualityFinding, energy: EnergyFinding) -> str:
    """Say what would settle the axes that are not settled; empty where nothing is left open."""
    wanted, never = [], []
    unit = UNITS[energy.unit]
    if energy.needed is not None:
        much = f"about {energy.needed:,} {unit} of each"
        if energy.status == "not-compared":
            much = f"at least {energy.needed:,} {unit} of each, or one campaign of both,"
        wanted.append(f"{much} for the energy")
    elif energy.status == "not-told-apart":
        never.append(f"more {unit} like these would not settle the energy")
    if quality.items_needed is not None:
        grouped = quality.groups_needed
        within = f" in {grouped:,} groups" if grouped is not None else ""
        wanted.append(f"about {quality.items_needed:,} items{within} for the quality")
    elif quality.status == "not-told-apart":
        never.append("more items would not settle the quality")
    takes = [f"it would take {' and '.join(wanted)}"] if wanted else []
    return ", and ".join([*takes, *never])


def span(low: float, high: float, *, below: float = math.inf) -> str:
    """Spell a range with two digits of its lower end, and more where the ends look alike.

    No end is spelled as ``below``, which a share that is less never reaches.
    """
    for digits in _DIGITS:
        ends = f"{low:.{digits}f}", f"{high:.{digits}f}"
        apart = ends[0] != ends[1] and float(ends[1]) < below
        if apart and float(ends[0]) * 10**digits >= _TWO_DIGITS:
            return _TO.join(ends)
    return _TO.join(f"{end:.2g}" for end in (low, high))


def _both(terms: Terms, quality: QualityFinding, energy: EnergyFinding) -> str:
    b, joules = terms.b, _joules(terms, energy)
    better, cheaper = quality.status == "better", energy.status == "less"
    points = f"{_an(terms.quality)} {'higher' if better else 'lower'} by {_points(quality)}"
    if better == cheaper:
        return f"{b} is {'better' if better else 'worse'} on both: {joules}, and {points}"
    return f"{b} uses {joules}, {'and has' if cheaper else 'for'} {points}"


def _joules(terms: Terms, energy: EnergyFinding) -> str:
    """Spell how much less or more it is, by the whole interval."""
    return less_or_more(energy, terms.energy, terms.a)


def less_or_more(found: EnergyFinding, noun: str, than: str) -> str:
    """Spell how much less or more of it there is, by the whole interval, of two told apart."""
    if found.ratio_interval is None:
        raise AssertionError("told apart without an interval")
    low, high = found.ratio_interval
    if found.status == "less":
        less = span(_ALL * (1 - high), _ALL * (1 - low), below=_ALL)
        return f"{less} % less {noun} than {than}"
    if low >= _TIMES:
        return f"{span(low, high)} times the {noun} of {than}"
    return f"{span(100 * (low - 1), 100 * (high - 1))} % more {noun} than {than}"


def _points(quality: QualityFinding) -> str:
    low, high = sorted(map(abs, quality.difference_interval))
    ends = f"{low:.3f}", f"{high:.3f}"
    return _TO.join(ends) if float(ends[0]) > 0 and ends[0] != ends[1] else span(low, high)


def _settled_quality(terms: Terms, quality: QualityFinding) -> str:
    if quality.status == "equivalent":
        return f"the same quality ({_same_quality(terms)})"
    return "a quality that cannot be told apart"


def _settled_energy(terms: Terms, energy: EnergyFinding) -> str:
    if energy.status == "equivalent":
        return f"at the same energy ({_same_energy(terms)})"
    if energy.status == "not-compared":
        return f"and their energy is not compared: {energy.reason}"
    return f"at {_an(terms.energy)} that cannot be told apart"


def _same_quality(terms: Terms) -> str:
    return f"{terms.quality} within {terms.quality_margin:g}"


def _same_energy(terms: Terms) -> str:
    return f"{terms.energy} within {100 * terms.energy_margin:g} %"


def _open(terms: Terms, quality: QualityFinding, energy: EnergyFinding) -> str:
    """Say what cannot be told of two that nothing tells apart."""
    a, b = terms.a, terms.b
    if energy.status == "not-compared":
        of_quality = (
            f"{a} and {b} have the same quality ({_same_quality(terms)})"
            if quality.status == "equivalent"
            else f"the quality of {a} and {b} cannot be told apart"
        )
        return f"{of_quality}, and their energy is not compared: {energy.reason}"
    if quality.status == "equivalent":
        same = f"have the same quality ({_same_quality(terms)})"
        return f"{a} and {b} {same}, at {_an(terms.energy)} that cannot be told apart"
    if energy.status == "equivalent":
        same = f"use the same energy ({_same_energy(terms)})"
        return f"{a} and {b} {same}, at a quality that cannot be told apart"
    return f"neither quality nor {terms.energy} tells {a} and {b} apart"


def _an(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
