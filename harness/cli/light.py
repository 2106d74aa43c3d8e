"""Commands that look at the type of an option only where it is named.

Typer has pydantic tell what every option's value is, and what none has: to import that takes a
tenth of a second, of each command. An option that is not named has no value, whatever its type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from typer.core import TyperCommand, TyperGroup


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
