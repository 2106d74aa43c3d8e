"""NVIDIA's management library (NVML): loaded, initialised, and asked, through ``pynvml``.

The library is the system's, unless ``HARNESS_NVML_LIBRARY`` names another file. Wherever it came
from, the file that is really loaded is looked up, and what is read through it counts as a stand-in
when one of these holds:

- the variable names it;
- it is not the file that the loader finds with no variable set, so ``LD_LIBRARY_PATH`` or
  ``LD_PRELOAD`` led to it;
- its driver says so: the version begins with ``stand-in``.

A driver whose folder is known only through ``LD_LIBRARY_PATH``, as in some container images, falls
under the second: ``ldconfig FOLDER``, run as root, makes it the system's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import weakref
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from harness.errors import MeasurementError
from harness.meters.powercap import SensorUnavailableError

T = TypeVar("T")

LIBRARY_VARIABLE = "HARNESS_NVML_LIBRARY"
LIBRARY = "libnvidia-ml.so.1"

_LOADER_CACHE = Path("/etc/ld.so.cache")
_LOADER_FOLDERS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64")
_CACHED = re.compile(rb"/[^\0]*/" + re.escape(LIBRARY).encode() + rb"(?=\0)")

_NOT_HERE = (
    "use a machine with an NVIDIA board and its driver (a container needs NVIDIA's container "
    "toolkit), or another meter"
)
_LOST = (
    "look for Xid errors in the kernel's log (dmesg), check the board's power and cooling, restart "
    "the machine, and run again"
)
_BROKEN = "run nvidia-smi: it asks the same library; or use another meter"


class Library:
    """NVML, initialised: it is shut down when nothing refers to this object any more.

    Sources keep it, so that it stays initialised from the moment they are opened: on a machine
    without persistence mode, the last shutdown unloads the driver's state and resets its counters.

    Raises ``SensorUnavailableError`` where there is no library, no driver or no board for it, and
    ``MeasurementError`` where one is there and does not work.
    """

    def __init__(self) -> None:
        self.api: Any = import_module("pynvml")
        _load_replacement(self.api)
        try:
            self.api.nvmlInit()
        except self.api.NVMLError as error:
            _explain_start(self.api, error)
        weakref.finalize(self, _shut_down, self.api)
        self.driver: str = self.ask("NVML", self.api.nvmlSystemGetDriverVersion)
        self.is_stand_in = self.driver.startswith("stand-in") or _is_replaced(self.api)
        """Whether what it says is graded ``simulated``."""

    def ask(self, what: str, function: Callable[..., T], *arguments: object) -> T:
        """Call; raise ``MeasurementError`` that names ``what`` was asked."""
        try:
            return function(*arguments)
        except self.api.NVMLError as error:
            _explain_call(self.api, what, error)
        except UnicodeDecodeError:
            raise MeasurementError(
                f"{what}: {function.__name__} gave bytes that are no text", remedy=_BROKEN
            ) from None

    def ask_if_supported(self, what: str, name: str, *arguments: object) -> Any | None:  # noqa: ANN401 - whatever NVML's function returns
        """Call the function ``name``; ``None`` where this board or driver does not have it."""
        function = getattr(self.api, name, None)
        if function is None:  # an older nvidia-ml-py
            return None
        try:
            return function(*arguments)
        except self.api.NVMLError as error:
            if error.value in _unsupported(self.api):
                return None
            _explain_call(self.api, what, error)


def _unsupported(api: Any) -> tuple[int, ...]:  # noqa: ANN401 - the module pynvml has no types
    return (
        api.NVML_ERROR_NOT_SUPPORTED,
        api.NVML_ERROR_FUNCTION_NOT_FOUND,
        api.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
        api.NVML_ERROR_DEPRECATED,
    )


def _shut_down(api: Any) -> None:  # noqa: ANN401
    """End one use of the library. A library that is gone already needs no ending."""
    with contextlib.suppress(api.NVMLError):
        api.nvmlShutdown()


def _load_replacement(api: Any) -> None:  # noqa: ANN401
    """Give ``pynvml`` the library that the variable names, before it looks for the system's."""
    named = os.environ.get(LIBRARY_VARIABLE)
    if not named:
        return
    if not Path(named).is_file():
        raise MeasurementError(
            f"{LIBRARY_VARIABLE}: {named} is not a file",
            remedy="name the library to read through, or unset the variable",
        )
    wanted = Path(named).resolve()
    if api.nvmlLib is None:
        try:
            api.nvmlLib = ctypes.CDLL(str(wanted))
        except OSError as error:
            raise MeasurementError(
                f"{LIBRARY_VARIABLE}: {named} cannot be loaded: {error}",
                remedy="name a shared library that is built for this machine",
            ) from None
    loaded = _loaded_file(api)
    if loaded is not None and loaded != wanted:
        raise MeasurementError(
            f"{LIBRARY_VARIABLE}: names {wanted}, but this process has loaded {loaded} already",
            remedy="set the variable before anything else in the process reads NVML",
        )


