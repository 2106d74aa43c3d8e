"""The template engine of all pages, set up once a language."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import Any

import jinja2
from jinja2.bccache import Bucket
from markupsafe import Markup

from harness.site import figure_words, words
from harness.site.language import language
from harness.site.recorded import in_words
from harness.site.text import plain, shorten

COMPILED: dict[str, bytes] = {}
"""Templates as Jinja compiled them, by its own key: to compile all takes a while, so that whoever
has a place may keep these and put them here before any page is made. Jinja looks whether one is of
its version and of the template's text."""


class _Compiled(jinja2.BytecodeCache):
    """Hands on what is in ``COMPILED``."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template from there, if it is there."""
        if (content := COMPILED.get(bucket.key)) is not None:
            bucket.bytecode_from_string(content)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Put a template there."""
        COMPILED[bucket.key] = bucket.bytecode_to_string()


@cache
def environment(code: str) -> jinja2.Environment:
    """Build the template engine for pages in a language.

    All text is cleaned and escaped unless a template says safe. Templates have ``t(key, ...)`` for
    a string of the catalogue, ``h(key, ...)`` for one that holds markup, ``name(kind, code)`` and
    ``sentence(kind, code)`` for things that have codes, ``recorded(kind, text)`` for what a record
    says in English, and ``language`` itself; filters spell figures and dates as the language does.
    """
    spoken = language(code)
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.site", "templates"),
        autoescape=True,
        bytecode_cache=_Compiled(),
        finalize=_cleaned,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        optimized=False,  # what is compiled is to be the same for all languages
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {
        "between": spoken.between,
        "narrow_between": spoken.narrow_between,
        "coordinate": _coordinate,
        "date": spoken.date,
        "decimals": spoken.decimals,
        "many": spoken.many,
        "board_metric": partial(words.board_metric, language=spoken),
        "metric_name": partial(words.metric_name, language=spoken),
        "moment": spoken.moment,
        "percent": spoken.percent,
        "rank_range": spoken.rank_range,
        "said_after": words.said_after,
        "sentence_case": words.sentence_case,
        "shorten": shorten,
        "significant": spoken.significant,
        "significant_percent": spoken.significant_percent,
        "watt_hours": spoken.watt_hours,
        "whole": spoken.whole,
    }
    made.globals |= {
        "about_task": partial(words.task_text, language=spoken),
        "asked": partial(words.asked, language=spoken),
        "description": partial(figure_words.description, language=spoken),
        "h": spoken.html,
        "language": spoken,
        "in_english": partial(words.title_language, language=spoken),
        "mark_summary": partial(figure_words.mark_summary, language=spoken),
        "meter_uncertainty": partial(words.meter_uncertainty, language=spoken),
        "name": spoken.name,
        "phone_charge": partial(words.phone_charge, language=spoken),
        "phone_charge_example": partial(words.phone_charge_example, language=spoken),
        "phone_charge_source": partial(words.phone_charge_source, language=spoken),
        "recorded": partial(in_words, spoken=spoken),
        "script_strings": script_block(spoken.script),
        "sentence": spoken.sentence,
        "sources": partial(words.sources, language=spoken),
        "stage_name": spoken.stage,
        "t": spoken.text,
        "task_title": partial(words.task_title, language=spoken),
        "words": words,
    }
    return made


def script_block(value: object) -> Markup:
    """Spell ``value`` as JSON that may stand in a ``script`` element: nothing in it ends one.

    ``<`` is all that begins an end tag or a comment there, and JSON may escape it.
    """
    spelt = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(spelt.replace("<", "\\u003c"))  # noqa: S704 - see above


def _cleaned(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    return plain(value) if type(value) is str else value  # markup of our own is not a plain str


def _coordinate(value: float) -> str:
    """Spell a position in the drawing; a tenth of a unit cannot be seen."""
    return f"{value + 0.0:.1f}"
