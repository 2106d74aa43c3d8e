"""Commands that start in a blink: Typer does for every one what only the one that is called needs.

It makes all commands with all their options, whichever is called: another tenth of a second. And it
has pydantic tell what every option's value is, and what none has: to import that takes a tenth of a
second, too. An option that is not named has no value, whatever its type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_name


def without_others(app: typer.Typer, arguments: Sequence[str]) -> typer.Typer:
    """Return the command that is called by itself; all where none is, or where it is unknown.

    Help, completion and what is said of a name with a slip in it look at them all.
    """
    called = arguments[0] if arguments else ""
    alone = copy(app)
    alone.registered_groups = [each for each in app.registered_groups if each.name == called]
    alone.registered_commands = [
        each
        for each in app.registered_commands
        if each.callback and (each.name or get_command_name(each.callback.__name__)) == called
    ]
    return alone if alone.registered_groups or alone.registered_commands else app


class LightCommand(TyperCommand):
    """A command that starts in a blink."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's own
        """Return all that can be named."""
        return _lightened(super().get_params(ctx))


class LightGroup(TyperGroup):
    """Commands that start in a blink, too."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's own
        """Return all that can be named."""
        return _lightened(super().get_params(ctx))


class _IfNamed:
    """Gives the value of an option its type, where there is one."""

    def __init__(self, of: Callable[[], Any]) -> None:
        self._of = of

    def coerce(self, value: Any, **about: Any) -> Any:  # noqa: ANN401 - any type of an option
        return None if value is None else self._of().coerce(value, **about)


def _lightened(params: list[Any]) -> list[Any]:
    """Have options ask for their types as late as can be; other versions of Typer have none."""
    for param in params:
        of = getattr(param, "get_runtime_param", None)
        several = getattr(param, "multiple", False) or param.nargs != 1
        if of is not None and not several and not isinstance(of, partial):
            param.get_runtime_param = partial(_IfNamed, of)
    return params