def _is_replaced(api: Any) -> bool:  # noqa: ANN401
    if os.environ.get(LIBRARY_VARIABLE):
        return True
    return _loaded_file(api) not in _system_files()


def _loaded_file(api: Any) -> Path | None:  # noqa: ANN401
    """Return the file that NVML's code was mapped from; ``None`` where it cannot be told."""
    try:
        function = api.nvmlLib.nvmlErrorString
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except (AttributeError, OSError):
        return None
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    for line in maps.splitlines():
        span, *_, path = line.split(maxsplit=5)
        first, _, end = span.partition("-")
        if int(first, 16) <= address < int(end, 16):
            return Path(path).resolve()
    return None


def _system_files() -> set[Path]:
    """Return what the loader would find with no variable set, links followed."""
    try:
        cached = _CACHED.findall(_LOADER_CACHE.read_bytes())
    except OSError:  # not every libc has a cache
        cached = []
    paths = [Path(os.fsdecode(each)) for each in cached]
    paths += [Path(folder) / LIBRARY for folder in _LOADER_FOLDERS]
    return {path.resolve() for path in paths if path.is_file()}


def _explain_start(api: Any, error: Any) -> NoReturn:  # noqa: ANN401
    """Raise what an error of ``nvmlInit`` means."""
    if error.value == api.NVML_ERROR_LIBRARY_NOT_FOUND:
        raise SensorUnavailableError(
            f"NVML: {LIBRARY} is not found: no NVIDIA driver is installed here", remedy=_NOT_HERE
        ) from None
    if error.value == api.NVML_ERROR_DRIVER_NOT_LOADED:
        raise SensorUnavailableError(
            "NVML: its library is here, and NVIDIA's kernel driver is not loaded",
            remedy=f"as root, modprobe nvidia; {_NOT_HERE}",
        ) from None
    if error.value == api.NVML_ERROR_GPU_NOT_FOUND:
        raise no_board()
    explained = {
        api.NVML_ERROR_LIB_RM_VERSION_MISMATCH: (
            "its library and the loaded kernel driver are of different versions",
            "restart the machine, as after every update of the driver",
        ),
        api.NVML_ERROR_NO_PERMISSION: (
            "this user may not open NVIDIA's devices",
            "let this user read and write /dev/nvidiactl and /dev/nvidia*",
        ),
        api.NVML_ERROR_FUNCTION_NOT_FOUND: (
            "its library lacks nvmlInitWithFlags: it is too old, or another library altogether",
            "install a driver of version 384 or later",
        ),
    }
    what, remedy = explained.get(error.value, (f"cannot be initialised: {_words(error)}", _BROKEN))
    raise MeasurementError(f"NVML: {what}", remedy=remedy) from None


def no_board() -> SensorUnavailableError:
    """Return the error for a driver that lists no board."""
    return SensorUnavailableError(
        "NVML: a driver without a device: it is loaded, and lists no board",
        remedy=f"if there is a board, look at lspci and the kernel's log; {_NOT_HERE}",
    )


def _explain_call(api: Any, what: str, error: Any) -> NoReturn:  # noqa: ANN401
    """Raise what an error means that came while a board was read."""
    if error.value in (
        api.NVML_ERROR_GPU_IS_LOST,
        api.NVML_ERROR_RESET_REQUIRED,
        api.NVML_ERROR_NOT_FOUND,
        api.NVML_ERROR_GPU_NOT_FOUND,
    ):
        raise MeasurementError(
            f"{what}: the board is lost: {_words(error)}", remedy=_LOST
        ) from None
    raise MeasurementError(f"{what}: cannot be read: {_words(error)}", remedy=_BROKEN) from None


def _words(error: Any) -> str:  # noqa: ANN401
    return f"{str(error).rstrip('.')} (NVML error {error.value})"
